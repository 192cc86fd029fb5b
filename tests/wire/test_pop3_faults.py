"""Rules of POP3 over real sockets: what went out is what the rule says, octet for octet; what it broke is broken."""

from __future__ import annotations

import contextlib
import poplib
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mailtrap.faults.rule import Step
from mailtrap.faults.scenarios import SCENARIOS
from tests.wire.collecting import LONG, SHORT, Lines, Ruled, sandbox, send
from tests.wire.test_faults import ERRORS

BODY = b"".join([b"line %04d\r\n" % number for number in range(300)])
CONTENT = b"Subject: one\r\n\r\n" + BODY


class Running(Ruled):
    """A sandbox with one message for ana."""

    def connect(self, name: str = "pop3") -> Client:
        return Client(self.addresses[name])

    def logged_in(self, user: str = "ana@x.test") -> Client:
        client = self.connect()
        client.line()
        assert client.login(user).startswith(b"+OK Logged in, 1 ")
        return client


class Client(Lines):
    """A socket, and the lines it reads."""

    def ask(self, command: bytes) -> bytes:
        self.sock.sendall(command + b"\r\n")
        return self.line()

    def login(self, user: str = "ana@x.test") -> bytes:
        self.ask(b"USER " + user.encode())
        return self.ask(b"PASS x")

    def several(self) -> list[bytes]:
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line)
        return lines


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as server:
        for user in ("ana@x.test", "ben@x.test"):
            send(server, CONTENT, to=(user,))
        yield Running(server)


@pytest.fixture
def running(started: Running) -> Iterator[Running]:
    yield started
    started.faults.clear()


@pytest.mark.parametrize("name", [one.name for one in SCENARIOS.values() if one.step is Step.POP3_LOGIN])
def test_a_login_is_refused_octet_for_octet(running: Running, name: str) -> None:
    running.switch_on(name)
    said = SCENARIOS[name].effect.answer.replace("{login}", "ana@x.test").encode() + b"\r\n"
    with running.connect() as client:
        client.line()
        if name == "pop3-login-delay":
            assert client.login().startswith(b"+OK")
            client.ask(b"QUIT")
    with running.connect() as client:
        client.line()
        assert client.login() == said
        assert client.ask(b"STAT").startswith(b"-ERR Log in first")
        if name == "pop3-login-delay":
            running.server.sandbox.advance(61)
            assert client.login("ana@x.test").startswith(b"+OK")


def test_whom_a_rule_means_is_told_by_login_inbox_peer_and_listener(running: Running) -> None:
    running.rule("pop3.login", {"answer": "[IN-USE] Locked"}, when="login:ana@x.test peer:127.0.0.1 listener:pop3")
    running.rule("pop3.login", {"answer": "[SYS/TEMP] Later"}, inbox="shop")
    running.rule("pop3.login", {"answer": "[SYS/PERM] Never"}, when="inbox:till")
    with running.connect() as client:
        client.line()
        assert client.login() == b"-ERR [IN-USE] Locked\r\n"
        assert client.login("shop") == b"-ERR [SYS/TEMP] Later\r\n"
        assert client.login("till") == b"-ERR [SYS/PERM] Never\r\n"
        assert client.login("ben@x.test").startswith(b"+OK")


def test_so_often_and_then_no_more(running: Running) -> None:
    running.rule("pop3.login", {"answer": "[IN-USE] Locked"}, first=2, per="login")
    with running.connect() as client:
        client.line()
        assert [client.login()[:4] for _ in range(2)] == [b"-ERR"] * 2
        assert client.login("ben@x.test").startswith(b"-ERR")
        assert client.login().startswith(b"+OK")


@pytest.mark.parametrize(
    ("step", "command"),
    [
        ("pop3.capa", b"CAPA"),
        ("pop3.stat", b"STAT"),
        ("pop3.list", b"LIST"),
        ("pop3.list", b"LIST 1"),
        ("pop3.uidl", b"UIDL"),
        ("pop3.retr", b"RETR 1"),
        ("pop3.top", b"TOP 1 0"),
        ("pop3.dele", b"DELE 1"),
        ("pop3.quit", b"QUIT"),
        ("pop3.command", b"NOOP"),
        ("pop3.command", b"STAT"),
    ],
)
def test_a_command_is_refused_and_the_next_one_is_not(running: Running, step: str, command: bytes) -> None:
    with running.logged_in() as client:
        running.rule(step, {"answer": "-ERR [SYS/TEMP] {host} is busy"}, first=1)
        assert client.ask(command) == b"-ERR [SYS/TEMP] localhost is busy\r\n"
        assert client.ask(b"STAT") == b"+OK 1 %d\r\n" % len(CONTENT)
    (rule,) = running.faults.rules()
    assert running.faults.hits(rule.id) == 1


