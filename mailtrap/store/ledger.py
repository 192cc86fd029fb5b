"""Keeps records beside the mail: written by the writer when there is no mail to keep, found along an index."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from typing import Any

from mailtrap.errors import MailtrapError
from mailtrap.events import Kind
from mailtrap.store.arrivals import insert
from mailtrap.store.base import Record
from mailtrap.store.reading import Readers
from mailtrap.store.rows import Row, clean, encode
from mailtrap.store.transaction import Job, Transaction
from mailtrap.store.writer import Writer

#: Records of one job: some milliseconds, for which mail has to wait.
SLICE = 500
#: The kinds whose owner is a message; they go when it goes.
OF_MESSAGES = ("delivery", "hook")

_WIDTH = 7
_COLUMNS = "r.kind, r.id, r.document, r.owner, r.state, r.name, r.due"
_SMALLEST, _BIGGEST = -(1 << 63), (1 << 63) - 1


class SqliteLedger:
    """See `store.base.Ledger` for what each method promises."""

    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer
        self._lock = threading.Lock()
        self._ids: dict[str, Iterator[int]] = {}
        self._pruning = _Pruning(writer)
        kinds = encode(OF_MESSAGES)
        sql = "SELECT 1 FROM record WHERE kind IN (SELECT value FROM json_each(?)) LIMIT 1"
        self._prunes = bool(readers.fetch(sql, (kinds,)))
        if self._prunes:
            self._pruning.sweep()

    def put(self, records: Sequence[Record]) -> Future[None]:
        """Keep these, in place of those with the same kind and id."""
        future: Future[None] = Future()
        self._prunes = self._prunes or any([record.kind in OF_MESSAGES for record in records])
        rows = [_to_row(record) for record in records]
        slices = [rows[start : start + SLICE] for start in range(0, len(rows), SLICE)] or [[]]
        for some in slices[:-1]:
            self._writer.put_record(_Keeping(some, future, is_last=False), len(some))
        self._writer.put_record(_Keeping(slices[-1], future, is_last=True), len(slices[-1]))
        return future

    def remove(
        self, kind: str, *, ids: Sequence[int] | None = None, owners: Sequence[int] | None = None
    ) -> Future[int]:
        """Remove those with these ids or of these owners, all of the kind where neither is given."""
        removal = _Removal(kind, ids, owners, self._writer)
        self._writer.put_record(removal, SLICE)
        return removal.future

    def find(
        self,
        kind: str,
        *,
        ids: Sequence[int] | None = None,
        owners: Sequence[int] | None = None,
        states: Sequence[str] | None = None,
        name: str | None = None,
        due_by: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Record]:
        """The newest that fit everything given, highest id first; `due_by` orders by `due`, earliest first."""
        source, where, parameters = _source(kind, ids, owners)
        for condition, value in (("r.name = ?", name), ("r.due <= ?", due_by), ("r.id < ?", before)):
            if value is not None:
                where += f" AND {condition}"
                parameters.append(clean(value) if isinstance(value, str) else _int64(value))
        if name:
            where += " AND r.name <> ''"  # says that the index of names is enough
        order = "r.id DESC" if due_by is None else "r.due, r.id"
        # One search for each state: each walks its index in order and stops at the limit; IN would sort all of them.
        searches: list[tuple[str, list[Any]]] = [(where, parameters)]
        if states is not None:
            searches = [(f"{where} AND r.state = ?", [*parameters, clean(state)]) for state in dict.fromkeys(states)]
        statements = [
            (f"SELECT {_COLUMNS} FROM {source} WHERE {condition} ORDER BY {order} LIMIT ?", [*values, limit])  # noqa: S608
            for condition, values in searches
        ]
        found = [[Record(*row) for row in rows] for rows in self._readers.fetch_all(statements)]
        key = (lambda r: -r.id) if due_by is None else (lambda r: (r.due, r.id))
        return list(itertools.islice(heapq.merge(*found, key=key), limit))

    def count(self, kind: str, *, states: Sequence[str] | None = None) -> int:
        """How many there are."""
        statements: list[tuple[str, list[Any]]] = [("SELECT count(*) FROM record WHERE kind = ?", [kind])]
        if states is not None:
            sql = "SELECT count(*) FROM record WHERE kind = ? AND state = ?"
            statements = [(sql, [kind, clean(state)]) for state in dict.fromkeys(states)]
        return sum([int(rows[0][0]) for rows in self._readers.fetch_all(statements)])

    def new_id(self, kind: str) -> int:
        """An id never given out before for this kind."""
        with self._lock:
            ids = self._ids.get(kind)
            if ids is None:
                rows = self._readers.fetch("SELECT last_id FROM record_kind WHERE kind = ?", (kind,))
                ids = self._ids[kind] = itertools.count(rows[0][0] + 1 if rows else 1)
            return next(ids)

    def committed(self, transaction: Transaction) -> None:
        """Let the records of messages go that have gone; called on the writer's thread."""
        if self._prunes and (transaction.deleted or transaction.evicted):
            self._pruning.look(transaction)


class _Keeping(Job):
    """A slice of the records of one `put`."""

    __slots__ = ("_future", "_is_last", "_rows")

    def __init__(self, rows: list[Row], future: Future[None], is_last: bool) -> None:
        self._rows = rows
        self._future = future
        self._is_last = is_last

    def apply(self, transaction: Transaction) -> None:
        insert(transaction, "record", _WIDTH, self._rows, "OR REPLACE")
        highest: dict[str, int] = {}
        for kind, id_, _, _, _, _, document in self._rows:
            highest[kind] = max(id_, highest.get(kind, id_))
            transaction.weight += 1024 + len(document)
        transaction.connection.executemany(
            "INSERT INTO record_kind VALUES (?, ?) "
            "ON CONFLICT (kind) DO UPDATE SET last_id = max(last_id, excluded.last_id)",
            list(highest.items()),
        )
        if self._is_last:
            transaction.committed.append(partial(_settle, self._future, None))

    def failed(self, error: MailtrapError) -> None:
        _fail(self._future, error)


