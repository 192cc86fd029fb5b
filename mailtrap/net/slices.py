"""Messages on their way to clients: read in slices, and no more kept in memory than all clients together may cost."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from weakref import ref

from mailtrap.errors import NotFound

#: Octets of a message that are read and said at once, roughly.
PIECE = 64 * 1024
#: Octets that are kept for all clients together.
MOST = 32 * 1024 * 1024


class Budget:
    """What is kept for clients, least recently wanted first: that is let go of where there is too much. Thread-safe."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[ref[Slices], int] = OrderedDict()
        self.total = 0
        # Whoever is forgotten may be so in the middle of anything, `keep` included.
        self._lock = threading.RLock()

    def keep(self, key: ref[Slices], octets: int) -> None:
        """So much is kept for one client now."""
        with self._lock:
            self.total += octets - self._kept.pop(key, 0)
            if octets:
                self._kept[key] = octets
            for other in list(self._kept):
                if self.total <= self._most:
                    break
                slices = other()
                if other is not key and slices is not None and slices.let_go():
                    self.total -= self._kept.pop(other, 0)

    def forget(self, key: ref[Slices]) -> None:
        """A client wants no more."""
        with self._lock:
            self.total -= self._kept.pop(key, 0)


class Slices:
    """The octets of a message, at most `PIECE` at a time. `octets` gives them from some place on.

    What the store gives at once is larger: for hundreds of clients that do not read, too large to be kept.
    """

    def __init__(self, octets: Callable[[int], Iterator[bytes]], budget: Budget) -> None:
        self._octets = octets
        self._budget = budget
        self._key = ref(self, budget.forget)
        hash(self._key)  # it is kept by the reference, but can only be made while there is something to refer to
        self._lock = threading.Lock()
        self._pieces: Iterator[bytes] | None = None
        self._piece = b""
        self._given = 0
        self._at = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._lock:
            if self._pieces is None:
                self._pieces = self._octets(self._at)
            while self._given >= len(self._piece):
                self._piece, self._given = next(self._pieces, b""), 0
                self._budget.keep(self._key, len(self._piece))
                if not self._piece:
                    raise StopIteration
            octets = self._piece[self._given : self._given + PIECE]
            self._given += len(octets)
            self._at += len(octets)
            return octets

    def let_go(self) -> bool:
        """Keep nothing: who goes on has it read again from where they are. False if somebody is about to go on."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._pieces, self._piece, self._given = None, b"", 0
        finally:
            self._lock.release()
        return True


def batch(pieces: Iterator[bytes]) -> tuple[bytes, bool] | NotFound:
    """The next octets, about as many as are said at once, and whether they are the last. For a worker thread."""
    found = []
    length = 0
    try:
        for piece in pieces:
            found.append(piece)
            length += len(piece)
            if length >= PIECE:
                return b"".join(found), False
    except NotFound as error:  # somebody else may delete a message at any time
        return error
    return b"".join(found), True
