"""Holds the messages that match a query against expectations, and waits for more of them where there is time."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from msgspec import Struct

from mailtrap.errors import NotFound
from mailtrap.mail.content import Content
from mailtrap.mail.message import Message
from mailtrap.query import Query, Searchable
from mailtrap.waiting.board import Candidate
from mailtrap.waiting.expectation import CHECKS, Subject, Verdict, prepared
from mailtrap.waiting.matcher import Waiting
from mailtrap.waiting.wish import Outcome, Unit, Wish

#: Messages that match the query and are held against expectations: the newest.
MOST = 100
#: What is expected of all messages together.
TOGETHER = ("count", "order")

_NOBODY = "no message matches the query"


class Expectation(Struct, frozen=True):
    """`name` is one of `CHECKS` or `TOGETHER`; `value` what it takes, of `order` the queries as read."""

    name: str
    value: Any
    queries: tuple[Query, ...] = ()


class Held(Struct, frozen=True):
    """The expectations with what came of each, and the message that they were held against: of several the best."""

    verdicts: list[Verdict]
    message: Message | None
    matched: int
    messages: Sequence[Message] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is as expected."""
        return all([verdict.ok for verdict in self.verdicts])


class Asserting:
    """Asserts about what `waiting` sees."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting

    def hold(
        self,
        wish: Wish,
        expectations: Sequence[Expectation],
        timeout: float = 0.0,
        gone: int | None = None,
    ) -> Held:
        """Hold what matches the wish's query against these; for `timeout` seconds, until all is as expected.

        Raises Invalid where an expectation makes no sense.
        """
        for one in expectations:
            if one.name not in TOGETHER:
                prepared(one.name, one.value)
        until = monotonic() + timeout
        count = 1
        most = max([MOST, *[one.value + 1 for one in expectations if one.name == "count"]])
        while True:
            wanted = Wish(wish.query, wish.inbox, count, Unit.MESSAGES, wish.after, most=most)
            waited = self._waiting.wait(wanted, max(0.0, until - monotonic()), gone)
            held = self._held(waited.messages, waited.counted, expectations)
            if held.ok or waited.outcome is not Outcome.MET or monotonic() >= until:
                return held
            count = waited.counted + 1

    def _held(self, messages: list[Message], matched: int, expectations: Sequence[Expectation]) -> Held:
        candidates = [self._waiting.candidate(message) for message in messages[-MOST:]]
        alone = [one for one in expectations if one.name not in TOGETHER]
        best: tuple[list[Verdict], Message] | None = None
        for candidate in reversed(candidates) if alone or not expectations else ():
            verdicts = _verdicts(candidate, alone)
            if verdicts is not None and (best is None or _failed(verdicts) < _failed(best[0])):
                best = verdicts, candidate.message
            if best and not _failed(best[0]):
                break
        nobody = [Verdict(False, str(one.value), _NOBODY) for one in alone]
        told = iter(best[0] if best else nobody)
        found = []
        for one in expectations:
            if one.name == "count":
                found.append(Verdict(matched == one.value, str(one.value), str(matched)))
            elif one.name == "order":
                found.append(_in_order(one, candidates))
            else:
                found.append(next(told))
        return Held(found, best[1] if best else None, matched, messages)


def _failed(verdicts: Sequence[Verdict]) -> int:
    return sum([not verdict.ok for verdict in verdicts])


def _verdicts(candidate: Candidate, expectations: Sequence[Expectation]) -> list[Verdict] | None:
    try:
        subject = Subject(candidate.message, Content(candidate.octets))
        return [CHECKS[one.name](subject, one.value) for one in expectations]
    except NotFound:
        return None  # deleted since


def _in_order(expectation: Expectation, candidates: Sequence[Candidate]) -> Verdict:
    """A message for each query, each captured after the one before."""
    known: list[tuple[Message, Searchable]] = []
    for candidate in candidates:
        try:
            known.append((candidate.message, candidate.whole))
        except NotFound:
            continue
    left = iter(known)
    expected = " → ".join([str(query) for query in expectation.queries])
    for query in expectation.queries:
        if not any(query.matches(whole) for _, whole in left):
            actual = " → ".join([f"{message.id} {message.heading.subject!r}" for message, _ in known[:30]])
            return Verdict(False, expected, f"nothing for {query} in its place: {actual or 'no message'}")
    return Verdict(True, expected, expected)
