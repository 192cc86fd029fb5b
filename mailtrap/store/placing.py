"""Puts messages into folders, changes their flags there and takes them out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from msgspec import Struct

from mailtrap.errors import NotFound
from mailtrap.store import flags, standing
from mailtrap.store.changes import DELETED_COLUMNS, delete, note
from mailtrap.store.folder import Alteration, Altered, Item, Placement
from mailtrap.store.following import APPENDED
from mailtrap.store.promised import Promised
from mailtrap.store.rows import encode
from mailtrap.store.transaction import Transaction

#: Items of one slice: some ten milliseconds. To delete a message takes longer.
SLICE = 1000
#: Slices of one transaction, where no mail waits for it.
SLICES = 5
DELETED_SLICE = 400
#: Messages that stand in no folder of an account (1) that is not a view, nor will be gathered into its INBOX.
_STRAY = f"""NOT EXISTS (SELECT 1 FROM item i JOIN folder f ON f.id = i.folder
 WHERE i.message = m.id AND f.account = ?1 AND NOT f.view)
 AND (m.listener IN {APPENDED}
 OR NOT EXISTS (SELECT 1 FROM folder WHERE account = ?1 AND name = 'INBOX' AND gathered < m.id))"""  # noqa: S608


def gone(folder: int) -> NotFound:
    """What is said where a folder is not there, or cannot be selected."""
    return NotFound(f"There is no folder {folder}")


class Shelf(Struct):
    """The row of a folder as a change needs it."""

    id: int
    account: str
    name: str
    use: str
    inbox: str
    view: int
    uid_next: int
    gathered: int


def shelf(transaction: Transaction, folder: int) -> Shelf | None:
    """The folder, unless it is gone or only a level."""
    sql = "SELECT id, account, name, use, inbox, view, uid_next, gathered FROM folder WHERE id = ? AND selectable"
    rows = transaction.connection.execute(sql, (folder,)).fetchall()
    return Shelf(*rows[0]) if rows else None


def stand(transaction: Transaction, folder: Shelf, items: Sequence[tuple[int, int, int, str]]) -> list[int]:
    """Put (message, date, size, flags) into a folder, in this order; their uids."""
    if not items:
        return []
    number = standing.modseq(transaction)
    uids = list(range(folder.uid_next, folder.uid_next + len(items)))
    transaction.connection.executemany(
        "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(folder.id, uid, message, number, *rest) for uid, (message, *rest) in zip(uids, items, strict=True)],
    )
    folder.uid_next += len(items)
    transaction.connection.execute("UPDATE folder SET uid_next = ? WHERE id = ?", (folder.uid_next, folder.id))
    standing.touch(transaction, [folder.id])
    transaction.weight += 512 * len(items)
    return uids


class Placing(Promised[list[int]]):
    """Puts messages into a folder, in the order given."""

    __slots__ = ("_folder", "_placements", "_uids")

    def __init__(self, folder: int, placements: Sequence[tuple[Placement, flags.Wanted]]) -> None:
        super().__init__()
        self._folder = folder
        self._placements = placements
        self._uids: list[int] = []

    def apply(self, transaction: Transaction) -> None:
        """Place the next slice."""
        folder = shelf(transaction, self._folder)
        if folder is None:
            self.refuse(transaction, gone(self._folder))
            return
        some = self._placements[len(self._uids) : len(self._uids) + SLICE]
        there = _messages(transaction, [placement.message for placement, _ in some])
        now = {id_: (row[1], row[2]) for id_, row in there.items()}
        for placement, wanted in some:
            if wanted.concerns_message and placement.message in now:
                now[placement.message] = flags.alter_message(*now[placement.message], Alteration.ADD, wanted)
        note(transaction, [(id_, *there[id_][:3], *now[id_]) for id_ in there])
        items = []
        for placement, wanted in some:
            id_ = placement.message
            if id_ in there:
                date = there[id_][3] if placement.date is None else placement.date
                items.append((id_, date, there[id_][4], flags.write(wanted.own, *now[id_])))
        new = iter(stand(transaction, folder, items))
        uids = [next(new) if placement.message in there else 0 for placement, _ in some]
        if len(self._uids) + len(some) == len(self._placements):
            self.keep(transaction, [*self._uids, *uids])
        else:
            transaction.committed.append(partial(self._uids.extend, uids))


def is_everything(use: str) -> bool:
    """Whether a special use says that every message of the account is shown (RFC 6154 §2)."""
    return use.lower() == "\\all"


class Flagging(Promised[Altered]):
    """Changes the flags of items."""

    __slots__ = ("_altered", "_folder", "_how", "_uids", "_unchanged_since", "_wanted")

    def __init__(
        self, folder: int, uids: Collection[int], how: Alteration, wanted: flags.Wanted, unchanged_since: int | None
    ) -> None:
        super().__init__()
        self._folder = folder
        self._uids = sorted(set(uids))
        self._how = how
        self._wanted = wanted
        self._unchanged_since = unchanged_since
        self._altered = Altered([], [])

    def apply(self, transaction: Transaction) -> None:
        """Change the next slice, and further ones while no mail waits."""
        if shelf(transaction, self._folder) is None:
            self.refuse(transaction, gone(self._folder))
            return
        rest, altered = self._uids, Altered([*self._altered.items], [*self._altered.modified])
        for _ in range(SLICES):
            some, rest = rest[:SLICE], rest[SLICE:]
            self._alter(transaction, some, altered)
            if not rest or transaction.pressed():
                break
        if rest:
            transaction.committed.append(partial(self._advance, rest, altered))
        else:
            self.keep(transaction, altered)

    def _alter(self, transaction: Transaction, uids: Sequence[int], altered: Altered) -> None:
        rows = transaction.connection.execute(
            "SELECT i.uid, i.flags, i.modseq, m.id, m.inbox, m.seen, m.tags FROM json_each(?) j "
            "CROSS JOIN item i ON i.folder = ? AND i.uid = j.value CROSS JOIN message m ON m.id = i.message",
            (encode(uids), self._folder),
        ).fetchall()
        if self._unchanged_since is not None:
            altered.modified.extend([row[0] for row in rows if row[2] > self._unchanged_since])
            rows = [row for row in rows if row[2] <= self._unchanged_since]
        notes = {}
        if self._how is Alteration.REPLACE or self._wanted.concerns_message:
            for _, _, _, id_, inbox, seen, tags in rows:
                notes[id_] = (id_, inbox, seen, tags, *flags.alter_message(seen, tags, self._how, self._wanted))
        changed = []
        for uid, text, modseq, id_, _, seen, tags in rows:
            own = flags.alter_own(flags.own_of(text), self._how, self._wanted)
            new = flags.write(own, *(notes[id_][4:] if notes else (seen, tags)))
            if new != text:
                modseq = standing.modseq(transaction)
                changed.append((self._folder, uid, new))
            altered.items.append(Item(uid, id_, flags.split(new), modseq))
        standing.write(transaction, changed)
        # Where else these messages stand follows from this.
        note(transaction, list(notes.values()))

    def _advance(self, rest: list[int], altered: Altered) -> None:
        self._uids = rest
        self._altered = altered


class Copying(Promised[list[tuple[int, int]]]):
    """Puts what stands in a folder into another one as well, or moves it there.

    Flags are read where they are copied: between reading and writing somebody else would change them in vain.
    """

    __slots__ = ("_folder", "_move", "_pairs", "_to", "_uids", "_whole")

    def __init__(self, folder: int, uids: Collection[int], to: int, *, move: bool, whole: bool) -> None:
        super().__init__()
        self._folder = folder
        self._uids = sorted(set(uids))
        self._to = to
        self._move = move
        self._whole = whole
        self._pairs: list[tuple[int, int]] = []

    def apply(self, transaction: Transaction) -> None:
        """Copy the next slice."""
        to = shelf(transaction, self._to)
        if to is None:
            self.refuse(transaction, gone(self._to))
            return
        if self._whole and not self._are_there(transaction):
            self.keep(transaction, [])
            return
        if not self._pairs and self._to == self._folder:
            # What the copies are given here are no uids that were meant.
            self._uids = [uid for uid in self._uids if uid < to.uid_next]
        some, rest = self._uids[:SLICE], self._uids[SLICE:]
        pairs = [*self._pairs, *self._copy(transaction, to, some)]
        if rest:
            transaction.committed.append(partial(self._advance, rest, pairs))
        else:
            self.keep(transaction, pairs)

    def _are_there(self, transaction: Transaction) -> bool:
        sql = "SELECT count(*) FROM json_each(?) j CROSS JOIN item i ON i.folder = ? AND i.uid = j.value"
        [(count,)] = transaction.connection.execute(sql, (encode(self._uids), self._folder)).fetchall()
        return bool(count == len(self._uids))

    def _copy(self, transaction: Transaction, to: Shelf, uids: Sequence[int]) -> list[tuple[int, int]]:
        rows = transaction.connection.execute(
            "SELECT i.uid, i.message, i.date, i.size, i.flags FROM json_each(?) j "
            "CROSS JOIN item i ON i.folder = ? AND i.uid = j.value ORDER BY i.uid",
            (encode(uids), self._folder),
        ).fetchall()
        there = [uid for uid, *_ in rows]
        new = stand(transaction, to, [(message, date, size, text) for _, message, date, size, text in rows])
        if self._move:
            standing.drop(transaction, [(self._folder, uid) for uid in there])
        return list(zip(there, new, strict=True))

    def _advance(self, rest: list[int], pairs: list[tuple[int, int]]) -> None:
        self._uids = rest
        self._pairs = pairs
        # What somebody takes out between two slices is gone: the first have been copied by then.
        self._whole = False


class TakingOut(Promised[list[int]]):
    """Takes items out of a folder, and deletes messages that stand nowhere else."""

    __slots__ = ("_folder", "_gone", "_marked", "_uids")

    def __init__(self, folder: int, uids: Collection[int], marked: bool) -> None:
        super().__init__()
        self._folder = folder
        self._uids = sorted(set(uids))
        self._marked = marked
        self._gone: list[int] = []

    def apply(self, transaction: Transaction) -> None:
        """Take out the next slice."""
        folder = shelf(transaction, self._folder)
        if folder is None:
            self.refuse(transaction, gone(self._folder))
            return
        some, rest = self._uids[:DELETED_SLICE], self._uids[DELETED_SLICE:]
        uids = [*self._gone, *take_out(transaction, folder, some, marked=self._marked)]
        if rest:
            transaction.committed.append(partial(self._advance, rest, uids))
        else:
            self.keep(transaction, uids)

    def _advance(self, rest: list[int], uids: list[int]) -> None:
        self._uids = rest
        self._gone = uids


def take_out(
    transaction: Transaction, folder: Shelf, uids: Sequence[int], *, keep: bool = False, marked: bool = False
) -> list[int]:
    """Take these out of a folder, with `marked` only those that are `\\Deleted`; the uids that were there."""
    connection = transaction.connection
    sql = "SELECT i.uid, i.message FROM json_each(?) j CROSS JOIN item i ON i.folder = ? AND i.uid = j.value"
    if marked:
        sql += " AND instr(i.flags, '\\Deleted')"
    items = connection.execute(sql, (encode(uids), folder.id)).fetchall()
    standing.drop(transaction, [(folder.id, uid) for uid, _ in items])
    if items and not keep:
        sql = f"SELECT {DELETED_COLUMNS} FROM json_each(?2) j CROSS JOIN message m ON m.id = j.value"  # noqa: S608
        if not is_everything(folder.use):
            sql += f" WHERE {_STRAY}"
        ids = encode(sorted({message for _, message in items}))
        delete(transaction, connection.execute(sql, (folder.account, ids)).fetchall(), folder.inbox)
    return [uid for uid, _ in items]


def _messages(transaction: Transaction, ids: Collection[int]) -> dict[int, tuple[str, int, str, int, int]]:
    """Of those that are there: inbox, seen, tags, when captured, size."""
    sql = (
        "SELECT m.id, m.inbox, m.seen, m.tags, m.received_at, m.size "
        "FROM json_each(?) j CROSS JOIN message m ON m.id = j.value"
    )
    rows = transaction.connection.execute(sql, (encode(sorted(set(ids))),)).fetchall()
    return {row[0]: row[1:] for row in rows}
