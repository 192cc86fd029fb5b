"""The wire shapes of waiting for a refusal: what was refused, and what there was instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct, to_builtins

from mailtrap import telling
from mailtrap.clock import rfc3339
from mailtrap.sandbox import Sandbox
from mailtrap.waiting.instead import Instead
from mailtrap.waiting.refusal import Refusal
from mailtrap.waiting.refusals import Found
from mailtrap.web import scope
from mailtrap.web.errors import Problem
from mailtrap.web.shapes import SessionSummary, Summary, session_summary, summary
from mailtrap.web.system import judged
from mailtrap.web.wait_shapes import MissShape, miss

#: Sessions that are told of in one answer.
SESSIONS = 20

Cursor = Annotated[
    str,
    Meta(description="The id of the newest refusal there has been; hand it on as `after` to wait for later ones"),
]


class RefusalShape(Struct, rename={"sender": "from"}):
    """Something that was refused.

    `code` is 0 where there was no reply: the connection was ended on purpose, or nothing more was said. `recipients`
    are those whom it is about: one at `rcpt`, all who had been accepted at `data` and after the content (with LMTP one
    each), none before. `fault` is the rule that said so, null where it was the sandbox itself. `subject` and
    `message_id` are known where the content had come; `message` is what was kept all the same.
    """

    id: str
    at: str
    step: str
    code: int
    status: str
    text: str
    sender: str
    recipients: list[str]
    inboxes: list[str]
    subject: str
    message_id: str
    fault: str | None
    message: str | None
    session: str
    listener: str
    peer: str
    helo: str
    login: str | None
    tls: bool


class WantedRefusal(Struct):
    """What was waited for, as it was understood: at least `count`, or with `none` nothing."""

    query: str
    inbox: str
    count: int
    step: str
    code: str
    status: str
    fault: str
    after: str
    none: bool
    seconds: Annotated[float, Meta(description="How long at most")]


class NearRefusalShape(Struct):
    """A refusal that nearly matched."""

    refusal: RefusalShape
    failed: list[MissShape]


class RefusalsShape(Struct, kw_only=True):
    """The refusals that match, oldest first. `sessions` are those that they happened in, as they stand now, newest
    first; the verdict on one may still change."""

    refusals: list[RefusalShape]
    count: int
    cursor: Cursor
    seconds: Annotated[float, Meta(description="How long it took")]
    sessions: list[SessionSummary]


class RefusalFailure(RefusalsShape, kw_only=True):
    """Too few came in time (408, code `timeout`), or one did where none should (409, code `unwanted`).

    `refusals` are those that did match. `nearest` are those that come nearest to matching, wherever they are, the
    nearest first; `others` the newest of the `others_total` refusals that do not match; `accepted` is mail of about
    that time that matches but was not refused, `arrived` any other, oldest first.
    """

    error: Problem
    wanted: WantedRefusal
    nearest: list[NearRefusalShape]
    others: list[RefusalShape]
    others_total: int
    accepted: list[Summary]
    arrived: list[Summary]
    told: Annotated[str, Meta(description="All of it as text for people")] = ""


def met(sandbox: Sandbox, found: Found) -> RefusalsShape:
    """A wish that was met."""
    return RefusalsShape(
        refusals=[shape(one) for one in found.refusals],
        count=found.counted,
        cursor=str(found.newest),
        seconds=round(found.seconds, 4),
        sessions=_sessions(sandbox, found.refusals),
    )


def failure(sandbox: Sandbox, error: Problem, wanted: WantedRefusal, found: Found, there: Instead) -> RefusalFailure:
    """A wish that was not."""
    near = [one.refusal for one in there.nearest]
    failed = RefusalFailure(
        error=error,
        wanted=wanted,
        refusals=[shape(one) for one in found.refusals],
        count=found.counted,
        cursor=str(found.newest),
        seconds=round(found.seconds, 4),
        sessions=_sessions(sandbox, [*found.refusals, *near, *there.others]),
        nearest=[NearRefusalShape(shape(one.refusal), [miss(each) for each in one.failed]) for one in there.nearest],
        others=[shape(one) for one in there.others],
        others_total=there.total,
        accepted=[summary(message) for message in there.accepted],
        arrived=[summary(message) for message in there.arrived],
    )
    failed.told = telling.told(to_builtins(failed))
    return failed


def shape(one: Refusal) -> RefusalShape:
    """One refusal, as far as this request may see it."""
    occasion = one.occasion
    return RefusalShape(
        id=str(one.id),
        at=rfc3339(occasion.at),
        step=one.step,
        code=one.code,
        status=one.status,
        text=one.text,
        sender=occasion.sender,
        recipients=list(one.recipients),
        inboxes=scope.visible(one.inboxes),
        subject=one.heading.subject,
        message_id=one.heading.message_id,
        fault=None if one.fault is None else str(one.fault),
        message=str(one.message) if one.message else None,
        session=str(occasion.session),
        listener=occasion.listener,
        peer=occasion.peer,
        helo=occasion.helo,
        login=occasion.login.user if occasion.login else None,
        tls=occasion.tls is not None,
    )


def _sessions(sandbox: Sandbox, refusals: Iterable[Refusal]) -> list[SessionSummary]:
    ids = sorted({one.occasion.session for one in refusals}, reverse=True)[:SESSIONS]
    found = [session for id in ids if (session := sandbox.session(id)) and scope.sees_dialogue(sandbox, session)]
    return [session_summary(session, *judged(sandbox, session.id)) for session in found]
