"""What there was instead of a refusal that somebody waited for: what else was refused, what was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct, field

from mailtrap.errors import NotFound
from mailtrap.mail.message import Message
from mailtrap.mail.words import fold
from mailtrap.query import Query
from mailtrap.query.nearest import Miss, distance
from mailtrap.store.base import Store
from mailtrap.waiting.evidence import EARLIER, LOOKED_AT, NEAREST, SHOWN
from mailtrap.waiting.matcher import Waiting
from mailtrap.waiting.refusal import Refusal, RefusalWish
from mailtrap.waiting.refusals import Refusals


class NearRefusal(Struct, frozen=True):
    """One that nearly matched, and what would have to be otherwise."""

    refusal: Refusal
    failed: tuple[Miss, ...]


class Instead(Struct, frozen=True):
    """`nearest` first; of the `total` others that were refused the newest, and of mail that was accepted, newest last.

    `accepted` is mail that matches the query but for not being refused, `arrived` any other.
    """

    nearest: list[NearRefusal] = field(default_factory=list)
    others: list[Refusal] = field(default_factory=list)
    total: int = 0
    accepted: list[Message] = field(default_factory=list)
    arrived: list[Message] = field(default_factory=list)


class Scene(Protocol):
    """As much of a sandbox as is looked at."""

    store: Store
    refusals: Refusals
    waiting: Waiting


def instead(scene: Scene, wish: RefusalWish, began: int, scope: str = "") -> Instead:
    """About a wish that was not met; `began` is when somebody began to wait, by the sandbox's clock.

    `scope` is the only inbox that may be told of, empty for all.
    """
    known, _ = scene.refusals.since(0)
    seen = [one for one in known if not scope or fold(scope) in map(fold, one.inboxes)]
    near = _nearest(wish, seen[-LOOKED_AT:])
    named = {one.refusal.id for one in near}
    since = next((one.occasion.at for one in seen if one.id == wish.after), began - EARLIER)
    others = [
        one
        for one in seen
        if one.id > wish.after and one.occasion.at >= since and one.id not in named and not wish.matches(one)
    ]
    inbox = wish.inbox or scope
    here = Query.EVERYTHING.within(inbox) if inbox else Query.EVERYTHING
    accepted: list[Message] = []
    arrived: list[Message] = []
    for message in reversed(scene.store.page(here, limit=LOOKED_AT, count=False).messages):
        if message.arrival.at >= min(since, began):
            (accepted if _fits(scene, wish, message) else arrived).append(message)
    return Instead(near, others[-SHOWN:], len(others), accepted[-SHOWN:], arrived[-SHOWN:])


def _nearest(wish: RefusalWish, pool: Sequence[Refusal]) -> list[NearRefusal]:
    found: list[tuple[float, int, NearRefusal]] = []
    last = next((one for one in pool if one.id == wish.after), None)
    for refusal in pool:
        failed = wish.misses(refusal)
        if refusal.id <= wish.after:
            expected = f"newer than refusal {wish.after}" + (f", {_time(last)}" if last else "")
            failed = (
                *failed,
                Miss(f"after={wish.after}", "is", expected, f"refusal {refusal.id}, {_time(refusal)}", 0.25),
            )
        if failed:
            found.append((distance(failed), -refusal.id, NearRefusal(refusal, failed)))
    found.sort(key=lambda one: one[:2])
    return [near for _, _, near in found[:NEAREST]]


def _fits(scene: Scene, wish: RefusalWish, message: Message) -> bool:
    try:
        return wish.condition.matches(scene.waiting.candidate(message).plain)
    except NotFound:
        return False


def _time(refusal: Refusal) -> str:
    return datetime.fromtimestamp(refusal.occasion.at / 1_000_000, UTC).strftime("%H:%M:%S.%f")[:-3]
