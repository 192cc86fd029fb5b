"""A store that keeps messages in memory and answers from a thread of its own, and a driver that plays a session."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from msgspec.structs import replace

from mailtrap.clock import Clock
from mailtrap.events import Bus
from mailtrap.faults.book import Book
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import Fault, Step
from mailtrap.faults.scenarios import fill, resolve
from mailtrap.mail.limits import Limits
from mailtrap.mail.message import Submission
from mailtrap.mail.transcript import Transcript
from mailtrap.net.actions import (
    Action,
    Ask,
    Close,
    Delay,
    Dribble,
    Handshake,
    Reset,
    Send,
    StartTls,
    Throttle,
    Work,
)
from mailtrap.sandbox import Sandbox
from mailtrap.smtp.policy import Policy
from mailtrap.smtp.session import Session


class MemorySpool:
    """What the store holds of a message too big to hold."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.octets = bytearray()
        self.backlog = 0
        self.discarded = False
        self.largest = 0

    def write(self, octets: bytes) -> None:
        self.largest = max(self.largest, len(octets))
        self.octets += octets

    def finish(self) -> int:
        return self.number

    def discard(self) -> None:
        self.discarded = True


class MemoryStore:
    """Answers on its own thread, as the real one does. `failure` is what it answers instead of an id."""

    def __init__(self) -> None:
        self.kept: list[Submission] = []
        self.recorded: list[Transcript] = []
        self.spools: list[MemorySpool] = []
        self.failure: Exception | None = None
        self.asked = 0
        self.backlog = 0
        self.gate = threading.Event()
        self.gate.set()
        self.changed = threading.Condition()
        self._sessions = 0
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, submission: Submission, done: Callable[[int | Exception], None]) -> None:
        self._jobs.put(lambda: self._keep(submission, done))
        with self.changed:
            self.asked += 1
            self.changed.notify_all()

    def spool(self) -> MemorySpool:
        spool = MemorySpool(len(self.spools))
        spool.backlog = self.backlog
        with self.changed:
            self.spools.append(spool)
            self.changed.notify_all()
        return spool

    def new_session(self) -> int:
        self._sessions += 1
        return self._sessions

    def record(self, transcript: Transcript) -> None:
        with self.changed:
            self.recorded.append(transcript)
            self.changed.notify_all()

    def wait(self, condition: Callable[[], bool], timeout: float = 10.0) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout), "it never came to that"

    def content(self, number: int = -1) -> bytes:
        submission = self.kept[number]
        if submission.octets is not None:
            return submission.octets
        assert submission.spooled is not None
        return bytes(self.spools[submission.spooled].octets)

    def octets(self, id: int) -> bytes:
        return self.content(id - 1)

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self.gate.wait()
            job()

    def _keep(self, submission: Submission, done: Callable[[int | Exception], None]) -> None:
        submission.digest()
        if self.failure is not None:
            done(self.failure)
            return
        with self.changed:
            self.kept.append(submission)
            number = len(self.kept)
            self.changed.notify_all()
        done(number)


class InlineStore(MemoryStore):
    """Answers at once, on the caller's thread."""

    def __init__(self) -> None:
        super().__init__()
        self.close()

    def add(self, submission: Submission, done: Callable[[int | Exception], None]) -> None:
        self._keep(submission, done)


class Rules(Book):
    """Rules that count nothing but `first`: the first one of a step (whose `when` is the recipient) answers."""

    def __init__(self, *rules: Fault) -> None:
        super().__init__(Clock())
        self._told = [replace(rule, id=number) for number, rule in enumerate(rules, 1)]
        self.steps = frozenset(rule.step for rule in self._told)
        self.asked: list[Occasion] = []
        self.over: list[int] = []
        self._met: Counter[int] = Counter()

    def may_answer(self, step: Step, recipient: str = "") -> bool:
        return step in self.steps

    def might_answer(self, occasion: Occasion) -> bool:
        return self.may_answer(occasion.step)

    def rules_out(self, step: Step, *facts: object) -> bool:
        return not self.may_answer(step)

    def answer(self, occasion: Occasion) -> Answer | None:
        self.asked.append(replace(occasion))
        for rule in self._told:
            if rule.step is occasion.step and rule.when in ("", occasion.recipient):
                self._met[rule.id] += 1
                if not rule.first or self._met[rule.id] <= rule.first:
                    return Answer(fill(resolve(rule.effect), occasion), rule)
        return None

    def take_back(self, answer: Answer, occasion: Occasion) -> None:
        self._met[answer.fault.id] -= 1

    def ended(self, session: int) -> None:
        self.over.append(session)


