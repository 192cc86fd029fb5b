"""What the writer does between messages: checkpoints, giving pages back, retention."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time

from mailtrap.clock import Clock
from mailtrap.settings import Settings
from mailtrap.store.changes import SLICE, Eviction, Parameters
from mailtrap.store.checkpointing import Checkpointer
from mailtrap.store.opening import BUSY_TIMEOUT, PAGE_SIZE
from mailtrap.store.retention import excess, horizon
from mailtrap.store.transaction import Transaction
from mailtrap.store.writer import Writer

log = logging.getLogger(__name__)

#: Octets in the log from which it is copied into the database when there is nothing else to do …
CHECKPOINT_IDLE = 4 * 1024 * 1024
#: … and from which it is done even so, beside the writer: mail would wait for it for as long as the disk takes.
CHECKPOINT_BUSY = 12 * 1024 * 1024
#: Seconds between looks whether a checkpoint has come to its end, when there is nothing to write.
CHECKPOINT_POLL = 0.01
#: Octets of the log file that are kept when there is nothing to do: writing over them costs half of what adding does.
LOG_KEPT = 16 * 1024 * 1024
#: Seconds without mail after which all of the log is copied, and what exceeds `LOG_KEPT` given back.
TIDY_AFTER = 2.0
#: Seconds between looks at the age of messages.
AGE_INTERVAL = 2.0
#: Seconds in which what is too old goes when the clock was advanced.
ADVANCED_WITHIN = 30.0
#: Sessions recorded between looks at their number.
SESSIONS_INTERVAL = 256
TOO_OLD = f"WHERE m.received_at < ? ORDER BY m.id LIMIT {SLICE}"
#: Free pages from which some are given back, and how many at a time.
FREE_PAGES = 256
FREE_SLICE = 512


class Upkeep:
    """Everything here runs on the writer's thread, `advanced` excepted."""

    def __init__(
        self, connection: sqlite3.Connection, checkpointer: Checkpointer, settings: Settings, clock: Clock
    ) -> None:
        self._connection = connection
        self._checkpointer = checkpointer
        self._settings = settings
        self._clock = clock
        self._logged = 0
        self._changes = 0
        self._tidy = False
        self._evicting = False
        self._aged = 0.0
        self._sessions = 0
        self._cleared = False
        self._checked_free = False
        self.evicted_sessions = 0

    def attach(self, writer: Writer) -> None:
        """The writer that all this is done for."""
        self._writer = writer
        self._limit_messages()

    def cleared(self) -> None:
        """Everything was deleted: the file shrinks when there is nothing better to do."""
        self._cleared = True

    def after_commit(self, transaction: Transaction) -> None:
        """Keep an eye on the log and on the number of messages."""
        self._logged += transaction.weight + 16_384
        changes, self._changes = self._changes, self._connection.total_changes
        self._tidy = False
        if transaction.deleted or transaction.evicted:
            self._checked_free = False
        if self._checkpointer.poll():
            self._checkpoint("PASSIVE")  # what was committed meanwhile: little, and then the log begins anew
        elif self._logged > CHECKPOINT_BUSY and self._changes > changes and not self._checkpointer.is_running:
            self._checkpointer.begin()  # only now, as something has been committed: see there
        if transaction.captured:
            self._limit_messages()
        self._sessions += transaction.sessions
        if self._settings.max_sessions and self._sessions >= SESSIONS_INTERVAL:
            self._limit_sessions()

    def idle(self) -> float | None:
        """Do one piece of work that is due; returns seconds until there may be more, None for not before a write."""
        if self._checkpointer.is_running:
            if not self._checkpointer.poll():
                return CHECKPOINT_POLL
            self._checkpoint("PASSIVE")
        if self._cleared:
            self._cleared = False
            self._connection.execute("VACUUM")
            self._checkpoint("TRUNCATE")
            return 0
        if self._logged > CHECKPOINT_IDLE:
            self._checkpoint("PASSIVE")
            return 0.1
        pauses = []
        if self._settings.max_age:
            pauses.append(self._limit_age())
        if not self._checked_free:
            self._checked_free = not self._give_back()
            if not self._checked_free:
                return 0.01
        if not self._tidy:
            pause = self._writer.last_arrival + TIDY_AFTER - time.monotonic()
            if pause <= 0:
                self._checkpoint("TRUNCATE" if self._writer.log_size() > LOG_KEPT else "PASSIVE")
                self._tidy = True
            else:
                pauses.append(pause)
        return min(pauses, default=None)

    def advanced(self, _: int) -> None:
        """The clock was advanced: messages that are too old now are gone when this returns."""
        if self._settings.max_age:
            gone = threading.Event()
            self._writer.put_change(Eviction(TOO_OLD, self._too_old, gone.set))
            gone.wait(ADVANCED_WITHIN)

    def _checkpoint(self, mode: str) -> None:
        try:
            # Giving the log back waits for readers; mail that comes meanwhile must not.
            self._connection.execute("PRAGMA busy_timeout = 0")
            busy, pages, copied = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.Error as error:
            log.warning("checkpoint failed: %s", error)
            busy, pages, copied = 1, 0, 0
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
        # A reader that still needs old pages keeps them in the log; the next time will do.
        self._logged = max(0, pages - copied) * PAGE_SIZE if not busy else 0

    def _give_back(self) -> bool:
        """Return some free pages to the file system; True if there may be more."""
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        if free < FREE_PAGES:
            return False
        self._connection.execute(f"PRAGMA incremental_vacuum({FREE_SLICE})").fetchall()
        self._logged += 65_536
        return True

    def _limit_messages(self) -> None:
        if not self._evicting and excess(self._writer.totals.messages, self._settings.max_messages):
            self._evict("ORDER BY m.id LIMIT ?", self._too_many)

    def _too_many(self, transaction: Transaction) -> tuple[int, ...] | None:
        kept = self._writer.totals.messages + transaction.messages
        too_many = excess(kept, self._settings.max_messages)
        return (min(too_many, SLICE),) if too_many else None

    def _limit_age(self) -> float:
        now = time.monotonic()
        if now - self._aged >= AGE_INTERVAL and not self._evicting:
            self._aged = now
            oldest = horizon(self._clock.now(), self._settings)
            found = self._connection.execute(
                "SELECT 1 FROM message INDEXED BY message_order WHERE received_at < ? LIMIT 1", (oldest,)
            ).fetchone()
            if found:
                self._evict(TOO_OLD, self._too_old)
        return max(0.1, self._aged + AGE_INTERVAL - now)

    def _too_old(self, _: Transaction) -> tuple[int, ...] | None:
        oldest = horizon(self._clock.now(), self._settings)
        return None if oldest is None else (oldest,)

    def _evict(self, condition: str, parameters: Parameters) -> None:
        self._evicting = True
        self._writer.put_change(Eviction(condition, parameters, self._evicted))

    def _evicted(self) -> None:
        self._evicting = False

    def _limit_sessions(self) -> None:
        self._sessions = 0
        cursor = self._connection.execute(
            "DELETE FROM session WHERE id <= (SELECT id FROM session ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (self._settings.max_sessions,),
        )
        self.evicted_sessions += cursor.rowcount
