"""The Store on SQLite: asks readers, hands changes to the writer."""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from mailtrap.clock import Clock
from mailtrap.errors import NotFound
from mailtrap.events import Bus
from mailtrap.mail.message import Message, Submission
from mailtrap.mail.transcript import Transcript
from mailtrap.query import Query
from mailtrap.settings import Settings
from mailtrap.store.arrivals import Arrivals, Dialogue
from mailtrap.store.base import Counters, Done, Ledger, Page, Selection, Session, Spool
from mailtrap.store.changes import Deletion, Marking
from mailtrap.store.checkpointing import Checkpointer
from mailtrap.store.folder import Folders
from mailtrap.store.folders import SqliteFolders
from mailtrap.store.following import Following
from mailtrap.store.indexing import Indexer
from mailtrap.store.ledger import SqliteLedger
from mailtrap.store.opening import connect, synchronous, take
from mailtrap.store.piles import Piles
from mailtrap.store.reading import Readers, contents_of, stream
from mailtrap.store.rows import MESSAGE_COLUMNS, SESSION_COLUMNS, to_message, to_session
from mailtrap.store.schema import drop_search_next
from mailtrap.store.selecting import Choice, choose
from mailtrap.store.spool import Spools
from mailtrap.store.transaction import Entry, Totals, Transaction
from mailtrap.store.upkeep import Upkeep
from mailtrap.store.vocabulary import Vocabulary
from mailtrap.store.writer import Writer

#: Ids read at once by `ids`.
STRIDE = 1000
#: Totals of queries remembered until something changes.
REMEMBERED = 64
#: Seconds `close` gives the writer for what is queued.
CLOSING = 60.0

_COLUMNS = ", ".join([f"m.{column.strip()}" for column in MESSAGE_COLUMNS.split(",")])


