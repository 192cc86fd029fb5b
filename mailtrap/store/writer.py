"""The one thread that writes: it drains queues into transactions and tells after each commit what happened."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from mailtrap.errors import MailtrapError, StorageFull, Unavailable
from mailtrap.events import Bus
from mailtrap.store.transaction import Change, Entry, Job, Totals, Transaction

log = logging.getLogger(__name__)

#: Most messages and octets of content in one transaction: bounds how long the first of them waits for the last.
BATCH_MESSAGES = 256
BATCH_OCTETS = 4 * 1024 * 1024
#: Octets of big messages in one transaction, so that a small message never waits long behind them.
BATCH_CHUNKS = 512 * 1024
#: Records in one transaction, for the same reason.
BATCH_RECORDS = 500
#: Seconds after which work that makes way for arriving mail goes along with it.
PATIENCE = 0.05
#: Seconds without mail after which it is taken to pause.
QUIET = 0.01
#: More than so many messages with less than so many seconds between two commits are a burst: what can wait then waits
#: for its end, because whoever computes beside the mail loop takes the interpreter from it.
BURSTS = 50
BURST = 0.1
#: Where a transaction held so many messages, as many are likely to come together again: waiting so many seconds for
#: those that are still on their way costs each of them less than a transaction of its own would.
SIBLINGS = 3
GATHERING = 0.0005
#: Messages that may be kept before the totals are written: whoever reads them counts those since then.
UNCOUNTED = 100


#: Makes one job of messages that go into the same transaction.
Gather = Callable[[list[Entry]], Job]
#: What waits in a queue: a job, some of them with their weight.
Waiting = TypeVar("Waiting")


class Writer:
    """Order of importance: messages in memory, one slice of one change, pieces of big messages, what is in no hurry.

    All `put_` methods are safe on any thread and only append to a queue.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: str,
        bus: Bus,
        totals: Totals,
        gather: Gather,
        idle: Callable[[], float | None],
        after_commit: Callable[[Transaction], None],
    ) -> None:
        """`idle` is called when there is nothing to write; it returns after how many seconds to call it again."""
        self.connection = connection
        self.totals = totals
        self._path = path
        self._bus = bus
        self._gather = gather
        self._idle = idle
        self._after_commit = after_commit
        self._queue: deque[Entry | Change] = deque()
        self._changes: deque[Change] = deque()
        self._pieces: deque[tuple[int, Job]] = deque()
        self._sessions: deque[Job] = deque()
        self._records: deque[tuple[int, Job]] = deque()
        self._index: deque[Job] = deque()
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._sleeping = False
        self._pieces_turn = False
        self._closing = False
        self._lazy_since = 0.0
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        #: Why the last transaction failed, until one succeeds.
        self.trouble: MailtrapError | None = None
        #: When mail was last committed, `time.monotonic`.
        self.last_arrival = 0.0
        self._burst = 0
        self._together = 0
        self._uncounted = 0

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put_message(self, entry: Entry) -> None:
        """Keep a message that is in memory."""
        if self._closing:
            entry[1](Unavailable("The store is closed"))
            return
        self._queue.append(entry)
        if self._sleeping:
            self._sleeping = False
            self._wake.put(None)

    def put_change(self, change: Change) -> None:
        """Carry out `change`, in slices, on what was captured before this call."""
        if self._closing:
            change.failed(Unavailable("The store is closed"))
            return
        self._queue.append(change)
        self._rouse()

    def put_piece(self, job: Job, weight: int) -> None:
        """Write a piece of a big message (or the message itself): in the order given, `weight` octets."""
        if self._closing:
            job.failed(Unavailable("The store is closed"))
            return
        self._pieces.append((weight, job))
        self._rouse()

    def put_session(self, job: Job) -> None:
        """Write something small that is in no hurry."""
        self._put_lazily(self._sessions, job, job)

    def put_record(self, job: Job, weight: int) -> None:
        """Write (or remove) `weight` records, in the order given and in no hurry."""
        self._put_lazily(self._records, job, (weight, job))

    def put_record_back(self, job: Job, weight: int) -> None:
        """Go on with this before any other record; only on the writer's thread."""
        self._records.appendleft((weight, job))

    def put_index(self, job: Job) -> None:
        """Write what was understood, when there is no mail or it has waited long enough."""
        self._put_lazily(self._index, job, job)

    @property
    def is_quiet(self) -> bool:
        """Whether no mail has come for some milliseconds, and longer than that where it comes thick and fast."""
        if self._queue:
            return False
        since = time.monotonic() - self.last_arrival
        return since > (BURST if self._burst > BURSTS else QUIET)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def log_size(self) -> int:
        """Octets of the file that the write-ahead log is in."""
        try:
            return os.path.getsize(f"{self._path}-wal")
        except OSError:
            return 0

    def probe(self, timeout: float = 1.0) -> MailtrapError | None:
        """Why nothing can be written now; after a failure this tries again instead of repeating old news."""
        if self.trouble is None:
            return None
        tried = threading.Event()
        self.put_session(_Probe(tried))
        tried.wait(timeout)
        return self.trouble

    def close(self, timeout: float) -> bool:
        """Write what is queued, then end the thread; the connection is the caller's to close."""
        self._closing = True
        self._wake.put(None)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        self._refuse_rest()
        return True

    def _refuse_rest(self) -> None:
        """What slipped in while the thread ended."""
        closed = Unavailable("The store is closed")
        while self._queue:
            entry = self._queue.popleft()
            entry.failed(closed) if isinstance(entry, Change) else entry[1](closed)
        weighed = [job for _, job in (*self._pieces, *self._records)]
        for job in [*self._changes, *weighed, *self._sessions, *self._index]:
            job.failed(closed)

    def put_index_back(self, job: Job) -> None:
        """Go on with this before any other; only on the writer's thread."""
        self._index.appendleft(job)

    def _is_pressed(self) -> bool:
        return bool(self._queue)

    def _put_lazily(self, queue: deque[Waiting], job: Job, waiting: Waiting) -> None:
        if self._closing:
            job.failed(Unavailable("The store is closed"))
            return
        if not queue:
            self._lazy_since = time.monotonic()
        queue.append(waiting)
        self._rouse()

    def _rouse(self) -> None:
        if self._sleeping:
            self._sleeping = False
            self._wake.put(None)

    def _run(self) -> None:
        while True:
            jobs = self._collect()
            if jobs:
                self._write(jobs)
            elif self._closing:
                return
            else:
                self._rest()

    def _rest(self) -> None:
        # The flag goes up before the last look at the queues: whoever appends after that look sees it and wakes us.
        self._sleeping = True
        if self._queue or self._changes or self._pieces or self._closing or self._lazy_is_due():
            self._sleeping = False
            return
        try:
            pause = self._idle()
        except Exception:
            log.exception("upkeep of the database failed")
            pause = 1.0
        if self._sessions or self._records or self._index:
            pause = min(PATIENCE, pause or PATIENCE)
        if self._sleeping:
            with suppress(Empty):
                self._wake.get(timeout=pause)
        self._sleeping = False

    def _collect(self) -> list[Job]:
        """What goes into the next transaction."""
        arrivals = self._arrivals()
        # A change comes before the mail: what arrived with it is none of its business.
        jobs: list[Job] = [self._changes[0]] if self._changes else []
        if arrivals:
            jobs.append(self._gather(arrivals))
        # Taking turns: a message does not wait for a piece that came with it, nor pieces for ever for messages.
        self._pieces_turn = not (arrivals and self._pieces_turn)
        weight = 0
        while self._pieces and self._pieces_turn and weight < BATCH_CHUNKS:
            octets, job = self._pieces.popleft()
            weight += octets
            jobs.append(job)
        if self._lazy_is_due() and (not arrivals or self._has_waited()):
            for _ in range(min(len(self._sessions), 100)):
                jobs.append(self._sessions.popleft())
            weight = 0
            while self._records and weight < BATCH_RECORDS:
                records, job = self._records.popleft()
                weight += records
                jobs.append(job)
            if self._index:
                jobs.append(self._index.popleft())
            self._lazy_since = time.monotonic()
        return jobs

    def _lazy_is_due(self) -> bool:
        """Whether sessions, records and index should be written: in a burst of mail not before they have waited."""
        if not (self._sessions or self._records or self._index):
            return False
        burst = self._burst > BURSTS and time.monotonic() - self.last_arrival < BURST
        return not burst or self._has_waited()

    def _has_waited(self) -> bool:
        return self._closing or time.monotonic() - self._lazy_since > PATIENCE

    def _arrivals(self) -> list[Entry]:
        queue = self._queue
        if self._together >= SIBLINGS and 0 < len(queue) < self._together and not self._closing:
            time.sleep(GATHERING)
        arrivals: list[Entry] = []
        octets = 0
        while queue and len(arrivals) < BATCH_MESSAGES and octets < BATCH_OCTETS:
            entry = queue[0]
            if isinstance(entry, Change):
                if arrivals:
                    # First commit what was captured before it, so that it knows how far it reaches.
                    break
                entry.bound = self.totals.last_id
                self._changes.append(entry)
            else:
                arrivals.append(entry)
                octets += entry[0].size
            queue.popleft()
        return arrivals

    def _write(self, jobs: list[Job]) -> None:
        try:
            for job in jobs:
                job.prepare()
            self._attempt(jobs)
        except Exception as error:
            self._retry(jobs, error)
        if self._changes and self._changes[0].finished:
            self._changes.popleft()

    def _retry(self, jobs: list[Job], error: Exception) -> None:
        """Try each part by itself: one that cannot be written must not undo its neighbours."""
        parts = [part for job in jobs for part in job.parts()]
        reason = self._reason(error)
        alone = len(parts) == 1
        for part in parts:
            # Locked by somebody else: every further try would wait as long again.
            if not alone and not _is_busy(error):
                try:
                    part.prepare()
                    self._attempt([part])
                    continue
                except Exception as its_own:
                    error = its_own
                    reason = self._reason(its_own)
            self.trouble = reason
            if isinstance(part, Change):
                part.finished = True
            _guarded(partial(part.failed, reason))

    def _attempt(self, jobs: Sequence[Job]) -> None:
        connection = self.connection
        transaction = Transaction(connection, self.totals.last_id, pressed=self._is_pressed)
        [job, *others] = jobs
        if not others and job.is_one_statement and self._uncounted < UNCOUNTED:
            # A transaction of its own: each call of SQLite's gives the interpreter away and waits to have it back. And
            # a page less to write before each 250.
            job.apply(transaction)
            self._uncounted += transaction.captured
            self._announce(transaction)
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                job.apply(transaction)
            self._tally(transaction)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._uncounted = 0
        self._announce(transaction)

    def _announce(self, transaction: Transaction) -> None:
        """It is committed: nothing that fails from here on may make it look as if it were not."""
        self.totals.adopt(transaction)
        self.trouble = None
        if transaction.captured:
            now = time.monotonic()
            self._burst = transaction.captured + (self._burst if now - self.last_arrival < BURST else 0)
            self.last_arrival = now
            self._together = transaction.captured
        for callback in transaction.committed:
            _guarded(callback)
        if transaction.captured:
            time.sleep(0)  # let go of the interpreter: first the replies go out, then the news
        if transaction.happenings:
            _guarded(lambda: self._bus.publish(transaction.happenings))
        _guarded(lambda: self._after_commit(transaction))

    def _tally(self, transaction: Transaction) -> None:
        """Write the totals as they are with this transaction; the view `totals` adds what is captured after it."""
        kept = self.totals
        changes = (transaction.messages, transaction.unseen, transaction.octets, transaction.sessions)
        if self._uncounted or any(changes) or transaction.last_id != kept.last_id:
            transaction.connection.execute(
                "UPDATE tally SET messages = ?, unseen = ?, octets = ?, session = ?, last_id = ? WHERE id = 1",
                (
                    kept.messages + transaction.messages,
                    kept.unseen + transaction.unseen,
                    kept.octets + transaction.octets,
                    max(kept.session, transaction.session),
                    transaction.last_id,
                ),
            )

    def _reason(self, error: Exception) -> MailtrapError:
        """What to tell whoever asked; details go to the log only."""
        if isinstance(error, MailtrapError):
            return error
        if _is_full(error) or (isinstance(error, sqlite3.OperationalError) and _no_room(self._path)):
            log.error("not written: no room left on disk")
            return StorageFull("No room left on disk", "free some space or delete messages")
        if _is_busy(error):
            log.error("not written: %s", error)
            return Unavailable("The database is locked by another process", "close whatever else has it open")
        log.error("not written", exc_info=error)
        return Unavailable("The database could not be written", "see the log")


class _Probe(Job):
    """Writes something that changes nothing."""

    __slots__ = ("_tried",)

    def __init__(self, tried: threading.Event) -> None:
        self._tried = tried

    def apply(self, transaction: Transaction) -> None:
        transaction.connection.execute("UPDATE tally SET id = id")
        transaction.committed.append(self._tried.set)

    def failed(self, error: MailtrapError) -> None:
        self._tried.set()


def _guarded(call: Callable[[], None]) -> None:
    """The writer outlives whatever those it tells do."""
    try:
        call()
    except Exception:
        log.exception("somebody failed to hear of a write")


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.Error) and _code(error) == sqlite3.SQLITE_FULL


def _no_room(path: str) -> bool:
    """I/O errors of SQLite's own files do not say why."""
    try:
        return os.statvfs(path).f_bavail == 0
    except (OSError, AttributeError):
        return False
