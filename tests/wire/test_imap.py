"""IMAP over real sockets from a real store: imaplib, curl, several clients, restarts, a server that stops."""

from __future__ import annotations

import contextlib
import imaplib
import shutil
import smtplib
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailtrap.events import Kind
from mailtrap.query import parse
from mailtrap.server import Server
from mailtrap.store.base import Selection
from tests.wire.collecting import LONG, Start, send, starting, trusting, where

ODD = b"Subject: odd\r\n\r\n.\r\n..\r\n.x\r\n) OK\r\nGr\xfc\xdfe \x00\rok\n\n"


@pytest.fixture
def start(loop_kind: str, state_dir: Path) -> Iterator[Start]:
    with starting(state_dir, "imap", "imaps") as run:
        yield run


@contextlib.contextmanager
def opened(server: Server, security: str = "plain", user: str = "default") -> Iterator[imaplib.IMAP4]:
    if security == "tls":
        port = where(server, "imaps")[1]
        client: imaplib.IMAP4 = imaplib.IMAP4_SSL("localhost", port, ssl_context=trusting(server), timeout=LONG)
    else:
        client = imaplib.IMAP4("localhost", where(server, "imap")[1], timeout=LONG)
    try:
        if security == "starttls":
            client.starttls(trusting(server))
        client.login(user, "any word")
        yield client
        client.logout()
    finally:
        # Also where it said BYE by itself.
        with contextlib.suppress(OSError):
            client.shutdown()


def good(answer: tuple[str, list[Any]]) -> list[Any]:
    word, data = answer
    assert word == "OK", data
    return data


def content(client: imaplib.IMAP4, uid: int) -> bytes:
    [(_, octets), _] = good(client.uid("FETCH", str(uid), "(BODY.PEEK[])"))
    assert isinstance(octets, bytes)
    return octets


@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
def test_a_session_of_imaplib(start: Start, security: str) -> None:
    server = start()
    send(server, b"Subject: one\r\n\r\n1\r\n", b"Subject: two\r\n\r\n2\r\n")
    with opened(server, security) as client:
        assert good(client.list()) == [
            b'(\\HasNoChildren) "/" INBOX',
            b'(\\HasNoChildren \\All) "/" All',
            b'(\\HasNoChildren) "/" Bounces',
        ]
        good(client.create("Archive"))
        assert good(client.select("INBOX")) == [b"2"]
        [number] = good(client.search(None, "SUBJECT", "two"))
        assert number == b"2"
        assert good(client.append("INBOX", "(\\Flagged)", "", ODD.replace(b"\0", b"")))
        assert good(client.noop())
        assert client.response("EXISTS") == ("EXISTS", [b"2", b"3"])
        good(client.copy("3", "Archive"))
        good(client.store("1", "+FLAGS", "(\\Deleted)"))
        assert good(client.expunge()) == [b"1"]
        assert good(client.status("Archive", "(MESSAGES)")) == [b"Archive (MESSAGES 1)"]
        session = next(one for one in server.sandbox.sessions(limit=9) if one.listener.startswith("imap"))
        assert session.listener == ("imaps" if security == "tls" else "imap")
        assert (session.tls is not None) == (security != "plain")
        assert session.login == ("LOGIN", "default")


def test_octets_are_those_that_were_sent(start: Start) -> None:
    server = start()
    line = b"x" * 5_000 + b"\r\n"
    large = b"Subject: large\r\n\r\n" + line * 1_000
    with smtplib.SMTP(*where(server, "smtp"), timeout=LONG) as client:
        for octets in (ODD, large):
            client.ehlo()
            client.docmd("MAIL FROM:<a@a.test> BODY=BINARYMIME")
            client.docmd("RCPT TO:<bob@b.test>")
            client.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
            assert client.getreply()[0] == 250
    with opened(server) as reader:
        good(reader.select("INBOX", readonly=True))
        assert content(reader, 1) == ODD
        assert content(reader, 2) == large


