"""What a message holds for a test, as the API tells it: links, codes, pictures, ways out, calendars, preview text."""

from __future__ import annotations

from typing import TypedDict

from mailtrap.mail import extraction
from mailtrap.mail.content import Content
from mailtrap.mail.invitations import Event, Invitation, Person
from mailtrap.web import extract_shapes as shapes


class Extracts(TypedDict):
    """Fields of a message's shape that are made from its content."""

    links: list[shapes.LinkShape]
    codes: list[shapes.CodeShape]
    images: list[shapes.PictureShape]
    unsubscribe: shapes.UnsubscribeShape | None
    calendar: list[shapes.CalendarShape]
    preheader: str


def extracts(content: Content) -> Extracts:
    """Everything that is extracted from this content."""
    found = extraction.unsubscribing(content)
    return Extracts(
        links=[shapes.LinkShape(one.href, one.text, one.kind, one.part, one.visible) for one in content.links],
        codes=[
            shapes.CodeShape(one.code, one.reason, one.confidence, one.written, one.where)
            for one in extraction.codes(content)
        ],
        images=[
            shapes.PictureShape(
                one.src, one.alt, one.width, one.height, one.part, one.attached, one.visible, one.tracking
            )
            for one in extraction.pictures(content)
        ],
        unsubscribe=shapes.UnsubscribeShape(list(found.http), list(found.mailto), found.one_click, list(found.body))
        if found
        else None,
        calendar=[_calendar(one) for one in extraction.calendar(content)],
        preheader=extraction.preheader(content),
    )


def _calendar(invitation: Invitation) -> shapes.CalendarShape:
    return shapes.CalendarShape(invitation.token, invitation.part, [_event(event) for event in invitation.events])


def _event(event: Event) -> shapes.CalendarEventShape:
    return shapes.CalendarEventShape(
        event.uid,
        event.what,
        event.starts_at,
        event.ends_at,
        event.zone,
        event.where,
        event.text,
        event.status,
        event.repeats,
        _person(event.organizer) if event.organizer else None,
        [_person(one) for one in event.attendees],
    )


def _person(person: Person) -> shapes.PersonShape:
    return shapes.PersonShape(person.name, person.address, person.answer)
