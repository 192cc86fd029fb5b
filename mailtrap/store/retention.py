"""Which messages are too many or too old; pure arithmetic."""

from __future__ import annotations

from mailtrap.settings import Settings


def excess(kept: int, limit: int) -> int:
    """How many of the oldest have to go so that `limit` stay; a limit of 0 keeps all."""
    return max(0, kept - limit) if limit else 0


def horizon(now: int, settings: Settings) -> int | None:
    """Messages that arrived before this (microseconds since the epoch) are too old; None keeps all."""
    return now - int(settings.max_age * 1_000_000) if settings.max_age else None
