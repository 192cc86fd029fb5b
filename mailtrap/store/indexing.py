"""The thread that understands messages after they were kept, and what it gives the writer."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from mailtrap.errors import MailtrapError
from mailtrap.events import Kind
from mailtrap.mail.content import understand
from mailtrap.mail.message import Message, State, Submission, Understanding
from mailtrap.mail.words import search_columns
from mailtrap.store.arrivals import insert
from mailtrap.store.reading import Readers, content_of
from mailtrap.store.rows import MESSAGE_COLUMNS, clean, encode, to_message
from mailtrap.store.schema import SEARCH_COLUMNS
from mailtrap.store.writer import Job, Transaction, Writer

log = logging.getLogger(__name__)

#: Messages and octets of content understood for one transaction: a 250 may have to wait for it.
BATCH_MESSAGES = 64
BATCH_OCTETS = 1024 * 1024
#: Octets of content passed on in memory; what exceeds them is read from the database again.
HANDOVER = 32 * 1024 * 1024
#: Of a bigger message only this much is understood.
UNDERSTOOD = 4 * 1024 * 1024
TRUNCATED = "truncated-for-index"
#: Messages behind from which understanding no longer waits for mail to pause.
PRESSING = 2000
#: Seconds between two looks whether mail pauses.
PAUSE = 0.005
#: Seconds before what could not be written is tried again.
RETRY = 0.5


class Indexer:
    """Understands messages in the order of their ids, when mail pauses, when many wait or when somebody waits."""

    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer
        self._condition = threading.Condition()
        self._octets: dict[int, bytes] = {}
        self._held = 0
        #: Every message up to this id has been understood and that is committed.
        self._through = 0
        #: Every message up to this id has been understood or is on its way to the writer.
        self._reached = 0
        self._newest = 0
        self._waiters = 0
        self._in_flight = 0
        self._trouble = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)

    def start(self, through: int, newest: int) -> None:
        """Begin behind the message `through`; `newest` is the newest there is."""
        self._through = self._reached = through
        self._newest = newest
        self._thread.start()

    def kept(self, messages: list[tuple[int, Submission]]) -> None:
        """These were committed; called on the writer's thread."""
        with self._condition:
            for id_, submission in messages:
                octets = submission.octets
                if octets is not None and self._held + len(octets) <= HANDOVER:
                    self._octets[id_] = octets
                    self._held += len(octets)
            self._newest = messages[-1][0]
            self._condition.notify_all()

    def cleared(self) -> None:
        """Everything was deleted."""
        with self._condition:
            self._octets.clear()
            self._held = 0

    def wait(self, timeout: float) -> bool:
        """Until what is committed now is in the index."""
        with self._condition:
            newest = self._writer.totals.last_id
            if self._through >= newest:
                return True
            self._waiters += 1
            self._condition.notify_all()
            try:
                return self._condition.wait_for(lambda: self._through >= newest or self._closing, timeout)
            finally:
                self._waiters -= 1

    def close(self, timeout: float) -> None:
        """Stop; what is not understood yet will be at the next start."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while self._await_work():
            try:
                self._understand_some()
            except Exception:
                log.exception("indexing failed, will be tried again")
                with self._condition:
                    self._trouble = True

    def _await_work(self) -> bool:
        """Returns when there is something to understand and it is a good time for it; False at the end."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._closing or self._trouble or (self._newest > self._reached and self._in_flight < 2)
            )
            if self._trouble:
                # A batch could not be written: begin again behind the last one that was.
                self._condition.wait_for(lambda: self._closing or not self._in_flight)
                self._condition.wait_for(lambda: self._closing, RETRY)
                self._trouble = False
                self._reached = self._through
            while not self._closing and not self._may_work():
                self._condition.wait(PAUSE)
            return not self._closing

    def _may_work(self) -> bool:
        return (
            self._waiters > 0
            or self._writer.is_quiet
            or self._writer.totals.backlog > PRESSING
            or self._held > HANDOVER // 2
        )

    def _understand_some(self) -> None:
        newest = self._newest
        reached = self._reached
        rows = self._next(reached, newest)
        understood = []
        octets = 0
        for row in rows:
            message = to_message(row[:-2])
            understood.append(self._understand(message, row[-2], row[-1]))
            reached = message.id
            octets += message.size
            if octets >= BATCH_OCTETS:
                break
        else:
            if len(rows) < BATCH_MESSAGES:
                reached = newest
        with self._condition:
            for id_ in [id_ for id_ in self._octets if id_ <= reached]:
                self._held -= len(self._octets.pop(id_))
            self._in_flight += 1
            self._reached = reached
        self._writer.put_index(Understood(understood, partial(self._written, reached)))

    def _next(self, reached: int, newest: int) -> list[Any]:
        sql = (
            f"SELECT {MESSAGE_COLUMNS}, content, codec FROM message "  # noqa: S608
            "WHERE id > ? AND id <= ? AND state = ? ORDER BY id LIMIT ?"
        )
        return self._readers.fetch(sql, (reached, newest, State.RECEIVED.value, BATCH_MESSAGES))

    def _understand(self, message: Message, content: int, codec: str) -> tuple[Understanding, tuple[str, ...]]:
        try:
            octets = self._octets.get(message.id)
            if octets is None:
                octets = content_of(self._readers, content, codec, message.size, UNDERSTOOD)
            flags = message.defects if message.size <= UNDERSTOOD else (*message.defects, TRUNCATED)
            understanding = understand(message.id, octets[:UNDERSTOOD], flags)
            return understanding, search_columns(message, understanding)
        except sqlite3.Error:
            raise
        except Exception:
            log.exception("message %s could not be understood", message.id)
            defects = tuple(dict.fromkeys((*message.defects, "unparsed")))
            understanding = Understanding(message.id, State.UNPARSED, defects=defects)
            try:
                return understanding, search_columns(message, understanding)
            except Exception:
                return understanding, ("",) * len(SEARCH_COLUMNS)

    def _written(self, reached: int, error: MailtrapError | None) -> None:
        with self._condition:
            self._in_flight -= 1
            if error is not None:
                self._trouble = True
            elif not self._trouble:
                self._through = max(self._through, reached)
            self._condition.notify_all()


