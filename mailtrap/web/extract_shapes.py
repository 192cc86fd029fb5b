"""The wire shapes of what is drawn out of a message: links, codes, pictures, ways to unsubscribe, calendars."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class LinkShape(Struct):
    """A link, exactly as a client would follow it. `part` is where it stands, empty for the header."""

    href: str
    text: str
    kind: Annotated[str, Meta(description="verify, reset, unsubscribe, tracking, asset or link")]
    part: str
    visible: bool


class CodeShape(Struct):
    """A one-time code: `code` as one types it, `written` as it stands in the message, and why it is taken for one."""

    code: str
    reason: str
    confidence: Annotated[float, Meta(description="From 0.5 to 1; from 0.8 on the page shows it", ge=0, le=1)]
    written: str
    where: Annotated[str, Meta(description="subject, html, text or link")]


class PictureShape(Struct):
    """A picture of the HTML. `attached` is the part that has it; `tracking` whether it only tells that one looked."""

    src: str
    alt: str
    width: str
    height: str
    part: str
    attached: str
    visible: bool
    tracking: bool


class UnsubscribeShape(Struct):
    """The ways out: of the List-Unsubscribe field by scheme, with one click (RFC 8058), and in the body."""

    http: list[str]
    mailto: list[str]
    one_click: str
    body: list[str]


class PersonShape(Struct):
    """An organizer or attendee; `answer` is what they said, such as `accepted`."""

    name: str
    address: str
    answer: str


class CalendarEventShape(Struct):
    """One event of a calendar. A time without `Z` is in `zone`, or wherever one is; a date alone is a whole day."""

    uid: str
    summary: str
    starts_at: str
    ends_at: str
    zone: str
    location: str
    description: str
    status: str
    repeats: str
    organizer: PersonShape | None
    attendees: list[PersonShape]


class CalendarShape(Struct):
    """A calendar object; `method` such as `REQUEST`."""

    method: str
    part: str
    events: list[CalendarEventShape]
