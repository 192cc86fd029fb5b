"""What rules have counted, rule by rule: bounded, thread-safe, and forgotten when a rule changes."""

from __future__ import annotations

import copy
import logging
import threading
from collections import Counter, OrderedDict

from mailtrap.faults.frequency import (
    Tally,
    counts,
    greylists,
    is_counted,
    luck_of,
    triplet_of,
    uncount,
    value_of,
)
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Fault

log = logging.getLogger(__name__)

#: Values of all rules together for which counts are remembered; of more, those not seen for longest are forgotten.
REMEMBERED = 100_000

#: What belongs together: the id of a rule, or the name of an address that means something, its step and inbox.
Owner = int | tuple[str, str, str]


class _Table(OrderedDict[str, Tally]):
    """The tallies of one rule, the one not seen for longest first."""

    values_seen = 0


class Counting:
    """Remembers for each rule how often it met whom."""

    def __init__(self) -> None:
        #: Values that were forgotten because there were too many.
        self.forgotten = 0
        self._lock = threading.Lock()
        self._room = REMEMBERED
        self._tables: dict[Owner, _Table] = {}
        self._size = 0
        self._hits: Counter[int] = Counter()
        #: Session → the tallies in which it holds a place.
        self._held: dict[int, list[Tally]] = {}

    def meets(self, fault: Fault, occasion: Occasion) -> bool:
        """Whether a rule that matches answers this time. Counts."""
        with self._lock:
            if (fault.greylist is not None or is_counted(fault)) and self._passes(fault, occasion):
                return False
            if fault.id:
                self._hits[fault.id] += 1
            return True

    def passes(self, fault: Fault, occasion: Occasion) -> str:
        """Empty where a rule that matches would answer now, else why not. Counts nothing."""
        if fault.greylist is None and not is_counted(fault):
            return ""
        with self._lock:
            table = self._tables.get(_owner(fault, occasion), _Table())
            if fault.greylist is not None:
                triplet = copy.copy(table.get(_triplet(occasion)) or Tally())
                passes = greylists(fault.greylist, triplet, occasion.at)
                if passes:
                    return passes
            if not is_counted(fault):
                return ""
            value = value_of(fault, occasion)
            tally = copy.deepcopy(table.get(value)) or Tally(table.values_seen + 1)
        return counts(fault, tally, occasion, luck_of(fault, value, tally))

    def take_back(self, fault: Fault, occasion: Occasion) -> None:
        """It met somebody, and nothing came of it: the next time is this time."""
        with self._lock:
            if self._hits[fault.id]:
                self._hits[fault.id] -= 1
            tally = self._tables.get(_owner(fault, occasion), _Table()).get(value_of(fault, occasion))
            if tally is not None and is_counted(fault):
                uncount(fault, tally)

    def hits(self, id: int) -> int:
        """How often a rule answered."""
        return self._hits[id]

    def ended(self, session: int) -> None:
        """Free the places this session holds."""
        if session in self._held:
            with self._lock:
                for tally in self._held.pop(session, ()):
                    tally.holders.discard(session)

    def forget(self, id: int) -> None:
        """Forget everything about a rule."""
        with self._lock:
            self._hits.pop(id, None)
            table = self._tables.pop(id, None)
            if table:
                self._size -= len(table)

    def rewind(self, id: int | None = None) -> None:
        """Count anew, for one rule or for everything."""
        if id is not None:
            self.forget(id)
            return
        with self._lock:
            self._hits.clear()
            self._tables.clear()
            self._held.clear()
            self._size = 0

    def _passes(self, fault: Fault, occasion: Occasion) -> bool:
        table = self._tables.setdefault(_owner(fault, occasion), _Table())
        if fault.greylist is not None and greylists(
            fault.greylist, self._tally(table, _triplet(occasion), is_counted_for=False), occasion.at
        ):
            return True
        if not is_counted(fault):
            return False
        value = value_of(fault, occasion)
        tally = self._tally(table, value)
        holds = len(tally.holders)
        passes = counts(fault, tally, occasion, luck_of(fault, value, tally))
        if len(tally.holders) > holds:
            self._held.setdefault(occasion.session, []).append(tally)
        return bool(passes)

    def _tally(self, table: _Table, value: str, *, is_counted_for: bool = True) -> Tally:
        tally = table.get(value)
        if tally is not None:
            table.move_to_end(value)
            return tally
        if self._size >= self._room:
            self._make_room(table)
        # A triplet is no value of `per`: which session or message this is does not depend on how many there were.
        table.values_seen += is_counted_for
        tally = table[value] = Tally(table.values_seen)
        self._size += 1
        return tally

    def _make_room(self, growing: _Table) -> None:
        """Forget one value: of the table that grows if it has its share already, else of the biggest."""
        if len(growing) * len(self._tables) < self._room:
            growing = max(self._tables.values(), key=len)
        growing.popitem(last=False)
        self._size -= 1
        if not self.forgotten:
            log.warning("Fault rules count for more than %d values: the oldest are forgotten", self._room)
        self.forgotten += 1


def _owner(fault: Fault, occasion: Occasion) -> Owner:
    return fault.id or (fault.name, fault.step, occasion.inbox)


def _triplet(occasion: Occasion) -> str:
    return f"\0{triplet_of(occasion)}"
