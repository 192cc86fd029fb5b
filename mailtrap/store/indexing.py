"""The thread that understands messages after they were kept, and what it gives the writer."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

from msgspec.structs import replace

from mailtrap.errors import MailtrapError, NotFound
from mailtrap.events import Kind
from mailtrap.mail.message import Message, State, Submission, Understanding
from mailtrap.store.arrivals import insert, portions
from mailtrap.store.reading import Readers, content_of
from mailtrap.store.rebuilding import Rebuild, is_due
from mailtrap.store.rows import MESSAGE_COLUMNS, clean, encode, to_message
from mailtrap.store.schema import SEARCH_COLUMNS
from mailtrap.store.transaction import Job, Transaction
from mailtrap.store.understanding import UNDERSTOOD, Assistant, Found, Unread, read
from mailtrap.store.writer import Writer

Written = Callable[[MailtrapError | None], None]

log = logging.getLogger(__name__)

#: Messages and octets of content understood for one transaction …
BATCH_MESSAGES = 256
BATCH_OCTETS = 4 * 1024 * 1024
#: … and messages written before looking whether mail waits for it to end.
SLICE = 64
#: Octets of content passed on in memory; what exceeds them is read from the database again.
HANDOVER = 32 * 1024 * 1024
#: Messages behind from which understanding no longer waits for mail to pause.
PRESSING = 20_000
#: Messages behind from which a second process helps: it takes some tenths of a second to start.
MANY = 2000
#: Batches understood that may wait to be written.
MOST_IN_FLIGHT = 4
#: Seconds between two looks whether mail pauses.
PAUSE = 0.02
#: Seconds before what could not be written is tried again.
RETRY = 0.5


class Indexer:
    """Understands messages in the order of their ids, when mail pauses, when many wait or when somebody waits."""

    def __init__(self, readers: Readers, writer: Writer, learn: Callable[[Sequence[Sequence[str]]], None]) -> None:
        """`learn` is called with the columns of messages before they are written into the index."""
        self._readers = readers
        self._writer = writer
        self._learn = learn
        self._condition = threading.Condition()
        self._handover: deque[tuple[int, Submission]] = deque()
        self._held = 0
        #: Every message up to this id has been understood and that is committed.
        self._through = 0
        #: Every message up to this id has been understood or is on its way to the writer.
        self._reached = 0
        self._newest = 0
        self._waiters = 0
        #: Messages up to this id are understood even while mail comes.
        self._wanted = 0
        self._assistant = Assistant()
        #: What the assistant works on, and the id up to which nothing is left once that is understood.
        self._given: tuple[list[Unread], int] | None = None
        self._rebuild: Rebuild | None = None
        self._in_flight = 0
        self._trouble = False
        self._dozing = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)

    @property
    def through(self) -> int:
        """Every message up to this id has been understood and that is committed."""
        return self._through

    def start(self, through: int, newest: int) -> None:
        """Begin behind the message `through`; `newest` is the newest there is."""
        self._through = self._reached = through
        self._newest = newest
        self._thread.start()

    def kept(self, messages: list[tuple[int, Submission]]) -> None:
        """These were committed; called on the writer's thread."""
        with self._condition:
            for id_, submission in messages:
                if submission.octets is not None and self._held + submission.size <= HANDOVER:
                    self._handover.append((id_, submission))
                    self._held += submission.size
            self._newest = messages[-1][0]
            if not self._dozing:  # to wake it after every commit of a burst would cost more than it does
                self._condition.notify_all()

    def cleared(self) -> None:
        """Everything was deleted."""
        with self._condition:
            self._handover.clear()
            self._held = 0

    def look(self) -> None:
        """There may be something to do besides new messages."""
        with self._condition:
            self._condition.notify_all()

    def hurry(self) -> None:
        """Do not wait until mail pauses before what is committed now is understood."""
        with self._condition:
            self._wanted = self._writer.totals.last_id
            self._condition.notify_all()

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
                if self._is_behind():
                    self._understand_some()
                else:
                    self._rebuild_some()
            except Exception:
                log.exception("indexing failed, will be tried again")
                with self._condition:
                    self._trouble = True
        self._assistant.dismiss()

    def _await_work(self) -> bool:
        """Returns when there is something to understand and it is a good time for it; False at the end."""
        with self._condition:
            self._condition.wait_for(
                lambda: (
                    self._closing
                    or self._trouble
                    or (self._is_behind() and self._in_flight < MOST_IN_FLIGHT)
                    or (not self._is_behind() and self._rebuild_is_due())
                )
            )
            if self._trouble:
                # A batch could not be written: begin again behind the last one that was.
                self._condition.wait_for(lambda: self._closing or not self._in_flight)
                self._condition.wait_for(lambda: self._closing, RETRY)
                self._trouble = False
                self._reached = self._through
                self._given = None
                self._assistant.dismiss()
            self._dozing = True
            while not self._closing and not self._may_work():
                self._condition.wait(PAUSE)
            self._dozing = False
            return not self._closing

    def _is_behind(self) -> bool:
        return self._newest > self._reached or self._given is not None

    def _rebuild_is_due(self) -> bool:
        return self._rebuild is not None or is_due(self._writer.totals)

    def _rebuild_some(self) -> None:
        if self._rebuild is None:
            self._rebuild = Rebuild(self._readers, self._writer, read, UNDERSTOOD)
        try:
            if self._rebuild.step():
                self._rebuild = None
        except Exception:
            # Everything was cleared, perhaps; if not, it will be due again.
            self._rebuild = None
            raise

    def _may_work(self) -> bool:
        if self._waiters > 0 or self._through < self._wanted:
            return True
        return self._writer.is_quiet or self._writer.totals.backlog > PRESSING

    def _understand_some(self) -> None:
        """One batch here and, where many wait, one in the other process, in the order of their ids."""
        backlog = self._writer.totals.backlog
        if self._given is None and backlog > MANY and self._assistant.is_ready():
            self._give()
        unread, reached = self._next()
        given, self._given = self._given, None
        understood = [read(*one) for one in unread]
        if given is not None:
            found = self._assistant.take()
            if found is not None and backlog > MANY:
                self._give()  # before what was found is written: the other process never waits for that
            understood = (found if found is not None else [read(*one) for one in given[0]]) + understood
        self._put(understood, reached)
        if backlog < BATCH_MESSAGES and self._given is None:
            self._assistant.dismiss()

    def _give(self) -> None:
        """Have the other process begin with the next batch; if it cannot, there will be nothing to take from it."""
        if self._newest > self._reached:
            self._given = self._next()
            self._assistant.give(self._given[0])

    def _next(self) -> tuple[list[Unread], int]:
        """The next batch, and the id up to which nothing is left to understand once it is."""
        newest = self._newest
        messages = self._from_memory()
        if not messages:
            # What was passed on in memory comes later, and must not be counted as reached by finding nothing before it.
            with self._condition:
                if self._handover:
                    newest = min(newest, self._handover[0][0] - 1)
            messages = self._from_database(newest)
        with self._condition:
            self._reached = messages[-1][0].id if messages else max(newest, self._reached)
        return messages, self._reached

    def _put(self, understood: list[Found], reached: int) -> None:
        with self._condition:
            self._in_flight += 1
        self._learn([columns for _, columns in understood])
        self._writer.put_index(Understood(understood, self._writer, partial(self._written, reached)))

    def _from_memory(self) -> list[Unread]:
        """The next messages where they were passed on. Ids are given without gaps."""
        messages: list[Unread] = []
        octets = 0
        with self._condition:
            while self._handover and len(messages) < BATCH_MESSAGES and octets < BATCH_OCTETS:
                id_, submission = self._handover[0]
                if id_ > self._reached + len(messages) + 1:
                    break
                self._handover.popleft()
                self._held -= submission.size
                if id_ > self._reached and submission.octets is not None:
                    messages.append((Message.of(id_, submission), submission.octets))
                    octets += submission.size
        return messages

    def _from_database(self, newest: int) -> list[Unread]:
        """The next messages up to `newest` that are not indexed."""
        sql = (
            f"SELECT {MESSAGE_COLUMNS}, content, codec FROM message "  # noqa: S608
            "WHERE id > ? AND id <= ? AND state = ? ORDER BY id LIMIT ?"
        )
        rows = self._readers.fetch(sql, (self._reached, newest, State.RECEIVED.value, BATCH_MESSAGES))
        messages: list[Unread] = []
        octets = 0
        for *row, content, codec in rows:
            message = to_message(tuple(row))
            with suppress(NotFound):
                messages.append((message, content_of(self._readers, content, codec, message.size, UNDERSTOOD)))
                octets += min(message.size, UNDERSTOOD)
            if octets >= BATCH_OCTETS:
                break
        return messages

    def _written(self, reached: int, error: MailtrapError | None) -> None:
        with self._condition:
            self._in_flight -= 1
            if error is not None:
                self._trouble = True
            elif not self._trouble:
                self._through = max(self._through, reached)
            self._condition.notify_all()


