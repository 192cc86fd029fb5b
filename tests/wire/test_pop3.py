"""POP3 over real sockets from a real store: poplib, curl, several clients, restarts, who gets what."""

from __future__ import annotations

import contextlib
import poplib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailtrap.events import Kind
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.query import Query
from mailtrap.server import Server
from mailtrap.store.base import Selection
from tests.wire.collecting import LONG, Start, send, starting, trusting, where

ODD = b"Subject: odd\r\n\r\n.\r\n..\r\n.x\r\nGr\xfc\xdfe \x00\rok\r\n"


@pytest.fixture
def start(loop_kind: str, state_dir: Path) -> Iterator[Start]:
    with starting(state_dir, "pop3", "pop3s") as run:
        yield run


@contextlib.contextmanager
def opened(server: Server, security: str = "plain", user: str = "default") -> Iterator[poplib.POP3]:
    if security == "tls":
        context = trusting(server)
        client: poplib.POP3 = poplib.POP3_SSL("localhost", where(server, "pop3s")[1], timeout=LONG, context=context)
    else:
        client = poplib.POP3(*where(server, "pop3"), timeout=LONG)
    try:
        if security == "stls":
            client.host = "localhost"
            client.stls(trusting(server))
        client.user(user)
        client.pass_("any word")
        yield client
        with contextlib.suppress(poplib.error_proto, OSError):
            client.quit()
    finally:
        client.close()


@pytest.mark.parametrize("security", ["plain", "stls", "tls"])
def test_mail_is_collected(start: Start, security: str) -> None:
    server = start()
    send(server, ODD, b"Subject: two\r\n\r\nx\r\n")
    with opened(server, security) as client:
        assert client.capa()["UIDL"] == []
        assert client.stat()[0] == 2
        assert b"\r\n".join(client.retr(1)[1]) + b"\r\n" == ODD
        assert client.top(1, 1)[1] == [b"Subject: odd", b"", b"."]
        client.dele(1)
    with opened(server, security) as client:
        assert client.retr(1)[1][0] == b"Subject: two"
    session = server.sandbox.sessions(limit=1)[0]
    assert session.listener == ("pop3s" if security == "tls" else "pop3")
    assert (session.tls is not None) == (security != "plain")
    assert server.sandbox.store.counters().messages == 1


def test_commands_sent_with_stls_are_not_performed(start: Start) -> None:
    server = start()
    with socket.create_connection(where(server, "pop3"), timeout=LONG) as sock:
        reader = sock.makefile("rb")
        assert reader.readline().startswith(b"+OK")
        sock.sendall(b"STLS\r\nUSER evil\r\nPASS x\r\n")
        assert reader.readline().startswith(b"+OK Begin TLS")
        with trusting(server).wrap_socket(sock, server_hostname="localhost") as protected:
            protected.sendall(b"PASS x\r\nUSER good\r\n")
            inner = protected.makefile("rb")
            assert inner.readline() == b"-ERR USER first\r\n"
            assert inner.readline().startswith(b"+OK")
            inner.close()
        reader.close()


def test_a_unique_id_is_for_good(start: Start, tmp_path: Path) -> None:
    place = {"database": str(tmp_path / "mail.db")}
    server = start(**place)
    send(server, *[b"Subject: %d\r\n\r\nx\r\n" % number for number in range(4)])
    with opened(server) as client:
        before = dict(line.split() for line in client.uidl()[1])
        client.dele(2)
    server.stop()
    server = start(**place)
    send(server, b"Subject: new\r\n\r\nx\r\n")
    with opened(server) as client:
        after = [line.split()[1] for line in client.uidl()[1]]
    assert after[:3] == [before[b"1"], before[b"3"], before[b"4"]]
    assert after[3] not in before.values()
    server.stop()
    other = start()
    send(other, b"Subject: elsewhere\r\n\r\nx\r\n")
    with opened(other) as client:
        assert client.uidl()[1][0].split()[1] not in before.values()


def test_a_user_is_an_inbox_or_an_address(start: Start) -> None:
    server = start()
    send(server, b"Subject: shop\r\n\r\nx\r\n", user="shop", to=("c@c.test",))
    send(server, b"Subject: both\r\n\r\nx\r\n", to=("ann@a.test", "Bob@b.test"))
    send(server, b"Subject: bob\r\n\r\nx\r\n", user="bob@b.test", to=("c@c.test",))

    def subjects(user: str) -> list[bytes]:
        with opened(server, user=user) as client:
            return [client.top(number, 0)[1][0][9:] for number in range(1, client.stat()[0] + 1)]

    assert subjects("default") == [b"both"]
    assert subjects("SHOP") == [b"shop"]
    assert subjects("ann@a.test") == [b"both"]
    assert subjects("bob@b.test") == [b"both", b"bob"]
    assert subjects("nobody") == subjects("nobody@nowhere.test") == []
    assert subjects("odd name/with *stars*") == []


