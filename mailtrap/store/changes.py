"""What is done to many messages at once: deleting, clearing, evicting, marking; a slice at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from typing import Any

from mailtrap.errors import MailtrapError
from mailtrap.events import Kind
from mailtrap.mail.message import State
from mailtrap.mail.words import fold
from mailtrap.store import standing
from mailtrap.store.base import Selection
from mailtrap.store.rows import clean, decode, encode
from mailtrap.store.schema import recreate_search
from mailtrap.store.selecting import choose
from mailtrap.store.transaction import Change, Transaction

#: Messages of one slice: some ten milliseconds.
SLICE = 400

#: The values that choose what to evict, as things stand in this transaction; None when all may stay.
Parameters = Callable[[Transaction], tuple[int, ...] | None]

#: What `delete` and `remove` have to know.
DELETED_COLUMNS = "m.id, m.inbox, m.size, m.seen, m.content, m.state"


class Selected(Change):
    """A change to the messages of a Selection, newest first; resolves `future` with their ids."""

    __slots__ = ("_choice", "_cursor", "_found", "_ids", "future")

    def __init__(self, selection: Selection) -> None:
        super().__init__()
        query = selection.query.within(selection.inbox) if selection.inbox else selection.query
        self._choice = choose(query)
        self._ids = None if selection.ids is None else sorted(set(selection.ids), reverse=True)
        self._cursor: int | None = None
        self._found: list[int] = []
        self.future: Future[list[int]] = Future()

    def slice(self, transaction: Transaction, columns: str) -> list[tuple[Any, ...]]:
        """The next rows; the first column is the id."""
        choice = self._choice
        where, parameters = choice.where, [*choice.parameters, self.bound]
        where += f" AND {choice.id} <= ?"
        if self._cursor is not None:
            where += f" AND {choice.id} < ?"
            parameters.append(self._cursor)
        if self._ids is not None:
            where += f" AND {choice.id} IN (SELECT value FROM json_each(?))"  # noqa: S608
            parameters.append(encode(self._some_ids()))
        sql = f"SELECT {columns} FROM {choice.source} WHERE {where} ORDER BY {choice.id} DESC LIMIT {SLICE}"  # noqa: S608
        return transaction.connection.execute(sql, parameters).fetchall()

    def advance(self, transaction: Transaction, rows: Sequence[tuple[Any, ...]]) -> None:
        """Go on behind these rows once they are committed."""
        transaction.committed.append(partial(self._advance, [row[0] for row in rows]))

    def resolve(self) -> None:
        """There is no more to do."""
        self.finished = True
        settle(self.future, self._found)

    def failed(self, error: MailtrapError) -> None:
        """Tell whoever waits; slices that were committed stay so."""
        self.finished = True
        if not self.future.done():
            self.future.set_exception(error)

    def _advance(self, found: list[int]) -> None:
        self._found += found
        if self._ids is not None:
            self._ids = self._ids[SLICE:]
            if not self._ids:
                self.resolve()
        elif len(found) < SLICE:
            self.resolve()
        else:
            self._cursor = found[-1]

    def _some_ids(self) -> list[int]:
        return (self._ids or [])[:SLICE]


class Deletion(Selected):
    """Deletes, or takes out of one inbox; when it is everything, tables are emptied instead of rows removed."""

    __slots__ = ("_cleared", "_inbox")

    def __init__(self, selection: Selection, cleared: Callable[[], None]) -> None:
        """`cleared` is called once everything was deleted at a stroke."""
        super().__init__(selection)
        self._cleared = cleared
        self._inbox = selection.inbox

    def apply(self, transaction: Transaction) -> None:
        """Delete the next slice."""
        everything = self._choice.is_everything and self._ids is None and self._cursor is None
        if everything and transaction.last_id == self.bound:
            self._clear(transaction)
            return
        rows = self.slice(transaction, DELETED_COLUMNS)
        delete(transaction, rows, self._inbox)
        self.advance(transaction, rows)

    def _clear(self, transaction: Transaction) -> None:
        connection = transaction.connection
        ids = [id_ for (id_,) in connection.execute("SELECT id FROM message INDEXED BY message_order ORDER BY id DESC")]
        messages, unseen, octets = connection.execute("SELECT messages, unseen, octets FROM totals").fetchone()
        (backlog,) = connection.execute(
            "SELECT count(*) FROM message WHERE id > coalesce((SELECT max(id) FROM detail), 0) AND state = ?",
            (State.RECEIVED.value,),
        ).fetchone()
        (orphans,) = connection.execute("SELECT count(*) FROM orphan").fetchone()
        # Without a WHERE (and without triggers) SQLite gives back the pages without looking at the rows.
        connection.execute("DELETE FROM message")
        connection.execute("DELETE FROM detail")
        if connection.execute("SELECT count(*) FROM spool").fetchone()[0]:
            connection.execute("DELETE FROM chunk WHERE id >> 16 NOT IN (SELECT content FROM spool)")
        else:
            connection.execute("DELETE FROM chunk")
        recreate_search(connection)
        standing.vanish_all(transaction)
        transaction.messages -= messages
        transaction.unseen -= unseen
        transaction.octets -= octets
        transaction.deleted += messages
        transaction.backlog -= backlog
        transaction.orphans -= orphans
        transaction.happenings.append((Kind.CLEARED, "", ""))
        transaction.committed.append(partial(self._all_gone, ids))

    def _all_gone(self, ids: list[int]) -> None:
        self._found = ids
        self._cleared()
        self.resolve()


class Marking(Selected):
    """Sets what people noted: seen, tags."""

    __slots__ = ("_add", "_remove", "_seen", "_tags")

    def __init__(
        self,
        selection: Selection,
        seen: bool | None,
        tags: Sequence[str] | None,
        add_tags: Sequence[str],
        remove_tags: Sequence[str],
    ) -> None:
        super().__init__(selection)
        self._seen = seen
        self._tags = None if tags is None else [clean(tag) for tag in tags]
        self._add = [clean(tag) for tag in add_tags]
        self._remove = frozenset(remove_tags)

    def apply(self, transaction: Transaction) -> None:
        """Mark the next slice; what already is so is left alone and not announced."""
        rows = self.slice(transaction, "m.id, m.inbox, m.seen, m.tags")
        note(
            transaction,
            [(*row, row[2] if self._seen is None else int(self._seen), self._marked(row[3])) for row in rows],
        )
        self.advance(transaction, rows)

    def _marked(self, tags: str) -> str:
        if self._tags is None and not self._add and not self._remove:
            return tags
        before = decode(tags) if self._tags is None else self._tags
        return encode([tag for tag in dict.fromkeys([*before, *self._add]) if tag not in self._remove])


class Eviction(Change):
    """Deletes the oldest messages that retention does not keep."""

    __slots__ = ("_condition", "_evicted", "_parameters")

    def __init__(self, condition: str, parameters: Parameters, evicted: Callable[[], None]) -> None:
        """`parameters` gives the values for `condition`, which ends a SELECT, or None when all may stay.

        `evicted` is called when there is no more to do, or it failed.
        """
        super().__init__()
        self._condition = condition
        self._parameters = parameters
        self._evicted = evicted

    def apply(self, transaction: Transaction) -> None:
        """Delete the next slice."""
        parameters = self._parameters(transaction)
        rows: list[tuple[Any, ...]] = []
        if parameters is not None:
            sql = f"SELECT {DELETED_COLUMNS} FROM message m {self._condition}"  # noqa: S608
            rows = transaction.connection.execute(sql, parameters).fetchall()
        remove(transaction, rows)
        transaction.evicted += len(rows)
        transaction.happenings += [(Kind.EVICTED, str(row[0]), row[1]) for row in rows]
        transaction.committed.append(partial(self._advance, len(rows)))

    def failed(self, error: MailtrapError) -> None:
        """It will be tried again when the next message comes."""
        self.finished = True
        self._evicted()

    def _advance(self, count: int) -> None:
        if count < SLICE:
            self.finished = True
            self._evicted()


def delete(transaction: Transaction, rows: Sequence[tuple[Any, ...]], inbox: str = "") -> None:
    """Delete the messages of these rows of `DELETED_COLUMNS` as somebody asked for, or take them out of `inbox`."""
    gone = _take_out(transaction, rows, inbox) if inbox else rows
    remove(transaction, gone)
    transaction.deleted += len(gone)
    transaction.happenings += [(Kind.DELETED, str(row[0]), row[1]) for row in gone]


def _take_out(transaction: Transaction, rows: Sequence[tuple[Any, ...]], inbox: str) -> list[tuple[Any, ...]]:
    """Have those that are in other inboxes too stay there; returns the rest."""
    gone = []
    stayed = []
    for row in rows:
        id_, inboxes, _, seen = row[:4]
        others = " ".join([name for name in inboxes.split(" ") if fold(name) != fold(inbox)])
        if not others:
            gone.append(row)
            continue
        stayed.append(id_)
        transaction.connection.execute("UPDATE message SET inbox = ? WHERE id = ?", (others, id_))
        transaction.happenings.append((Kind.CHANGED, str(id_), inboxes))
        transaction.moves += [(id_, inboxes, -1, seen - 1), (id_, others, 1, 1 - seen)]
        transaction.weight += 4096
    if stayed:
        standing.vanish(transaction, stayed, inbox)
    return gone


def note(transaction: Transaction, notes: Sequence[tuple[int, str, int, str, int, str]]) -> None:
    """Write what people note about messages: (id, inbox, seen, tags), and how the latter two are to be."""
    changed = [one for one in notes if one[2:4] != one[4:]]
    if not changed:
        return
    alike: dict[tuple[int, str], list[int]] = {}
    for id_, inbox, seen, _, new_seen, new_tags in changed:
        alike.setdefault((new_seen, new_tags), []).append(id_)
        transaction.unseen += seen - new_seen
        if seen != new_seen:
            transaction.moves.append((id_, inbox, 0, seen - new_seen))
        transaction.happenings.append((Kind.CHANGED, str(id_), inbox))
    transaction.connection.executemany(
        "UPDATE message SET seen = ?, tags = ? WHERE id IN (SELECT value FROM json_each(?))",
        [(seen, tags, encode(ids)) for (seen, tags), ids in alike.items()],
    )
    standing.repaint(transaction, [(id_, seen, tags) for id_, *_, seen, tags in changed])
    transaction.weight += 4096 * len(changed)


def remove(transaction: Transaction, rows: Sequence[tuple[Any, ...]]) -> None:
    """Delete the messages of these rows of `DELETED_COLUMNS` with all that belongs to them."""
    if not rows:
        return
    connection = transaction.connection
    ids = encode([row[0] for row in rows])
    indexed = [row[0] for row in rows if row[5] != State.RECEIVED.value]
    connection.execute("DELETE FROM message WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    connection.execute("DELETE FROM detail WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    connection.execute(
        "DELETE FROM chunk WHERE id IN (SELECT c.id FROM json_each(?) j CROSS JOIN chunk c "
        "ON c.id BETWEEN j.value << 16 AND (j.value << 16 | 65535))",
        (encode([row[4] for row in rows]),),
    )
    connection.execute("INSERT INTO orphan SELECT value FROM json_each(?)", (encode(indexed),))
    standing.vanish(transaction, [row[0] for row in rows])
    transaction.moves += [(row[0], row[1], -1, row[3] - 1) for row in rows]
    transaction.messages -= len(rows)
    transaction.octets -= sum([row[2] for row in rows])
    transaction.unseen -= sum([not row[3] for row in rows])
    transaction.backlog -= len(rows) - len(indexed)
    transaction.orphans += len(indexed)
    transaction.weight += 8192 * len(rows)


def settle(future: Future[list[int]], ids: list[int]) -> None:
    """Resolve, unless whoever asked has cancelled."""
    with suppress(InvalidStateError):
        future.set_result(ids)