class _Removal(Job):
    """Removes records, a slice at a time."""

    __slots__ = ("_condition", "_parameters", "_removed", "_source", "_writer", "future")

    def __init__(self, kind: str, ids: Sequence[int] | None, owners: Sequence[int] | None, writer: Writer) -> None:
        self._source, self._condition, self._parameters = _source(kind, ids, owners)
        self._writer = writer
        self._removed = 0
        self.future: Future[int] = Future()

    def apply(self, transaction: Transaction) -> None:
        sql = (
            f"DELETE FROM record WHERE rowid IN (SELECT r.rowid FROM {self._source} "  # noqa: S608
            f"WHERE {self._condition} LIMIT {SLICE})"
        )
        removed = transaction.connection.execute(sql, self._parameters).rowcount
        transaction.weight += 1024 * removed
        transaction.committed.append(partial(self._advance, removed))

    def failed(self, error: MailtrapError) -> None:
        _fail(self.future, error)

    def _advance(self, removed: int) -> None:
        self._removed += removed
        if removed == SLICE:
            self._writer.put_record_back(self, SLICE)
        else:
            _settle(self.future, self._removed)


class _Pruning(Job):
    """Removes the records of messages that have gone; everything here runs on the writer's thread.

    Deleting many messages does not wait for it: it follows in slices of its own.
    """

    __slots__ = ("_below", "_gone", "_queued", "_sweeping", "_writer")

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._gone: list[int] = []
        self._below = 0
        self._sweeping = False
        self._queued = False

    def sweep(self) -> None:
        """Look for those that a crash has left without their message."""
        self._sweeping = True
        self._queue()

    def look(self, transaction: Transaction) -> None:
        """What has gone in this transaction."""
        for kind, id_, _ in transaction.happenings:
            if kind is Kind.DELETED or kind is Kind.EVICTED:
                self._gone.append(int(id_))
            elif kind is Kind.CLEARED:
                self._below = transaction.last_id
        self._queue()

    def apply(self, transaction: Transaction) -> None:
        gone = self._gone[:SLICE]
        most = 0
        for kind in OF_MESSAGES:
            choices: list[tuple[str, str, list[Any]]] = [_source(kind, None, gone)] if gone else []
            indexed = "record r INDEXED BY record_owner"
            if self._below:
                choices.append((indexed, "r.kind = ? AND r.owner > 0 AND r.owner <= ?", [kind, self._below]))
            if self._sweeping:
                where = "r.kind = ? AND r.owner > 0 AND r.owner NOT IN (SELECT id FROM message)"
                choices.append((indexed, where, [kind]))
            for source, where, parameters in choices:
                some = f"SELECT r.rowid FROM {source} WHERE {where} LIMIT {SLICE}"  # noqa: S608
                sql = f"DELETE FROM record WHERE rowid IN ({some})"  # noqa: S608
                removed = transaction.connection.execute(sql, parameters).rowcount
                most = max(most, removed)
                transaction.weight += 1024 * removed
        transaction.committed.append(partial(self._advance, len(gone), most < SLICE))

    def failed(self, error: MailtrapError) -> None:
        """What is left is swept at the next start."""
        self._queued = False

    def _advance(self, gone: int, all_removed: bool) -> None:
        if all_removed:
            del self._gone[:gone]
            self._below = 0
            self._sweeping = False
        self._queued = False
        if self._gone or self._below or self._sweeping:
            self._queue()

    def _queue(self) -> None:
        if not self._queued:
            self._queued = True
            self._writer.put_record(self, SLICE)


def _source(kind: str, ids: Sequence[int] | None, owners: Sequence[int] | None) -> tuple[str, str, list[Any]]:
    """FROM, WHERE and their parameters. CROSS JOIN: first what was asked for, then the index for each of these."""
    source, where, parameters = "record r", "r.kind = ?", [kind]
    if ids is not None:
        source = "json_each(?) j CROSS JOIN record r ON r.id = j.value"
        parameters = [encode(sorted({_int64(id_) for id_ in ids})), kind]
        if owners is not None:
            where += " AND r.owner IN (SELECT value FROM json_each(?))"
            parameters.append(encode([_int64(owner) for owner in owners]))
    elif owners is not None:
        source = "json_each(?) j CROSS JOIN record r INDEXED BY record_owner ON r.owner = j.value"
        parameters = [encode(sorted({_int64(owner) for owner in owners})), kind]
    return source, where, parameters


def _to_row(record: Record) -> Row:
    return (
        record.kind,
        record.id,
        record.owner,
        clean(record.state),
        clean(record.name),
        record.due,
        record.document,
    )


def _settle(future: Future[Any], result: object) -> None:
    """Resolve, unless whoever asked has cancelled."""
    with suppress(InvalidStateError):
        future.set_result(result)


def _fail(future: Future[Any], error: MailtrapError) -> None:
    with suppress(InvalidStateError):
        future.set_exception(error)


def _int64(number: int) -> int:
    """The nearest integer SQLite can hold."""
    return max(_SMALLEST, min(number, _BIGGEST))
