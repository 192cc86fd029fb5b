"""Invitations in messages: what, when and where of a text/calendar part (RFC 5545, RFC 6047), tolerantly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from mailtrap.mail.content import Content
from mailtrap.mail.mime import Part

#: What the organizer wants (RFC 5546 §1.4), in words.
METHODS: dict[str, str] = {
    "REQUEST": "Invitation",
    "CANCEL": "Cancellation",
    "REPLY": "Answer to an invitation",
    "PUBLISH": "Event",
    "COUNTER": "Another time is proposed",
    "DECLINECOUNTER": "The other time is declined",
    "REFRESH": "The invitation is asked for again",
    "ADD": "Another date of an event",
}
#: Octets that are read, events and attendees that are shown.
_OCTETS = 256 * 1024
_EVENTS, _ATTENDEES = 20, 50

_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;[^:;"]*(?:"[^"]*"[^:;"]*)*)*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([^=;:"]+)=("[^"]*"|[^;]*)')
_ESCAPED = re.compile(r"\\([\\;,nN])")
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?")


class Person(Struct, frozen=True):
    """An organizer or attendee; `answer` is what they said, '' for nothing."""

    name: str
    address: str
    answer: str = ""


@dataclass(slots=True)
class Event:
    """One VEVENT. `begin` and `end` are in words, with the zone that was named; `starts_at` and `ends_at` in RFC 3339's
    form, with `Z` only where the time is UTC; `zone` is the name of the other zone."""

    what: str = ""
    begin: str = ""
    end: str = ""
    where: str = ""
    status: str = ""
    repeats: str = ""
    uid: str = ""
    text: str = ""
    starts_at: str = ""
    ends_at: str = ""
    zone: str = ""
    organizer: Person | None = None
    attendees: list[Person] = field(default_factory=list)


@dataclass(slots=True)
class Invitation:
    """A calendar object: `method` in words, and `token` as it stands; its events; the number of its part."""

    method: str
    events: list[Event]
    part: str = ""
    token: str = ""


def invitation(content: Content) -> Invitation | None:
    """The first calendar object in this message, None where there is none. Never raises."""
    return next(iter(invitations(content, 1)), None)


def invitations(content: Content, most: int = 10) -> list[Invitation]:
    """The calendar objects in this message, the same one only once. Never raises."""
    found: list[Invitation] = []
    for part in content.parts:
        if len(found) < most and part.type in ("text/calendar", "application/ics"):
            one = _read(part)
            if all((one.token, one.events) != (other.token, other.events) for other in found):
                found.append(one)
    return found


def _read(part: Part) -> Invitation:
    events: list[Event] = []
    method = inside = ""
    for name, parameters, value in _properties(part.text(_OCTETS)):
        if name in ("BEGIN", "END"):
            opened = value.strip().upper()
            # What stands in an alarm within an event is not about the event.
            if name == "BEGIN":
                if opened == "VEVENT" and len(events) < _EVENTS:
                    events.append(Event())
                inside = opened
            else:
                inside = "VEVENT" if opened == "VALARM" else ""
        elif name == "METHOD":
            method = value.strip().upper()
        elif inside == "VEVENT" and events:
            _note(events[-1], name, parameters, value)
    return Invitation(METHODS.get(method, method[:60] or "Event"), events, part.path, method[:60])


def _note(event: Event, name: str, parameters: dict[str, str], value: str) -> None:
    if name in ("DTSTART", "DTEND"):
        zone = parameters.get("TZID", "")[:100]
        written, exact = when(value, zone), moment(value)
        if name == "DTSTART":
            event.begin, event.starts_at, event.zone = written, exact, zone
        else:
            event.end, event.ends_at = written, exact
    elif name == "DURATION" and not event.end:
        event.end = f"for {value[:60]}"
    elif name in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"(?i)^mailto:", "", value.strip())[:320]
        person = Person(parameters.get("CN", "")[:200], address, parameters.get("PARTSTAT", "").lower()[:40])
        if name == "ORGANIZER":
            event.organizer = person
        elif len(event.attendees) < _ATTENDEES:
            event.attendees.append(person)
    else:
        attribute = _TEXTS.get(name)
        if attribute:
            setattr(event, attribute, _text(value)[:4000])


_TEXTS = {
    "SUMMARY": "what",
    "LOCATION": "where",
    "STATUS": "status",
    "RRULE": "repeats",
    "UID": "uid",
    "DESCRIPTION": "text",
}


def when(value: str, zone: str = "") -> str:
    """`20261124T143000Z` → `Tue 24 Nov 2026, 14:30 UTC`; what is no date stays as it is."""
    found = _DATE.match(value.strip())
    if not found:
        return value.strip()[:60]
    try:
        date = datetime(*[int(piece or 0) for piece in found.groups()[:6]])  # type: ignore[arg-type]
    except ValueError:
        return value.strip()[:60]
    if found[4] is None:
        return date.strftime("%a %-d %b %Y")
    named = "UTC" if found[7] else zone[:60]
    return f"{date:%a %-d %b %Y, %H:%M} {named}".strip()


def moment(value: str) -> str:
    """`20261124T143000Z` → `2026-11-24T14:30:00Z`; '' for what is no date."""
    found = _DATE.match(value.strip())
    if not found:
        return ""
    date = f"{found[1]}-{found[2]}-{found[3]}"
    return date if found[4] is None else f"{date}T{found[4]}:{found[5]}:{found[6] or '00'}{found[7]}"


def _properties(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Name, parameters and value of each content line, unfolded (RFC 5545 §3.1)."""
    for line in re.sub(r"\n[ \t]", "", text.replace("\r\n", "\n")).split("\n"):
        found = _LINE.fullmatch(line[:20_000])
        if found is None:
            continue
        parameters = {key.strip().upper(): value.strip('" ') for key, value in _PARAMETER.findall(found[2])}
        yield found[1].upper(), parameters, found[3]


def _text(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()
