"""How many requests may wait at once, for whatever it is."""

from __future__ import annotations

import threading

from mailtrap.errors import Unavailable


class Places:
    """Thread-safe; `most` may be changed at any time."""

    def __init__(self, most: int = 400) -> None:
        self.most = most
        self.taken = 0
        self._lock = threading.Lock()
        self._is_closed = False

    def take(self) -> None:
        """One more waits. Raises Unavailable where too many do, or the server stops."""
        with self._lock:
            if self._is_closed:
                raise Unavailable("The server stops", "ask again once it is back")
            if self.taken >= self.most:
                raise Unavailable(f"{self.most} requests wait already", "see the setting max-waiters")
            self.taken += 1

    def give_back(self) -> None:
        """It waits no longer."""
        with self._lock:
            self.taken -= 1

    def close(self) -> None:
        """Nobody may wait any more."""
        with self._lock:
            self._is_closed = True
