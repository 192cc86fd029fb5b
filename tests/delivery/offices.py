"""Sandboxes on real stores with a clock that stands still, and rules told by a function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailtrap.clock import Clock
from mailtrap.delivery.record import Delivery
from mailtrap.delivery.schedule import RetrySchedule
from mailtrap.events import Bus
from mailtrap.faults.book import Book
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import DELIVERY_STEPS, Effect, Fault, Said, Step
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Parameters, Recipient
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.store import open_store
from tests.store.making import PATIENCE, Answers, StandingClock

MINUTE, HOUR, DAY = 60, 3600, 86_400
SECOND = 1_000_000
CONTENT = b"From: ann@a.test\r\nTo: bob@b.test\r\nSubject: Hello\r\nMessage-ID: <1@a.test>\r\n\r\nHi Bob\r\n"

#: What the rules say at a step: an effect, or nothing.
Say = Callable[[Occasion], Effect | None]


class Rules(Book):
    """Rules as a function of the occasion; all of them have id 7."""

    def __init__(self, clock: Clock, say: Say) -> None:
        super().__init__(clock)
        self.say = say
        self.steps = frozenset(DELIVERY_STEPS)
        self.asked: list[Occasion] = []

    def may_answer(self, step: Step, recipient: str = "") -> bool:
        return step in self.steps

    def might_answer(self, occasion: Occasion) -> bool:
        return True

    def rules_out(self, step: Step, *facts: object) -> bool:
        return step not in self.steps

    def answer(self, occasion: Occasion) -> Answer | None:
        if len(self.asked) < 1000:
            self.asked.append(occasion)
        effect = self.say(occasion)
        return Answer(effect, Fault(occasion.step, effect, id=7)) if effect is not None else None


def replies(code: int, status: str = "", text: str = "told so", times: int = 1 << 30) -> Say:
    """The first `times` attempts are answered so."""
    effect = Effect(reply=Said(code, status, text))
    return lambda occasion: effect if occasion.step is Step.ATTEMPT and occasion.attempt <= times else None


def nothing(_: Occasion) -> Effect | None:
    return None


@contextmanager
def sandbox(
    path: Path | None = None,
    say: Say | None = None,
    *,
    clock: Clock | None = None,
    schedule: RetrySchedule | None = None,
    **settings: Any,
) -> Iterator[Sandbox]:
    """A sandbox with its office started; without `say` it has the rules of a new one: none."""
    clock = clock or StandingClock()
    bus = Bus()
    chosen = Settings(synchronous="normal", **({"database": str(path)} if path else {}), **settings)
    store = open_store(chosen, bus, clock)
    rules = Rules(clock, say) if say else None
    made = Sandbox(store, bus, clock, rules, schedule=schedule or RetrySchedule.of(chosen), hostname="sandbox.test")
    try:
        made.office.start()
        yield made
    finally:
        made.office.stop()
        store.close()


def send(
    to: Sandbox,
    *recipients: str | Recipient,
    sender: str = "ann@a.test",
    content: bytes = CONTENT,
    parameters: Parameters = (),
    listener: str = "smtp",
    **more: Any,
) -> int:
    """Keep a message; returns its id once the client would have its 250."""
    answers = Answers()
    addressed = tuple([one if isinstance(one, Recipient) else Recipient(one) for one in recipients or ("bob@b.test",)])
    arrival = Arrival(to.clock.now(), listener, "127.0.0.1:9", "client.test", "ESMTP", session=3)
    to.capture(Envelope(sender, addressed, parameters), content, arrival, answers, **more)
    answer = answers.next()
    assert isinstance(answer, int), answer
    return answer


def delivery_of(to: Sandbox, message: int, index: int = 0) -> Delivery:
    return to.office.deliveries(messages=[message], limit=10_000)[index]


class Gathered:
    """A `tell` or anything else that is called with one thing, and a way to wait for many."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._condition = threading.Condition()

    def __call__(self, one: Any) -> None:
        with self._condition:
            self.all.append(one)
            self._condition.notify_all()

    def wait(self, count: int) -> list[Any]:
        with self._condition:
            assert self._condition.wait_for(lambda: len(self.all) >= count, PATIENCE), self.all
            return list(self.all)
