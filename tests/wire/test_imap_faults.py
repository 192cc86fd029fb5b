"""Rules of IMAP over real sockets: what went out is what the rule says, octet for octet; what it broke is broken."""

from __future__ import annotations

import contextlib
import imaplib
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
USER = "ana@x.test"
#: What comes before a command of each step, and the command itself.
PATHS: dict[Step, tuple[list[bytes], bytes]] = {
    Step.IMAP_COMMAND: ([], b"NOOP"),
    Step.IMAP_CAPABILITY: ([], b"CAPABILITY"),
    Step.IMAP_LIST: ([], b'LIST "" "*"'),
    Step.IMAP_STATUS: ([], b"STATUS INBOX (MESSAGES)"),
    Step.IMAP_SELECT: ([], b"SELECT INBOX"),
    Step.IMAP_FETCH: ([b"SELECT INBOX"], b"FETCH 1 BODY.PEEK[]"),
    Step.IMAP_SEARCH: ([b"SELECT INBOX"], b"SEARCH ALL"),
    Step.IMAP_STORE: ([b"SELECT INBOX"], b"STORE 1 +FLAGS (\\Flagged)"),
    Step.IMAP_COPY: ([b"SELECT INBOX"], b"COPY 1 Work"),
    Step.IMAP_EXPUNGE: ([b"SELECT INBOX"], b"EXPUNGE"),
    Step.IMAP_APPEND: ([], b"APPEND INBOX {16+}\r\nSubject: x\r\n\r\ny\r\n"),
    Step.IMAP_IDLE: ([b"SELECT INBOX"], b"IDLE"),
    Step.IMAP_LOGOUT: ([], b"LOGOUT"),
}


class Running(Ruled):
    """A sandbox with one message for ana."""

    def connect(self, name: str = "imap") -> Client:
        return Client(self.addresses[name])

    def logged_in(self, user: str = USER) -> Client:
        client = self.connect()
        client.line()
        assert client.ask(f"LOGIN {user} x".encode())[-1].startswith(b"a OK")
        return client


class Client(Lines):
    """A socket, and the lines it reads; every command has the tag `a`."""

    def send(self, command: bytes) -> None:
        self.sock.sendall(b"a " + command + b"\r\n")

    def ask(self, command: bytes) -> list[bytes]:
        """The lines of the answer, up to the tagged one or BYE."""
        self.send(command)
        lines = [self.line()]
        while not lines[-1].startswith((b"a ", b"* BYE", b"+ ")):
            lines.append(self.line())
        return lines


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as server:
        send(server, CONTENT, to=(USER,))
        running = Running(server)
        with running.logged_in() as client:
            client.ask(b"CREATE Work")
        yield running


@pytest.fixture
def running(started: Running) -> Iterator[Running]:
    yield started
    started.faults.clear()


def told(name: str) -> bytes:
    answer = SCENARIOS[name].effect.answer.replace("{login}", USER).encode()
    return (b"* " if answer.startswith(b"BYE") else b"a ") + answer + b"\r\n"


@pytest.mark.parametrize("name", [one.name for one in SCENARIOS.values() if one.step is Step.IMAP_LOGIN])
def test_a_login_is_refused_octet_for_octet(running: Running, name: str) -> None:
    running.switch_on(name)
    often = max([rule.concurrent for rule in SCENARIOS[name].faults()])
    clients = [running.logged_in() for _ in range(often)]
    with running.connect() as client:
        client.line()
        assert client.ask(f"LOGIN {USER} x".encode()) == [told(name)]
        if told(name).startswith(b"*"):
            assert client.is_closed()
        else:
            assert client.ask(b"SELECT INBOX")[-1].startswith(b"a BAD")
    for one in clients:
        one.__exit__()


@pytest.mark.parametrize("name", [one.name for one in SCENARIOS.values() if one.effect.answer and one.step in PATHS])
def test_a_command_is_refused_octet_for_octet(running: Running, name: str) -> None:
    before, command = PATHS[SCENARIOS[name].step]
    with running.logged_in() as client:
        for one in before:
            client.ask(one)
        running.switch_on(name)
        assert client.ask(command) == [told(name)]
        if told(name).startswith(b"*"):
            assert client.is_closed()
        else:
            running.faults.clear()
            assert client.ask(b"NOOP")[-1].startswith(b"a OK")


