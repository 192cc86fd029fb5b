"""A server in a process of its own, and clients that mean no good: memory stays flat, others are served."""

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
SELECT = LOGIN + b"s SELECT INBOX\r\n"
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


def answers(server: Serving, octets: bytes) -> list[bytes]:
    """Everything that is said to a client that sends this, then LOGOUT if it still can."""
    with connected(server) as sock, sock.makefile("rb") as reader:
        # What comes after our last word is thrown away for a moment, or refused by a reset.
        with contextlib.suppress(ConnectionError):
            sock.sendall(octets)
            sock.sendall(b"z LOGOUT\r\n")
        said: list[bytes] = []
        with contextlib.suppress(ConnectionError):
            for line in reader:
                said.append(line)
    return said


def served(server: Serving, messages: int) -> None:
    """Somebody else gets an answer."""
    said = answers(server, SELECT)
    assert b"* %d EXISTS\r\n" % messages in said
    assert said[-1].startswith(b"z OK ")


REFUSED = [
    b"a SEARCH SUBJECT {4294967295}\r\n",
    b"a APPEND INBOX {4294967295}\r\n",
    b"a SEARCH " + b"(" * 100_000 + b"\r\n",
    b"a FETCH 1 " + b"(" * 60_000 + b"\r\n",
    b"a SEARCH " + b"(" * 15_000 + b"\r\n",
    b"a SEARCH " + b"NOT " * 3_000 + b"ALL\r\n",
    b"a SEARCH ALL" + b" {0+}\r\n" * 5_000 + b"\r\n",
    b"a FETCH " + b"1," * 7_000 + b"1 NONSENSE\r\n",
    b"a \0\r\n",
    b"a NO\0OP\r\n",
    b'a SELECT "\xff"\r\n',
    b"a SELECT {3+}\r\n\0\0\0\r\n",
    b"a \xff\xfe\r\n",
]


def test_what_cannot_be_is_refused_with_its_tag(server: Serving) -> None:
    served(server, 0)
    before = server.peak(anew=True)
    for start in (b"", LOGIN, SELECT):
        for attack in REFUSED:
            said = answers(server, start + attack)
            [refused] = [line for line in said if line.startswith(b"a ")]
            assert refused.startswith((b"a BAD ", b"a NO [TOOBIG] "))
            assert said[-1].startswith(b"z OK ")
    assert server.peak() - before < 20


def test_a_literal_that_cannot_be_thrown_away_ends_the_session(server: Serving) -> None:
    served(server, 0)
    before = server.peak(anew=True)
    for start in (b"", LOGIN):
        for announced in (b"SEARCH TEXT {120000000+}", b"LOGIN {99999999999999999999+}", b"APPEND x {4294967295+}"):
            said = answers(server, start + b"a " + announced + b"\r\n" + b"x" * 1_000_000)
            assert said[-1].startswith(b"* BYE [TOOBIG] ")
    assert server.peak() - before < 20
    served(server, 0)


def test_a_line_without_end_ends_the_session_and_costs_nothing(server: Serving) -> None:
    served(server, 0)
    before = server.peak(anew=True)
    for start in (b"", b"a LOGIN ", b"a AUTHENTICATE PLAIN\r\n", b'a LOGIN "', SELECT + b"a SEARCH TEXT "):
        said = answers(server, start + b"x" * (20_000_000 if start else 200_000_000))
        assert not any(line.startswith(b"z ") for line in said)
    # Most of it is in no process of ours.
    assert server.peak() - before < 20
    served(server, 0)


def test_500_idle_clients_are_let_in_and_others_served(server: Serving) -> None:
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(server)) for _ in range(500)]
        readers = [stack.enter_context(sock.makefile("rb")) for sock in socks]
        for sock in socks[::2]:
            sock.sendall(SELECT + b"i IDLE\r\n")
        for reader in readers:
            assert reader.readline().startswith(b"* OK ")
        for reader in readers[::2]:
            while not reader.readline().startswith(b"+ "):
                pass
        served(server, 0)
        with smtplib.SMTP("127.0.0.1", server.smtp, timeout=LONG) as client:
            client.sendmail("a@a.test", ["b@b.test"], b"Subject: one\r\n\r\nx\r\n")
        for reader in readers[::2]:
            assert reader.readline() == b"* 1 EXISTS\r\n"
        served(server, 1)


def test_who_asks_for_much_and_reads_nothing_costs_a_piece(server: Serving) -> None:
    content = b"Subject: large\r\n\r\n" + (b"." * 76 + b"\r\n") * 600_000
    with smtplib.SMTP("127.0.0.1", server.smtp, timeout=LONG) as client:
        client.sendmail("a@a.test", ["b@b.test"], content)
    served(server, 1)
    before = server.peak(anew=True)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            sock = stack.enter_context(connected(server))
            sock.sendall(SELECT + b"f FETCH 1 BODY.PEEK[]\r\n" * 10)
            # It has begun to come: everything that is read ahead of the client has been.
            with sock.makefile("rb") as reader:
                while b"BODY[]" not in reader.readline():
                    pass
        for _ in range(20):
            served(server, 1)
    # 20 x 47 MB were asked for, ten times.
    assert server.peak() - before < 60


def test_commands_without_end_wait_for_who_reads_no_answer(server: Serving) -> None:
    before = server.peak(anew=True)
    with connected(server) as sock:
        sock.settimeout(2.0)
        sock.sendall(SELECT)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                sock.sendall(b"a CAPABILITY\r\n" * 5_000)
        served(server, 0)
    assert server.peak() - before < 60


def test_messages_that_are_appended_go_by_the_limit_and_not_through_memory(server: Serving) -> None:
    before = server.peak(anew=True)
    size = 50 * 1024 * 1024
    head = b"Subject: large\r\n\r\n"
    said = answers(server, SELECT + b"a APPEND INBOX {%d+}\r\n%b%b\r\n" % (size, head, b"x" * (size - len(head))))
    assert any(line.startswith(b"a OK [APPENDUID ") for line in said)
    over = answers(server, SELECT + b"a APPEND INBOX {%d+}\r\n%b\r\n" % (size + 1, b"x" * (size + 1)))
    assert any(line.startswith(b"a NO [TOOBIG] ") for line in over)
    assert over[-1].startswith(b"z OK ")
    assert server.peak() - before < 60
    served(server, 1)
