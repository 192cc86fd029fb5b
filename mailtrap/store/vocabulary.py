"""The words of the full-text index, so that parts of words can be looked for: read when first needed, then kept up."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from mailtrap.mail.words import BOUNDARY, split

log = logging.getLogger(__name__)

#: Messages in a store from which on parts of words are not looked for: to read all words would take too long.
MOST_MESSAGES = 300_000
#: Characters of new messages that wait to be divided into words, and words found so: beyond, all are read anew.
MOST_WAITING = 8_000_000
MOST_RECENT = 50_000

#: What is below are the words themselves; above, words tagged with the field of the header that they stand in.
_WORDS = f"SELECT term FROM words WHERE term < '{BOUNDARY}' ORDER BY doc DESC"  # noqa: S608


class Vocabulary:
    """Thread-safe. The words of deleted messages may still be in it."""

    def __init__(self, path: str) -> None:
        self._uri = f"{Path(path).absolute().as_uri()}?mode=ro"
        self._lock = threading.Lock()
        #: One word a line, the most frequent first; empty until somebody looks for one.
        self._known = ""
        self._recent: dict[str, None] = {}
        self._waiting: list[str] = []
        self._waits = 0
        self._listens = False

    def learn(self, texts: Sequence[Sequence[str]]) -> None:
        """These columns of messages go into the index now."""
        if self._listens:
            with self._lock:
                for columns in texts:
                    self._waiting += columns
                    self._waits += sum(map(len, columns))
                if self._waits > MOST_WAITING:
                    self._reset()

    def clear(self) -> None:
        """Everything was deleted."""
        with self._lock:
            self._reset()

    def warm(self) -> None:
        """Read the words, if that has not been done."""
        try:
            with self._lock:
                self._know()
        except sqlite3.Error:
            log.debug("the words of the index could not be read beforehand", exc_info=True)

    def containing(self, part: str, most: int) -> list[str]:
        """Words that have this in them, but not at their beginning; not more than so many, the most frequent first."""
        with self._lock:
            self._know()
            return list(islice((word for word in self._lines(part) if not word.startswith(part)), most))

    def ending(self, part: str, most: int) -> list[str]:
        """Words that end so, and are longer."""
        with self._lock:
            self._know()
            return list(islice((word for word in self._lines(f"{part}\n") if word != part), most))

    def _lines(self, part: str) -> Iterator[str]:
        for text in (self._known, "\n".join([*self._recent, ""])):
            at = text.find(part)
            while at >= 0:
                start = text.rfind("\n", 0, at) + 1
                end = text.find("\n", at)
                yield text[start:end]
                at = text.find(part, end)

    def _know(self) -> None:
        # From here on what is new is handed over, so that nothing is missed between this and the reading.
        self._listens = True
        if not self._known:
            self._known = self._read() + "\n"
        if self._waiting:
            waiting, self._waiting, self._waits = self._waiting, [], 0
            for column in waiting:
                self._recent.update(dict.fromkeys([word for word in split(column) if word < BOUNDARY]))
            if len(self._recent) > MOST_RECENT:
                self._recent = {}
                self._known = self._read() + "\n"

    def _read(self) -> str:
        connection = sqlite3.connect(self._uri, uri=True, isolation_level=None, timeout=5.0, check_same_thread=False)
        try:
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'search', 'row')")
            # In one step, which leaves the interpreter to others.
            sql = f"SELECT group_concat(term, char(10)) FROM ({_WORDS})"  # noqa: S608
            read: str | None = connection.execute(sql).fetchone()[0]
            return read or ""
        finally:
            connection.close()

    def _reset(self) -> None:
        self._known = ""
        self._recent = {}
        self._waiting = []
        self._waits = 0
        self._listens = False