@pytest.mark.parametrize("step", PATHS)
def test_a_step_is_refused_once_and_then_goes_well(running: Running, step: Step) -> None:
    before, command = PATHS[step]
    kept = running.kept("")
    with running.logged_in() as client:
        for one in before:
            client.ask(one)
        rule = running.rule(step.value, {"answer": "[LIMIT] {host} is busy"}, first=1)
        assert client.ask(command) == [b"a NO [LIMIT] localhost is busy\r\n"]
        assert running.kept("") == kept
        last = client.ask(command)[-1]
        if step is Step.IMAP_IDLE:
            assert last.startswith(b"+ ")
            client.sock.sendall(b"DONE\r\n")
        else:
            assert last.startswith((b"a OK", b"* BYE"))
        assert running.faults.hits(rule.id) == 1


def test_whom_a_rule_means_is_told_by_login_inbox_and_listener(running: Running) -> None:
    running.rule("imap.login", {"answer": "[UNAVAILABLE] Later"}, when=f"login:{USER} peer:127.0.0.0/8 listener:imap")
    running.rule("imap.login", {"answer": "BAD Never"}, inbox="shop")
    with running.connect() as client:
        client.line()
        assert client.ask(f"LOGIN {USER} x".encode()) == [b"a NO [UNAVAILABLE] Later\r\n"]
        assert client.ask(b"LOGIN shop x") == [b"a BAD Never\r\n"]
        assert client.ask(b"AUTHENTICATE PLAIN AHNob3AAeA==") == [b"a BAD Never\r\n"]
        assert client.ask(b"LOGIN other x")[-1].startswith(b"a OK")


@pytest.mark.parametrize(("effect", "said"), [
    ({"answer": "Too many connections"}, b"* BYE Too many connections\r\n"),
    ({"disconnect": "before-reply"}, b""),
])  # fmt: skip
@pytest.mark.parametrize("step", ["imap.connect", "imap.greeting"])
@pytest.mark.parametrize("listener", ["imap", "imaps"])
def test_turned_away_at_the_door(
    running: Running, step: str, effect: dict[str, Any], said: bytes, listener: str
) -> None:
    running.rule(step, effect)
    with socket.create_connection(running.addresses[listener], timeout=LONG) as sock:
        if listener == "imaps" and (step == "imap.greeting" or said):
            with running.trusting().wrap_socket(sock, server_hostname="localhost") as secured:
                assert secured.recv(1000) == said
                assert secured.recv(1000) == b""
        else:
            assert sock.makefile("rb").read() == said


