"""What the reader shows of one message, prepared for the templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mailtrap.errors import NotFound
from mailtrap.mail.content import Content
from mailtrap.mail.extraction import SURE, Code, Unsubscribing, codes, preheader, unsubscribing
from mailtrap.mail.invitations import Invitation, invitation
from mailtrap.mail.message import Mailbox, Message
from mailtrap.mail.mime import Part
from mailtrap.sandbox import Sandbox
from mailtrap.store.base import Session
from mailtrap.web import scope
from mailtrap.web.contents import Contents
from mailtrap.web.reports import Report, report

#: How much of a message is shown as it is, in octets; all of it can be downloaded.
RAW_SHOWN = 256 * 1024
#: How many characters of text or source are shown.
TEXT_SHOWN = 400_000
#: Image types that a browser shows without running anything.
RASTER = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"})
#: Listed with the others, but no cause for a warning: Django and many libraries never say BODY=8BITMIME, and any
#: server takes it. The same set is in static/js/list.js.
QUIET = frozenset({"8bit-undeclared"})


@dataclass(frozen=True, slots=True)
class EnvelopeRecipient:
    """One RCPT TO with what the header says about it: `field` is `To`, `Cc`, `Bcc` or empty for nowhere."""

    address: str
    parameters: tuple[tuple[str, str | None], ...]
    field: str

    @property
    def is_blind(self) -> bool:
        """Whether the other recipients cannot see this one in the header."""
        return self.field in ("", "Bcc")


class Reading:
    """One message being read. Content is parsed when something is asked for that needs it."""

    def __init__(self, message: Message, sandbox: Sandbox, contents: Contents) -> None:
        self.message = message
        self._sandbox = sandbox
        self._contents = contents

    @cached_property
    def content(self) -> Content:
        """The parsed content."""
        return self._contents.of(self.message)

    @cached_property
    def session(self) -> Session | None:
        """The dialogue that brought the message, if there was one and it is still kept."""
        number = self.message.arrival.session
        found = None if number is None else self._sandbox.session(number)
        return found if found is not None and scope.sees_dialogue(self._sandbox, found) else None

    @property
    def defects(self) -> list[str]:
        """The defects that a person should be warned of."""
        return [defect for defect in self.message.defects if defect not in QUIET]

    @property
    def transaction(self) -> range:
        """Which lines of the session's dialogue are about this message; empty where that cannot be told."""
        lines = self.session.lines if self.session else ()
        begin = 0
        for number, line in enumerate(lines):
            if line.side == "C" and line.text[:5].upper() == "MAIL ":
                begin = number
            elif line.side == "S" and line.text.endswith(f" kept as message {self.message.id}"):
                return range(begin, number + 1)
        return range(0)

    @cached_property
    def recipients(self) -> list[EnvelopeRecipient]:
        """Who would have received the message, and where the header names them."""
        heading = self.message.heading
        named: dict[str, str] = {}
        for field, mailboxes in (("Bcc", heading.bcc), ("Cc", heading.cc), ("To", heading.to)):
            named.update({_key(mailbox.address): field for mailbox in mailboxes})
        return [
            EnvelopeRecipient(recipient.address, recipient.parameters, named.get(_key(recipient.address), ""))
            for recipient in self.message.envelope.recipients
        ]

    @property
    def blind(self) -> list[EnvelopeRecipient]:
        """The recipients that are in the envelope but neither in To nor in Cc."""
        return [recipient for recipient in self.recipients if recipient.is_blind]

    @cached_property
    def unreached(self) -> list[tuple[str, Mailbox]]:
        """`(field, mailbox)` for those whom the header names although the envelope does not: no copy goes to them."""
        envelope = {_key(address) for address in self.message.envelope.addresses}
        heading = self.message.heading
        return [
            (field, mailbox)
            for field, mailboxes in (("To", heading.to), ("Cc", heading.cc))
            for mailbox in mailboxes
            if mailbox.address and _key(mailbox.address) not in envelope
        ]

    @cached_property
    def report(self) -> Report | None:
        """What it reports of another message: a bounce, a read receipt, a complaint."""
        return report(self.content)

    @cached_property
    def invitation(self) -> Invitation | None:
        """The calendar event it brings."""
        return invitation(self.content)

    @cached_property
    def codes(self) -> list[Code]:
        """The one-time codes that are sure enough to be shown above the message."""
        return [code for code in codes(self.content) if code.confidence >= SURE][:3]

    @cached_property
    def preheader(self) -> str:
        """The hidden text that lists show after the subject."""
        return preheader(self.content)

    @cached_property
    def unsubscribing(self) -> Unsubscribing | None:
        """The ways out that it offers."""
        return unsubscribing(self.content)

    def raw(self) -> tuple[str, bool]:
        """The beginning of the octets as text, and whether that is all. What is not UTF-8 is escaped."""
        shown = b""
        for piece in self._sandbox.store.octets(self.message.id):
            shown += piece
            if len(shown) > RAW_SHOWN:
                break
        return shown[:RAW_SHOWN].decode("utf-8", "backslashreplace").replace("\r\n", "\n"), len(shown) <= RAW_SHOWN

    @cached_property
    def pictures(self) -> list[Part]:
        """The images that are shown in the message instead of being attached to it."""
        attached = {part.path for part in self.content.attachments}
        return [part for part in self.content.parts if part.type in RASTER and part.path not in attached]

    def part(self, path: str) -> Part:
        """One part by its path. Raises NotFound."""
        part = self.content.part(path)
        if part is None:
            raise NotFound(f"Message {self.message.id} has no part {path[:40]}", "the Structure tab lists them")
        return part


def hue(mailboxes: Iterable[Mailbox], fallback: str) -> int:
    """One of twelve colours for a sender, the same as `hue` in static/js/avatar.js gives."""
    text = next((mailbox.address or mailbox.name for mailbox in mailboxes), fallback).lower()
    number = 7
    for octet in text.encode("utf-8"):
        number = (number * 31 + octet) % 997
    return number % 12


def initials(mailboxes: Iterable[Mailbox], fallback: str) -> str:
    """One or two letters for a sender, as `initials` in static/js/avatar.js gives them."""
    first = next(iter(mailboxes), None)
    text = ((first.name or first.address) if first else fallback) or "?"
    words = [word for word in text.split("@")[0].replace(".", " ").replace("_", " ").replace("-", " ").split() if word]
    letters = [next((c for c in word if c.isalnum()), "") for word in words]
    letters = [letter for letter in letters if letter]
    if not letters:
        return "?"
    return (letters[0] + (letters[-1] if len(letters) > 1 else "")).upper()


def depth(root: Part) -> int:
    """How deeply parts are nested, counted without recursion: mail may nest them by the thousand."""
    deepest, level = 0, [root]
    while level:
        deepest += 1
        level = [child for part in level for child in part.children]
    return deepest


def size(octets: int) -> str:
    """`9.2 KB`"""
    if octets < 1000:
        return f"{octets} B"
    for unit in ("KB", "MB"):
        octets_ = octets / (1024 if unit == "KB" else 1024 * 1024)
        if octets_ < 1000:
            return f"{octets_:.1f} {unit}" if octets_ < 10 else f"{octets_:.0f} {unit}"
    return f"{octets / 1024**3:.1f} GB"


def _key(address: str) -> str:
    """Addresses that differ only in case reach the same person everywhere that matters (RFC 5321 §2.4)."""
    return address.casefold()
