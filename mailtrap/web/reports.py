"""Reports in messages, in words: delivery status (RFC 3464), disposition (RFC 8098), abuse (RFC 5965)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailtrap.mail.content import Content
from mailtrap.mail.mime import Part
from mailtrap.query import Query
from mailtrap.query import parse as parse_query
from mailtrap.query.quoting import quoted
from mailtrap.sandbox import Sandbox
from mailtrap.web import scope

#: Types of the machine-readable part → what the report is called.
KINDS: dict[str, str] = {
    "message/delivery-status": "Delivery status notice",
    "message/global-delivery-status": "Delivery status notice",
    "message/disposition-notification": "Read receipt",
    "message/global-disposition-notification": "Read receipt",
    "message/feedback-report": "Complaint",
}
#: `Action` → what that means.
ACTIONS: dict[str, str] = {
    "failed": "Not delivered",
    "delayed": "Still being tried",
    "delivered": "Delivered",
    "relayed": "Passed on to a system that tells nothing more",
    "expanded": "Passed on to several",
}
#: Octets of the report that are read, groups of fields and fields in each that are shown.
_READ = 256 * 1024
_GROUPS, _FIELDS = 200, 60

_ORIGINALS = frozenset(("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"))
_MESSAGE_ID = re.compile(r"^message-id[ \t]*:\s*(<[^<>\s]{1,900}>)", re.IGNORECASE | re.MULTILINE)

Group = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a delivery status notice; `fields` are all that was said of it."""

    address: str
    action: str
    status: str
    diagnostic: str
    fields: Group

    @property
    def meaning(self) -> str:
        """What the action means, in words."""
        return ACTIONS.get(self.action, self.action or "Nothing said")


@dataclass(frozen=True, slots=True)
class Report:
    """`about` are the fields on the whole of it; `original` is the Message-ID of what it is about, '' if unknown."""

    kind: str
    about: Group
    recipients: tuple[Recipient, ...]
    original: str

    @property
    def summary(self) -> str:
        """`bob@x.test: Not delivered, 5.1.1`, of the first recipients; else whom it is from or about."""
        if not self.recipients:
            whom = _first(self.about, "final-recipient") or _first(self.about, "original-rcpt-to")
            return whom.partition(";")[2].strip() or whom.strip("<>")
        told = [
            f"{one.address or 'somebody'}: {one.meaning}{', ' if one.status else ''}{one.status}"
            for one in self.recipients[:3]
        ]
        more = len(self.recipients) - len(told)
        return "; ".join(told) + (f" and {more} more" if more else "")


def report(content: Content) -> Report | None:
    """The report in this message, None where there is none. Never raises."""
    part = next((part for part in content.parts if part.type in KINDS), None)
    if part is None:
        return None
    groups = _groups(part.text(_READ))
    if "delivery-status" not in part.type:
        return Report(KINDS[part.type], groups[0] if groups else (), (), _original(content, groups))
    # The first group is about the message (RFC 3464 §2.1); some leave it out.
    about = groups[0] if groups and not _first(groups[0], "final-recipient") else ()
    each = groups[1:] if about else groups
    return Report(KINDS[part.type], about, tuple([_recipient(group) for group in each]), _original(content, groups))


def original_of(sandbox: Sandbox, found: Report, newest: int) -> int | None:
    """The id of the message that a report is about, the newest before this one that has its Message-ID."""
    if not found.original:
        return None
    # Whoever reads a notice at once comes before the index has the message's name.
    sandbox.store.catch_up(2.0)
    query: Query = parse_query(f"message-id:{quoted(found.original.strip('<>'))}")
    if only := scope.inbox():
        query = query.within(only)
    page = sandbox.store.page(query, limit=1, before=newest, count=False)
    return page.messages[0].id if page.messages else None


def _recipient(group: Group) -> Recipient:
    address = _first(group, "final-recipient") or _first(group, "original-recipient")
    return Recipient(
        address.partition(";")[2].strip() or address,
        _first(group, "action").lower(),
        _first(group, "status"),
        _first(group, "diagnostic-code").partition(";")[2].strip() or _first(group, "diagnostic-code"),
        group,
    )


def _original(content: Content, groups: list[Group]) -> str:
    for group in groups:
        if said := _first(group, "original-message-id"):
            return said[:1000]
    for part in content.parts:
        if part.type in _ORIGINALS and (found := _MESSAGE_ID.search(_head(part))):
            return found[1]
    return ""


def _head(part: Part) -> str:
    """The header section of a returned message, unfolded."""
    text = part.text(_READ).partition("\n\n")[0]
    return re.sub(r"\n[ \t]+", " ", text)


def _groups(text: str) -> list[Group]:
    """Groups of fields, between blank lines; folded lines belong to the one before them."""
    groups: list[list[tuple[str, str]]] = [[]]
    for line in text.splitlines():
        if not line.strip():
            if groups[-1]:
                groups.append([])
            if len(groups) > _GROUPS:
                break
        elif line[0] in " \t" and groups[-1]:
            name, value = groups[-1][-1]
            groups[-1][-1] = (name, f"{value} {line.strip()}"[:4000])
        elif ":" in line and len(groups[-1]) < _FIELDS:
            name, _, value = line.partition(":")
            groups[-1].append((name.strip()[:200], value.strip()[:4000]))
    return [tuple(group) for group in groups[:_GROUPS] if group]


def _first(group: Group, name: str) -> str:
    return next((value for key, value in group if key.lower() == name), "")
