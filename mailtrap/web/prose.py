"""Our own sentences as the pages show them: code where the text has backticks, counted nouns, durations in words."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_TICKED = re.compile(r"`([^`\n]+)`")
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def ticked(text: str) -> Markup:
    """The text as HTML with `this` as <code>; all else is escaped."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just here


def counted(number: int, noun: str) -> str:
    """`1 line`, `2 lines`, `12,345 lines`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def lasting(seconds: float) -> str:
    """`7 days`, `90 seconds`: in the largest unit of which it is a whole number."""
    for size, noun in _UNITS:
        if seconds % size == 0:
            return counted(int(seconds // size), noun)
    return f"{seconds:g} seconds"


def roughly(microseconds: int) -> str:
    """`2 hours`, `5 days 3 hours`: in the two largest units, the rest left out, and seconds rounded."""
    seconds = round(microseconds / 1_000_000)
    if seconds >= 60:
        seconds = round(seconds / 10) * 10
    words = []
    for size, noun in _UNITS:
        if number := seconds // size:
            words.append(counted(number, noun))
            seconds %= size
        elif words:
            break
        if len(words) == 2:
            break
    return " ".join(words) or "less than a second"
