"""The events on their way and the dead letters, as the ledger keeps them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from mailtrap.delivery.hooks.lanes import Kept, Waiting, encode
from mailtrap.store.base import Record, Store

EVENT = "webhook-event"
WAITING, DEAD = "waiting", "dead"
#: Events written, or read, together.
BATCH = 500
#: Seconds that the ledger may take: mail goes first.
WRITTEN_WITHIN = 600.0
_EVER = 1 << 62


class Shelf:
    """Thread-safe, as the ledger is. Writing returns once it is written."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def new_id(self) -> int:
        """Ids grow in the order of the queue."""
        return self._store.ledger.new_id(EVENT)

    def put(self, events: Sequence[tuple[Waiting, str]]) -> None:
        """Keep these in these states."""
        if events:
            self._store.ledger.put([_record(waiting, state) for waiting, state in events]).result(WRITTEN_WITHIN)

    def remove(self, ids: Sequence[int]) -> int:
        """They are through; how many there were."""
        return self._store.ledger.remove(EVENT, ids=ids).result(WRITTEN_WITHIN) if ids else 0

    def forget(self, target: int) -> None:
        """Remove everything that is for this target."""
        while found := self._store.ledger.find(EVENT, name=str(target), limit=BATCH):
            self.remove([record.id for record in found])

    def get(self, id: int) -> tuple[str, Kept] | None:
        """One event and its state."""
        found = self._store.ledger.find(EVENT, ids=[id])
        return (found[0].state, _kept(found[0])) if found else None

    def page(
        self, states: Sequence[str], target: int | None, before: int | None, limit: int
    ) -> list[tuple[int, str, Kept]]:
        """The newest first: id, state, event."""
        name = None if target is None else str(target)
        found = self._store.ledger.find(EVENT, states=states, name=name, before=before, limit=limit)
        return [(record.id, record.state, _kept(record)) for record in found]

    def oldest(self, state: str, target: int | None, limit: int) -> list[Waiting]:
        """The first in the queue."""
        name = None if target is None else str(target)
        found = self._store.ledger.find(EVENT, states=[state], name=name, due_by=_EVER, limit=limit)
        return [Waiting(record.id, _kept(record)) for record in found]

    def count(self) -> dict[str, Counter[int]]:
        """How many there are, by state and target; reads all of them."""
        counts: dict[str, Counter[int]] = {WAITING: Counter(), DEAD: Counter()}
        before: int | None = None
        while found := self._store.ledger.find(EVENT, before=before, limit=BATCH):
            for record in found:
                counts[record.state][int(record.name)] += 1
            before = found[-1].id
        return counts


def _kept(record: Record) -> Kept:
    return msgspec.json.decode(record.document, type=Kept)


def _record(waiting: Waiting, state: str) -> Record:
    # `due` is the place in the queue: the ledger gives what is due in that order.
    return Record(EVENT, waiting.id, encode(waiting.kept), 0, state, str(waiting.kept.target), waiting.id)
