"""A sandbox in this process comes up on free ports, and leaves nothing behind."""

from __future__ import annotations

import imaplib
import os
import poplib
import smtplib
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from mailtrap.errors import SettingsError
from mailtrap.testing.boxes import MailSandbox, name_for
from mailtrap.testing.inprocess import InProcess, read_settings
from mailtrap.testing.wiring import READING, Site, Wiring


def _left() -> tuple[set[int], set[str], set[str]]:
    """Threads, open sockets and files of this process, and what lies in the directory for temporary files."""
    threads = {thread.ident or 0 for thread in threading.enumerate()}
    fds = Path("/proc/self/fd")
    opened = {os.readlink(fd) for fd in fds.iterdir() if fd.exists()} if fds.exists() else set()
    return threads, opened, set(os.listdir(tempfile.gettempdir()))


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with InProcess():
        pass  # imports, and what a first start makes once for a process
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    before, running_before = _left(), set(threading.enumerate())
    for _ in range(3):
        with InProcess() as running, MailSandbox(running.site) as sandbox:
            with smtplib.SMTP(running.site.host, running.site.smtp) as client:
                client.sendmail("app@example.test", ["ana@example.test"], b"Subject: Hello\r\n\r\nHello.\r\n")
            assert sandbox.wait("subject:hello", timeout=60).subject == "Hello"
            assert os.listdir(tmp_path)
    for thread in set(threading.enumerate()) - running_before:
        thread.join(60)  # on a busy machine one that was told to end may still be about to
    assert _left() == before
    assert not (tmp_path / "home").exists()


def test_settings_that_cannot_be_used_leave_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(SettingsError):
        InProcess(auth_file=str(tmp_path / "missing"))
    assert os.listdir(tmp_path) == []


def test_two_run_side_by_side() -> None:
    with InProcess() as one, InProcess() as other, MailSandbox(one.site) as here, MailSandbox(other.site) as there:
        here.send(to="ana@example.test", subject="One")
        assert here.wait("subject:one", timeout=60).recipients == ["ana@example.test"]
        assert there.list() == []


def test_starttls_is_offered_where_it_is_asked_for() -> None:
    for settings, offered in (({}, False), ({"hide_extensions": ()}, True)):
        with InProcess(**settings) as running, smtplib.SMTP(running.site.host, running.site.smtp) as client:
            client.ehlo()
            assert client.has_extn("starttls") is offered


def test_settings_are_read_as_people_write_them() -> None:
    read = read_settings(["auth=required", "max-message-size = 1MB", "hide_extensions="])
    assert read == {"auth": "required", "max_message_size": 1024 * 1024, "hide_extensions": ()}
    with pytest.raises(SettingsError, match="no setting 'colour'"):
        read_settings(["colour=blue"])


@pytest.mark.parametrize("test", ["test_sign_up[ana@example.test-1]", "test_" + "x" * 200, "[]", "Test::ü_"])
def test_the_name_of_an_inbox_is_a_label_of_a_domain_and_never_the_same(test: str) -> None:
    names = {name_for(test) for _ in range(100)}
    assert len(names) == 100
    for name in names:
        assert len(name) <= 63
        assert name.replace("-", "").isalnum()
        assert name.isascii()
        assert name == name.lower().strip("-")


def test_an_application_can_be_told_in_many_ways() -> None:
    wiring = Wiring(Site("http://127.0.0.1:8025", "::1", 1025, token="t"), "a@b", "p:/w")
    assert wiring.smtp_url == "smtp://a%40b:p%3A%2Fw@[::1]:1025"
    environment = wiring.environment
    assert {environment[name] for name in ("SMTP_URL", "MAIL_URL", "EMAIL_URL", "MAILER_DSN")} == {wiring.smtp_url}
    for prefix in ("SMTP", "MAIL", "EMAIL"):
        assert (environment[f"{prefix}_HOST"], environment[f"{prefix}_PORT"]) == ("::1", "1025")
    assert environment["EMAIL_HOST_PASSWORD"] == environment["SMTP_PASSWORD"] == "p:/w"
    assert environment["MAILTRAP_SMTP"] == "[::1]:1025"
    assert environment["MAILTRAP_API_TOKEN"] == "t"
    without = Wiring(Site("http://x", "h", 1)).environment
    assert not any("USER" in name or name.startswith(("IMAP", "POP3")) for name in without)


