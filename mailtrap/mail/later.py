"""Expressions that are compiled when they are first used: long ones cost more than a start may take; pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast


def later(text: str | Callable[[], str], flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` makes, as soon as anything is asked of it; `text` may be a function that writes it."""
    return cast("re.Pattern[str]", _Later(text, flags))


class _Later:
    """Stands in for a pattern. Threads that come at once each make the same one."""

    def __init__(self, text: str | Callable[[], str], flags: int) -> None:
        self._made_of = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        text, flags = self._made_of
        value = getattr(re.compile(text if isinstance(text, str) else text(), flags), name)
        setattr(self, name, value)  # from now on it costs what the pattern's own would
        return value
