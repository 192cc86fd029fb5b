"""What providers want to know of an event, read out of it once for all of them."""

from __future__ import annotations

import uuid

from mailtrap.clock import rfc3339
from mailtrap.delivery.told import Told

#: Names made from this are the same for every event of a message, in each process that has the same database.
_SPACE = uuid.UUID("7d0f4c1e-52a6-4a7f-9f0b-6d61696c7472")

#: Where every simulated reader sits (RFC 5737) and what it reads with.
READER_ADDRESS = "192.0.2.1"
READER_AGENT = "Mozilla/5.0 (compatible; mailtrap simulated reader)"

_FULL = ("5.2.2", "4.2.2")


def recipients(told: Told) -> tuple[str, ...]:
    """Everyone it is about."""
    return told.recipients or ((told.recipient,) if told.recipient else ())


def seconds(told: Told) -> int:
    """When, in seconds since the epoch."""
    return told.at // 1_000_000


def time(told: Told) -> str:
    """When, as `2026-01-01T00:00:00.000Z`."""
    return milliseconds(told.at)


def milliseconds(at: int) -> str:
    """RFC 3339 with three digits of a second, as most providers write it."""
    return rfc3339(at)[:-4] + "Z"


def domain(address: str) -> str:
    """Of an address."""
    return address.rpartition("@")[2]


def reply(told: Told) -> str:
    """The reply that decided it, on one line."""
    words = (str(told.code) if told.code else "", told.status, " ".join(told.text.split()))
    return " ".join(word for word in words if word)


def status(told: Told) -> str:
    """The enhanced status code (RFC 3463), made up from the reply's class where it had none."""
    if told.status:
        return told.status
    return f"{told.code // 100}.0.0" if 200 <= told.code < 600 else "5.0.0"


def is_permanent(told: Told) -> bool:
    """Whether trying again makes no sense, ever: a mailbox that is full may have room next week."""
    return not status(told).startswith("4") and status(told) not in _FULL


def is_full(told: Told) -> bool:
    """Whether the mailbox was full."""
    return status(told) in _FULL


def is_unknown(told: Told) -> bool:
    """Whether there is no such mailbox or domain."""
    return status(told) in ("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.10")


def is_policy(told: Told) -> bool:
    """Whether the message or its sender was not wanted, rather than the recipient not there."""
    return status(told)[2:].startswith("7.")


def name(told: Told) -> uuid.UUID:
    """What a provider would have called the message when it took it."""
    about = f"message {told.message}" if told.message else f"session {told.session} {told.at}"
    return uuid.uuid5(_SPACE, about)


def event_name(id: int) -> uuid.UUID:
    """What a provider would call the event."""
    return uuid.uuid5(_SPACE, f"event {id}")


def bare(message_id: str) -> str:
    """A Message-ID without its angle brackets."""
    return message_id.strip().removeprefix("<").removesuffix(">")
