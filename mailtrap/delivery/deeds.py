"""Keeps what clients did after a failure in the store's ledger."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mailtrap.faults.aftermath import REMEMBERED, History
from mailtrap.faults.deed import Noted
from mailtrap.store.base import Ledger, Record

KIND = "deed"

_PAGE = 1000


class Deeds:
    """A `faults.aftermath.Keeper`: a record's owner is the session, its name the sender."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def new_id(self) -> int:
        """An id never given out before; later ones are higher."""
        return self._ledger.new_id(KIND)

    def keep(self, id: int, noted: Noted) -> None:
        """Have it written when there is no mail to keep."""
        deed = noted.deed
        self._ledger.put([Record(KIND, id, msgspec.json.encode(noted), owner=deed.session, name=deed.sender)])

    def forget(self, ids: Sequence[int]) -> None:
        """Have them removed."""
        self._ledger.remove(KIND, ids=ids)


def history(ledger: Ledger) -> History:
    """What is known from before, and a place for what will follow."""
    found: list[tuple[int, Noted]] = []
    before = None
    while len(found) < REMEMBERED:
        records = ledger.find(KIND, before=before, limit=_PAGE)
        found += [(record.id, noted) for record in records if (noted := _read(record)) is not None]
        if len(records) < _PAGE:
            break
        before = records[-1].id
    return History(Deeds(ledger), reversed(found))


def _read(record: Record) -> Noted | None:
    try:
        return msgspec.json.decode(record.document, type=Noted)
    except msgspec.MsgspecError:
        # Written by another version; it is about the past only.
        return None
