"""Time, identity and luck come through this door, so that tests can say what they are."""

from __future__ import annotations

import random
import secrets
import time
from datetime import UTC, datetime


class Clock:
    """Real time by default. Times are integers: microseconds since 1970-01-01T00:00:00Z."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        return time.time_ns() // 1000

    def token(self, octets: int = 16) -> str:
        """A fresh unguessable URL-safe token."""
        return secrets.token_urlsafe(octets)

    def chance(self, seed: int | None = None) -> random.Random:
        """A source of luck; the same seed gives the same luck."""
        return random.Random(seed)  # noqa: S311 - simulated failures, nothing secret


def rfc3339(microseconds: int) -> str:
    """`1767225600000000` → `2026-01-01T00:00:00.000000Z`."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(timespec="microseconds")[:-6] + "Z"
