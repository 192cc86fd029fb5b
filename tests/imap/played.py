"""An IMAP session without a socket: a real store behind it, and a driver that performs what it asks for at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from mailtrap.accounts import Accounts
from mailtrap.clock import Clock
from mailtrap.events import Bus
from mailtrap.imap.policy import Policy
from mailtrap.imap.recent import Unheard
from mailtrap.imap.session import Session
from mailtrap.imap.watching import Watch
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.net.actions import Action, Ask, Close, Drain, Handshake, Send, StartTls, Work
from mailtrap.net.waking import Sleeper
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.store import open_store
from mailtrap.store.base import Store

LONG = 60.0

CONTENT = (
    b"Subject: one\r\nFrom: Ana <ana@a.test>\r\n\r\nfirst\r\n",
    b"Subject: two\r\nFrom: ben@b.test\r\n\r\nsecond\r\n",
    b"Subject: three\r\n\r\nno more\r\n",
)


def heard(uid_next: int) -> Unheard:
    """Of all messages below this somebody has heard."""
    unheard = Unheard()
    unheard.hear(uid_next)
    return unheard


class Stage:
    """A sandbox on which sessions are played. Has to be closed.

    Unless there is `news`, somebody has heard of every message there will be: none is recent.
    """

    def __init__(
        self, settings: Settings | None = None, contents: Sequence[bytes] = CONTENT, *, news: bool = False
    ) -> None:
        self.settings = settings or Settings(database=":temp:")
        self.bus = Bus()
        self.clock = Clock()
        self.store: Store = open_store(self.settings, self.bus, self.clock)
        self.sandbox = Sandbox(self.store, self.bus, self.clock)
        self.accounts = Accounts(self.settings, self.store, self.clock, self.sandbox.inboxes)
        self.watch = Watch(self.sandbox)
        if not news:
            self.watch.unheard = lambda _: heard(10**9)  # type: ignore[assignment, method-assign]
        self.policy = Policy.of(self.settings)
        self.time = 1000.0
        for octets in contents:
            self.capture(octets)

    def capture(self, octets: bytes, to: str = "bob@b.test", inbox: str = "default") -> int:
        """A message comes by SMTP."""
        kept = threading.Event()
        answers: list[int | Exception] = []

        def done(answer: int | Exception) -> None:
            answers.append(answer)
            kept.set()

        arrival = Arrival(self.clock.now(), "smtp")
        self.sandbox.capture(Envelope("a@a.test", (Recipient(to),)), octets, arrival, done, inbox=inbox)
        assert kept.wait(LONG)
        assert isinstance(answers[0], int)
        return answers[0]

    def close(self) -> None:
        self.watch.stop()
        self.store.close()


class Played:
    """One session. With `hold` what waits for the client to read waits for `release`."""

    def __init__(self, stage: Stage, *, tls_first: bool = False, many: int = 1) -> None:
        self.stage = stage
        self.session = Session(
            stage.sandbox,
            stage.accounts,
            stage.policy,
            stage.watch,
            "imaps" if tls_first else "imap",
            "127.0.0.1:9",
            lambda: stage.time,
            tls_first,
        )
        self.session.sleeper = Sleeper(lambda wake, wakes: wake(wakes), lambda: self.woken.set())
        self.woken = threading.Event()
        self.output = b""
        self.closed = False
        self.hold = False
        self.handshake: Handshake | Exception = Handshake("TLSv1.3", "TLS_AES_256_GCM_SHA384")
        self.perform(self.session.opened(many, many))

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                assert not self.closed, "said after closing"
                self.output += action.octets
            elif isinstance(action, Close):
                self.closed = True
            else:
                self.answer(action)

    def answer(self, action: Action) -> None:
        result: Any = None
        if isinstance(action, Drain):
            if self.hold:
                return
        elif isinstance(action, StartTls):
            self.session.forget_input()
            result = self.handshake
        elif isinstance(action, Work):
            try:
                result = action.task()
            except Exception as error:
                result = error
        elif isinstance(action, Ask):
            result = asked(action)
        self.perform(self.session.resume(result))

    def wake(self) -> bytes:
        """Wait until somebody has woken the session; what it says then."""
        assert self.woken.wait(LONG)
        self.woken.clear()
        self.perform(self.session.woken())
        return self.take()

    def send(self, octets: bytes, size: int = 0) -> bytes:
        for start in range(0, len(octets), size or max(len(octets), 1)):
            self.perform(self.session.receive(octets[start : start + (size or len(octets))]))
        return self.take()

    def take(self) -> bytes:
        said, self.output = self.output, b""
        return said

    def lost(self) -> None:
        """The connection breaks."""
        self.perform(self.session.lost())
        self.session.over()

    @property
    def lines(self) -> list[str]:
        return [f"{line.side} {line.text}" for line in self.session.transcript.lines()]


def asked(action: Ask) -> Any:
    """What is answered, by whomever."""
    there = threading.Event()
    results: list[Any] = []

    def answered(result: Any) -> None:
        results.append(result)
        there.set()

    try:
        action.question(answered)
    except Exception as error:
        return error
    assert there.wait(LONG)
    return results[0]
