"""What has happened, and the Bus that tells whoever wants to know."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import StrEnum

from msgspec import Struct

from mailtrap.mail.words import fold


class Kind(StrEnum):
    """What an event is about. The value is its name in notices on `/api/live`."""

    CAPTURED = "captured"
    INDEXED = "indexed"
    CHANGED = "changed"
    DELETED = "deleted"
    EVICTED = "evicted"
    CLEARED = "cleared"
    SESSION = "session"
    REFUSED = "refused"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    FAULTS = "faults"
    CLOCK = "clock"
    INBOXES = "inboxes"


class Event(Struct, frozen=True):
    """One thing that happened, announced after it was committed.

    `seq` increases with every event of this process and starts from the wall clock, so that a number
    remembered from an earlier process is recognised as too old instead of being mistaken for a newer one.
    `id` names the message or session; it is empty where the event is about many (`cleared`, `evicted`). `inbox` has the
    names of all inboxes that the message is in, separated by a space; it is empty where the event concerns all.
    """

    seq: int
    kind: Kind
    id: str
    inbox: str

    def concerns(self, inbox: str) -> bool:
        """Whether it is about an inbox: about a message in it, or about all of them."""
        if not self.inbox or self.inbox == inbox:
            return True
        return fold(inbox) in fold(self.inbox).split(" ")


Listener = Callable[[list[Event]], None]


class Bus:
    """Publishes events in commit order and remembers the newest ones for those who missed some.

    Listeners are called on the publishing thread with whole batches: they must not block, raise or write to
    the store; a listener that has real work to do hands it to a thread or loop of its own.
    """

    def __init__(self, memory: int = 20_000) -> None:
        self._lock = threading.Lock()
        self._seq = time.time_ns() // 1_000_000 * 1000
        self._forgotten = self._seq
        self._recent: deque[Event] = deque(maxlen=memory)
        self._listeners: tuple[Listener, ...] = ()

    @property
    def seq(self) -> int:
        """The number of the newest event."""
        return self._seq

    def publish(self, happenings: Iterable[tuple[Kind, str, str]]) -> None:
        """Announce `(kind, id, inbox)` in this order."""
        with self._lock:
            events = []
            for kind, id_, inbox in happenings:
                self._seq += 1
                events.append(Event(self._seq, kind, id_, inbox))
            if not events:
                return
            lost = len(self._recent) + len(events) - (self._recent.maxlen or 0)
            if lost > 0:
                last = lost - 1 - len(self._recent)
                self._forgotten = (self._recent[lost - 1] if last < 0 else events[last]).seq
            self._recent.extend(events)
            for listener in self._listeners:
                listener(events)

    def since(self, seq: int) -> list[Event] | None:
        """The events after `seq`, or None where some of them are no longer remembered."""
        with self._lock:
            return self._since(seq)

    def subscribe(self, listener: Listener, after: int | None = None) -> list[Event] | None:
        """Call `listener` with every event from now on; returns what `since(after)` would, with no gap between.

        Without `after` there is nothing to catch up with, and the answer is an empty list.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)
            return [] if after is None else self._since(after)

    def unsubscribe(self, listener: Listener) -> None:
        """Stop calling `listener`; doing so twice is not an error."""
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one != listener)

    def _since(self, seq: int) -> list[Event] | None:
        if seq < self._forgotten or seq > self._seq:
            return None
        return [event for event in self._recent if event.seq > seq]
