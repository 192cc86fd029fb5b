"""Gathers into a folder what was captured since the last time."""

from __future__ import annotations

from functools import partial
from itertools import pairwise, repeat

from msgspec.structs import replace

from mailtrap.query import Query
from mailtrap.store import flags, standing
from mailtrap.store.folder import Came, Item
from mailtrap.store.following import APPENDED, Following, is_plain
from mailtrap.store.indexing import Indexer
from mailtrap.store.placing import Shelf, gone, is_everything, shelf
from mailtrap.store.promised import Promised
from mailtrap.store.rows import decode
from mailtrap.store.selecting import Choice, choose
from mailtrap.store.sql import IN_SEARCH
from mailtrap.store.transaction import Transaction

#: Messages looked through with one statement: some ten milliseconds where all of them match.
STRIDE = 2000
#: As many as may be placed with one transaction, where no mail waits for it.
GATHERED = 50_000
#: Messages looked through in vain after which that is written down.
WRITTEN_AFTER = 20_000
#: So few messages are looked at without asking the index.
NEAR = 100
#: Where more than one message in so many matches, to look at all of them is faster than to ask the index.
RARE = 4


class Picks:
    """How the messages that match a query are found: by the index as far as it goes, and by a look at all others."""

    def __init__(self, query: Query, indexer: Indexer) -> None:
        self._choice = choose(query)
        self._indexer = indexer
        self._plain = _unhinted(self._choice) if is_plain(query.root) else None
        self._dense = False

    @property
    def waits_for_index(self) -> bool:
        """Whether only of messages that are in the index it can be said that they match."""
        return self._choice.needs_index and self._plain is None

    def limit(self, newest: int) -> int:
        """Up to which message it can be said, where there are so many."""
        return min(newest, self._indexer.through) if self.waits_for_index else newest

    def choice(self, above: int, through: int) -> Choice:
        """What selects those in these bounds."""
        few = through - above <= NEAR or through > self._indexer.through
        if self._plain is not None and (few or self._dense):
            return self._plain
        return self._choice.within(above, through)

    def learn(self, matched: int, of: int) -> None:
        """So many of these matched."""
        self._dense = matched * RARE > of

    def parts(self, above: int, through: int) -> list[tuple[int, int]]:
        """The same bounds in several: what is near, where mail of a busy account is found at once, and as far as the
        index goes."""
        ends = [above, min(above + NEAR, through), through]
        known = self._indexer.through
        if self._plain is not None and ends[1] < known < through:
            ends.insert(2, known)
        return list(pairwise(ends))


def _unhinted(choice: Choice) -> Choice:
    """The same without the index, which is asked only for hints of what the rows can tell."""
    where, parameters = choice.rest or "1", list(choice.parameters[1:] if choice.match else choice.parameters)
    hint = f"{IN_SEARCH} AND "
    while hint in where:
        before, where = where.split(hint, 1)
        del parameters[before.count("?")]
        where = before + where
    return replace(
        choice, source="message m", where=where, parameters=tuple(parameters), id="m.id", match=None, rest=where
    )


#: Where a stride is put together: SQLite numbers rows faster than it counts them, and a function of ours that is called
#: for each would wait for the interpreter as often.
_TABLE = (
    "CREATE TEMP TABLE IF NOT EXISTS stride "
    "(number INTEGER PRIMARY KEY, message INTEGER, date INTEGER, size INTEGER, flags TEXT, seen INTEGER, tags TEXT)"
)


#: Besides what `gathered_from` says: those that somebody has placed in the folder are left out.
_THERE = " AND NOT EXISTS (SELECT 1 FROM item i INDEXED BY item_message WHERE i.message = m.id AND i.folder = ?)"