def test_a_message_that_is_not_there_asks_no_rule(running: Running) -> None:
    with running.logged_in() as client:
        rule = running.rule("pop3.retr", {"answer": "no"}, first=1)
        assert client.ask(b"RETR 99").startswith(b"-ERR No such message")
        assert running.faults.hits(rule.id) == 0


@pytest.mark.parametrize(("effect", "said"), [
    ({"answer": "[SYS/TEMP] Too many connections"}, b"-ERR [SYS/TEMP] Too many connections\r\n"),
    ({"disconnect": "before-reply"}, b""),
])  # fmt: skip
@pytest.mark.parametrize("step", ["pop3.connect", "pop3.greeting"])
@pytest.mark.parametrize("listener", ["pop3", "pop3s"])
def test_turned_away_at_the_door(
    running: Running, step: str, effect: dict[str, Any], said: bytes, listener: str
) -> None:
    running.rule(step, effect)
    host, port = running.addresses[listener]
    with socket.create_connection((host, port), timeout=LONG) as sock:
        if listener == "pop3s" and (step == "pop3.greeting" or said):
            with running.trusting().wrap_socket(sock, server_hostname="localhost") as secured:
                assert secured.recv(1000) == said
                assert secured.recv(1000) == b""
        else:
            assert sock.makefile("rb").read() == said


def test_another_greeting(running: Running) -> None:
    running.rule("pop3.greeting", {"answer": "+OK Welcome to {host}"})
    with running.connect() as client:
        assert client.line() == b"+OK Welcome to localhost\r\n"
        assert client.login().startswith(b"+OK")