def test_the_answer_comes_late(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("imap.select", {"delay": SHORT})
        begun = time.monotonic()
        assert client.ask(b"SELECT INBOX")[-1].startswith(b"a OK")
        assert time.monotonic() - begun >= SHORT - 0.05


def test_no_answer_ever(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("imap.select", {"stall": True})
        client.send(b"SELECT INBOX\r\na NOOP")
        assert client.is_silent()


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [0, 1, 1000])
def test_broken_off_in_the_middle_of_fetch(running: Running, after: int, reset: bool) -> None:
    opening = b"* 1 FETCH (BODY[] {%d}\r\n" % len(CONTENT)
    with running.logged_in() as client:
        client.ask(b"SELECT INBOX")
        running.rule("imap.fetch", {"disconnect": "mid-data", "after": after, "reset": reset}, first=1)
        client.send(b"FETCH 1 BODY.PEEK[]")
        assert client.said.read(after) == (opening + CONTENT)[:after]
        if reset:
            with pytest.raises(ConnectionResetError):
                client.said.read(1)
        else:
            assert client.is_closed()
    with running.logged_in() as again:
        again.ask(b"SELECT INBOX")
        assert b"".join(again.ask(b"FETCH 1 BODY.PEEK[]")).startswith(opening + CONTENT + b")\r\n")


def test_the_middle_may_come_late_and_the_rest_with_it(running: Running) -> None:
    with running.logged_in() as client:
        client.ask(b"SELECT INBOX")
        running.rule("imap.fetch", {"after": 100, "delay": SHORT})
        client.send(b"FETCH 1 BODY.PEEK[]")
        said = client.said.read(100)
        begun = time.monotonic()
        while not said.endswith(b"a OK Fetched\r\n"):
            said += client.line()
        assert time.monotonic() - begun >= SHORT - 0.05
        assert CONTENT in said


def test_slow_from_here_on(running: Running) -> None:
    with running.logged_in() as client:
        client.ask(b"SELECT INBOX")
        running.rule("imap.fetch", {"throttle": 4000})
        begun = time.monotonic()
        client.ask(b"FETCH 1 BODY.PEEK[]")
        assert time.monotonic() - begun > 0.4


def test_less_than_that_is_whole_and_uses_up_no_turn(running: Running) -> None:
    with running.logged_in() as client:
        client.ask(b"SELECT INBOX")
        rule = running.rule("imap.fetch", {"after": 100_000, "disconnect": "mid-data"}, first=1)
        for _ in range(2):
            assert client.ask(b"FETCH 1 BODY.PEEK[]")[-1].startswith(b"a OK")
        assert running.faults.hits(rule.id) == 0


@pytest.mark.parametrize("command", [b"SELECT INBOX", b"LOGOUT", b"NOOP"])
def test_closed_after_the_answer(running: Running, command: bytes) -> None:
    with running.logged_in() as client:
        running.rule("imap.command", {"disconnect": "after-reply"})
        lines = client.ask(command)
        if lines[-1].startswith(b"* BYE"):
            assert client.line().startswith(b"a OK")
        else:
            assert lines[-1].startswith(b"a OK")
        assert client.is_closed()


def test_kept_but_nobody_was_told(running: Running) -> None:
    running.switch_on("imap-append-unanswered")
    with running.logged_in("solo@x.test") as client:
        client.send(PATHS[Step.IMAP_APPEND][1])
        assert client.is_closed()
    assert running.kept("rcpt:solo@x.test") == 1


def test_capabilities_that_are_hidden_are_not_honoured(running: Running) -> None:
    with running.logged_in() as client:
        running.rule("imap.capability", {"capabilities": {"hide": ["idle"], "add": ["XTRA=1"]}}, first=1)
        words = client.ask(b"CAPABILITY")[0].split()
        assert b"XTRA=1" in words
        assert b"IDLE" not in words
        client.ask(b"SELECT INBOX")
        assert client.ask(b"IDLE")[-1].startswith(b"a BAD")
        assert b"IDLE" in client.ask(b"CAPABILITY")[0].split()
        assert client.ask(b"IDLE")[-1].startswith(b"+ ")


def test_capabilities_that_are_hidden_are_not_told_unasked(running: Running) -> None:
    running.rule("imap.capability", {"capabilities": {"hide": ["STARTTLS", "IDLE"]}})
    running.rule("imap.capability", {"capabilities": {"hide": ["MOVE"]}}, when=f"login:{USER}")
    with running.connect() as client:
        greeting = client.line()
        assert b" IDLE " not in greeting
        assert b"STARTTLS" not in greeting
        assert client.ask(b"STARTTLS")[-1].startswith(b"a BAD")
        assert b" IDLE " not in client.ask(f"LOGIN {USER} x".encode())[-1]


def test_a_rule_that_says_something_else_to_capability_waits_for_it(running: Running) -> None:
    rule = running.rule("imap.capability", {"answer": "BAD not now"}, first=1)
    with running.connect() as client:
        assert b"CAPABILITY" in client.line()
        assert running.faults.hits(rule.id) == 0
        assert client.ask(b"CAPABILITY") == [b"a BAD not now\r\n"]


def test_idle_is_dropped(running: Running) -> None:
    running.switch_on("imap-idle-dropped")
    with running.logged_in() as client:
        client.ask(b"SELECT INBOX")
        assert client.ask(b"IDLE")[-1].startswith(b"+ ")
        assert client.is_closed()


@pytest.mark.parametrize("trouble", ["expired", "wrong-host", "unknown-ca", "self-signed", "abort", "garbage"])
@pytest.mark.parametrize("listener", ["imap", "imaps"])
def test_tls_is_broken_as_a_client_sees_it(running: Running, listener: str, trouble: str) -> None:
    running.rule("imap.starttls", {"tls": trouble})
    port = running.addresses[listener][1]
    with pytest.raises(ssl.SSLError, match=ERRORS[trouble].replace("(", r"\(")):
        if listener == "imap":
            client = imaplib.IMAP4("localhost", port, timeout=LONG)
            with contextlib.closing(client.sock), contextlib.closing(client.file):
                client.starttls(running.trusting())
        else:
            imaplib.IMAP4_SSL("localhost", port, ssl_context=running.trusting(), timeout=LONG)


def test_starttls_offered_and_then_refused(running: Running) -> None:
    running.rule("imap.starttls", {"tls": "refuse"})
    with running.connect() as client:
        client.line()
        assert client.ask(b"STARTTLS") == [b"a NO TLS is not available now\r\n"]
        assert client.ask(f"LOGIN {USER} x".encode())[-1].startswith(b"a OK")