def test_what_one_deletes_another_misses_and_nobody_waits(start: Start) -> None:
    server = start()
    send(server, *[b"Subject: %d\r\n\r\nx\r\n" % number for number in range(3)])
    with opened(server) as two:
        with opened(server) as one:
            server.sandbox.store.delete(Selection(Query.EVERYTHING, (1,))).result(LONG)
            with pytest.raises(poplib.error_proto, match="deleted"):
                one.retr(1)
            one.dele(2)
        with pytest.raises(poplib.error_proto, match="deleted"):
            two.retr(2)
        assert two.retr(3)[1][0] == b"Subject: 2"
        assert two.stat()[0] == 3


def test_a_slow_reader_makes_nobody_wait(start: Start) -> None:
    server = start()
    large = b"Subject: large\r\n\r\n" + (b"y" * 76 + b"\r\n") * 100_000
    send(server, large)
    with socket.create_connection(where(server, "pop3"), timeout=LONG) as sock:
        reader = sock.makefile("rb")
        sock.sendall(b"USER default\r\nPASS x\r\nRETR 1\r\nNOOP\r\n")
        assert [reader.readline()[:3] for _ in range(4)] == [b"+OK"] * 4
        with opened(server) as client:
            assert client.stat() == (1, len(large))
        received = bytearray()
        while not received.endswith(b"\r\n.\r\n"):
            received += reader.readline()
        assert received[:-3] == large
        assert reader.readline() == b"+OK\r\n"
        reader.close()


def test_tens_of_thousands_are_listed_without_reading_them(start: Start) -> None:
    server = start()
    many = 20_000
    kept = threading.Semaphore(0)
    arrival = Arrival(server.clock.now(), "import", "")
    octets = b"Subject: x\r\n\r\n" + b"y" * 98 + b"\r\n"
    for _ in range(many):
        server.sandbox.capture(Envelope("", (Recipient("b@b.test"),)), octets, arrival, lambda _: kept.release())
    for _ in range(many):
        assert kept.acquire(timeout=LONG)
    begun = time.monotonic()
    with opened(server) as client:
        assert client.stat() == (many, many * len(octets))
        assert len(client.list()[1]) == len(client.uidl()[1]) == many
        assert client.retr(many)[2] == len(octets)
    assert time.monotonic() - begun < 10.0  # a third of a second on an idle machine


def test_who_hangs_up_in_the_middle_is_let_go(start: Start) -> None:
    server = start()
    send(server, b"x" * 70 + b"\r\n" + b"y\r\n" * 2_000_000)
    ended = threading.Event()
    server.bus.subscribe(lambda events: [ended.set() for event in events if event.kind is Kind.SESSION])
    ended.clear()
    with socket.create_connection(where(server, "pop3"), timeout=LONG) as sock:
        sock.sendall(b"USER default\r\nPASS x\r\nRETR 1\r\n")
        assert sock.recv(10)
    assert ended.wait(LONG)


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("way", ["USER", "APOP", "PLAIN", "LOGIN", "bearer"])
@pytest.mark.parametrize("security", ["plain", "stls", "tls"])
def test_curl_collects_the_exact_octets(start: Start, security: str, way: str) -> None:
    server = start(hide_extensions=("SASL", "APOP") if way == "USER" else ())
    send(server, ODD)
    scheme, port = ("pop3s", where(server, "pop3s")[1]) if security == "tls" else ("pop3", where(server, "pop3")[1])
    command = ["curl", "-sS", f"{scheme}://localhost:{port}/1", "--cacert", server.about.ca_file, "--max-time", "50"]
    if security == "stls":
        command.append("--ssl-reqd")
    if way == "bearer":
        command += ["--user", "default:", "--oauth2-bearer", "t0ken", "--login-options", "AUTH=XOAUTH2"]
    else:
        option = {"USER": "AUTH=*", "APOP": "AUTH=+APOP"}.get(way, f"AUTH={way}")
        command += ["--user", "default:x", "--login-options", option, *(["--sasl-ir"] if way == "PLAIN" else [])]
    done = subprocess.run(command, capture_output=True, timeout=LONG, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == ODD
    login = server.sandbox.sessions(limit=1)[0].login
    assert login is not None
    assert login[1] == "default"
    assert login[0] in (("XOAUTH2", "OAUTHBEARER") if way == "bearer" else (way,))
