"""A server in a process of its own, and IMAP clients that mean no good: memory stays flat, others are served."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.serving import Serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

LOGIN = b"l LOGIN default x\r\n"
LONG = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    server = Serving(tmp_path / "mail.db", "--state-dir", str(tmp_path), "--max-connections", "1000")
    yield server
    assert server.alive
    assert server.stop() == 0


@contextlib.contextmanager
def connected(server: Serving) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.imap), timeout=LONG) as sock:
        yield sock


def served(server: Serving, messages: int) -> None:
    """Somebody else gets an answer."""
    with connected(server) as sock, sock.makefile("rb") as reader:
        sock.sendall(LOGIN + b"s STATUS INBOX (MESSAGES)\r\n")
        answers = [reader.readline() for _ in range(4)]
    assert answers[2] == b"* STATUS INBOX (MESSAGES %d)\r\n" % messages


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"a LOGIN ",
        b"a AUTHENTICATE PLAIN\r\n",
        LOGIN + b"a IDLE\r\n",
        LOGIN + b"a FETCH ",
        b"a LOGIN {999999999+}\r\n",
        LOGIN + b"a APPEND INBOX {4294967295+}\r\n",
        LOGIN + b"a APPEND INBOX (",
        LOGIN + b"a SEARCH (",
    ],
)
def test_what_has_no_end_ends_the_session_and_costs_nothing(start: bytes, server: Serving) -> None:
    served(server, 0)
    before = server.peak(anew=True)
    with connected(server) as sock, sock.makefile("rb") as reader:
        sock.sendall(start)
        # What comes after our last word is thrown away for a moment, or refused by a reset.
        with contextlib.suppress(ConnectionError):
            for _ in range(640):
                sock.sendall((b"(" if start.endswith(b"(") else b"x") * 65536)
        said = []
        with contextlib.suppress(ConnectionError):
            said = reader.readlines()
    assert not said or said[-1].startswith(b"* BYE ")
    assert server.peak() - before < 10
    served(server, 0)


@pytest.mark.parametrize("what", [b"{4294967295}", b"{18446744073709551616}", b"{-1}", b"{999999999999999999999}"])
def test_a_literal_that_is_too_large_is_refused_before_it_comes(what: bytes, server: Serving) -> None:
    with connected(server) as sock, sock.makefile("rb") as reader:
        sock.sendall(LOGIN)
        assert [reader.readline()[:1] for _ in range(2)] == [b"*", b"l"]
        for command in (b"a APPEND INBOX ", b"a SEARCH SUBJECT ", b"a LIST "):
            sock.sendall(command + what + b"\r\n")
            assert reader.readline()[:5] in (b"a BAD", b"a NO ")
        sock.sendall(b"z NOOP\r\n")
        assert reader.readline().startswith(b"z OK")


def test_nesting_is_bounded(server: Serving) -> None:
    with connected(server) as sock, sock.makefile("rb") as reader:
        sock.sendall(LOGIN + b"s SELECT INBOX\r\n")
        while not reader.readline().startswith(b"s OK"):
            pass
        for command in (b"SEARCH " + b"(" * 30_000, b"SEARCH " + b"NOT " * 15_000 + b"ALL", b"SEARCH " + b"OR " * 9000):
            sock.sendall(b"a " + command + b"\r\n")
            assert reader.readline().startswith(b"a BAD")


def test_500_idle_clients_are_let_in_and_others_served(server: Serving) -> None:
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(server)) for _ in range(500)]
        for number, sock in enumerate(socks):
            if number % 2:
                sock.sendall(LOGIN + b"s SELECT INBOX\r\ni IDLE\r\n")
        for number, sock in enumerate(socks):
            with sock.makefile("rb") as reader:
                assert reader.readline().startswith(b"* OK")
                while number % 2 and not reader.readline().startswith(b"+ "):
                    pass
        served(server, 0)


def test_who_asks_for_much_and_reads_nothing_costs_a_piece(server: Serving) -> None:
    content = b"Subject: large\r\n\r\n" + (b"." * 76 + b"\r\n") * 600_000
    with smtplib.SMTP("127.0.0.1", server.smtp, timeout=LONG) as client:
        client.sendmail("a@a.test", ["b@b.test"], content)
    served(server, 1)
    before = server.peak(anew=True)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            sock = stack.enter_context(connected(server))
            sock.sendall(LOGIN + b"s SELECT INBOX\r\n" + b"f FETCH 1 BODY.PEEK[]\r\n" * 10)
            # It has begun to come: everything that is read ahead of the client has been.
            with sock.makefile("rb") as reader:
                while not reader.readline().startswith(b"* 1 FETCH"):
                    pass
        for _ in range(20):
            served(server, 1)
    # 20 x 47 MB were asked for, ten times.
    assert server.peak() - before < 60


def test_commands_without_end_wait_for_who_reads_no_answer(server: Serving) -> None:
    served(server, 0)
    before = server.peak(anew=True)
    with connected(server) as sock:
        sock.settimeout(2.0)
        sock.sendall(LOGIN)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                sock.sendall(b'a LIST "" *\r\n' * 10_000)
        served(server, 0)
    assert server.peak() - before < 30


def test_messages_put_in_by_many_at_once_are_not_held(server: Serving) -> None:
    served(server, 0)
    before = server.peak(anew=True)
    size = 20_000_000
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(server)) for _ in range(10)]
        for sock in socks:
            sock.sendall(LOGIN + b"a APPEND INBOX {%d+}\r\nSubject: x\r\n\r\n" % size)
        left = size - 14
        while left:
            piece = min(left, 1_000_000)
            for sock in socks:
                sock.sendall(b"y" * piece)
            left -= piece
        for sock in socks:
            sock.sendall(b"\r\n")
            with sock.makefile("rb") as reader:
                said = [reader.readline() for _ in range(3)]
            assert said[-1].startswith(b"a OK [APPENDUID")
    assert server.peak() - before < 100
    served(server, 10)