class Understood(Job):
    """What was understood of some messages, for `detail`, `search` and their rows.

    FTS5 writes what it has gathered at the end of every statement, so that one big statement costs half as much a
    message as small ones. But mail must not wait for it: while some comes, slices are small, and what has been written
    when more arrives is committed with it; the rest comes later.
    """

    __slots__ = ("_messages", "_writer", "_written")

    def __init__(
        self, messages: Sequence[Found], writer: Writer, written: Callable[[MailtrapError | None], None]
    ) -> None:
        """`written(None)` is called after the last commit, `written(error)` when there will be none."""
        self._messages = messages
        self._writer = writer
        self._written = written

    def apply(self, transaction: Transaction) -> None:
        """Write those that have not been deleted meanwhile."""
        size = BATCH_MESSAGES if self._writer.is_quiet else SLICE
        done = 0
        while done < len(self._messages) and not (done and transaction.pressed()):
            self._write(transaction, self._messages[done : done + size])
            done += size
        transaction.committed.append(partial(self._committed, done))

    def _committed(self, done: int) -> None:
        self._messages = self._messages[done:]
        if self._messages:
            self._writer.put_index_back(self)
        else:
            self._written(None)

    def _write(self, transaction: Transaction, messages: Sequence[Found]) -> None:
        connection = transaction.connection
        inboxes = dict(
            connection.execute(
                "SELECT id, inbox FROM message WHERE id BETWEEN ? AND ? AND state = ?",
                (messages[0][0].id, messages[-1][0].id, State.RECEIVED.value),
            ).fetchall()
        )
        kept = [(found, columns) for found, columns in messages if found.id in inboxes]
        table = f"search(rowid, {', '.join(SEARCH_COLUMNS)})"
        insert(transaction, table, len(SEARCH_COLUMNS) + 1, [(found.id, *columns) for found, columns in kept])
        insert(transaction, "detail", 4, [_detail(found) for found, _ in kept], "OR REPLACE")
        for some in portions([_summary(found) for found, _ in kept]):
            connection.execute(_update(len(some)), [value for row in some for value in row])
        transaction.backlog -= len(kept)
        # The words, the row again, and later what merging the index rewrites.
        transaction.weight += sum([2 * len(columns[6]) for _, columns in kept]) + 4096 * len(kept)
        transaction.happenings += [(Kind.INDEXED, str(found.id), inboxes[found.id]) for found, _ in kept]

    def failed(self, error: MailtrapError) -> None:
        """Tell the indexer, which tries again."""
        self._written(error)


@lru_cache(maxsize=16)
def _update(rows: int) -> str:
    columns = "state = v.column2, snippet = v.column3, attachments = v.column4, defects = v.column5"
    values = ", ".join(["(?, ?, ?, ?, ?)"] * rows)
    return f"UPDATE message SET {columns} FROM (VALUES {values}) v WHERE message.id = v.column1"  # noqa: S608


def _summary(found: Understanding) -> tuple[Any, ...]:
    return (found.id, found.state.value, clean(found.snippet), found.attachments, encode(found.defects))


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