def test_the_answer_comes_late_but_all_is_done(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("pop3.retr", {"delay": SHORT})
        begun = time.monotonic()
        assert client.ask(b"RETR 1") == b"+OK %d octets\r\n" % len(CONTENT)
        assert time.monotonic() - begun >= SHORT - 0.05
        assert b"".join(client.several()) == CONTENT


def test_no_answer_ever(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("pop3.stat", {"stall": True})
        client.sock.sendall(b"STAT\r\nNOOP\r\n")
        assert client.is_silent()


def test_an_answer_and_then_silence(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("pop3.stat", {"stall": True, "answer": "[SYS/TEMP] Hm"})
        assert client.ask(b"STAT") == b"-ERR [SYS/TEMP] Hm\r\n"
        client.sock.sendall(b"NOOP\r\n")
        assert client.is_silent()


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [0, 1, 1000])
def test_broken_off_in_the_middle_of_a_message(running: Running, after: int, reset: bool) -> None:
    with running.logged_in() as client:
        running.rule("pop3.retr", {"disconnect": "mid-data", "after": after, "reset": reset}, first=1, per="message")
        client.sock.sendall(b"RETR 1\r\n")
        assert client.line() == b"+OK %d octets\r\n" % len(CONTENT)
        assert client.said.read(after) == CONTENT[:after]
        if reset:
            with pytest.raises(ConnectionResetError):
                client.said.read(1)
        else:
            assert client.is_closed()
    with running.logged_in() as again:
        again.ask(b"RETR 1")
        assert b"".join(again.several()) == CONTENT


def test_the_middle_may_come_late_and_the_rest_with_it(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("pop3.retr", {"after": 100, "delay": SHORT})
        client.ask(b"RETR 1")
        begun = time.monotonic()
        assert client.said.read(100) == CONTENT[:100]
        assert b"".join(client.several()) == CONTENT[100:]
        assert time.monotonic() - begun >= SHORT - 0.05


def test_the_middle_may_be_the_end_of_all_that_is_said(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("pop3.retr", {"after": 100, "stall": True})
        client.ask(b"RETR 1")
        assert client.said.read(100) == CONTENT[:100]
        assert client.is_silent()


def test_a_message_shorter_than_that_is_whole_and_the_next_one_is_not_hit(running: Running) -> None:
    with running.logged_in() as client:
        rule = running.rule("pop3.retr", {"after": 100_000, "disconnect": "mid-data"}, first=1)
        for _ in range(2):
            client.ask(b"RETR 1")
            assert b"".join(client.several()) == CONTENT
        assert running.faults.hits(rule.id) == 0


def test_slow_from_here_on(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("pop3.retr", {"throttle": 4000})
        begun = time.monotonic()
        client.ask(b"RETR 1")
        assert b"".join(client.several()) == CONTENT
        assert time.monotonic() - begun > 0.4


def test_closed_after_the_answer(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("pop3.retr", {"disconnect": "after-reply"})
        client.ask(b"RETR 1")
        assert b"".join(client.several()) == CONTENT
        assert client.is_closed()


def test_capabilities_that_are_hidden_are_not_honoured_until_they_are_back(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("pop3.capa", {"capabilities": {"hide": ["uidl", "TOP"], "add": ["XTRA 1"]}}, first=1)
        client.ask(b"CAPA")
        lines = client.several()
        assert b"XTRA 1\r\n" in lines
        assert b"UIDL\r\n" not in lines
        assert client.ask(b"UIDL").startswith(b"-ERR")
        assert client.ask(b"TOP 1 0").startswith(b"-ERR")
        client.ask(b"CAPA")
        assert b"UIDL\r\n" in client.several()
        assert client.ask(b"UIDL").startswith(b"+OK")


@pytest.mark.parametrize("trouble", ["expired", "wrong-host", "unknown-ca", "self-signed", "abort", "garbage"])
@pytest.mark.parametrize("listener", ["pop3", "pop3s"])
def test_tls_is_broken_as_a_client_sees_it(running: Running, listener: str, trouble: str) -> None:
    running.rule("pop3.stls", {"tls": trouble})
    _, port = running.addresses[listener]
    with pytest.raises(ssl.SSLError, match=ERRORS[trouble].replace("(", r"\(")):
        if listener == "pop3":
            client = poplib.POP3("localhost", port, timeout=LONG)
            with contextlib.closing(client.sock):
                client.stls(context=running.trusting())
        else:
            poplib.POP3_SSL("localhost", port, timeout=LONG, context=running.trusting())


def test_stls_offered_and_then_refused(running: Running) -> None:
    running.rule("pop3.stls", {"tls": "refuse"})
    with running.connect() as client:
        client.line()
        assert client.ask(b"STLS") == b"-ERR TLS is not available now\r\n"
        assert client.login().startswith(b"+OK")


def test_deleted_but_nobody_was_told(running: Running) -> None:
    with smtplib.SMTP(*running.addresses["smtp"], timeout=LONG) as mail:
        mail.sendmail("app@a.test", ["lost@x.test"], CONTENT)
    for name, left in (("pop3-nothing-deleted", 1), ("pop3-quit-unanswered", 0)):
        running.faults.clear()
        running.switch_on(name)
        with running.logged_in("lost@x.test") as client:
            client.ask(b"DELE 1")
            client.sock.sendall(b"QUIT\r\n")
            assert client.is_closed()
        assert running.kept("rcpt:lost@x.test") == left


def test_so_many_at_once(running: Running) -> None:
    running.rule("pop3.connect", {"answer": "[SYS/TEMP] Too many connections"}, concurrent=1)
    with running.connect() as first:
        assert first.line().startswith(b"+OK")
        with running.connect() as second:
            assert second.said.read() == b"-ERR [SYS/TEMP] Too many connections\r\n"
        first.ask(b"QUIT")
        assert first.is_closed()
    deadline = time.monotonic() + LONG
    said = b""
    while not said.startswith(b"+OK"):
        assert time.monotonic() < deadline
        with running.connect() as third:
            said = third.line()


def test_the_transcript_marks_where_a_rule_spoke(running: Running) -> None:
    rule = running.rule("pop3.login", {"answer": "[IN-USE] Locked"})
    with running.connect() as client:
        client.line()
        client.login()
        (session,) = running.server.sandbox.sessions(limit=1)
        found = running.server.sandbox.session(session.id)
        assert found is not None
        assert [line.text for line in found.lines if line.fault == rule.id] == ["-ERR [IN-USE] Locked"]
