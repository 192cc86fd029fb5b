"""The wire shapes of waiting and asserting: what is wished for, what came, and what there was instead."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, structs, to_builtins

from mailtrap import telling
from mailtrap.query.nearest import Miss
from mailtrap.waiting.expectation import AttachmentWish, HeaderWish
from mailtrap.waiting.wish import Evidence, Near, Waited
from mailtrap.web.errors import Problem
from mailtrap.web.shapes import SessionShape, Summary, session_shape, summary

Cursor = Annotated[str, Meta(description="The newest message there is; hand it on as `after` to wait for later ones")]


def _key(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


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
    told: Annotated[str, Meta(description="All of it as text for people; empty where nothing is amiss")] = ""


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


class ExpectationShape(Struct, forbid_unknown_fields=True, omit_defaults=True, rename=_key):
    """What mail should be like: exactly one of these.

    `count` and `order` (queries, for each of which a later message must match) are about all messages that match, the
    others about one. Addresses have no ASCII case. `…-matches` take regular expressions, `…-contains` care not how
    space is laid out. `link-to` is how an address begins, or a part of it. `aligned`: author and sender share a domain.
    """

    subject: str | UnsetType = UNSET
    subject_matches: str | UnsetType = UNSET
    from_: str | UnsetType = UNSET
    to: str | UnsetType = UNSET
    cc: str | UnsetType = UNSET
    reply_to: str | UnsetType = UNSET
    rcpt: str | UnsetType = UNSET
    text_contains: str | UnsetType = UNSET
    text_matches: str | UnsetType = UNSET
    html_contains: str | UnsetType = UNSET
    html_matches: str | UnsetType = UNSET
    link_to: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    code: bool | str | UnsetType = UNSET
    attachment: AttachmentWish | UnsetType = UNSET
    attachments: Annotated[int, Meta(ge=0, le=1000)] | UnsetType = UNSET
    header: HeaderWish | UnsetType = UNSET
    aligned: bool | UnsetType = UNSET
    count: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    order: Annotated[list[str], Meta(min_length=2, max_length=20)] | UnsetType = UNSET

    def given(self) -> list[tuple[str, Any]]:
        """The keys that are there, with their values."""
        fields = structs.fields(type(self))
        return [(one.encode_name, value) for one in fields if (value := getattr(self, one.name)) is not UNSET]


class AssertBody(Struct, forbid_unknown_fields=True):
    """Which messages (as for GET /api/wait), and what is expected of them. `timeout` waits until all is so."""

    expectations: Annotated[list[ExpectationShape], Meta(min_length=1, max_length=100)]
    query: Annotated[str, Meta(extra_json_schema={"format": "mailtrap-query"})] = ""
    inbox: str = ""
    after: Annotated[str, Meta(pattern="^[0-9]{0,18}$")] = ""
    timeout: Annotated[float, Meta(ge=0, le=600)] = 0.0


class ResultShape(Struct):
    """One expectation, and what came of it."""

    expectation: ExpectationShape
    ok: bool
    expected: str
    actual: str


class AssertShape(EvidenceShape, kw_only=True):
    """`message` is the one that was looked at: of several that match the one of which most is as expected.

    `messages` are the newest of those that match, in the order of capture.

    What there was instead is told only where something is not as expected.
    """

    ok: bool
    results: list[ResultShape]
    message: Summary | None
    messages: list[Summary]
    matched: Annotated[int, Meta(description="How many messages match the query")]
    wanted: Wanted
    cursor: Cursor


_Evidence = TypeVar("_Evidence", bound=EvidenceShape)


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
    return in_words(
        WaitFailure(
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
    )


def in_words(shape: _Evidence) -> _Evidence:
    """The same, with what a person is told of it."""
    shape.told = telling.told(to_builtins(shape))
    return shape


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
