"""A real sandbox in its own process, and every command that speaks to it."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import imaplib
import json
import os
import re
import select
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailtrap.cli import program
from mailtrap.cli.serve import this_command
from mailtrap.client import Client
from tests.cli.messages import ODD

ROOT = Path(__file__).parents[2]
FREE = ("--smtp-port", "0", "--smtps-port", "0", "--web-port", "0")
MAILTRAP = (sys.executable, "-m", "mailtrap")


def environ(**more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRAP_")}
    return clean | {"PYTHONPATH": str(ROOT)} | more


class Sandbox:
    """`mailtrap serve --json` on free ports; `told` is the line it printed."""

    def __init__(self, folder: Path, *flags: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.ready_file = folder / "ready.json"
        command = [
            *MAILTRAP,
            "serve",
            *FREE,
            "--json",
            "--ready-file",
            str(self.ready_file),
            "--state-dir",
            str(folder),
        ]
        self.process = subprocess.Popen(
            [*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environ()
        )
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 30)[0], "not ready within 30 s"
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.told: dict[str, Any] = json.loads(line)

    def environ(self) -> dict[str, str]:
        return {"MAILTRAP_URL": self.told["urls"]["web"], "MAILTRAP_SMTP": f"127.0.0.1:{self.told['smtp']}"}

    def run(self, *arguments: str, input: bytes = b"", **more: str) -> Result:
        """The command in this process, which saves its start."""
        result = CliRunner(env=self.environ() | more).invoke(program, arguments, input)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    def done(self, *arguments: str, input: bytes = b"") -> bytes:
        result = self.run(*arguments, input=input)
        assert result.exit_code == 0, result.stderr
        return result.stdout_bytes

    def spawn(self, *arguments: str, input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """The command as it is typed."""
        command = [*MAILTRAP, *arguments]
        return subprocess.run(
            command, input=input, capture_output=True, timeout=60, cwd=self.folder, env=environ(**self.environ())
        )

    def newest(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.done("show", "latest", "--json"))
        return shown

    def client(self) -> Client:
        return Client(self.told["urls"]["web"])

    def stop(self) -> tuple[int, str]:
        self.process.terminate()
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    assert sandbox.stop() == (0, "")


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    with shared.client() as client:
        client.delete_matching(all=True)
    return shared


def test_the_ready_file_says_what_is_printed(sandbox: Sandbox) -> None:
    told = sandbox.told
    assert json.loads(sandbox.ready_file.read_text()) == told
    assert told["pid"] == sandbox.process.pid
    assert told["urls"]["web"] == f"http://127.0.0.1:{told['web']}"
    assert Path(told["ca_file"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert [file.name for file in sandbox.folder.iterdir() if file.name.startswith(".ready")] == []
    for name in ("smtp", "smtps", "pop3", "pop3s", "imap", "imaps", "web"):
        socket.create_connection((told["host"], told[name]), timeout=10).close()


def test_what_is_sent_is_shown_octet_for_octet(sandbox: Sandbox, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.eml" for number in range(len(ODD))]
    for file, octets in zip(files, ODD.values(), strict=True):
        file.write_bytes(octets)
    said = sandbox.done("send", *map(str, files), "--exact", "--to", "bob@b.test", "--from", "")
    assert [line.partition(b": ")[2][:4] for line in said.splitlines()] == [b"250 "] * len(ODD)
    listed = list(reversed(json.loads(sandbox.done("list", "--json"))["messages"]))
    with sandbox.client() as client:
        assert [client.raw(message["id"]) for message in listed] == list(ODD.values())
    assert [message["sha256"] for message in listed] == [hashlib.sha256(octets).hexdigest() for octets in ODD.values()]
    assert {json.dumps(message["envelope"]) for message in listed} == {'{"from": "", "to": ["bob@b.test"]}'}
    for name in ("NUL and 8 bit", "no final newline"):
        id = listed[list(ODD).index(name)]["id"]
        assert sandbox.done("show", id, "--raw") == ODD[name]


@pytest.mark.parametrize("protection", [[], ["--starttls"], ["--tls"]])
def test_send_uses_tls_and_login_as_asked(protection: list[str], sandbox: Sandbox) -> None:
    port = sandbox.told["smtps" if protection == ["--tls"] else "smtp"]
    where = ["--smtp", f"localhost:{port}", "--login", "ann:secret"]
    checked = ["--ca", sandbox.told["ca_file"]] if protection else []
    sandbox.done("send", "--sample", *protection, *where, *checked)
    arrival = sandbox.newest()["arrival"]
    assert (arrival["tls"] is not None) == bool(protection)
    assert arrival["login"]["user"] == "ann"


def test_a_unix_text_from_stdin_gets_crlf_and_its_envelope_from_the_header(sandbox: Sandbox) -> None:
    said = sandbox.done("send", "--json", input=b"From: a@b.test\nTo: c@d.test\nBcc: e@f.test\n\nhello")
    assert json.loads(said)[0]["code"] == 250
    newest = sandbox.newest()
    assert newest["envelope"] == {"from": "a@b.test", "to": ["c@d.test", "e@f.test"]}
    assert sandbox.done("show", "latest", "--raw").endswith(b"\r\n\r\nhello\r\n")


def test_a_certificate_that_is_not_trusted_is_told_apart_from_no_server(sandbox: Sandbox, tmp_path: Path) -> None:
    address = f"127.0.0.1:{sandbox.told['smtps']}"
    authority = sandbox.told["ca_file"]
    sandbox.done("send", "--sample", "--tls", "--smtp", address, "--ca", authority)
    other = sandbox.run("ca", MAILTRAP_STATE_DIR=str(tmp_path / "other")).stdout.strip()
    result = sandbox.run("send", "--sample", "--tls", "--smtp", address, "--ca", other)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"mailtrap: the certificate of {address} is not trusted: ")
    assert "mailtrap ca" in result.stderr


def test_addresses_in_any_script_are_sent(sandbox: Sandbox) -> None:
    sandbox.done("send", "--sample", "--from", "jörg@exämple.test", "--to", "用户@例え.test")
    assert sandbox.newest()["envelope"] == {"from": "jörg@exämple.test", "to": ["用户@例え.test"]}


def test_a_refusal_is_printed_and_the_rest_is_sent(sandbox: Sandbox) -> None:
    Path("1.eml").write_bytes(b"To: a@b.test\r\n\r\nx\r\n")
    result = sandbox.run("send", "1.eml", "1.eml", "--from", "not an address")
    assert result.exit_code == 1
    assert result.stdout_bytes.startswith(b"1.eml: MAIL FROM:<not an address>")
    assert b"2 of 2 refused" in result.stderr_bytes
    assert json.loads(sandbox.done("list", "--json"))["total"] == 0


def test_send_says_what_is_missing(sandbox: Sandbox) -> None:
    assert b"--to" in sandbox.run("send", input=b"Subject: x\n\n").stderr_bytes
    assert sandbox.run("send").stderr_bytes == b"mailtrap: stdin is empty\n  say who gets it with --to\n"
    assert sandbox.run("send", "--sample", MAILTRAP_SMTP="127.0.0.1:1").exit_code == 3
    assert sandbox.run("send", "--sample", "--login", "x").exit_code == 2


@pytest.mark.parametrize("format_", ["eml", "mbox", "maildir", "zip"])
def test_import_of_an_export_is_the_same(format_: str, sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.client() as client:
        for octets in ODD.values():
            client.post(octets, sender="a@b.test", recipients=["c@d.test", "blind@d.test"])
        sandbox.done("export", str(tmp_path / "x"), "--format", format_)
        before = list(client.messages())
        client.delete_matching(all=True)
        told = json.loads(sandbox.done("import", str(tmp_path / "x"), "--json"))
        assert told["messages"] == len(ODD)
        assert told["refused"] == []
        after = list(client.messages())
        assert [client.raw(message["id"]) for message in reversed(after)] == list(ODD.values())
    assert [message["sha256"] for message in after] == [message["sha256"] for message in before]
    exactly = slice(None) if format_ != "mbox" else slice(19)
    for kept, was in zip(after, before, strict=True):
        assert kept["received_at"][exactly] == was["received_at"][exactly]
        assert int(kept["id"]) > int(before[0]["id"])
    if format_ != "mbox":
        assert {tuple(message["envelope"]["to"]) for message in after} == {("c@d.test", "blind@d.test")}


@pytest.mark.parametrize("format_", ["eml", "maildir", "zip"])
def test_an_import_brings_back_inboxes_tags_and_what_was_looked_at(
    format_: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    with sandbox.client() as client:
        inboxes = ("ana", "ana qa", "default", None)
        ids = [client.post(f"Subject: {name}\r\n\r\n".encode(), inbox=name)["id"] for name in inboxes]
        client.mark_matching({"seen": True}, ids=[ids[0], ids[2]])
        client.mark_matching({"tags": ["kept", "for me"]}, ids=ids[:2])
        before = list(client.messages())
        sandbox.done("export", str(tmp_path / "x"), "--format", format_)
        client.delete_matching(all=True)
        for name in ("ana", "qa"):
            client.remove_inbox(name)
        sandbox.done("import", str(tmp_path / "x"))
        after = list(client.messages())
        for name in ("subject", "inboxes", "seen", "tags"):
            assert [one[name] for one in after] == [one[name] for one in before]
        sandbox.done("import", str(tmp_path / "x"), "--inbox", "elsewhere")
        assert {one["inbox"] for one in client.messages(limit=4)} == {"elsewhere"}
        assert [one["seen"] for one in client.messages(limit=4)] == [False, True, False, True]


def test_folders_of_a_maildir_that_are_left_out_are_named(sandbox: Sandbox) -> None:
    for name in ("m", "m/.Sent"):
        for folder in ("cur", "new"):
            Path(name, folder).mkdir(parents=True)
    Path("m/new/1.x").write_bytes(b"Subject: x\r\n\r\n")
    told = sandbox.run("import", "m").stderr
    assert told.startswith("m has folders, which are left out; give them too, if you want them: m/.Sent\nImported 1 ")


def test_who_may_see_one_inbox_alone_is_told_to_import_into_it(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.client() as client:
        client.post(b"Subject: x\r\n\r\n", inbox="default")
        token = client.add_inbox("mine", token=True)["token"]
    sandbox.done("export", str(tmp_path / "x"))
    result = sandbox.run("import", str(tmp_path / "x"), MAILTRAP_API_TOKEN=token)
    assert result.exit_code == 1
    assert "mailtrap: There is no inbox default\n  say --inbox NAME" in result.stderr
    assert sandbox.run("import", str(tmp_path / "x"), "--inbox", "mine", MAILTRAP_API_TOKEN=token).exit_code == 0


def test_nothing_is_imported_where_one_of_the_paths_is_no_mail(sandbox: Sandbox, tmp_path: Path) -> None:
    Path("1.eml").write_bytes(b"Subject: x\r\n\r\n")
    Path("passwd").write_bytes(b"root:x:0:0:root:/root:/bin/sh\n")
    result = sandbox.run("import", "1.eml", "passwd")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "mailtrap: passwd is no message: it has none of the fields that mail has, From, To, Date, Subject …\n"
        "  --format eml takes it as a message all the same\n"
    )
    assert sandbox.run("import", "-", input=b"no mail").exit_code == 1
    assert json.loads(sandbox.done("list", "--json"))["total"] == 0
    sandbox.done("import", "1.eml", "passwd", "--format", "eml")
    sandbox.done("import", "-", "--format", "eml", input=b"no mail")
    assert json.loads(sandbox.done("list", "--json"))["total"] == 3


def test_nothing_follows_on_what_is_imported(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.client() as client:
        client.post(b"Subject: x\r\n\r\n", sender="a@b.test", recipients=["c+deferred-2@d.test"])
        (tmp_path / "1.eml").write_bytes(b"Subject: x\r\n\r\n")
        told = json.loads(
            sandbox.done("import", str(tmp_path), "--to", "c+deferred-2@d.test", "--from", "a@b.test", "--json")
        )
        played = list(client.deliveries("subject:x"))
        (imported,) = [one for one in played if one["message"] == told["ids"][0]] or [{"outcome": "delivered"}]
        assert imported["outcome"] == "delivered"
        assert "deferred" in {one["outcome"] for one in played}


OLD = b"From a@b Thu Jan  2 03:04:05 2020\nTo: c@d.test\nSubject: old\n\nx\n\n"


def test_an_import_is_as_old_as_the_files_say_and_imap_tells_that_date(sandbox: Sandbox) -> None:
    sandbox.done("import", "-", input=OLD)
    assert sandbox.newest()["received_at"] == "2020-01-02T03:04:05.000000Z"
    with imaplib.IMAP4("127.0.0.1", sandbox.told["imap"]) as mail:
        mail.login("c@d.test", "x")
        mail.select("INBOX", readonly=True)
        found = mail.search(None, "BEFORE", "3-Jan-2020", "SUBJECT", "old")[1][0].split()
        assert b'INTERNALDATE " 2-Jan-2020 03:04:05 +0000"' in mail.fetch(found[-1].decode(), "(INTERNALDATE)")[1][0]
    sandbox.done("import", "-", "--now", input=OLD)
    assert sandbox.newest()["received_at"] > "2020-01-03"


def test_an_import_says_what_will_not_stay(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "x", "--max-age", "1d")
    try:
        told = sandbox.run("import", "-", input=OLD)
        assert "1 of them arrived longer ago than max-age allows, and will go; --now makes them new\n" in told.stderr
        assert "max-age" not in sandbox.run("import", "-", "--now", input=OLD).stderr
        with sandbox.client() as client:
            client.advance(1)
            assert [one["id"] for one in client.messages()] == ["2"]
    finally:
        sandbox.stop()


def test_an_export_holds_what_the_query_says(sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.client() as client:
        for word in ("apple", "pear"):
            client.post(f"Subject: {word}\r\nTo: a@b.test\r\n\r\nx\r\n".encode())
    result = sandbox.run("export", str(tmp_path / "x.mbox"), "--query", "subject:pear")
    assert re.fullmatch(rb"Exported 1 message, \d+ octets to .*x\.mbox\n", result.stderr_bytes)
    assert b"apple" not in (tmp_path / "x.mbox").read_bytes()
    assert b"pear" in (tmp_path / "x.mbox").read_bytes()


def test_an_export_goes_to_a_path(sandbox: Sandbox) -> None:
    result = sandbox.run("export", "-")
    assert (result.exit_code, result.stdout, list(Path().iterdir())) == (2, "", [])


def test_import_reads_stdin_and_can_end_lines(sandbox: Sandbox) -> None:
    sandbox.done("import", "-", "--crlf", "--to", "x@y.test", input=b"Subject: a\n\nhello\n")
    assert sandbox.done("show", "latest", "--raw") == b"Subject: a\r\n\r\nhello\r\n"
    sandbox.done("import", "-", input=b"From a@b Thu\nSubject: b\nTo: c@d.test\n\n>From x\n\n")
    assert sandbox.done("show", "latest", "--raw") == b"Subject: b\nTo: c@d.test\n\nFrom x\n"
    assert sandbox.newest()["envelope"] == {"from": "a@b", "to": ["c@d.test"]}


def test_one_bad_message_does_not_keep_the_others_out(sandbox: Sandbox, tmp_path: Path) -> None:
    for name, octets in {"1": b"To: a@b.test\r\n\r\n1", "2": b"", "3": b"To: a@b.test\r\n\r\n3"}.items():
        (tmp_path / f"{name}.eml").write_bytes(octets)
    result = sandbox.run("import", str(tmp_path), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["messages"], len(told["refused"])) == (1, 2, 1)
    assert told["refused"][0]["file"].endswith("2.eml")


def test_sendmail_takes_recipients_from_the_header_and_hides_bcc(sandbox: Sandbox) -> None:
    message = b"To: a@b.test\nCc: Ann <c@d.test>\nBcc: e@f.test,\n g@h.test\nSubject: x\n\n.dot\n..\nhello\n"
    sandbox.done("sendmail", "-t", "-i", "-f", "me@x.test", "-FMe", "i@j.test", input=message)
    newest = sandbox.newest()
    assert newest["envelope"] == {
        "from": "me@x.test",
        "to": ["i@j.test", "a@b.test", "c@d.test", "e@f.test", "g@h.test"],
    }
    raw = sandbox.done("show", "latest", "--raw")
    header, _, body = raw.partition(b"\r\n\r\n")
    assert body == b".dot\r\n..\r\nhello\r\n"
    assert b"bcc" not in header.lower()
    assert b"g@h.test" not in header
    assert b"From: Me <me@x.test>" in header


def test_sendmail_asks_for_notifications(sandbox: Sandbox) -> None:
    arguments = ["-N", "success,failure", "-R", "hdrs", "-V", "a=b", "-f", "me@x.test", "a@b.test"]
    sandbox.done("sendmail", *arguments, input=b"Subject: x\n\nhello\n")
    # The notification of success may be there already: it comes from <>.
    (message,) = json.loads(sandbox.done("list", "--json", "rcpt:a@b.test"))["messages"]
    esmtp = json.loads(sandbox.done("show", message["id"], "--json"))["esmtp"]
    assert {"keyword": "ENVID", "value": "a+3Db"} in esmtp["mail"]
    assert {"keyword": "NOTIFY", "value": "SUCCESS,FAILURE"} in esmtp["rcpt"][0]["parameters"]


def test_sendmail_speaks_smtp_on_stdin_and_stdout(sandbox: Sandbox) -> None:
    done = sandbox.spawn(
        "sendmail",
        "-bs",
        input=b"EHLO x\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\nDATA\nSubject: x\n\n..dot\nhello\n.\nQUIT\n",
    )
    assert done.returncode == 0, done.stderr
    codes = [line[:4] for line in done.stdout.splitlines()]
    assert codes[0] == b"220 "
    assert codes[-5:] == [b"250 ", b"250 ", b"354 ", b"250 ", b"221 "]
    assert sandbox.done("show", "latest", "--raw") == b"Subject: x\r\n\r\n.dot\r\nhello\r\n"


def test_smtp_on_stdin_ends_when_stdin_does(sandbox: Sandbox) -> None:
    done = sandbox.spawn("sendmail", "-bs", input=b"NOOP\n")
    assert (done.returncode, done.stdout[:4]) == (0, b"220 ")


def test_as_typed_it_is_the_same(sandbox: Sandbox) -> None:
    sent = sandbox.spawn("send", "-", "--exact", "--to", "a@b.test", "--from", "", input=ODD["NUL and 8 bit"])
    assert sent.stdout.startswith(b"stdin: 250 ")
    assert sandbox.spawn("show", "latest", "--raw").stdout == ODD["NUL and 8 bit"]
    assert sandbox.spawn("list", "(").returncode == 2


def test_the_dialogue_is_shown(sandbox: Sandbox) -> None:
    sandbox.done("send", "--sample")
    shown = sandbox.done("show", "latest", "--transcript").decode()
    assert re.search(r"^\d\d:\d\d:\d\d\.\d{3} S: 220 ", shown, re.MULTILINE)
    assert re.search(r"C: MAIL FROM:<", shown)


def test_delete_by_query_and_by_id(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        ids = [client.post(f"Subject: m{n}\r\nTo: a@b.test\r\n\r\n".encode())["id"] for n in range(4)]
        sandbox.done("delete", "--query", "subject:m1")
        sandbox.done("delete", ids[3], ids[2])
        assert [message["id"] for message in client.messages()] == [ids[0]]


def test_what_comes_after_everything_was_deleted_is_found(sandbox: Sandbox) -> None:
    # Ids deleted before they were indexed leave a gap, which the indexer must not take for the end.
    with sandbox.client() as client:
        for _ in range(5):
            client.post(b"Subject: old\r\nTo: a@b.test\r\n\r\n")
            client.delete_matching(all=True)
            client.post(b"Subject: apple\r\nTo: a@b.test\r\n\r\n")
            assert [message["subject"] for message in client.messages("subject:apple")] == ["apple"]


def test_a_bad_query_points_at_the_place(sandbox: Sandbox) -> None:
    result = sandbox.run("list", "subject:(")
    assert (result.exit_code, result.stdout_bytes) == (2, b"")
    assert b"mailtrap: " in result.stderr_bytes


def test_a_closed_pipe_is_no_error(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        for _ in range(3):
            client.post(b"To: a@b.test\r\n\r\n" + b"x" * 200_000)
    where = environ(MAILTRAP_URL=sandbox.told["urls"]["web"])
    process = subprocess.Popen(
        [*MAILTRAP, "show", "latest"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=where, cwd=sandbox.folder
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(30)


def test_what_is_asked_for_in_the_environment_of_a_container_is_healthy(sandbox: Sandbox) -> None:
    port = str(sandbox.told["web"])
    assert sandbox.run("healthcheck", MAILTRAP_URL="", MAILTRAP_WEB_PORT=port, MAILTRAP_HOST="0.0.0.0").exit_code == 0


def test_a_web_with_tls_and_a_token_is_reached_with_the_same_settings(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "s", "--web-tls", "--api-token", "hush", "--base-path", "/mail")
    settings = {"MAILTRAP_WEB_TLS": "1", "MAILTRAP_API_TOKEN": "hush", "MAILTRAP_STATE_DIR": str(sandbox.folder)}
    settings |= {"MAILTRAP_URL": "", "MAILTRAP_WEB_PORT": str(sandbox.told["web"]), "MAILTRAP_BASE_PATH": "/mail"}
    try:
        assert sandbox.told["urls"]["web"] == f"https://127.0.0.1:{sandbox.told['web']}/mail"
        sandbox.done("send", "--sample")
        shown = sandbox.run("list", "--json", **settings)
        assert json.loads(shown.stdout)["total"] == 1, shown.stderr
        assert sandbox.run("healthcheck", **settings).exit_code == 0
        refused = sandbox.run("list", **settings | {"MAILTRAP_API_TOKEN": ""})
        assert refused.exit_code == 1
        assert b"MAILTRAP_API_TOKEN" in refused.stderr_bytes
        distrusted = sandbox.run("list", **settings | {"MAILTRAP_STATE_DIR": str(tmp_path / "other")})
        assert distrusted.exit_code == 3
        assert b"is not trusted" in distrusted.stderr_bytes
    finally:
        assert sandbox.stop() == (0, "")


# ------------------------------------------------------------------------------------------------- start and stop


def test_sigterm_lets_the_message_in_flight_finish(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "s", "--database", "mail.db")
    with smtplib.SMTP("127.0.0.1", sandbox.told["smtp"], "x", timeout=30) as client:
        client.ehlo()
        client.mail("a@b.test")
        client.rcpt("c@d.test")
        client.docmd("DATA")
        client.send(b"Subject: last\r\n\r\n")
        sandbox.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionRefusedError):
            while True:  # it stops listening at some moment soon; the connection that stands is served on
                with contextlib.suppress(ConnectionResetError):  # that moment
                    socket.create_connection(("127.0.0.1", sandbox.told["smtp"]), timeout=30).close()
        client.send(b"made it\r\n.\r\n")
        assert client.getreply()[0] == 250
        client.close()
    assert sandbox.process.wait(30) == 0
    sandbox.process.communicate()
    assert not sandbox.ready_file.exists()
    again = Sandbox(tmp_path / "s", "--database", "mail.db")
    assert again.done("show", "latest", "--raw") == b"Subject: last\r\n\r\nmade it\r\n"
    assert again.stop() == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_0_when_told_to(number: signal.Signals, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "s")
    sandbox.process.send_signal(number)
    _, said = sandbox.process.communicate(timeout=30)
    assert (sandbox.process.returncode, said) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for a signal to one thread")
def test_a_signal_that_another_thread_gets_ends_it_too(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "s")
    process = sandbox.process.pid
    threads = {int(thread) for thread in os.listdir(f"/proc/{process}/task")} - {process}
    assert ctypes.CDLL(None).tgkill(process, min(threads), int(signal.SIGTERM)) == 0
    _, said = sandbox.process.communicate(timeout=30)
    assert (sandbox.process.returncode, said) == (0, "")


def failing(folder: Path, *flags: str) -> tuple[int, str]:
    command = [*MAILTRAP, "serve", *FREE, "--state-dir", str(folder), *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder, env=environ())
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("flag", ["--smtp-port", "--smtps-port", "--pop3-port", "--imap-port", "--web-port"])
def test_a_port_in_use_is_said_with_its_holder(flag: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, said = failing(tmp_path, flag, str(port))
    assert code == 1
    assert f"127.0.0.1:{port}" in said
    assert f"(pid {os.getpid()})" in said
    assert flag in said


def test_listening_for_everyone_asks_for_protection(tmp_path: Path) -> None:
    code, said = failing(tmp_path, "--host", "0.0.0.0")
    assert code == 2
    assert "--insecure" in said


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--smtp-port", "x"], 2, "'x' is not a value for smtp-port"),
        (["--host", "192.0.2.1", "--insecure"], 1, "192.0.2.1"),
        (["--database", "/nowhere/at/all/mail.db"], 1, "/nowhere/at/all"),
        (["--config", "none.toml"], 2, "none.toml"),
        (["--ready-file", "/nowhere/ready.json"], 1, "/nowhere/ready.json"),
        (["--no-such-flag"], 2, "--no-such-flag"),
    ],
)
def test_what_keeps_it_from_starting_is_said_in_a_line(flags: list[str], code: int, words: str, tmp_path: Path) -> None:
    result, said = failing(tmp_path, *flags)
    assert words in said
    assert result == code


def test_a_flag_beats_the_file_and_the_banner_says_where_to_point(tmp_path: Path) -> None:
    (tmp_path / "mailtrap.toml").write_text('base-path = "/mail"\nauth = "off"\nweb-port = 1\n')
    command = [*MAILTRAP, "serve", *FREE, "--state-dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environ())
    assert process.stdout is not None
    banner = ""
    for line in process.stdout:
        banner += line
        if "Try it" in line:
            break
    process.terminate()
    process.communicate(timeout=30)
    assert re.search(r"SMTP +127\.0\.0\.1 port \d+, plain or STARTTLS", banner)
    assert re.search(r"Look +http://127\.0\.0\.1:\d\d+/mail\n", banner)
    assert re.search(r"Login +not offered", banner)
    assert "\x1b" not in banner


def test_the_ca_is_made_on_first_use_and_stays(tmp_path: Path) -> None:
    def ca(*arguments: str) -> str:
        command = [*MAILTRAP, "ca", "--state-dir", str(tmp_path / "state"), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, env=environ(), cwd=tmp_path, check=True
        ).stdout

    path = Path(ca().rstrip("\n"))
    assert path.parent == tmp_path / "state"
    pem = path.read_text()
    assert ca("--pem") == pem
    assert ssl.create_default_context(cadata=pem).get_ca_certs()


def test_commands_start_quickly_because_they_import_little() -> None:
    heavy = {"flask", "werkzeug", "sqlite3", "aiosmtpd", "asyncio", "cryptography", "msgspec", "zstandard", "smtplib"}
    code = "import sys; import mailtrap.cli.look, mailtrap.cli.transfer; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ(), timeout=60)
    assert done.returncode == 0, done.stderr
    assert heavy & set(done.stdout.split()) == set()


def test_what_is_said_of_files_holds_in_any_directory(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "here", "--state-dir", "state", "--database", "mail.db")
    try:
        assert sandbox.told["ca_file"] == str(tmp_path / "here/state/ca.pem")
        assert sandbox.told["database"] == str(tmp_path / "here/mail.db")
        with sandbox.client() as client:
            assert client.info()["ca_file"] == sandbox.told["ca_file"]
    finally:
        sandbox.stop()


def test_the_banner_names_a_command_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin/mailtrap"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bin/mailtrap", "serve"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert this_command() == "bin/mailtrap"
    monkeypatch.setenv("PATH", str(program.parent))
    assert this_command() == "mailtrap"
    monkeypatch.setattr(sys, "argv", [str(ROOT / "mailtrap/__main__.py"), "serve"])
    assert this_command().endswith(" -m mailtrap")
