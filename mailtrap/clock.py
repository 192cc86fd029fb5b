"""Time, identity and luck come through this door, so that tests can say what they are."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Real time by default, ahead of it once somebody advanced it. Times are integers: microseconds since the epoch.

    The epoch is 1970-01-01T00:00:00Z. Time never goes back while the process runs.
    """

    def __init__(self) -> None:
        self._ahead = 0
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[int], None], ...] = ()

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        return time.time_ns() // 1000 + self._ahead

    @property
    def ahead(self) -> int:
        """Microseconds by which it is ahead of real time."""
        return self._ahead

    def forward(self, to: int) -> None:
        """Go on to this time at once, unless it has passed already."""
        with self._lock:
            self._ahead += max(0, to - self.now())

    def on_advance(self, listener: Callable[[int], None]) -> None:
        """Have `listener(now)` called whenever somebody has advanced the clock, once everything due by then is done."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def forget(self, listener: Callable[[int], None]) -> None:
        """Call `listener` no more; doing so twice is not an error."""
        with self._lock:
            self._listeners = tuple([one for one in self._listeners if one != listener])

    def advanced(self) -> None:
        """Tell the listeners, which may take their time: what they do is done when this returns."""
        now = self.now()
        for listener in self._listeners:
            listener(now)

    def token(self, octets: int = 16) -> str:
        """A fresh unguessable URL-safe token."""
        return secrets.token_urlsafe(octets)

    def chance(self, seed: int | None = None) -> random.Random:
        """A source of luck; the same seed gives the same luck."""
        return random.Random(seed)  # noqa: S311 - simulated failures, nothing secret


def rfc3339(microseconds: int) -> str:
    """`1767225600000000` → `2026-01-01T00:00:00.000000Z`."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(timespec="microseconds")[:-6] + "Z"
