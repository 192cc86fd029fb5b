"""Copies the log into the database on a thread of its own, so that mail does not wait for it."""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor

from mailtrap.store.opening import BUSY_TIMEOUT

log = logging.getLogger(__name__)


class Checkpointer:
    """One checkpoint at a time; `begin` and `poll` are for the writer's thread.

    SQLite lets one connection write while another copies what had been committed by then. What is committed meanwhile
    is left over: the log begins anew only once the writer has copied that as well, which is little.

    SQLite before 3.51.3 can corrupt the file when the log begins anew just while a checkpoint begins. It begins anew
    only at a commit that finds all of it copied. Therefore `begin` is for a moment when something is not, and until
    `poll` has told the end nobody else may copy anything.
    """

    def __init__(self, path: str, synchronous: str) -> None:
        self._path = path
        self._synchronous = synchronous
        self._executor = ThreadPoolExecutor(1, "checkpoint")
        self._connection: sqlite3.Connection | None = None
        self._running: Future[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether one was begun whose end `poll` has not reported."""
        return self._running is not None

    def begin(self) -> None:
        """Copy what has been committed by now: which must be something that no checkpoint has copied yet."""
        self._running = self._executor.submit(self._copy)

    def poll(self) -> bool:
        """Whether the checkpoint that was begun has come to its end, well or not; told once."""
        if self._running is None or not self._running.done():
            return False
        self._running = None
        return True

    def close(self) -> None:
        """Wait for what runs."""
        self._executor.shutdown()
        self._running = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _copy(self) -> None:
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    self._path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT
                )
                self._connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            log.warning("checkpoint failed: %s", error)
