"""A message: envelope, arrival and what we know of its content (RFC 5321 §2.3.1)."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import force_setattr

from mailtrap.mail.arrival import Arrival
from mailtrap.mail.envelope import Envelope


class Mailbox(Struct, frozen=True):
    """A name and an address as a header field gives them, decoded; either may be empty."""

    name: str
    address: str


class Heading(Struct, frozen=True):
    """What the header section says at a glance, decoded, bounded in size, empty where a field is missing."""

    subject: str = ""
    sender: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    message_id: str = ""
    date: str = ""
    #: The names in X-Mail-Inbox, which decides where a message goes; not kept.
    inbox: str = ""


class State(StrEnum):
    """How far we have understood a message. Being kept never depends on it."""

    RECEIVED = "received"
    INDEXED = "indexed"
    UNPARSED = "unparsed"


class Submission(Struct, frozen=True):
    """A message on its way into the store.

    `octets` is the exact content, or None where it was too big to hold and waits under `spooled` in the store.
    `heading` was read from at most the first 256 KB. `flags` are the facts only the wire shows, such as
    `long-line` or `bare-lf`; they become defects. `inbox` has the names of all its inboxes, separated by a space.
    `sha256` may be left empty where there are `octets`: the store takes the digest before it keeps the message.
    """

    envelope: Envelope
    arrival: Arrival
    heading: Heading
    size: int
    sha256: bytes
    octets: bytes | None
    spooled: int | None = None
    inbox: str = "default"
    flags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def digest(self) -> None:
        """Take the digest of the octets, if nobody has."""
        if not self.sha256 and self.octets is not None:
            force_setattr(self, "sha256", hashlib.sha256(self.octets).digest())


class Understanding(Struct, frozen=True):
    """What a worker found out about one message after it was kept: for lists, search and the reader.

    `body` is the text to search (plain text and visible HTML text), `header` the other header fields as
    `(name, decoded value)`, `filenames` those of its attachments.
    """

    id: int
    state: State
    snippet: str = ""
    attachments: int = 0
    body: str = ""
    header: tuple[tuple[str, str], ...] = ()
    filenames: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Message(Struct, frozen=True):
    """A kept message, without its octets. `id` is also its place in the order of capture: it only grows.

    `inbox` is the first of its `inboxes`; given several names, separated by a space, it is divided up.
    """

    id: int
    inbox: str
    envelope: Envelope
    arrival: Arrival
    heading: Heading
    size: int
    sha256: str
    state: State
    seen: bool = False
    tags: tuple[str, ...] = ()
    snippet: str = ""
    attachments: int = 0
    defects: tuple[str, ...] = ()
    inboxes: tuple[str, ...] = ()

    @classmethod
    def of(cls, id: int, submission: Submission) -> Message:
        """One that was just kept, as it would be read back."""
        return cls(
            id,
            submission.inbox,
            submission.envelope,
            submission.arrival,
            submission.heading,
            submission.size,
            submission.sha256.hex(),
            State.RECEIVED,
            tags=submission.tags,
            defects=submission.flags,
        )

    def __post_init__(self) -> None:
        if " " in self.inbox:
            names = tuple(self.inbox.split(" "))
            force_setattr(self, "inboxes", names)
            force_setattr(self, "inbox", names[0])
        elif not self.inboxes or self.inboxes[0] != self.inbox:
            force_setattr(self, "inboxes", (self.inbox,))