class Understood(Job):
    """What was understood of some messages, for `detail`, `search` and their rows."""

    __slots__ = ("_messages", "_written")

    def __init__(self, messages: Sequence[tuple[Understanding, tuple[str, ...]]], written: Any) -> None:
        """`written(None)` is called after the commit, `written(error)` when there will be none."""
        self._messages = messages
        self._written = written

    def apply(self, transaction: Transaction) -> None:
        """Write those that have not been deleted meanwhile."""
        transaction.committed.append(lambda: self._written(None))
        if not self._messages:
            return
        connection = transaction.connection
        inboxes = dict(
            connection.execute(
                "SELECT id, inbox FROM message WHERE id BETWEEN ? AND ? AND state = ?",
                (self._messages[0][0].id, self._messages[-1][0].id, State.RECEIVED.value),
            ).fetchall()
        )
        kept = [(found, columns) for found, columns in self._messages if found.id in inboxes]
        if not kept:
            return
        insert(
            transaction,
            f"search(rowid, {', '.join(SEARCH_COLUMNS)})",
            len(SEARCH_COLUMNS) + 1,
            [(found.id, *columns) for found, columns in kept],
        )
        insert(transaction, "detail", 4, [_detail(found) for found, _ in kept], "OR REPLACE")
        connection.executemany(
            "UPDATE message SET state = ?, snippet = ?, attachments = ?, defects = ? WHERE id = ?",
            [(f.state.value, clean(f.snippet), f.attachments, encode(f.defects), f.id) for f, _ in kept],
        )
        transaction.backlog -= len(kept)
        transaction.weight += sum([len(columns[6]) for _, columns in kept]) + 8192 * len(kept)
        transaction.happenings += [(Kind.INDEXED, str(found.id), inboxes[found.id]) for found, _ in kept]

    def failed(self, error: MailtrapError) -> None:
        """Tell the indexer, which tries again."""
        self._written(error)


def _detail(found: Understanding) -> tuple[int, str, str, str]:
    try:
        row = (found.id, encode(found.header), encode(found.filenames), encode(found.kinds))
        if "\\u0000" not in row[1] and "\\u0000" not in row[2]:
            return row
    except UnicodeEncodeError:
        pass
    tidy = replace(
        found,
        header=tuple([(clean(name), clean(value)) for name, value in found.header]),
        filenames=tuple(map(clean, found.filenames)),
        kinds=tuple(map(clean, found.kinds)),
    )
    return (found.id, encode(tidy.header), encode(tidy.filenames), encode(tidy.kinds))
