"""Takes in a message too big to hold in memory, a piece at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import zstandard

from mailtrap.errors import MailtrapError, Unavailable
from mailtrap.store.transaction import Job, Transaction
from mailtrap.store.writer import Writer

#: Octets of content in one row of `chunk`. Each row is a zstd frame of its own: one can be read without the rest, and
#: nothing has to be kept between two writes.
PIECE = 512 * 1024
#: Octets all spools together may have waiting before each of them reports more than its own.
CROWDED = 16 * 1024 * 1024


class Spools:
    """The contents that are being taken in."""

    def __init__(self, contents: Iterator[int]) -> None:
        self._contents = contents
        self._open: dict[int, SpoolWriter] = {}
        self._lock = threading.Lock()
        self.waiting = 0

    def open(self, writer: Writer) -> SpoolWriter:
        """Begin one."""
        spool = SpoolWriter(self, writer, next(self._contents))
        self._open[spool.content] = spool
        return spool

    def account(self, octets: int) -> None:
        """So many octets more (or fewer) wait to be written."""
        with self._lock:
            self.waiting += octets

    def claim(self, content: int, transaction: Transaction) -> None:
        """A message takes `content` for its own, in this transaction; raises what kept it from being written."""
        spool = self._open.get(content)
        if spool is None:
            raise Unavailable("The content of the message is not there")
        if spool.error:
            raise spool.error
        transaction.connection.execute("DELETE FROM spool WHERE content = ?", (content,))
        transaction.committed.append(lambda: self._settle(content))

    def abandon(self, content: int) -> None:
        """No message will claim `content`."""
        spool = self._open.get(content)
        if spool:
            spool.discard()

    def forget(self, content: int) -> None:
        """It is settled what becomes of `content`."""
        self._open.pop(content, None)

    def _settle(self, content: int) -> None:
        spool = self._open.pop(content, None)
        if spool:
            spool.claimed = True


class SpoolWriter:
    """The Spool of `store.base`; used by one thread at a time."""

    def __init__(self, spools: Spools, writer: Writer, content: int) -> None:
        self.content = content
        self.pending = 0
        self.pieces = 0
        self.error: MailtrapError | None = None
        self.claimed = False
        self._spools = spools
        self._writer = writer
        self._held: list[bytes] = []
        self._size = 0
        self._finished = False
        self._discarded = False

    def write(self, octets: bytes) -> None:
        """Take the next octets. After a failure they are dropped; whoever adds the message hears of it."""
        if self.error or self._discarded:
            return
        self._held.append(octets)
        self._size += len(octets)
        if self._size >= PIECE:
            octets = b"".join(self._held)
            whole = len(octets) - len(octets) % PIECE
            for start in range(0, whole, PIECE):
                self._send(octets[start : start + PIECE])
            self._held, self._size = [octets[whole:]], len(octets) - whole

    def finish(self) -> int:
        """No more will come."""
        if not self._finished:
            self._finished = True
            if not self.error:
                self._send(b"".join(self._held))
            self._held.clear()
        return self.content

    def discard(self) -> None:
        """Remove what was written, unless a message has it."""
        if self._discarded or self.claimed:
            return
        self._discarded = True
        self._held.clear()
        self._writer.put_piece(_Removal(self._spools, self), 4096)

    @property
    def backlog(self) -> int:
        """Octets not yet written: of this one, or what is too much of all of them."""
        return max(self.pending, self._spools.waiting - CROWDED)

    def _send(self, piece: bytes) -> None:
        self._account(len(piece))
        job = _Piece(self, self.pieces, piece)
        self.pieces += 1
        self._writer.put_piece(job, len(piece))

    def _account(self, octets: int) -> None:
        self.pending += octets
        self._spools.account(octets)

    def written(self, octets: int) -> None:
        """So many octets wait no more, written or not."""
        self._account(-octets)

    @property
    def unwanted(self) -> bool:
        """Whether writing more would be for nothing."""
        return self._discarded or self.error is not None


class _Piece(Job):
    """One row of `chunk`."""

    __slots__ = ("_frame", "_number", "_octets", "_spool")

    def __init__(self, spool: SpoolWriter, number: int, octets: bytes) -> None:
        self._spool = spool
        self._number = number
        self._octets = octets
        self._frame = b""

    def prepare(self) -> None:
        if not self._frame and not self._spool.unwanted:
            self._frame = zstandard.ZstdCompressor(level=1).compress(self._octets)

    def apply(self, transaction: Transaction) -> None:
        if not self._spool.unwanted:
            content = self._spool.content
            if self._number == 0:
                transaction.connection.execute("INSERT OR IGNORE INTO spool VALUES (?)", (content,))
            transaction.connection.execute(
                "INSERT INTO chunk VALUES (?, ?)", (content << 16 | self._number, self._frame)
            )
            transaction.weight += len(self._frame)
        transaction.committed.append(self._done)

    def failed(self, error: MailtrapError) -> None:
        self._spool.error = self._spool.error or error
        self._done()

    def _done(self) -> None:
        self._spool.written(len(self._octets))


class _Removal(Job):
    """The rows of a content that no message has."""

    __slots__ = ("_spool", "_spools")

    def __init__(self, spools: Spools, spool: SpoolWriter) -> None:
        self._spools = spools
        self._spool = spool

    def apply(self, transaction: Transaction) -> None:
        if not self._spool.claimed:
            content = self._spool.content
            transaction.connection.execute(
                "DELETE FROM chunk WHERE id BETWEEN ? AND ?", (content << 16, content << 16 | 0xFFFF)
            )
            transaction.connection.execute("DELETE FROM spool WHERE content = ?", (content,))
        transaction.committed.append(lambda: self._spools.forget(self._spool.content))

    def failed(self, error: MailtrapError) -> None:
        # The row in `spool` stays: the next start removes the rest.
        self._spools.forget(self._spool.content)
