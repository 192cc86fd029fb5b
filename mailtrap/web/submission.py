"""Mail that arrives by HTTP: read in pieces, kept exactly, answered once it cannot be lost."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import TYPE_CHECKING

from msgspec import Struct

from mailtrap.errors import Invalid, Unavailable
from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.mail.heading import read_heading
from mailtrap.sandbox import Sandbox
from mailtrap.store.base import Spool
from mailtrap.web.errors import Refused

if TYPE_CHECKING:
    from mailtrap.web.body import Readable

#: Larger messages go to the store piece by piece.
HELD = 1024 * 1024
_PIECE = 256 * 1024
#: Octets that may wait for the writer before we stop reading.
_BACKLOG = 8 * 1024 * 1024

#: How long the store may take to keep a message before we say so, in seconds.
PATIENCE = 60.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Submitted(Struct, frozen=True):
    """What the request said apart from the message; None where the header shall say it."""

    sender: str | None
    recipients: str | None
    inbox: str | None
    peer: str
    #: Whether it was taken out of another sandbox or mailbox, so that no delivery of it has to be played.
    imported: bool = False
    #: When it arrived there; None where nobody knows.
    received_at: datetime | None = None

    def at(self, now: int) -> int:
        """When it counts as received, in microseconds since the epoch, in which all times here are."""
        if self.received_at is None:
            return now
        return min(max((self.received_at - _EPOCH) // _MICROSECOND, 0), now)


class _Receipt:
    """Waits for the store's word on one message."""

    def __init__(self) -> None:
        self._answered = threading.Event()
        self._answer: int | Exception = Unavailable("")

    def __call__(self, answer: int | Exception) -> None:
        self._answer = answer
        self._answered.set()

    def id(self) -> int:
        if not self._answered.wait(PATIENCE):
            raise Unavailable("The message could not be kept in time", "it may still appear; ask again")
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def submit(sandbox: Sandbox, stream: Readable, submitted: Submitted, largest: int) -> int:
    """Keep what `stream` holds and return its id.

    Raises Refused (413) where it is larger than `largest` octets, of which 0 is no limit.
    """
    octets = _read(stream, HELD + 1)
    if not octets:
        raise Invalid("There is no message in the body", "send it as it is, header and all")
    if largest and len(octets) > largest:
        raise _too_large(largest)
    listener = "import" if submitted.imported else "http"
    arrival = Arrival(submitted.at(sandbox.clock.now()), listener, submitted.peer, protocol="HTTP")
    receipt = _Receipt()
    if len(octets) <= HELD:
        sandbox.capture(_envelope(submitted, octets), octets, arrival, receipt, inbox=submitted.inbox)
        return receipt.id()
    spooling = sandbox.spool()
    try:
        while octets:
            spooling.write(octets)
            if largest and spooling.size > largest:
                raise _too_large(largest)
            _wait_for_writer(spooling.spool)
            octets = stream.read(_PIECE)
        envelope = _envelope(submitted, bytes(spooling.head))
        sandbox.capture_spooled(envelope, spooling, arrival, receipt, inbox=submitted.inbox)
        return receipt.id()
    finally:
        spooling.discard()


def _read(stream: Readable, size: int) -> bytes:
    """`size` octets, fewer only at the end of the stream."""
    pieces = []
    while size > 0 and (octets := stream.read(min(size, _PIECE))):
        pieces.append(octets)
        size -= len(octets)
    return b"".join(pieces)


def _wait_for_writer(spool: Spool) -> None:
    deadline = monotonic() + PATIENCE
    while spool.backlog > _BACKLOG:
        if monotonic() > deadline:
            raise Unavailable("The message could not be written in time", "send it again later")
        sleep(0.005)


def _envelope(submitted: Submitted, head: bytes) -> Envelope:
    """What the request says; where it says nothing, who the header section says wrote it and to whom."""
    heading = read_heading(head)
    if submitted.sender is not None:
        sender = _bare(submitted.sender)
    else:
        sender = next((mailbox.address for mailbox in heading.sender if mailbox.address), "")
    if submitted.recipients is not None:
        recipients = [_bare(address) for address in submitted.recipients.split(",") if address.strip()]
    else:
        named = (*heading.to, *heading.cc, *heading.bcc)
        recipients = list(dict.fromkeys(mailbox.address for mailbox in named if mailbox.address))
    return Envelope(sender, tuple(Recipient(address) for address in recipients))


def _bare(address: str) -> str:
    return address.strip().removeprefix("<").removesuffix(">")


def _too_large(largest: int) -> Refused:
    return Refused(413, f"The message is larger than {largest} octets", "see the setting max-message-size")
