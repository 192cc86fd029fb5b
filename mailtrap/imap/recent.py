"""Which messages of a folder no session has heard of yet: those that the first to hear is told are `\\Recent`."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right

RECENT = "\\Recent"


class Unheard:
    """Of one folder. Thread-safe; known while the server runs.

    After a restart all messages are unheard of again: a message of which it is not known counts as recent
    (RFC 3501 §2.3.2).
    """

    def __init__(self) -> None:
        self._first = 1
        self._lock = threading.Lock()

    @property
    def first(self) -> int:
        """The lowest uid that nobody has heard of."""
        return self._first

    def hear(self, uid_next: int) -> int:
        """Somebody hears of everything below `uid_next`; what was the first to be heard of."""
        with self._lock:
            first, self._first = self._first, max(self._first, uid_next)
            return first


class Recents:
    """Which messages are recent to one session: ranges of uids, ascending."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __contains__(self, uid: object) -> bool:
        if not isinstance(uid, int):
            return False
        at = bisect_right(self._ends, uid)
        return at < len(self._ends) and self._starts[at] <= uid

    def add(self, start: int, end: int) -> None:
        """Those from `start` up to but not including `end`, which are higher than those before."""
        if self._ends and start <= self._ends[-1]:
            self._ends[-1] = max(end, self._ends[-1])
        elif start < end:
            self._starts.append(start)
            self._ends.append(end)

    def count(self, uids: list[int]) -> int:
        """How many of these there are, ascending."""
        pairs = zip(self._starts, self._ends, strict=True)
        return sum([bisect_left(uids, end) - bisect_left(uids, start) for start, end in pairs])
