"""Where messages are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailtrap.clock import Clock
    from mailtrap.events import Bus
    from mailtrap.settings import Settings
    from mailtrap.store.base import Store

__all__ = ["open_store"]


def open_store(settings: Settings, bus: Bus, clock: Clock) -> Store:
    """The store that the settings name, ready for use.

    Raises SettingsError where it cannot be made and Unavailable where another process has it.
    """
    from mailtrap.store.sqlite import SqliteStore

    return SqliteStore(settings, bus, clock)
