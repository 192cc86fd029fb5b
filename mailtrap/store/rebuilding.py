"""Makes the full-text index anew beside the old one, once too many of its rows belong to deleted messages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress

from mailtrap.errors import MailtrapError, NotFound
from mailtrap.mail.message import Message, State, Understanding
from mailtrap.store.arrivals import insert
from mailtrap.store.reading import Readers, content_of
from mailtrap.store.rows import MESSAGE_COLUMNS, Row, to_message
from mailtrap.store.schema import SEARCH_COLUMNS, begin_search, exchange_search
from mailtrap.store.transaction import Job, Totals, Transaction
from mailtrap.store.writer import Writer

log = logging.getLogger(__name__)

#: Orphans from which it is worth it at all, and the share of all rows they must be.
ORPHANS = 1000
SHARE = 0.2
#: Messages of one step; mail that comes meanwhile waits that long to be indexed.
STEP = 64
#: Seconds a step may wait for the writer.
PATIENCE = 60.0

Found = tuple[Understanding, tuple[str, ...]]


def is_due(totals: Totals) -> bool:
    """Whether enough of the index is dead weight."""
    return totals.orphans > ORPHANS and totals.orphans > SHARE * (totals.messages + totals.orphans)


class Rebuild:
    """Goes through all messages, oldest first; searches use the old index until the new one is complete."""

    def __init__(
        self, readers: Readers, writer: Writer, understand: Callable[[Message, bytes], Found], understood: int
    ) -> None:
        """`understood` octets of a message at most are read."""
        self._readers = readers
        self._writer = writer
        self._understand = understand
        self._understood = understood
        self._begun = False
        self._cursor = 0

    def step(self) -> bool:
        """Do some; True once the new index is in use. Raises MailtrapError where it must be given up."""
        if not self._begun:
            self._run(lambda transaction: begin_search(transaction.connection))
            self._begun = True
        sql = (
            f"SELECT {MESSAGE_COLUMNS}, content, codec FROM message "  # noqa: S608
            "WHERE id > ? AND state <> ? ORDER BY id LIMIT ?"
        )
        rows = self._readers.fetch(sql, (self._cursor, State.RECEIVED.value, STEP))
        if not rows:
            return self._run(self._finish)
        found: list[Found] = []
        for *row, content, codec in rows:
            message = to_message(tuple(row))
            with suppress(NotFound):
                octets = content_of(self._readers, content, codec, message.size, self._understood)
                found.append(self._understand(message, octets))
        self._run(lambda transaction: self._copy(transaction, found))
        self._cursor = rows[-1][0]
        return False

    def _copy(self, transaction: Transaction, found: Sequence[Found]) -> bool:
        if found:
            sql = "SELECT id FROM message WHERE id BETWEEN ? AND ?"
            bounds = (found[0][0].id, found[-1][0].id)
            alive = {id_ for (id_,) in transaction.connection.execute(sql, bounds).fetchall()}
            rows: list[Row] = [(one.id, *columns) for one, columns in found if one.id in alive]
            insert(transaction, f"search_next(rowid, {', '.join(SEARCH_COLUMNS)})", len(SEARCH_COLUMNS) + 1, rows)
            transaction.weight += sum([2 * len(row[7]) for row in rows]) + 4096
        return False

    def _finish(self, transaction: Transaction) -> bool:
        connection = transaction.connection
        sql = "SELECT 1 FROM message WHERE id > ? AND state <> ? LIMIT 1"
        if connection.execute(sql, (self._cursor, State.RECEIVED.value)).fetchone():
            return False
        before = _orphans(transaction)
        exchange_search(connection)
        transaction.orphans += _orphans(transaction) - before
        return True

    def _run(self, work: Callable[[Transaction], bool | None]) -> bool:
        step = _Step(work)
        self._writer.put_index(step)
        return step.future.result(PATIENCE)


class _Step(Job):
    """Part of a rebuild, on the writer's thread."""

    __slots__ = ("_work", "future")

    def __init__(self, work: Callable[[Transaction], bool | None]) -> None:
        self._work = work
        self.future: Future[bool] = Future()

    def apply(self, transaction: Transaction) -> None:
        result = bool(self._work(transaction))
        transaction.committed.append(lambda: self.future.set_result(result))

    def failed(self, error: MailtrapError) -> None:
        self.future.set_exception(error)


def _orphans(transaction: Transaction) -> int:
    count: int = transaction.connection.execute("SELECT count(*) FROM orphan").fetchone()[0]
    return count