class SqliteStore:
    """See `store.base.Store` for what each method promises."""

    def __init__(self, settings: Settings, bus: Bus, clock: Clock) -> None:
        self._place = take(settings)
        self._closed = False
        try:
            self._path = str(self._place.path)
            self._connection = connect(self._place.path, synchronous(settings))
            totals, contents, indexed = _begin(self._connection)
        except BaseException:
            self._place.release()
            raise
        self._totals = totals
        self._contents = itertools.count(contents)
        self._session_ids = itertools.count(totals.session + 1)
        self._spools = Spools(self._contents)
        self._following = Following()
        self._readers = Readers(self._path)
        self._checkpointer = Checkpointer(self._path, synchronous(settings))
        self._upkeep = Upkeep(self._connection, self._checkpointer, settings, clock)
        self._writer = Writer(
            self._connection, self._path, bus, totals, self._gather, self._upkeep.idle, self._after_commit
        )
        self._vocabulary = Vocabulary(self._path)
        self._indexer = Indexer(self._readers, self._writer, self._vocabulary.learn)
        self._ledger = SqliteLedger(self._readers, self._writer)
        self._folders = SqliteFolders(
            self._readers, self._writer, self._indexer, self._vocabulary, self._following, clock
        )
        self._piles = Piles(self._writer)
        totals.first = self._piles.adopt
        self._upkeep.attach(self._writer)
        self._remembered: OrderedDict[tuple[Any, ...], tuple[int, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._writer.start()
        self._indexer.start(indexed, totals.last_id)
        self._clock = clock
        clock.on_advance(self._upkeep.advanced)

    def add(self, submission: Submission, done: Done) -> None:
        """Keep a message."""
        if submission.octets is not None:
            self._writer.put_message((submission, done))
        else:
            self._writer.put_piece(self._gather([(submission, done)]), 4096)

    def spool(self) -> Spool:
        """Start to take in a message that is too big to hold."""
        return self._spools.open(self._writer)

    def new_session(self) -> int:
        """A session id never given out before."""
        return next(self._session_ids)

    def record(self, transcript: Transcript) -> None:
        """Keep the dialogue of a session that has ended."""
        self._writer.put_session(Dialogue(transcript))

    @property
    def ledger(self) -> Ledger:
        """What is kept beside messages and sessions."""
        return self._ledger

    @property
    def folders(self) -> Folders:
        """What those who read mail by IMAP have put where."""
        return self._folders

    def delete(self, selection: Selection) -> Future[list[int]]:
        """Delete what is selected."""
        change = Deletion(selection, self._cleared)
        self._writer.put_change(change)
        return change.future

    def mark(
        self,
        selection: Selection,
        *,
        seen: bool | None = None,
        tags: Sequence[str] | None = None,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
    ) -> Future[list[int]]:
        """Change what people noted about messages."""
        change = Marking(selection, seen, tags, add_tags, remove_tags)
        self._writer.put_change(change)
        return change.future

    def page(
        self,
        query: Query,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        offset: int = 0,
        count: bool = True,
    ) -> Page:
        """The newest `limit` messages that match."""
        choice = choose(query)
        offset = _int64(offset)
        where, parameters = choice.where, list(choice.parameters)
        for operator, bound in (("<", before), (">", after)):
            if bound is not None:
                where += f" AND {choice.id} {operator} ?"
                parameters.append(_int64(bound))
        if choice.is_narrow and (offset or not choice.is_everything):
            # Filtering and skipping in the narrow index, not along the rows.
            ids = f"SELECT m.id FROM message m INDEXED BY message_order WHERE {where} ORDER BY m.id DESC"  # noqa: S608
            where = f"m.id IN ({ids} LIMIT ? OFFSET ?)"
            parameters += [limit + 1, offset]
            offset = 0
        sql = (
            f"SELECT {_COLUMNS} FROM {choice.source} WHERE {where} "  # noqa: S608
            f"ORDER BY {choice.id} DESC LIMIT ? OFFSET ?"
        )
        wanted = (*parameters, limit + 1, offset)
        if count and choice.is_everything:
            # Of one state: who follows the news would count a message twice that was in the total and not in the rows.
            rows, [(total,)] = self._readers.fetch_all([(sql, wanted), ("SELECT messages FROM totals", ())])
        else:
            rows, total = self._readers.fetch(sql, wanted), self._total(choice) if count else 0
        messages = [to_message(row) for row in rows[:limit]]
        more = len(rows) > limit and limit > 0
        return Page(messages, total, messages[-1].id if more else None)

    def get(self, id: int) -> Message | None:
        """One message, without its octets."""
        rows = self._readers.fetch(f"SELECT {MESSAGE_COLUMNS} FROM message WHERE id = ?", (_int64(id),))  # noqa: S608
        return to_message(rows[0]) if rows else None

    def octets(self, id: int, start: int = 0) -> Iterator[bytes]:
        """The exact octets of a message, from `start` on."""
        rows = self._readers.fetch("SELECT content, codec, size FROM message WHERE id = ?", (_int64(id),))
        if not rows:
            raise NotFound(f"There is no message {id}")
        content, codec, size = rows[0]
        return stream(self._readers, content, codec, size, start)

    def contents(self, ids: Sequence[int], most: int) -> dict[int, bytes | int]:
        """The exact octets of many messages, but for those that are larger than `most`."""
        return contents_of(self._readers, [id_ for id_ in ids if abs(id_) < 1 << 63], most)

    def ids(self, query: Query, *, newest_first: bool = True) -> Iterator[int]:
        """Every matching id."""
        choice = choose(query)
        order, operator = ("DESC", "<") if newest_first else ("ASC", ">")
        source = f"{choice.source} INDEXED BY message_order" if choice.is_narrow else choice.source
        sql = (
            f"SELECT {choice.id} FROM {source} WHERE {choice.where} AND {choice.id} {operator} ? "  # noqa: S608
            f"ORDER BY {choice.id} {order} LIMIT {STRIDE}"
        )
        cursor = 1 << 62 if newest_first else 0
        while rows := self._readers.fetch(sql, (*choice.parameters, cursor)):
            for (id_,) in rows:
                yield id_
            cursor = rows[-1][0]

    def sizes(self, query: Query) -> list[tuple[int, int]]:
        """Every matching id with the size of that message."""
        choice = choose(query)
        sql = f"SELECT m.id, m.size FROM {choice.source} WHERE {choice.where} ORDER BY {choice.id}"  # noqa: S608
        return self._readers.fetch(sql, choice.parameters)

    def sessions(self, *, limit: int, before: int | None = None, outcome: str | None = None) -> list[Session]:
        """The newest recorded sessions."""
        sql = (
            f"SELECT {SESSION_COLUMNS} FROM session WHERE id < ? AND (? IS NULL OR outcome = ?) "  # noqa: S608
            "ORDER BY id DESC LIMIT ?"
        )
        cursor = 1 << 62 if before is None else _int64(before)
        return [to_session(row) for row in self._readers.fetch(sql, (cursor, outcome, outcome, limit))]

    def session(self, id: int) -> Session | None:
        """One recorded session with its lines."""
        sql = f"SELECT {SESSION_COLUMNS}, lines FROM session WHERE id = ?"  # noqa: S608
        rows = self._readers.fetch(sql, (_int64(id),))
        return to_session(rows[0][:-1], rows[0][-1]) if rows else None

    def tags(self) -> dict[str, int]:
        """Every tag in use and how many messages carry it."""
        return dict(
            self._readers.fetch(
                "SELECT j.value, count(*) FROM message m, json_each(m.tags) j WHERE m.tags <> '[]' "
                "GROUP BY j.value ORDER BY j.value"
            )
        )

    def inboxes(self) -> dict[str, tuple[int, int]]:
        """Every inbox that has messages: how many, and how many of them nobody has looked at."""
        return self._piles.counts()

    def catch_up(self, timeout: float = 10.0) -> bool:
        """Wait until everything committed before this call is in the search index."""
        return self._indexer.wait(timeout)

    @property
    def indexed(self) -> int:
        """Every message up to this id is in the search index."""
        return self._indexer.through

    def hurry(self) -> None:
        """Have what is committed now indexed soon."""
        self._indexer.hurry()

    def counters(self) -> Counters:
        """Totals."""
        totals = self._totals
        size = 0
        for suffix in ("", "-wal"):
            with suppress(OSError):
                size += os.stat(self._path + suffix).st_size
        return Counters(
            totals.messages,
            totals.unseen,
            totals.octets,
            totals.captured,
            totals.deleted,
            totals.evicted,
            totals.backlog,
            size,
            {"search_orphans": totals.orphans, "sessions_evicted": self._upkeep.evicted_sessions},
        )

    def healthy(self) -> str:
        """Empty when a message sent now would be kept."""
        if self._closed:
            return "The store is closed"
        if not self._writer.is_alive:
            return "The writer has stopped"
        trouble = self._writer.probe()
        return str(trouble) if trouble else ""

    def close(self) -> None:
        """Finish what was asked for, then close."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._clock.forget(self._upkeep.advanced)
        deadline = time.monotonic() + CLOSING
        self._indexer.close(CLOSING)
        if self._writer.close(max(1.0, deadline - time.monotonic())):
            self._readers.close()
            self._checkpointer.close()
            _end(self._connection)
            self._place.release()

    def _gather(self, entries: list[Entry]) -> Arrivals:
        return Arrivals(entries, self._contents, self._spools, self._following, self._indexer.kept)

    def _after_commit(self, transaction: Transaction) -> None:
        self._upkeep.after_commit(transaction)
        self._ledger.committed(transaction)
        self._folders.committed(transaction)
        if transaction.orphans:
            self._indexer.look()

    def _cleared(self) -> None:
        self._indexer.cleared()
        self._vocabulary.clear()
        self._upkeep.cleared()

    def _total(self, choice: Choice) -> int:
        key = (choice.where, *choice.parameters)
        generation = self._totals.generation
        with self._lock:
            remembered = self._remembered.get(key)
        if remembered and remembered[0] == generation:
            return remembered[1]
        if choice.match is not None and not choice.rest:
            # No need to visit the rows: what is in the index and not an orphan is there.
            orphans = " AND rowid NOT IN (SELECT id FROM orphan)" if self._totals.orphans else ""
            sql, parameters = f"SELECT count(*) FROM search WHERE search MATCH ?{orphans}", (choice.match,)  # noqa: S608
        else:
            source = f"{choice.source} INDEXED BY message_order" if choice.is_narrow else choice.source
            sql = f"SELECT count(*) FROM {source} WHERE {choice.where}"  # noqa: S608
            parameters = choice.parameters
        total: int = self._readers.fetch(sql, parameters)[0][0]
        with self._lock:
            self._remembered[key] = (generation, total)
            self._remembered.move_to_end(key)
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return total


def _begin(connection: sqlite3.Connection) -> tuple[Totals, int, int]:
    """What there is: totals, the first unused content, the id up to which everything is indexed."""

    def value(sql: str) -> int:
        row = connection.execute(sql).fetchone()
        return int(row[0] or 0) if row else 0

    if connection.execute("SELECT 1 FROM spool LIMIT 1").fetchone():
        _remove_abandoned_contents(connection)
    drop_search_next(connection)
    messages, unseen, octets, session, last_id = connection.execute(
        "SELECT messages, unseen, octets, session, last_id FROM totals"
    ).fetchone()
    indexed = value("SELECT max(id) FROM detail")
    backlog = value(f"SELECT count(*) FROM message WHERE id > {indexed} AND state = 'received'")  # noqa: S608
    totals = Totals(messages, unseen, octets, backlog=backlog)
    totals.orphans = value("SELECT count(*) FROM orphan")
    totals.session = max(session, value("SELECT max(id) FROM session"))
    totals.last_id = last_id
    return totals, (value("SELECT max(id) FROM chunk") >> 16) + 1, indexed


def _remove_abandoned_contents(connection: sqlite3.Connection) -> None:
    """Big messages that were being taken in when the process was killed."""
    connection.execute("BEGIN IMMEDIATE")
    for (content,) in connection.execute("SELECT content FROM spool").fetchall():
        connection.execute("DELETE FROM chunk WHERE id BETWEEN ? AND ?", (content << 16, content << 16 | 0xFFFF))
    connection.execute("DELETE FROM spool")
    connection.execute("COMMIT")


def _end(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _int64(number: int) -> int:
    """The nearest integer SQLite can hold."""
    return max(-(1 << 63), min(number, (1 << 63) - 1))