def test_what_was_appended_comes_back_as_it_was(start: Start) -> None:
    server = start()
    contents = [b"", b"x", b"\r\n", b"Subject: a\r\n\r\n" + bytes(range(1, 256)), b"y" * 3_000_000]
    with opened(server, user="shop") as client:
        good(client.select("INBOX"))
        for number, octets in enumerate(contents[1:], 1):
            # imaplib makes every line end CRLF, and so must we to compare.
            whole = b"\r\n".join(octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
            good(client.append("INBOX", "", "", octets))
            assert content(client, number) == whole


def test_two_clients_see_what_the_other_does(start: Start) -> None:
    server = start()
    send(server, b"Subject: one\r\n\r\n", b"Subject: two\r\n\r\n")
    with opened(server) as one, opened(server) as other:
        good(one.select("INBOX"))
        good(other.select("INBOX"))
        good(one.store("1", "+FLAGS", "(\\Flagged \\Deleted)"))
        good(other.noop())
        [told] = other.response("FETCH")[1]
        assert b"\\Flagged" in told
        good(one.expunge())
        good(other.noop())
        assert other.response("EXPUNGE")[1] == [b"1"]
        send(server, b"Subject: three\r\n\r\n")
        good(other.noop())
        assert other.response("EXISTS")[1][-1] == b"2"


def test_what_is_deleted_elsewhere_is_gone_here(start: Start) -> None:
    server = start()
    send(server, b"Subject: one\r\n\r\n", b"Subject: two\r\n\r\n")
    with opened(server) as client:
        good(client.select("INBOX"))
        assert server.store.catch_up(LONG)
        server.store.mark(Selection(parse("subject:two")), seen=True).result(LONG)
        good(client.noop())
        assert b"\\Seen" in client.response("FETCH")[1][0]
        server.store.delete(Selection(parse("subject:one"))).result(LONG)
        good(client.noop())
        assert client.response("EXPUNGE")[1] == [b"1"]


def test_uids_and_folders_outlive_a_restart(start: Start, tmp_path: Path) -> None:
    database = str(tmp_path / "mail.db")
    server = start(database=database)
    send(server, b"Subject: one\r\n\r\n", b"Subject: two\r\n\r\n")

    def told(server: Server) -> list[Any]:
        with opened(server) as client:
            facts = good(client.status("INBOX", "(UIDVALIDITY UIDNEXT MESSAGES)"))
            facts += good(client.status("Kept", "(UIDVALIDITY UIDNEXT MESSAGES)"))
            good(client.select("Kept"))
            # Who was the first to hear of a message is forgotten: to the next it is recent.
            return facts + [one.replace(b" \\Recent", b"") for one in good(client.fetch("1:*", "(UID FLAGS)"))]

    with opened(server) as client:
        good(client.create("Kept"))
        good(client.select("INBOX"))
        good(client.copy("1:2", "Kept"))
        good(client.select("Kept"))
        good(client.store("2", "+FLAGS", "(\\Flagged $Later)"))
        good(client.store("1", "+FLAGS", "(\\Deleted)"))
        good(client.expunge())
    before = told(server)
    server.stop()
    assert told(start(database=database)) == before


class Line:
    """A client that says what it likes."""

    def __init__(self, server: Server, user: str = "default") -> None:
        self._socket = socket.create_connection(where(server, "imap"), timeout=LONG)
        self._file = self._socket.makefile("rb")
        self.read()
        if user:
            self.say(b"login LOGIN %b x" % user.encode(), b"login ")

    def read(self) -> bytes:
        return self._file.readline()

    def say(self, line: bytes, until: bytes = b"") -> list[bytes]:
        """Send it, then read up to a line that begins so."""
        self._socket.sendall(line + b"\r\n")
        lines = []
        while until:
            lines.append(self.read())
            assert lines[-1], "closed"
            if lines[-1].startswith(until):
                break
        return lines

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def test_who_waits_is_told_of_mail_as_it_comes(start: Start) -> None:
    server = start()
    with contextlib.closing(Line(server)) as line, contextlib.closing(Line(server, "bob@b.test")) as other:
        for one in (line, other):
            one.say(b"a SELECT INBOX", b"a OK")
            one.say(b"b IDLE", b"+ ")
        send(server, b"Subject: news\r\n\r\n")
        for one in (line, other):
            assert one.read() == b"* 1 EXISTS\r\n"
            assert one.say(b"DONE", b"b ")[-1].startswith(b"b OK")
            assert one.say(b"c LOGOUT", b"c ")[-1].startswith(b"c OK")


def test_who_waits_is_told_when_the_server_stops(start: Start) -> None:
    server = start()
    with contextlib.closing(Line(server)) as line:
        line.say(b"a SELECT INBOX", b"a OK")
        line.say(b"b IDLE", b"+ ")
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert line.read() == b"* BYE [UNAVAILABLE] Shutting down\r\n"
        assert line.read() == b""
        stopping.join(LONG)
        assert not stopping.is_alive()


def test_a_session_is_kept_when_its_client_has_gone(start: Start) -> None:
    server = start()
    recorded = threading.Event()
    server.bus.subscribe(lambda events: recorded.set() if any(event.kind is Kind.SESSION for event in events) else None)
    line = Line(server)
    line.say(b"a SELECT INBOX", b"a OK")
    line.close()
    assert recorded.wait(LONG)
    [session] = server.sandbox.sessions(limit=5)
    assert (session.listener, session.outcome, session.login) == ("imap", "closed", ("LOGIN", "default"))
    found = server.sandbox.session(session.id)
    assert found is not None
    assert "login LOGIN ***" in [one.text for one in found.lines]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
def test_curl_reads_lists_and_puts(start: Start, security: str, tmp_path: Path) -> None:
    server = start()
    octets = b"Subject: by curl\r\n\r\n.\r\nbody\r\n"
    (tmp_path / "mail").write_bytes(octets)
    scheme, port = ("imaps", where(server, "imaps")[1]) if security == "tls" else ("imap", where(server, "imap")[1])
    extra = [] if security == "plain" else ["--ssl-reqd", "--cacert", server.about.ca_file]

    def curl(path: str, *options: str) -> bytes:
        command = ["curl", "-sS", "-u", "default:x", f"{scheme}://localhost:{port}/{path}", *extra, *options]
        return subprocess.run(command, capture_output=True, timeout=LONG, check=True).stdout

    curl("INBOX", "-T", str(tmp_path / "mail"))
    assert curl("INBOX;UID=1") == octets
    assert b'* LIST (\\HasNoChildren) "/" INBOX\r\n' in curl("")
    assert curl("INBOX?SUBJECT%20curl") == b"* SEARCH 1\r\n"
