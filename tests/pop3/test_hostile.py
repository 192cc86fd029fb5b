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

LOGIN = b"USER default\r\nPASS x\r\n"
LONG = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    server = Serving(tmp_path / "mail.db", "--state-dir", str(tmp_path), "--max-connections", "1000")
    yield server
    assert server.alive
    assert server.stop() == 0


@contextlib.contextmanager
def connected(server: Serving) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.pop3), timeout=LONG) as sock:
        yield sock


def served(server: Serving, messages: int) -> None:
    """Somebody else gets an answer."""
    with connected(server) as sock, sock.makefile("rb") as reader:
        sock.sendall(LOGIN + b"STAT\r\nQUIT\r\n")
        answers = [reader.readline() for _ in range(5)]
    assert answers[3].startswith(b"+OK %d " % messages)


@pytest.mark.parametrize("start", [b"", b"PASS ", b"AUTH PLAIN ", b"AUTH LOGIN\r\n", LOGIN + b"RETR "])
def test_a_line_without_end_ends_the_session_and_costs_nothing(start: bytes, server: Serving) -> None:
    served(server, 0)
    before = server.peak(anew=True)
    with connected(server) as sock, sock.makefile("rb") as reader:
        sock.sendall(start)
        # What comes after our last word is thrown away for a moment, or refused by a reset.
        with contextlib.suppress(ConnectionError):
            for _ in range(640):
                sock.sendall(b"x" * 65536)
        said = []
        with contextlib.suppress(ConnectionError):
            said = reader.readlines()
    assert not said or said[-1] == b"-ERR A line without end; closing\r\n"
    assert server.peak() - before < 10
    served(server, 0)


def test_500_idle_clients_are_let_in_and_others_served(server: Serving) -> None:
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connected(server)) for _ in range(500)]
        for number, sock in enumerate(socks):
            if number % 2:
                sock.sendall(LOGIN)
        for number, sock in enumerate(socks):
            with sock.makefile("rb") as reader:
                assert reader.readline().startswith(b"+OK")
                if number % 2:
                    assert [reader.readline()[:3] for _ in range(2)] == [b"+OK"] * 2
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
            sock.sendall(LOGIN + b"RETR 1\r\n" * 10)
            # It has begun to come: everything that is read ahead of the client has been.
            with sock.makefile("rb") as reader:
                assert [reader.readline()[:3] for _ in range(4)] == [b"+OK"] * 4
        for _ in range(20):
            served(server, 1)
    # 20 x 47 MB were asked for, ten times.
    assert server.peak() - before < 60


def test_commands_without_end_wait_for_who_reads_no_answer(server: Serving) -> None:
    before = server.peak(anew=True)
    with connected(server) as sock:
        sock.settimeout(2.0)
        sock.sendall(LOGIN)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                sock.sendall(b"UIDL\r\n" * 10_000)
        served(server, 0)
    assert server.peak() - before < 30


def test_a_unique_id_outlives_a_kill(tmp_path: Path) -> None:
    def told(server: Serving) -> list[bytes]:
        with connected(server) as sock, sock.makefile("rb") as reader:
            sock.sendall(LOGIN + b"UIDL 1\r\nUIDL 2\r\n")
            return [reader.readline() for _ in range(5)][3:]

    server = Serving(tmp_path / "mail.db", "--state-dir", str(tmp_path))
    with smtplib.SMTP("127.0.0.1", server.smtp, timeout=LONG) as client:
        client.sendmail("a@a.test", ["b@b.test"], b"Subject: one\r\n\r\nx\r\n")
        client.sendmail("a@a.test", ["b@b.test"], b"Subject: two\r\n\r\nx\r\n")
    before = told(server)
    server.kill()
    server = Serving(tmp_path / "mail.db", "--state-dir", str(tmp_path))
    after = told(server)
    assert server.stop() == 0
    assert before == after
    assert before[0].startswith(b"+OK 1 ")