def test_an_application_can_be_told_where_to_read() -> None:
    site = Site("http://127.0.0.1:8025", "::1", 1025, imap=1143, imaps=1993, pop3=1110, pop3s=1995)
    wiring = Wiring(site, "a@b", "p:/w")
    assert wiring.reading_url("imaps") == "imaps://a%40b:p%3A%2Fw@[::1]:1993"
    environment = wiring.environment
    for prefix, plain, tls in (("IMAP", "1143", "1993"), ("POP3", "1110", "1995")):
        assert {environment[f"{prefix}_{name}"] for name in ("HOST", "SERVER")} == {"::1"}
        assert {environment[f"{prefix}_{name}"] for name in ("USER", "USERNAME")} == {"a@b"}
        assert {environment[f"{prefix}_{name}"] for name in ("PASSWORD", "PASS")} == {"p:/w"}
        assert (environment[f"{prefix}_PORT"], environment[f"{prefix}S_PORT"]) == (plain, tls)
        assert environment[f"{prefix}_URL"] == f"{prefix.lower()}://a%40b:p%3A%2Fw@[::1]:{plain}"
        assert environment[f"{prefix}S_URL"] == f"{prefix.lower()}s://a%40b:p%3A%2Fw@[::1]:{tls}"
    assert environment["SMTP_URL"] == "smtp://a%40b:p%3A%2Fw@[::1]:1025"
    assert Wiring(site).environment["IMAP_URL"] == "imap://default:any@[::1]:1143"


def test_mail_of_an_inbox_is_read_by_what_the_inbox_says() -> None:
    with InProcess() as running, running.sandbox() as sandbox, sandbox.inbox_for("test reading") as (inbox, _):
        inbox.send(to="ana@example.test", subject="Hello", text="For the reader.")
        inbox.wait("subject:hello", timeout=60)
        trusted = ssl.create_default_context(cafile=running.site.ca_file)
        for url in (inbox.imap_url, inbox.imaps_url):
            with _imap(url, trusted) as reader:
                assert reader.select("INBOX") == ("OK", [b"1"])
                assert "STARTTLS" not in reader.capabilities
        for url in (inbox.pop3_url, inbox.pop3s_url):
            assert _collected(url, trusted)[-1] == b"For the reader."


def test_failures_of_reading_are_those_of_one_inbox() -> None:
    with InProcess() as running, running.sandbox() as sandbox, sandbox.inbox_for("one") as (one, _):
        one.faults.add("imap.login", {"answer": "NO [UNAVAILABLE] Try later"})
        with pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE"):
            _imap(one.imap_url)
        with _imap(sandbox.inbox("other").imap_url) as reader:
            assert reader.select("INBOX")[0] == "OK"


def test_a_start_pays_for_no_reader() -> None:
    code = "import sys; from mailtrap.testing.inprocess import InProcess\nwith InProcess(): print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    assert not {"mailtrap.imap.session", "mailtrap.pop3.session"} & set(done.stdout.split())
    assert "mailtrap.imap.listener" in done.stdout.split()


def test_the_token_opens_inboxes_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTRAP_API_TOKEN", "s/e:cret")
    with InProcess(api_token="s/e:cret") as running, MailSandbox.at(running.site.url) as sandbox:
        assert sandbox.site.imap == running.site.imap
        assert sandbox.site.pop3s == running.site.pop3s
        with sandbox.inbox_for("test") as (inbox, _), _imap(inbox.imap_url) as reader:
            assert reader.select("INBOX") == ("OK", [b"0"])
        env = sandbox.env
        with imaplib.IMAP4(env["IMAP_HOST"], int(env["IMAP_PORT"]), timeout=60) as reader:
            assert reader.login(env["IMAP_USER"], env["IMAP_PASSWORD"])[0] == "OK"
            with pytest.raises(imaplib.IMAP4.error), _imap(inbox.imap_url.replace("cret", "wrong")):
                pass


