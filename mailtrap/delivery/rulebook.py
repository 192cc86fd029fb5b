"""Keeps the rules of failures in the ledger in their order, reads those of a file, tells the Bus of changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from mailtrap.clock import Clock
from mailtrap.errors import Invalid, MailtrapError, SettingsError
from mailtrap.events import Bus, Kind
from mailtrap.faults import toml
from mailtrap.faults.book import MOST_RULES, Book
from mailtrap.faults.checking import checked
from mailtrap.faults.rule import Fault
from mailtrap.store.base import Ledger, Record

log = logging.getLogger(__name__)

KIND = "fault"
#: Seconds that the ledger may take before whoever changes a rule goes on without it.
WRITTEN_WITHIN = 10.0
_EVER = (1 << 63) - 1


class _Kept:
    """The records as they are in the ledger; `due` is a rule's place among the others."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._records: dict[int, Record] = {}

    def read(self) -> list[Fault]:
        """The rules of an earlier process. One that makes no sense to this release stays where it is, unused."""
        rules = []
        for record in self._ledger.find(KIND, due_by=_EVER, limit=MOST_RULES):
            try:
                rule = checked(msgspec.json.decode(record.document, type=Fault))
            except (MailtrapError, msgspec.MsgspecError) as error:
                log.warning("rule %d of the database cannot be used: %s", record.id, error)
                continue
            self._records[record.id] = record
            rules.append(msgspec.structs.replace(rule, id=record.id))
        return rules

    def keep(self, rules: Sequence[Fault]) -> None:
        """Write what is new, changed or in another place, remove what is gone."""
        with self._lock:
            records = {
                rule.id: Record(KIND, rule.id, msgspec.json.encode(rule), 0, rule.step.value, rule.name, place)
                for place, rule in enumerate(rules)
            }
            changed = [record for id, record in records.items() if record != self._records.get(id)]
            gone = [id for id in self._records if id not in records]
            self._records = records
            futures: list[Future[Any]] = [self._ledger.put(changed)] if changed else []
            futures += [self._ledger.remove(KIND, ids=gone)] if gone else []
        for future in futures:
            # Whoever is told that a rule is there should find it after a crash.
            try:
                future.result(WRITTEN_WITHIN)
            except TimeoutError:
                log.error("the rules were changed, but are not kept yet: the database is busy")
            except MailtrapError as error:
                log.error("the rules were changed, but not kept: %s", error)


def open_book(
    ledger: Ledger, bus: Bus, clock: Clock, *, addresses: bool = True, fixed: Sequence[Fault] = (), origin: str = ""
) -> Book:
    """The rules of the database, after those of a file (`fixed`, called `origin`)."""
    kept = _Kept(ledger)
    book = Book(clock, kept.read(), kept.keep, addresses, fixed, origin, partial(ledger.new_id, KIND))
    book.on_change(lambda: bus.publish([(Kind.FAULTS, "", "")]))
    return book


def read_file(path: str) -> list[Fault]:
    """The rules of a TOML file. Raises SettingsError, which says in which table and at which key."""
    try:
        return toml.read(Path(path).read_text("utf-8"), path)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}", "give a file that can be read with --faults") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: it is not UTF-8", "save it as UTF-8, as TOML must be") from None
    except Invalid as error:
        raise SettingsError(str(error), error.hint) from None
