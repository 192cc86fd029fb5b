"""The deliveries under way: those due first in memory, all that are worth it in the ledger."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache, partial

import msgspec

from mailtrap.delivery.letters import Letter, Letters
from mailtrap.delivery.record import Delivery
from mailtrap.store.base import Ledger, Record

log = logging.getLogger(__name__)

KIND = "delivery"
#: Deliveries held in memory; of more than so many, those with the longest time to wait are only in the ledger.
MOST_LIVE = 20_000
#: Deliveries read from the ledger at once, and changed ones after which they are written.
LOADED, UNWRITTEN = 5000, 5000
#: Seconds that the ledger may take: mail goes first.
WRITTEN_WITHIN = 60.0
#: A time that never comes.
EVER = (1 << 63) - 1


class Live:
    """A delivery under way. `notable` ones are written down; `flying` counts notices that are being kept."""

    __slots__ = ("delivery", "flying", "id", "letter", "notable")

    def __init__(self, delivery: Delivery, letter: Letter, notable: bool = False) -> None:
        self.id = delivery.id
        self.delivery = delivery
        self.letter = letter
        self.notable = notable
        self.flying = 0


class Queue:
    """In the order of virtual time, then of messages, then of recipients. Used by one thread at a time.

    `opened` is when this process began: what should have happened before it happens then.
    """

    def __init__(self, ledger: Callable[[], Ledger], letters: Letters, opened: int) -> None:
        #: Messages with deliveries in memory, by their ids.
        self.letters: dict[int, Letter] = {}
        #: The state as it was last written, on its way to the disk.
        self.writing: Future[None] | None = None
        self._ledger = ledger
        self._reading = letters
        self._opened = opened
        self._live: dict[int, Live] = {}
        self._order: list[tuple[int, int]] = []
        #: Earliest of those that are only in the ledger.
        self._elsewhere: int | None = None
        self._unwritten: dict[int, Live] = {}

    def resume(self) -> bool:
        """Go on with what an earlier process left in the ledger; False where that is nothing."""
        if not self._ledger().find(KIND, due_by=EVER, limit=1):
            return False
        self._elsewhere = 0
        return True

    def add(self, live: Live) -> None:
        """Something is going to happen to this one."""
        letter = live.letter
        letter.waiting += 1
        self.letters[letter.id] = letter
        self._live[live.id] = live
        self.expect(live)
        if len(self._live) > MOST_LIVE + LOADED:
            self._shelve()

    def expect(self, live: Live) -> None:
        """It is due at another time than before."""
        due = live.delivery.due
        if due is not None:
            heapq.heappush(self._order, (due, live.id))

    def next(self) -> int | None:
        """When something is due next."""
        while True:
            self._clean()
            due = self._order[0][0] if self._order else None
            if self._elsewhere is None or (due is not None and due < self._elsewhere):
                return due
            self._load()

    def take(self, due: int, letter: Letter | None) -> Live | None:
        """The first one, provided that it is due then and (where given) of this message; None otherwise."""
        self._clean()
        if not self._order or self._order[0][0] != due:
            return None
        live = self._live[self._order[0][1]]
        if letter is not None and live.letter is not letter:
            return None
        heapq.heappop(self._order)
        return live

    def changed(self, live: Live) -> None:
        """It is to be written down, or, where there is nothing to write, may be forgotten."""
        if live.notable:
            self._unwritten[live.id] = live
        else:
            self._drop(live)

    def keep_all(self) -> None:
        """Have everything written down that is still to happen: another process will go on with it."""
        for live in self._live.values():
            if live.delivery.due is not None:
                live.notable = True
                self._unwritten[live.id] = live

    @property
    def is_full(self) -> bool:
        """Whether so many have changed that they should be written down."""
        return len(self._unwritten) >= UNWRITTEN

    def write(self, told: Callable[[], None] | None = None) -> None:
        """Have what changed kept; `told` is called once it is."""
        if not self._unwritten and told is None:
            return
        unwritten, self._unwritten = self._unwritten, {}
        lives = [live for live in unwritten.values() if not live.letter.gone]
        self.writing = self._ledger().put([encode(live.delivery) for live in lives])
        self.writing.add_done_callback(partial(_written, told, len(lives)))
        for live in unwritten.values():
            self._drop(live)

    def forget(self, id: int | None) -> None:
        """A message was deleted; None for all there were."""
        gone = [id] if id is not None else [one for one in self.letters if self._reading.get(one) is None]
        letters = [letter for one in gone if (letter := self.letters.pop(one, None)) is not None]
        for letter in letters:
            letter.gone = True
        if letters:
            self._live = {number: live for number, live in self._live.items() if not live.letter.gone}

    def _clean(self) -> None:
        """Let the first one in order be one that is really due then."""
        while self._order:
            due, id = self._order[0]
            live = self._live.get(id)
            if live is not None and live.delivery.due == due:
                return
            heapq.heappop(self._order)

    def _drop(self, live: Live) -> None:
        """Nothing more will happen to it."""
        if live.delivery.due is None and not live.flying:
            self._remove(live.id)

    def _remove(self, id: int) -> None:
        live = self._live.pop(id, None)
        if live is not None:
            live.letter.waiting -= 1
            if not live.letter.waiting:
                self.letters.pop(live.letter.id, None)

    def _shelve(self) -> None:
        """Leave those that have longest to wait to the ledger."""
        self.write()
        waiting = sorted([entry for entry in self._order if (live := self._live.get(entry[1])) and not live.flying])
        shelved = [(due, id) for due, id in waiting[MOST_LIVE // 2 :] if self._live[id].notable]
        if not shelved:
            return
        self._wait()
        earliest = shelved[0][0]
        self._elsewhere = earliest if self._elsewhere is None else min(self._elsewhere, earliest)
        for _, id in shelved:
            self._remove(id)
        self._order = [entry for entry in self._order if entry[1] in self._live]
        heapq.heapify(self._order)

    def _load(self) -> None:
        """Bring in those of the ledger that are due earliest."""
        self.write()
        self._wait()
        most = len(self._live) + LOADED
        records = self._ledger().find(KIND, due_by=EVER, limit=most)
        self._elsewhere = records[-1].due if len(records) == most else None
        orphans = []
        for record in records:
            if record.id in self._live:
                continue
            letter = self.letters.get(record.owner) or self._reading.get(record.owner)
            if letter is None:
                orphans.append(record.id)
                continue
            live = Live(self._resumed(decode(record)), letter, notable=True)
            letter.waiting += 1
            self.letters[letter.id] = letter
            self._live[record.id] = live
            self.expect(live)
        if orphans:
            self._ledger().remove(KIND, ids=orphans).exception(WRITTEN_WITHIN)

    def _resumed(self, delivery: Delivery) -> Delivery:
        late = [msgspec.structs.replace(one, at=self._opened) for one in delivery.pending if one.at < self._opened]
        delivery.pending = [*late, *delivery.pending[len(late) :]]
        delivery.expect()
        return delivery

    def _wait(self) -> None:
        if self.writing is not None:
            self.writing.exception(WRITTEN_WITHIN)


def _written(told: Callable[[], None] | None, count: int, future: Future[None]) -> None:
    error = future.exception()
    if error is not None:
        log.error("the state of %d deliveries was not kept: %s", count, error)
    if told is not None:
        told()


def encode(delivery: Delivery) -> Record:
    """The delivery as the ledger keeps it."""
    return Record(
        KIND,
        delivery.id,
        msgspec.json.encode(delivery),
        delivery.message,
        delivery.outcome.value,
        delivery.recipient,
        delivery.due,
    )


def decode(record: Record) -> Delivery:
    """The delivery that `encode` wrote."""
    return _decoder().decode(record.document)


@cache
def _decoder() -> msgspec.json.Decoder[Delivery]:
    """Made for the first that is read: it takes longer than a delivery."""
    return msgspec.json.Decoder(Delivery)
