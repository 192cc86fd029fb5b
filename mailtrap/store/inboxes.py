"""Keeps the inboxes in the ledger, so that they are there after a restart."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import msgspec

from mailtrap.clock import Clock
from mailtrap.errors import MailtrapError
from mailtrap.events import Bus, Kind
from mailtrap.inboxes import MOST, Directory, Inbox
from mailtrap.mail.words import fold
from mailtrap.store.base import Ledger, Record

log = logging.getLogger(__name__)

KIND = "inbox"
#: Seconds that the ledger may take before whoever makes an inbox goes on without it.
WRITTEN_WITHIN = 10.0


class _Kept:
    """The records as they are in the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._ids: dict[str, int] = {}

    def read(self) -> list[Inbox]:
        """Those of an earlier process, oldest first. What makes no sense to this release stays where it is."""
        inboxes = []
        for record in reversed(self._ledger.find(KIND, limit=MOST)):
            try:
                inboxes.append(msgspec.json.decode(record.document, type=Inbox))
            except msgspec.MsgspecError as error:
                log.warning("inbox %d of the database cannot be used: %s", record.id, error)
                continue
            self._ids[fold(record.name)] = record.id
        return inboxes

    def keep(self, name: str, inbox: Inbox | None) -> Callable[[], None]:
        """Write down an inbox, or that there is none of this name any more; what is returned waits until it is."""
        future: Future[Any]
        with self._lock:
            id = self._ids.get(fold(name))
            if inbox is None:
                if id is None:
                    return _nothing
                del self._ids[fold(name)]
                future = self._ledger.remove(KIND, ids=[id])
            else:
                if id is None:
                    id = self._ids[fold(name)] = self._ledger.new_id(KIND)
                future = self._ledger.put([Record(KIND, id, msgspec.json.encode(inbox), name=inbox.name)])
        return partial(_written, future)


def open_directory(ledger: Ledger, bus: Bus, clock: Clock, *, lasting: bool = True) -> Directory:
    """The inboxes of the database; whoever listens to the Bus hears which of them change.

    Those of a database that goes with the process (not `lasting`) are written down nowhere.
    """
    if lasting:
        kept = _Kept(ledger)
        directory = Directory(clock, kept.read(), kept.keep)
    else:
        directory = Directory(clock)
    directory.on_change(lambda name: bus.publish([(Kind.INBOXES, "", name)]))
    return directory


def _nothing() -> None:
    pass


def _written(future: Future[Any]) -> None:
    """Whoever is told that an inbox is there should find it after a crash."""
    try:
        future.result(WRITTEN_WITHIN)
    except TimeoutError:
        log.error("the inboxes were changed, but that is not kept yet: the database is busy")
    except MailtrapError as error:
        log.error("the inboxes were changed, but that is not kept: %s", error)
