"""What can become of a message, as tables for the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from mailtrap.delivery.record import HAPPENINGS, OUTCOMES
from mailtrap.delivery.routes import OF_A_HOST, UNREACHABLE
from mailtrap.delivery.schedule import RetrySchedule
from mailtrap.settings import Settings


def markdown_outcomes() -> str:
    """How a delivery stands, or ended."""
    return _table(("outcome", "means"), [(f"`{outcome.value}`", means) for outcome, means in OUTCOMES.items()])


def markdown_happenings() -> str:
    """The steps of a timeline."""
    return _table(("step", "means"), [(f"`{what}`", means) for what, means in HAPPENINGS.items()])


def markdown_unreachable() -> str:
    """What `unreachable` can be."""
    rows = []
    for why, said in UNREACHABLE.items():
        fate = "tried again" if said.status.startswith("4") else "returned"
        if why in OF_A_HOST and fate == "tried again":
            fate = "the next host is tried, then tried again later"
        rows.append((f"`{why}`", str(said.code or "none"), f"`{said.status}`", said.text, fate))
    return _table(("why", "code", "status", "what is reported", "then"), rows)


def markdown_schedule() -> str:
    """When a delivery that is always deferred is tried, by default."""
    schedule = RetrySchedule.of(Settings())
    rows, at, tries = [("1", "at once")], 0, 1
    while (due := schedule.again(tries, at, 0)) is not None:
        at, tries = due, tries + 1
        if tries <= len(schedule.intervals) + 2:
            rows.append((str(tries), f"after {_hours(at)}"))
    rows += [("…", f"every {_hours(schedule.intervals[-1])}"), (str(tries), f"after {_hours(at)}")]
    rows.append(("given up", f"after {_hours(schedule.expires(0))}"))
    return _table(("try", "when"), rows)


def _hours(microseconds: int) -> str:
    minutes = microseconds // 60_000_000
    return f"{minutes // 60}:{minutes % 60:02} h"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "".join([f"| {' | '.join(line)} |\n" for line in lines])
