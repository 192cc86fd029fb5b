"""The sandbox's virtual time, by which deliveries are tried again and notices come back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from mailtrap.client.failures import Json
from mailtrap.client.steps import AsyncTransport, Awaiting, Blocking, Steps, Transport, Verb, ask


class Now(NamedTuple):
    """Virtual time, and the seconds it is ahead of real time. `due` is when something happens next, None if nothing."""

    now: datetime
    ahead: float
    due: datetime | None


class Advance(NamedTuple):
    """What came to pass: attempts to deliver, deliveries by what became of them, notices to senders."""

    now: datetime
    attempts: int
    outcomes: dict[str, int]
    notices: int


class ClockVerbs:
    """It is one for the whole sandbox, and never goes back."""

    @Verb
    def now(self) -> Steps[Now]:
        """What time it is."""
        answer = (yield from ask("GET", "/api/clock")).document()
        return Now(_time(answer["now"]), answer["ahead"], _time(answer["due"]) if answer["due"] else None)

    @Verb
    def advance(self, by: float | timedelta) -> Steps[Advance]:
        """Let so much time pass at once, in seconds."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        answer: Json = (yield from ask("POST", "/api/clock/advance", document={"seconds": seconds})).document()
        return Advance(_time(answer["now"]), answer["attempts"], answer["outcomes"], answer["notices"])


class Clock(ClockVerbs, Blocking):
    """Verbs that return when they are done."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport


class AsyncClock(ClockVerbs, Awaiting):
    """Verbs to be awaited."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
