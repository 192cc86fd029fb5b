"""What there was instead of what somebody waited for: what arrived, which came nearest, who was refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from msgspec.structs import replace

from mailtrap.errors import NotFound
from mailtrap.faults.aftermath import History
from mailtrap.mail.message import Message
from mailtrap.mail.words import fold
from mailtrap.query import Query
from mailtrap.query.nearest import Miss, distance, misses
from mailtrap.store.base import Session, Store
from mailtrap.waiting.matcher import Waiting
from mailtrap.waiting.wish import Evidence, Near, Wish

#: Messages that are shown, those that may be near, and how many of them are told of.
SHOWN, LOOKED_AT, NEAREST = 20, 200, 3
#: Sessions that are looked at, those that are told of, and lines of each.
SESSIONS, REFUSED, LINES = 200, 5, 40
#: A refusal so long before somebody began to wait is still told of, in microseconds: who sends, then waits, was refused
#: before.
EARLIER = 60_000_000

#: Outcomes of sessions that ended as they should, or have not ended.
_PLAIN = ("quit", "closed", "open")


class Scene(Protocol):
    """As much of a sandbox as a witness looks at."""

    store: Store
    history: History
    waiting: Waiting

    def sessions(self, *, limit: int) -> list[Session]:
        """The newest sessions, newest first, without their lines."""

    def session(self, id: int) -> Session | None:
        """One session with its lines."""

    def inboxes_of(self, session: Session) -> tuple[str, ...]:
        """The inboxes that a session was about."""


class Witness:
    """Finds evidence among messages and sessions."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._store = scene.store

    def evidence(self, wish: Wish, began: int, scope: str = "") -> Evidence:
        """About a wish that was not met; `began` is when somebody began to wait, by the sandbox's clock.

        `scope` is the only inbox that may be told of, empty for all.
        """
        everywhere = Query.EVERYTHING.within(scope) if scope else Query.EVERYTHING
        here = Query.EVERYTHING.within(wish.inbox) if wish.inbox else everywhere
        arrived = self._store.page(here, limit=SHOWN, after=wish.after, count=not wish.after)
        total = arrived.total if not wish.after else len(arrived.messages)
        since = began - EARLIER
        if wish.after and (last := self._store.get(wish.after)):
            since = last.arrival.at
        pool = self._store.page(everywhere, limit=LOOKED_AT, count=False).messages
        return Evidence(
            arrived.messages[::-1], total, self._nearest(wish, pool), self._refused(min(since, began), scope)
        )

    def _nearest(self, wish: Wish, pool: list[Message]) -> list[Near]:
        condition = wish.condition
        found: list[tuple[float, int, Near]] = []
        for message in pool:
            try:
                whole = self._scene.waiting.candidate(message).whole
                failed = misses(condition, whole)
            except NotFound:
                continue
            if message.id <= wish.after:
                failed = (*failed, self._too_early(wish, message))
            if failed:
                found.append((distance(failed), -message.id, Near(whole.message, failed)))
        found.sort(key=lambda one: one[:2])
        return [near for _, _, near in found[:NEAREST]]

    def _too_early(self, wish: Wish, message: Message) -> Miss:
        last = self._store.get(wish.after)
        expected = f"newer than message {wish.after}" + (f", {_clock_time(last)}" if last else "")
        return Miss(f"after={wish.after}", "is", expected, f"message {message.id}, {_clock_time(message)}", 0.25)

    def _refused(self, since: int, scope: str) -> list[Session]:
        found: list[Session] = []
        for session in self._scene.sessions(limit=SESSIONS):
            if (session.ended_at or session.started_at) < since and session.ended_at is not None:
                continue
            if not self._was_refused(session):
                continue
            if scope and not self._is_of(session, scope):
                continue
            whole = self._scene.session(session.id)
            if whole is not None:
                found.append(replace(whole, lines=whole.lines[-LINES:]))
            if len(found) >= REFUSED:
                break
        return found

    def _is_of(self, session: Session, inbox: str) -> bool:
        """Whether a session was about this inbox and no other."""
        return {fold(name) for name in self._scene.inboxes_of(session)} == {fold(inbox)}

    def _was_refused(self, session: Session) -> bool:
        if session.outcome not in _PLAIN and not session.messages:
            return True
        return any([deed.failed for deed in self._scene.history.deeds(session.id) if deed.session == session.id])


def _clock_time(message: Message) -> str:
    return datetime.fromtimestamp(message.arrival.at / 1_000_000, UTC).strftime("%H:%M:%S.%f")[:-3]
