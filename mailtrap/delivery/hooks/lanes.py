"""Which events may go to a target now: in order within a message, side by side across messages; pure."""

from __future__ import annotations

import heapq
from collections import deque
from typing import Any

import msgspec
from msgspec import Struct, field

from mailtrap.delivery.told import Told

#: Requests under way to one target at once.
SIDE_BY_SIDE = 4


class Patience(Struct, frozen=True):
    """How long to wait after the first failure, doubled with each further one up to `longest`; how many tries in all.

    Seconds of real time: the application that is told lives in it.
    """

    first: float = 1.0
    longest: float = 300.0
    tries: int = 12

    def wait(self, failures: int) -> float:
        """Seconds to wait after so many failures."""
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 60))


class Kept(msgspec.Struct, omit_defaults=True):
    """An event on its way to one target, as the ledger keeps it. `tried_at` is real time in microseconds."""

    target: int
    told: Told
    tries: int = 0
    error: str = ""
    status: int = 0
    tried_at: int = 0


def encode(kept: Kept) -> bytes:
    """As the ledger keeps it."""
    try:
        return msgspec.json.encode(kept)
    except UnicodeEncodeError:  # what mail brings in may be no text at all
        kept.told = msgspec.convert(_readable(msgspec.structs.asdict(kept.told)), Told)
        return msgspec.json.encode(kept)


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return tuple([_readable(one) for one in value])
    return {name: _readable(one) for name, one in value.items()} if isinstance(value, dict) else value


class Waiting(Struct, eq=False):
    """The same in memory; `next` is when it may be tried (monotonic seconds), 0 for at once."""

    id: int
    kept: Kept
    next: float = 0.0

    @property
    def lane(self) -> tuple[int, int]:
        """What has to stay in order: a message's events, those of a session where nothing was kept."""
        told = self.kept.told
        return (told.message, 0 if told.message else told.session)


class Lanes(Struct):
    """The oldest events that wait for one target. With `more` there are others that only the ledger knows.

    `strikes` counts how often in a row it could not be reached at all: until it can be, one event at a time asks.
    """

    patience: Patience
    more: bool = False
    strikes: int = 0
    busy: int = 0
    paused_until: float = 0.0
    ids: set[int] = field(default_factory=set)
    _lanes: dict[tuple[int, int], deque[Waiting]] = field(default_factory=dict)
    _ready: list[tuple[float, int, tuple[int, int]]] = field(default_factory=list)

    def add(self, waiting: Waiting) -> None:
        """Put it behind the other events of its lane."""
        self.ids.add(waiting.id)
        lane = self._lanes.setdefault(waiting.lane, deque())
        lane.append(waiting)
        if len(lane) == 1:
            self._offer(waiting)

    def take(self, now: float) -> Waiting | None:
        """One whose time has come, earliest first; its lane waits for `taken` or `failed`."""
        when = self.due()
        if when is None or when > now:
            return None
        self.busy += 1
        return self._lanes[heapq.heappop(self._ready)[2]][0]

    def due(self) -> float | None:
        """When there is something to do; None while there is nothing, or enough is under way."""
        if not self._ready or self.busy >= (1 if self.strikes else SIDE_BY_SIDE):
            return None
        return max(self._ready[0][0], self.paused_until)

    def settled(self, waiting: Waiting, *, reached: bool = True) -> None:
        """It has gone, or never will: the next of its lane may."""
        self.busy -= 1
        if reached:
            self._reached()
        self.ids.discard(waiting.id)
        lane = self._lanes[waiting.lane]
        lane.popleft()
        if lane:
            self._offer(lane[0])
        else:
            del self._lanes[waiting.lane]

    def failed(self, waiting: Waiting, now: float, *, reached: bool) -> None:
        """It has to be tried again; where the target could not be reached, the others wait as well."""
        self.busy -= 1
        if reached:
            self._reached()
            waiting.next = now + self.patience.wait(waiting.kept.tries)
        else:
            self.missed(now)
            waiting.next = self.paused_until
        self._offer(waiting)

    def missed(self, now: float) -> None:
        """The target could not be reached. Those that were under way together count as one miss."""
        if now >= self.paused_until:
            self.strikes += 1
            self.paused_until = now + self.patience.wait(self.strikes)

    def _reached(self) -> None:
        self.strikes = 0
        self.paused_until = 0.0

    def _offer(self, waiting: Waiting) -> None:
        heapq.heappush(self._ready, (waiting.next, waiting.id, waiting.lane))
