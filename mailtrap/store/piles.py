"""How many messages each inbox has: counted once, when first asked for, and kept up with every commit from then on."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from mailtrap.errors import MailtrapError, Unavailable
from mailtrap.events import Kind
from mailtrap.mail.words import fold
from mailtrap.store.transaction import Change, Transaction
from mailtrap.store.writer import Writer

#: Messages counted at a time: some milliseconds, for which mail has to wait.
SLICE = 20_000
#: Seconds that counting may take before whoever asks is told to ask again.
COUNTED_WITHIN = 30.0


class Piles:
    """All but `counts` runs on the writer's thread. Counts are kept by the text of the column, several names or one."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        self._counting: Counting | None = None
        self._messages: Counter[str] = Counter()
        self._unseen: Counter[str] = Counter()

    def counts(self) -> dict[str, tuple[int, int]]:
        """For each inbox that has messages, how many, and how many of them nobody has looked at."""
        with self._lock:
            if self._counting is None or self._counting.has_failed:
                self._messages.clear()
                self._unseen.clear()
                self._counting = Counting(self._messages, self._unseen)
                self._writer.put_change(self._counting)
            counting = self._counting
        if not counting.is_ready(COUNTED_WITHIN):
            raise Unavailable("The messages of the inboxes are being counted", "ask again in a moment")
        messages, unseen = dict(self._messages), dict(self._unseen)
        spelt: dict[str, str] = {}
        found: dict[str, tuple[int, int]] = {}
        for text, count in messages.items():
            for name in text.split(" "):
                name = spelt.setdefault(fold(name), name)
                there, new = found.get(name, (0, 0))
                found[name] = there + count, new + unseen.get(text, 0)
        return found

    def adopt(self, transaction: Transaction) -> None:
        """This was committed."""
        counting = self._counting
        if counting is None or not counting.begun:
            return
        for kind, _, inboxes in transaction.happenings:
            if kind is Kind.CAPTURED:
                self._messages[inboxes] += 1
                self._unseen[inboxes] += 1
            elif kind is Kind.CLEARED:
                self._messages.clear()
                self._unseen.clear()
        for id_, inboxes, messages, unseen in transaction.moves:
            if counting.knows(id_):
                self._messages[inboxes] += messages
                self._unseen[inboxes] += unseen
                if not self._messages[inboxes]:
                    del self._messages[inboxes]
                    self._unseen.pop(inboxes, None)


class Counting(Change):
    """Counts what there is, in the order of ids. What comes later is above `bound`, and counted as it comes."""

    __slots__ = ("_done", "_messages", "_through", "_unseen", "begun", "has_failed")

    def __init__(self, messages: Counter[str], unseen: Counter[str]) -> None:
        super().__init__()
        self._messages = messages
        self._unseen = unseen
        self._through = 0
        self._done: Future[None] = Future()
        self.begun = False
        self.has_failed = False

    def is_ready(self, timeout: float) -> bool:
        """Whether everything is counted, within so many seconds."""
        with suppress(TimeoutError, MailtrapError):
            self._done.result(timeout)
            return True
        return False

    def knows(self, id: int) -> bool:
        """Whether this message has been counted."""
        return id <= self._through or id > self.bound

    def apply(self, transaction: Transaction) -> None:
        """Count the next slice."""
        self.begun = True
        sql = "SELECT id FROM message WHERE id > ? AND id <= ? ORDER BY id LIMIT 1 OFFSET ?"
        row = transaction.connection.execute(sql, (self._through, self.bound, SLICE - 1)).fetchone()
        through = row[0] if row else self.bound
        rows = transaction.connection.execute(
            "SELECT inbox, count(*), sum(seen = 0) FROM message INDEXED BY message_order WHERE id > ? AND id <= ? "
            "GROUP BY inbox COLLATE BINARY",
            (self._through, through),
        ).fetchall()
        transaction.committed.append(partial(self._counted, through, rows))

    def failed(self, error: MailtrapError) -> None:
        """Whoever asks next has it tried again."""
        self.finished = True
        self.has_failed = True
        self._done.set_exception(error)

    def _counted(self, through: int, rows: list[tuple[str, int, int]]) -> None:
        for inboxes, messages, unseen in rows:
            self._messages[inboxes] += messages
            self._unseen[inboxes] += unseen
        self._through = through
        if through >= self.bound:
            self.finished = True
            self._done.set_result(None)
