"""Connections that only read, and the octets of a message through them."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import zstandard

from mailtrap.errors import NotFound, Unavailable
from mailtrap.store.spool import PIECE

#: Connections kept for the next reader. Web threads come and go; a connection each would cost memory and time.
KEPT_OPEN = 8
#: How often a read is repeated that met the index just as it was exchanged for another one.
TRIES = 5

Rows = TypeVar("Rows")


def _again(read: Callable[[], Rows]) -> Rows:
    """What `read` returns. FTS5 opens its tables one by one, and meanwhile the writer may have replaced them all."""
    for _ in range(TRIES):
        try:
            return read()
        except sqlite3.OperationalError as error:
            if "vtable constructor failed" not in str(error):
                raise
    return read()


class Readers:
    """Lends read-only connections, each to one thread at a time, with no transaction left open.

    A reader that kept its snapshot would keep the log from being given back, so rows are always fetched at once.
    """

    def __init__(self, path: str) -> None:
        self._uri = f"{Path(path).absolute().as_uri()}?mode=ro"
        self._free: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._lock = threading.Lock()

    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows of one statement."""
        connection = self._borrow()
        try:
            return _again(lambda: connection.execute(sql, parameters).fetchall())
        finally:
            self._give_back(connection)

    def fetch_all(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Any]]:
        """The rows of several statements that see the same state."""
        connection = self._borrow()

        def read() -> list[list[Any]]:
            connection.execute("BEGIN")
            try:
                return [connection.execute(sql, parameters).fetchall() for sql, parameters in statements]
            finally:
                connection.execute("COMMIT")

        try:
            return _again(read)
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close those that are free now, and the others when they come back."""
        with self._lock:
            self._closed = True
        while self._free:
            self._free.pop().close()

    def _borrow(self) -> sqlite3.Connection:
        if self._closed:
            raise Unavailable("The store is closed")
        try:
            return self._free.pop()
        except IndexError:
            pass
        connection = sqlite3.connect(
            self._uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0, cached_statements=64
        )
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._free) < KEPT_OPEN and not connection.in_transaction:
                self._free.append(connection)
                return
        connection.close()


def stream(readers: Readers, content: int, codec: str, size: int, start: int = 0) -> Iterator[bytes]:
    """The octets of a content of `size` octets, row by row. Raises NotFound where it is deleted meanwhile."""
    number = start // PIECE if start and _is_even(readers, content, size) else 0
    given = number * PIECE
    while given < size:
        rows = readers.fetch("SELECT octets FROM chunk WHERE id = ?", (content << 16 | number,))
        if not rows:
            raise NotFound("The message was deleted")
        (octets,) = rows[0]
        if codec == "zstd":
            octets = zstandard.ZstdDecompressor().decompress(octets)
        before, given = given, given + len(octets)
        number += 1
        if given > start:
            yield octets[start - before :] if start > before else octets


def _is_even(readers: Readers, content: int, size: int) -> bool:
    """Whether every row but the last has `PIECE` octets: what came too big to hold is kept so, other content in one."""
    sql = "SELECT count(*) FROM chunk WHERE id BETWEEN ? AND ?"
    rows: int = readers.fetch(sql, (content << 16, content << 16 | 0xFFFF))[0][0]
    return rows == -(-size // PIECE)


def contents_of(readers: Readers, ids: Sequence[int], most: int) -> dict[int, bytes | int]:
    """By id the octets of messages in one statement; of those with more than `most` only how many there are."""
    found: dict[int, bytes | int] = {}
    rows = readers.fetch(
        "SELECT m.id, m.size, m.codec, CASE WHEN m.size <= ? THEN c.octets END FROM message m "
        "LEFT JOIN chunk c ON c.id = (m.content << 16) WHERE m.id IN (SELECT value FROM json_each(?))",
        (min(most, PIECE), json.dumps(list(ids))),
    )
    decompress = zstandard.ZstdDecompressor().decompress
    for id_, size, codec, octets in rows:
        if octets is None:
            found[id_] = size or b""
        else:
            found[id_] = decompress(octets) if codec == "zstd" else octets
    return found


def content_of(readers: Readers, content: int, codec: str, size: int, most: int) -> bytes:
    """The first `most` octets (or a little more) of a content."""
    pieces = []
    length = 0
    for piece in stream(readers, content, codec, size):
        pieces.append(piece)
        length += len(piece)
        if length >= most:
            break
    return b"".join(pieces)
