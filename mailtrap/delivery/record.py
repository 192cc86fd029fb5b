"""The delivery of one message to one recipient, as a value; the same shape in JSON, the database and here."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from mailtrap.faults.rule import Effect, Notice

#: Attempts and happenings kept of one delivery: the first ones and the newest, with those between left out.
MOST_ATTEMPTS = 100
FIRST_ATTEMPTS = 20
MOST_HAPPENINGS = 100
#: The last so many of them are for how it ends: deferrals do not use them up.
KEPT_FOR_THE_END = 30

#: Bits of a delivery's id that number the recipients of its message.
RECIPIENT_BITS = 20


class Outcome(StrEnum):
    """How a delivery stands, or ended."""

    QUEUED = "queued"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    COMPLAINED = "complained"
    DISCARDED = "discarded"


#: The same in words.
OUTCOMES: dict[Outcome, str] = {
    Outcome.QUEUED: "Not tried yet, or the host takes its time to answer",
    Outcome.DEFERRED: "Tried in vain; it will be tried again",
    Outcome.DELIVERED: "A host took it",
    Outcome.BOUNCED: "It failed for good, at once or by a report that came back later",
    Outcome.EXPIRED: "It was tried in vain for as long as `expire-after` says",
    Outcome.COMPLAINED: "Delivered; the recipient called it spam",
    Outcome.DISCARDED: "Delivered; the host threw it away and told nobody",
}

#: What a `Happening` can be, in the words of the pages.
HAPPENINGS: dict[str, str] = {
    "accepted": "We said 250 to the sender",
    "routed": "The hosts that take mail for the recipient were found",
    "attempt": "A host was asked to take the message",
    "deferred": "It will be tried again",
    "delayed": "It has been tried in vain for so long that the sender is told",
    "delivered": "A host took it",
    "discarded": "A host took it and threw it away",
    "bounced": "It failed for good",
    "expired": "It was tried in vain until the time for it was over",
    "complained": "The recipient called it spam",
    "auto-replied": "An automatic answer came back",
    "read": "A read receipt came back",
    "opened": "Somebody opened it and fetched its pictures",
    "clicked": "Somebody followed a link in it",
    "notice": "A notice about it went to the sender",
    "silent": "A rule would have had something come back, which may not be",
}


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try. `at` is virtual time in microseconds since the epoch; `code` is 0 where no host could be reached."""

    at: int
    host: str
    code: int
    status: str
    text: str
    fault: int = 0

    @property
    def is_transient(self) -> bool:
        """Whether a later try may succeed; where no host was reached, the enhanced status says so (RFC 3463 §2)."""
        return 400 <= self.code < 500 or (not self.code and self.status.startswith("4"))

    @property
    def is_permanent(self) -> bool:
        """Whether there is no use in trying again."""
        return self.code >= 500 or (not self.code and self.status.startswith("5"))

    @property
    def reply(self) -> str:
        """`550 5.1.1 No such user`, in one line."""
        code = str(self.code) if self.code else ""
        return " ".join([word for word in (code, self.status, " ".join(self.text.split())) if word])


class Happening(msgspec.Struct, frozen=True, omit_defaults=True):
    """One other step of the way, one of `HAPPENINGS`. `notice` is a message's id."""

    at: int
    what: str
    text: str = ""
    notice: int = 0
    fault: int = 0


class Pending(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is going to happen: `attempt`, `answer` (of an attempt that takes its time), `delayed`, `expire`, or
    what follows a delivery (`bounce`, `complaint`, `auto-reply`, `read`, `opens`, `clicks`).

    `effects` are what else the rules said about an attempt whose `answer` is awaited.
    """

    at: int
    what: str
    notice: Notice | None = None
    attempt: Attempt | None = None
    fault: int = 0
    effects: tuple[Effect, ...] = ()


class Delivery(msgspec.Struct, omit_defaults=True):
    """`due` is when something happens next (virtual time), None where nothing does.

    `attempts` has the newest last; `tries` counts all of them, also those no longer kept. `reason` is the reply that
    decided the outcome, where it is another than that of the last attempt: a report that came back after a delivery.
    """

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
    pending: list[Pending] = []
    tries: int = 0
    reason: Attempt | None = None

    @property
    def id(self) -> int:
        """Its number: deliveries of later messages have higher ones."""
        return self.message << RECIPIENT_BITS | self.index

    @property
    def decided_by(self) -> Attempt | None:
        """The reply that decided the outcome, or the last one there was."""
        return self.reason or (self.attempts[-1] if self.attempts else None)

    def tried(self, attempt: Attempt) -> None:
        """Note an attempt; of many, some in the middle are forgotten."""
        self.attempts.append(attempt)
        if len(self.attempts) > MOST_ATTEMPTS:
            del self.attempts[FIRST_ATTEMPTS]

    def happened(self, at: int, what: str, text: str = "", notice: int = 0, fault: int = 0) -> None:
        """Note one of `HAPPENINGS`."""
        most = MOST_HAPPENINGS - KEPT_FOR_THE_END if what == "deferred" else MOST_HAPPENINGS
        if len(self.happenings) < most:
            self.happenings.append(Happening(at, what, text, notice, fault))

    def expect(self, *pending: Pending) -> None:
        """Something is going to happen."""
        self.pending.extend(pending)
        self.pending.sort(key=lambda one: one.at)
        self.due = self.pending[0].at if self.pending else None

    def timeline(self) -> list[Happening]:
        """Everything in the order of time, attempts among it."""
        attempts = [
            Happening(a.at, "attempt", f"{a.host}: {a.reply}" if a.host else a.reply, fault=a.fault)
            for a in self.attempts
        ]
        order = {"accepted": 0, "routed": 1, "attempt": 2}
        return sorted([*self.happenings, *attempts], key=lambda one: (one.at, order.get(one.what, 3)))


class Advance(msgspec.Struct, frozen=True):
    """What came to pass while the clock was advanced; times in microseconds since the epoch."""

    before: int
    now: int
    attempts: int
    outcomes: dict[str, int]
    notices: int
    due: int | None
