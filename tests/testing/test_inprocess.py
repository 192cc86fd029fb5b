"""A sandbox in this process comes up on free ports, and leaves nothing behind."""

from __future__ import annotations

import os
import smtplib
import tempfile
import threading
from pathlib import Path

import pytest

from mailtrap.errors import SettingsError
from mailtrap.testing.boxes import MailSandbox, name_for
from mailtrap.testing.inprocess import InProcess, read_settings
from mailtrap.testing.wiring import Site, Wiring


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
    assert not any("USER" in name for name in Wiring(Site("http://x", "h", 1)).environment)


def test_a_sandbox_elsewhere_is_found_by_what_it_says_of_itself() -> None:
    info = {"addresses": {"smtp": "0.0.0.0:1025", "smtps": "0.0.0.0:1465", "web": "0.0.0.0:8025"}, "ca_file": ""}
    assert Site.of("http://mail:8025/", info) == Site("http://mail:8025", "mail", 1025, 1465)
    mapped = Site.of("http://mail:8025", info, "127.0.0.1:32768")
    assert (mapped.host, mapped.smtp) == ("127.0.0.1", 32768)
