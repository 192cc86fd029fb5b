"""The wire shapes of waiting and asserting: what is wished for, what came, and what there was instead."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from mailtrap.query.nearest import Miss
from mailtrap.waiting.wish import Evidence, Near, Waited
from mailtrap.web.errors import Problem
from mailtrap.web.shapes import SessionShape, Summary, session_shape, summary

Cursor = Annotated[str, Meta(description="The newest message there is; hand it on as `after` to wait for later ones")]


class Wanted(Struct):
    """What was waited for, as it was understood: at least `count`, or with `none` nothing."""

    query: str
    inbox: str
    count: int
    unit: str
    after: str
    none: bool
    seconds: Annotated[float, Meta(description="How long at most")]


class MissShape(Struct):
    """A term of the query that does not hold: `actual` is what is there; `how` says how the two compare."""

    term: str
    how: str
    expected: str
    actual: str


class NearShape(Struct):
    """A message that nearly matched."""

    message: Summary
    failed: list[MissShape]


class EvidenceShape(Struct, kw_only=True):
    """What there was instead.

    `arrived` are the newest messages in the inbox that are newer than `after`, oldest first, `arrived_total` says how
    many there are; `nearest` are the messages, wherever they are, that come nearest to matching, the nearest first;
    `refused` are sessions of about that time in which something was refused or that broke off, newest first.
    """

    arrived: list[Summary]
    arrived_total: int
    nearest: list[NearShape]
    refused: list[SessionShape]


class WaitShape(Struct):
    """The messages that match, in the order of capture. `count` is in the unit asked for."""

    messages: list[Summary]
    count: int
    unit: str
    cursor: Cursor
    seconds: Annotated[float, Meta(description="How long it took")]


class WaitFailure(EvidenceShape, kw_only=True):
    """Too few came in time (408, code `timeout`), or one did where none should (409, code `unwanted`).

    `messages` are those that did match.
    """

    error: Problem
    wanted: Wanted
    messages: list[Summary]
    count: int
    cursor: Cursor
    seconds: float


def waited(found: Waited, unit: str) -> WaitShape:
    """A wish that was met."""
    return WaitShape(
        [summary(message) for message in found.messages],
        found.counted,
        unit,
        str(found.newest),
        round(found.seconds, 4),
    )


def failure(error: Problem, wanted: Wanted, found: Waited) -> WaitFailure:
    """A wish that was not."""
    there = evidence(found.evidence)
    return WaitFailure(
        error=error,
        wanted=wanted,
        messages=[summary(message) for message in found.messages],
        count=found.counted,
        cursor=str(found.newest),
        seconds=round(found.seconds, 4),
        arrived=there.arrived,
        arrived_total=there.arrived_total,
        nearest=there.nearest,
        refused=there.refused,
    )


def evidence(found: Evidence) -> EvidenceShape:
    """What there was instead."""
    return EvidenceShape(
        arrived=[summary(message) for message in found.arrived],
        arrived_total=found.total,
        nearest=[near(one) for one in found.nearest],
        refused=[session_shape(session) for session in found.refused],
    )


def near(one: Near) -> NearShape:
    """One that came near."""
    return NearShape(summary(one.message), [miss(failed) for failed in one.failed])


def miss(failed: Miss) -> MissShape:
    """One term."""
    return MissShape(failed.term, failed.how, failed.expected, failed.actual)