def test_a_password_of_the_web_opens_inboxes_too() -> None:
    with InProcess(web_user="ana", web_password="s/e:cret") as running:
        with running.sandbox() as sandbox, sandbox.inbox_for("test") as (inbox, _), _imap(inbox.imap_url) as reader:
            assert reader.select("INBOX") == ("OK", [b"0"])
        at = running.site.url.replace("://", "://ana:s%2Fe%3Acret@")
        with MailSandbox.at(at) as elsewhere, elsewhere.inbox_for("test") as (inbox, _):
            assert elsewhere.site.token == ""
            assert _imap(inbox.imap_url).logout()[0] == "BYE"
            assert _collecting(inbox.pop3_url)
            with pytest.raises(imaplib.IMAP4.error):
                _imap(inbox.imap_url.replace("cret", "wrong"))


def _collecting(url: str) -> bool:
    at = urlsplit(url)
    client = poplib.POP3(at.hostname or "", at.port or 0, timeout=60)
    try:
        return client.user(unquote(at.username or "")) + client.pass_(unquote(at.password or "")) != b""
    finally:
        client.quit()


def _imap(url: str, trusted: ssl.SSLContext | None = None) -> imaplib.IMAP4:
    at = urlsplit(url)
    host, port = at.hostname or "", at.port or 0
    client = (
        imaplib.IMAP4_SSL(host, port, ssl_context=trusted, timeout=60)
        if at.scheme == "imaps"
        else imaplib.IMAP4(host, port, timeout=60)
    )
    try:
        client.login(unquote(at.username or ""), unquote(at.password or ""))
    except imaplib.IMAP4.error:
        client.logout()
        raise
    return client


def _collected(url: str, trusted: ssl.SSLContext) -> list[bytes]:
    """The lines of the first message."""
    at = urlsplit(url)
    host, port = at.hostname or "", at.port or 0
    client = (
        poplib.POP3_SSL(host, port, context=trusted, timeout=60)
        if at.scheme == "pop3s"
        else poplib.POP3(host, port, timeout=60)
    )
    try:
        client.user(unquote(at.username or ""))
        client.pass_(unquote(at.password or ""))
        return client.retr(1)[1]
    finally:
        client.quit()


def test_a_sandbox_elsewhere_is_found_by_what_it_says_of_itself() -> None:
    info: dict[str, Any] = {
        "addresses": {"smtp": "0.0.0.0:1025", "smtps": "0.0.0.0:1465", "web": "0.0.0.0:8025"},
        "ca_file": "",
    }
    assert Site.of("http://mail:8025/", info) == Site("http://mail:8025", "mail", 1025, 1465)
    mapped = Site.of("http://mail:8025", info, {"smtp": "127.0.0.1:32768"})
    assert (mapped.host, mapped.smtp) == ("127.0.0.1", 32768)
    read = {name: f"[::]:{port}" for port, name in enumerate(READING, 4000)}
    site = Site.of("http://mail:8025", {**info, "addresses": {**info["addresses"], **read}})
    assert (site.imap, site.imaps, site.pop3, site.pop3s) == (4000, 4001, 4002, 4003)
    mapped = Site.of("http://mail:8025", info, {"imap": ":5000", "pop3s": "pop3s://[::1]:5001", "smtps": "[::1]:5002"})
    assert (mapped.host, mapped.imap, mapped.pop3s, mapped.smtps, mapped.smtp) == ("::1", 5000, 5001, 5002, 1025)
    with pytest.raises(SettingsError, match="MAILTRAP_IMAP is 'mail', which is no address"):
        Site.of("http://mail:8025", info, {"imap": "mail"})
    with pytest.raises(SettingsError, match="one host, not at one and other"):
        Site.of("http://mail:8025", info, {"imap": "one:1", "smtp": "other:2"})
