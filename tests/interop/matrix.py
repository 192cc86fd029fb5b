"""Runs every client through every case and draws the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.interop.cases import LOGINS, SECURITY, Case, Target, cases, verdict
from tests.interop.clients import CLIENTS, Send, sendmail
from tests.interop.relays import Exim, Postfix, exim_here, postfix_here, until_arrived


@dataclass(frozen=True, slots=True)
class Row:
    """One client: how to get ready, which cases it can do, which extensions it must be seen to use."""

    client: str
    prepare: Callable[[Target, Path], object]
    extensions: frozenset[str]
    available: Callable[[], bool]
    cases: tuple[Case, ...]


@contextmanager
def _postfix(target: Target, folder: Path) -> Iterator[Send]:
    relay = Postfix(target, folder)
    relay.start()
    try:
        yield lambda _, case: relay.send(case)
        until_arrived(target, cases("postfix"))
    finally:
        relay.stop()


@contextmanager
def _exim(target: Target, folder: Path) -> Iterator[Send]:
    relay = Exim(target, folder)
    yield lambda _, case: relay.send(case)


def _simple(send: Send) -> Callable[[Target, Path], object]:
    @contextmanager
    def ready(target: Target, folder: Path) -> Iterator[Send]:
        yield send

    return ready


ROWS = (
    *(
        Row(client, _simple(send), extensions, here, tuple(cases(client)))
        for client, (send, extensions, here) in CLIENTS.items()
    ),
    Row("postfix", _postfix, frozenset({"SIZE", "DSN"}), postfix_here, tuple(cases("postfix"))),
    Row("exim", _exim, frozenset({"SIZE", "BDAT"}), exim_here, tuple(cases("exim"))),
    Row("sendmail", _simple(sendmail), frozenset(), lambda: True, (Case("sendmail", "plain", "none"),)),
)


def run(row: Row, target: Target, folder: Path) -> dict[Case, str]:
    """What went wrong with each case of a row; empty where nothing did."""
    failed: dict[Case, str] = {}
    with row.prepare(target, folder) as send:  # type: ignore[attr-defined]
        for case in row.cases:
            try:
                send(target, case)
            except Exception as error:
                failed[case] = f"{type(error).__name__}: {error}"
    return {case: failed.get(case) or verdict(target, case, row.extensions) for case in row.cases}


def table(results: dict[str, dict[Case, str] | None], notes: dict[str, set[str]]) -> str:
    """Clients down, combinations across; ✓ arrived as it should, ✗ did not, · the client cannot."""
    columns = [(security, login) for security in SECURITY for login in LOGINS]
    lines = [
        f"{'':12}" + " ".join(f"{security + ' ' + login:>17}" for security, login in columns) + "  extensions seen"
    ]
    for client, outcome in results.items():
        if outcome is None:
            lines.append(f"{client:12}is not on this machine")
            continue
        by = {(case.security, case.login): result for case, result in outcome.items()}
        marks = ["·" if column not in by else "✗" if by[column] else "✓" for column in columns]
        lines.append(
            f"{client:12}" + " ".join(f"{m:>17}" for m in marks) + "  " + " ".join(sorted(notes.get(client, ())))
        )
    wrong = [
        f"{case.token}: {text}" for outcome in results.values() if outcome for case, text in outcome.items() if text
    ]
    return "\n".join([*lines, *wrong])
