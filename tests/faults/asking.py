"""Occasions and rules for tests, and a clock that stands still until it is told."""

from __future__ import annotations

from typing import Any

from mailtrap.clock import Clock
from mailtrap.faults.book import Book
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Effect, Fault, Said, Step
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.content import understand
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.heading import read_heading
from mailtrap.mail.message import Message, State
from mailtrap.query import Searchable

START = 1_800_000_000_000_000
SECOND = 1_000_000
NO = Effect(reply=Said(550, "5.1.1", "no"))


class StandingClock(Clock):
    """Says what time it is when told, or advanced."""

    def __init__(self, now: int = START) -> None:
        super().__init__()
        self.time = now

    def now(self) -> int:
        return self.time + self.ahead


def rule(step: Step = Step.RCPT, when: str = "", effect: Effect = NO, **often: Any) -> Fault:
    return Fault(step, effect, when=when, **often)


def book(*rules: Fault, **given: Any) -> Book:
    made = Book(StandingClock(), **given)
    for one in rules:
        made.add(one)
    return made


def rcpt(recipient: str = "bob@b.test", sender: str = "ann@a.test", at: float = 0, **facts: Any) -> Occasion:
    given = {"peer": "192.0.2.1:999", "session": 1, "transaction": 1, **facts}
    return Occasion(Step.RCPT, START + int(at * SECOND), sender=sender, recipient=recipient, **given)


def occasion(step: Step, at: float = 0, **facts: Any) -> Occasion:
    return Occasion(step, START + int(at * SECOND), **{"peer": "192.0.2.1:999", "session": 1, **facts})


def content(octets: bytes, sender: str = "", recipients: tuple[str, ...] = ()) -> Searchable:
    envelope = Envelope(sender, tuple(map(Recipient, recipients)))
    arrival = Arrival(START, "smtp")
    message = Message(0, "default", envelope, arrival, read_heading(octets), len(octets), "", State.RECEIVED)
    return Searchable(message, understand(0, octets, ()))


def refused(made: Book, *occasions: Occasion) -> list[bool]:
    return [made.answer(one) is not None for one in occasions]
