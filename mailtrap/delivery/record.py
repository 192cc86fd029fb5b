"""The delivery of one message to one recipient, as a value; the same shape in JSON, the database and here."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """How a delivery stands, or ended."""

    QUEUED = "queued"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    COMPLAINED = "complained"
    DISCARDED = "discarded"


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try. `at` is virtual time in microseconds since the epoch; `code` is 0 where no host could be reached."""

    at: int
    host: str
    code: int
    status: str
    text: str
    fault: int = 0


class Happening(msgspec.Struct, frozen=True, omit_defaults=True):
    """One other step of the way: accepted, routed, delayed, notice sent, opened, … `notice` is a message's id."""

    at: int
    what: str
    text: str = ""
    notice: int = 0
    fault: int = 0


class Delivery(msgspec.Struct, omit_defaults=True):
    """`due` is when something happens next (virtual time), None where nothing does."""

    message: int
    recipient: str
    outcome: Outcome = Outcome.QUEUED
    accepted_at: int = 0
    due: int | None = None
    route: tuple[str, ...] = ()
    attempts: list[Attempt] = []
    happenings: list[Happening] = []
    notices: list[int] = []
    # What an attempt and a notice need to know of the message.
    sender: str = ""
    inbox: str = "default"
    index: int = 0
    notify: tuple[str, ...] = ()
    original_recipient: str = ""
    ret: str = ""
    envelope_id: str = ""
    pending: list[tuple[int, str, dict[str, object]]] = []