class Gathering(Promised[int]):
    """Puts what was captured since the last time into a folder."""

    __slots__ = ("_count", "_folder", "_following", "_picks", "_since")

    def __init__(self, folder: int, picks: Picks, since: int, following: Following | None = None) -> None:
        """Up to the message `since` there is nothing to gather. `following` goes on from where this ends."""
        super().__init__()
        self._folder = folder
        self._picks = picks
        self._since = since
        self._following = following
        self._count = 0

    def apply(self, transaction: Transaction) -> None:
        """Gather the next slice: as much as can be done before mail waits for it."""
        folder = shelf(transaction, self._folder)
        if folder is None:
            self.refuse(transaction, gone(self._folder))
            return
        limit = self._picks.limit(self.bound if self._following is None else transaction.last_id)
        begun = through = max(folder.gathered, self._since)
        count, met = 0, False
        while through < limit and count < GATHERED and not (through > begun and transaction.pressed()):
            upper = min(limit, through + STRIDE)
            placed, some = self._stride(transaction, folder, through, upper)
            through, count, met = upper, count + placed, met or some
        if met or through - folder.gathered >= WRITTEN_AFTER:
            transaction.connection.execute("UPDATE folder SET gathered = ? WHERE id = ?", (through, folder.id))
        if through < limit:
            transaction.committed.append(partial(self._advance, through, count))
            return
        if self._following is not None:
            self._following.caught_up(transaction, folder.id, is_everything(folder.use))
        self.keep(transaction, self._count + count)

    def _stride(self, transaction: Transaction, folder: Shelf, above: int, through: int) -> tuple[int, bool]:
        """Place what matches of the messages in these bounds; how many that are, and whether there are any at all."""
        choice = self._picks.choice(above, through)
        connection = transaction.connection
        source, bounds = gathered_from(choice, folder.use), (*choice.parameters, above, through)
        there = _THERE if folder.uid_next > 1 else ""
        connection.execute(_TABLE)
        connection.execute("DELETE FROM stride")
        count = connection.execute(
            "INSERT INTO stride (message, date, size, flags, seen, tags) "  # noqa: S608
            f"SELECT m.id, m.received_at, m.size, '', m.seen, m.tags FROM {source}{there} ORDER BY {choice.id}",
            (*bounds, folder.id) if there else bounds,
        ).rowcount
        self._picks.learn(count, through - above)
        if not count:
            # What stands there already has been gathered for good, and does not come back once it is taken out.
            return 0, bool(connection.execute(f"SELECT 1 FROM {source} LIMIT 1", bounds).fetchall())  # noqa: S608
        noted = connection.execute("SELECT number, seen, tags FROM stride WHERE seen OR tags <> '[]'").fetchall()
        painted = [(flags.write(frozenset(), seen, tags), number) for number, seen, tags in noted]
        connection.executemany("UPDATE stride SET flags = ? WHERE number = ?", painted)
        first, modseq = folder.uid_next, standing.modseq(transaction)
        connection.execute(
            "INSERT INTO item SELECT ?, ? + number, message, ?, date, size, flags FROM stride ORDER BY number",
            (folder.id, first - 1, modseq),
        )
        folder.uid_next += count
        sql = "UPDATE folder SET uid_next = ?, modseq = ? WHERE id = ?"
        connection.execute(sql, (folder.uid_next, modseq, folder.id))
        [(messages,)] = connection.execute("SELECT json_group_array(message) FROM stride").fetchall()
        shown: list[tuple[str, ...]] = [()] * count
        for text, number in painted:
            shown[number - 1] = flags.split(text)
        items = list(map(Item, range(first, folder.uid_next), decode(messages), shown, repeat(modseq)))
        transaction.came(folder.id, Came(items, folder.uid_next, modseq))
        transaction.weight += 512 * count
        return count, True

    def keep(self, transaction: Transaction, result: int) -> None:
        """Who asked goes on when all who listen know of what has come."""
        transaction.told.append(partial(self._settle, result))

    def _advance(self, through: int, count: int) -> None:
        self._since = through
        self._count += count


def gathered_from(choice: Choice, use: str) -> str:
    """What belongs into a folder and has an id above and up to a number, which are parameters: FROM this."""
    found = f"{choice.source} WHERE {choice.where} AND {choice.id} > ? AND {choice.id} <= ?"
    return found if is_everything(use) else f"{found} AND m.listener NOT IN {APPENDED}"
