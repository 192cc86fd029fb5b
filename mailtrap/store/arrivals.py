"""Writes messages and sessions: many in one statement, their octets compressed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial

import zstandard

from mailtrap.errors import MailtrapError
from mailtrap.events import Kind
from mailtrap.mail.message import Submission
from mailtrap.mail.transcript import Transcript
from mailtrap.store.following import Following
from mailtrap.store.rows import MESSAGE_WIDTH, SESSION_WIDTH, Row, from_submission, from_transcript
from mailtrap.store.spool import Spools
from mailtrap.store.transaction import Entry, Job, Transaction

log = logging.getLogger(__name__)

#: zstd at this level halves mail for 15 µs a message; level 3 gains 1 % more for half as much time again.
LEVEL = 1
#: Below this many octets a frame would not be smaller.
WORTH_COMPRESSING = 128
#: Rows of one statement, the biggest that fits first. Each statement lets go of the interpreter and has to get it back
#: from threads that are busy, so few are better than many; few numbers, so that few have to be prepared.
ROWS_AT_ONCE = (256, 128, 64, 32, *range(16, 0, -1))

#: Told after the commit what was kept: (id, submission) in order.
Kept = Callable[[list[tuple[int, Submission]]], None]
_mine = threading.local()


class Arrivals(Job):
    """Messages to keep in one transaction."""

    __slots__ = ("_contents", "_entries", "_following", "_kept", "_packed", "_spools")

    def __init__(
        self, entries: list[Entry], contents: Iterator[int], spools: Spools, following: Following, kept: Kept
    ) -> None:
        self._entries = entries
        self._contents = contents
        self._spools = spools
        self._following = following
        self._kept = kept
        #: Content as it is stored (None where a spool has it), with its codec.
        self._packed: list[tuple[bytes | None, str]] = []

    @property
    def is_one_statement(self) -> bool:
        """Whether one statement is enough for so many, none lies in a spool, and nobody waits for any of them."""
        entries = self._entries
        simple = len(entries) in ROWS_AT_ONCE and all([submission.octets is not None for submission, _ in entries])
        return simple and not self._following.concerns(entries)

    def prepare(self) -> None:
        """Take digests, and compress what is in memory."""
        for submission, _ in self._entries:
            submission.digest()
        self._packed = [_pack(one.octets) if one.octets is not None else (None, "zstd") for one, _ in self._entries]

    def apply(self, transaction: Transaction) -> None:
        """Insert the rows; ids follow on the last one."""
        rows: list[Row] = []
        kept: list[tuple[int, Submission]] = []
        id_ = transaction.last_id
        for (submission, _), (octets, codec) in zip(self._entries, self._packed, strict=True):
            id_ += 1
            if octets is not None:
                content = next(self._contents)
                transaction.weight += len(octets) + 4096
            else:
                content = submission.spooled or 0
                self._spools.claim(content, transaction)
            rows.append((*from_submission(id_, submission, content, codec), octets))
            kept.append((id_, submission))
            transaction.octets += submission.size
            transaction.session = max(transaction.session, submission.arrival.session or 0)
            transaction.happenings.append((Kind.CAPTURED, str(id_), submission.inbox))
        insert(transaction, "arriving", MESSAGE_WIDTH + 1, rows)
        self._following.place(transaction, kept)
        transaction.last_id = id_
        count = len(rows)
        transaction.messages += count
        transaction.unseen += count
        transaction.captured += count
        transaction.backlog += count
        transaction.committed.append(partial(self._committed, kept))

    def _committed(self, kept: list[tuple[int, Submission]]) -> None:
        for (_, done), (id_, _) in zip(self._entries, kept, strict=True):
            try:
                done(id_)
            except Exception:
                log.exception("a sender could not be told that its message was kept")
        self._kept(kept)

    def failed(self, error: MailtrapError) -> None:
        """Only ever called on a single message: `parts` has split them."""
        for submission, done in self._entries:
            if submission.spooled is not None:
                self._spools.abandon(submission.spooled)
            done(error)

    def parts(self) -> Sequence[Job]:
        """Each message by itself."""
        return [Arrivals([entry], self._contents, self._spools, self._following, self._kept) for entry in self._entries]


class Dialogue(Job):
    """A session to keep."""

    __slots__ = ("_row", "_transcript")

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._row: Row = ()

    def prepare(self) -> None:
        """Read and compress its lines."""
        self._row = from_transcript(self._transcript)

    def apply(self, transaction: Transaction) -> None:
        """Insert it."""
        transaction.connection.execute(_insertion("session", SESSION_WIDTH, 1, "OR REPLACE"), self._row)
        transaction.session = max(transaction.session, self._transcript.session)
        transaction.sessions += 1
        transaction.weight += 4096
        transaction.happenings.append((Kind.SESSION, str(self._transcript.session), ""))

    def failed(self, error: MailtrapError) -> None:
        """A dialogue is not worth more than a line in the log."""
        log.warning("session %s was not recorded: %s", self._transcript.session, error)


def _pack(octets: bytes) -> tuple[bytes, str]:
    """Content as it is stored, with its codec; what does not get smaller stays plain."""
    if len(octets) < WORTH_COMPRESSING:
        return octets, "plain"
    compressor = getattr(_mine, "compressor", None)
    if compressor is None:  # one a thread: a context is dear to make and must not be shared
        compressor = _mine.compressor = zstandard.ZstdCompressor(level=LEVEL)
    frame: bytes = compressor.compress(octets)
    return (frame, "zstd") if len(frame) < len(octets) else (octets, "plain")


def insert(transaction: Transaction, table: str, width: int, rows: Sequence[Row], conflict: str = "") -> None:
    """Insert rows of `width` values, as many as possible with one statement."""
    for some in portions(rows):
        sql = _insertion(table, width, len(some), conflict)
        transaction.connection.execute(sql, [value for row in some for value in row])


def portions(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows in pieces as long as `ROWS_AT_ONCE` allows."""
    start = 0
    for size in ROWS_AT_ONCE:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


@lru_cache(maxsize=256)
def _insertion(table: str, width: int, rows: int, conflict: str = "") -> str:
    row = f"({', '.join(['?'] * width)})"
    return f"INSERT {conflict} INTO {table} VALUES {', '.join([row] * rows)}"  # noqa: S608