def sandbox(store: MemoryStore | None = None, rules: Sequence[Fault] = ()) -> Sandbox:
    return Sandbox(store or InlineStore(), Bus(), Clock(), Rules(*rules) if rules else None)  # type: ignore[arg-type]


class Played:
    """A session without a socket. `said` is what the server said since it was last taken.

    With `hold` what blocks waits for `release`; without it delays are over at once, and are noted in `delays`.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        tls_first: bool = False,
        limits: Limits | None = None,
        rules: Sequence[Fault] = (),
        hold: bool = False,
    ) -> None:
        self.time = 1000.0
        self.store = InlineStore()
        self.sandbox = sandbox(self.store, rules)
        policy = policy or Policy(limits=limits or Limits())
        self.session = Session(self.sandbox, policy, "smtp", "127.0.0.1:9", lambda: self.time, tls_first)
        self.output = b""
        self.closed = False
        self.handshake: Handshake | Exception = Handshake("TLSv1.3", "TLS_AES_256_GCM_SHA384")
        self.hold = hold
        self.waiting: list[Action] = []
        self.delays: list[float | None] = []
        self.rates: list[int] = []
        self.unread = b""
        self.troubles: list[str] = []
        self.reset = False
        self.perform(self.session.opened(1, 1))

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                assert not self.closed, "said after closing"
                self.output += action.octets
            elif isinstance(action, Dribble):
                self.output += b"".join(islice(action.pieces, 4096))
            elif isinstance(action, Throttle):
                self.rates.append(action.rate)
                self.unread += action.unread
            elif isinstance(action, Close | Reset):
                self.closed = True
                self.reset = isinstance(action, Reset)
            elif self.hold:
                self.waiting.append(action)
            else:
                self.answer(action)
        # As a pump would: not before everything that was to be done has been.
        unread, self.unread = self.unread, b""
        if unread:
            self.perform(self.session.receive(unread))

    def answer(self, action: Action) -> None:
        if isinstance(action, StartTls):
            self.troubles.append(action.trouble)
            self.session.forget_input()
            self.perform(self.session.resume(self.handshake))
        elif isinstance(action, Work):
            self.perform(self.session.resume(action.task()))
        elif isinstance(action, Delay):
            self.delays.append(action.seconds)
            if action.seconds is not None:
                self.perform(self.session.resume(None))
        elif isinstance(action, Ask):
            results: list[Any] = []
            action.question(results.append)
            self.perform(self.session.resume(results[0]))

    def release(self) -> None:
        self.hold = False
        while self.waiting:
            self.answer(self.waiting.pop(0))

    def send(self, octets: bytes, size: int = 0) -> bytes:
        for start in range(0, len(octets), size or max(len(octets), 1)):
            self.perform(self.session.receive(octets[start : start + (size or len(octets))]))
        return self.take()

    def take(self) -> bytes:
        said, self.output = self.output, b""
        return said

    def codes(self) -> list[int]:
        """The codes of the replies said since last taken."""
        return codes(self.take())

    def lost(self) -> None:
        """The connection is gone."""
        self.perform(self.session.lost())
        if self.session.blocked:
            self.perform(self.session.resume(None))
        self.session.over()

    @property
    def faults(self) -> list[tuple[str, int]]:
        """The lines of the transcript at which a rule spoke, and its id."""
        lines = self.session.transcript.lines()
        return [(f"{line.side} {line.text}", line.fault) for line in lines if line.fault is not None]

    @property
    def lines(self) -> list[str]:
        return [f"{line.side} {line.text}" for line in self.session.transcript.lines()]


def codes(said: bytes) -> list[int]:
    return [int(line[:3]) for line in said.split(b"\r\n") if line and line[3:4] != b"-"]


OPENING = b"EHLO client.test\r\n"
ENVELOPE = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n"
