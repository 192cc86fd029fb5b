"""The Folders of SQLite: asks readers, hands changes to the writer."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace

from mailtrap.clock import Clock
from mailtrap.errors import MailtrapError
from mailtrap.query import Query
from mailtrap.store import flags as flagging
from mailtrap.store.folder import Alteration, Altered, Changed, Folder, Item, News, Placement, Totals
from mailtrap.store.following import Following
from mailtrap.store.gathering import WRITTEN_AFTER, Gathering, Picks, gathered_from
from mailtrap.store.indexing import Indexer
from mailtrap.store.matching import Matching
from mailtrap.store.naming import FOLDERS, INBOX, Creation, Removal, Renaming, Subscription, is_view, tidy, to_folder
from mailtrap.store.placing import Copying, Flagging, Placing, TakingOut, gone
from mailtrap.store.promised import Promised
from mailtrap.store.reading import Readers
from mailtrap.store.rows import clean, encode
from mailtrap.store.transaction import Transaction
from mailtrap.store.vocabulary import MOST_MESSAGES, Vocabulary
from mailtrap.store.writer import Writer

log = logging.getLogger(__name__)

#: Folders of which is remembered what they hold, and how far they were looked through in vain.
REMEMBERED = 4096
#: Messages that are not in the index yet and are looked at one by one; if there are more, the index is waited for.
UNINDEXED = 5000
#: Items from which on a folder is worth preparing for a search.
MANY = 1000
#: Seconds after which it is.
WARMED_AFTER = 0.2
#: Seconds that a search waits for messages that are not in the index yet.
INDEXED_WITHIN = 10.0
#: No uid is higher: they have 32 bits (RFC 9051 §9).
_BIGGEST = (1 << 32) - 1

Result = TypeVar("Result")
Ranges = Sequence[tuple[int, int]]
Rows = Sequence[Any]


class SqliteFolders:
    """See `store.folder.Folders` for what each method promises."""

    def __init__(
        self,
        readers: Readers,
        writer: Writer,
        indexer: Indexer,
        vocabulary: Vocabulary,
        following: Following,
        clock: Clock,
    ) -> None:
        self._readers = readers
        self._writer = writer
        self._indexer = indexer
        self._vocabulary = vocabulary
        self._following = following
        self._clock = clock
        self._lock = threading.Lock()
        self._warm = False
        self._listeners: tuple[Callable[[Changed], None], ...] = ()
        self._looked: OrderedDict[int, int] = OrderedDict()
        self._totals: OrderedDict[int, tuple[int, Totals]] = OrderedDict()

    def on_change(self, listener: Callable[[Changed], None]) -> None:
        """Call it with the folders that changed."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def forget(self, listener: Callable[[Changed], None]) -> None:
        """Call it no more."""
        with self._lock:
            self._listeners = tuple([one for one in self._listeners if one != listener])

    def committed(self, transaction: Transaction) -> None:
        """Tell who listens; called on the writer's thread."""
        if transaction.folders:
            for listener in self._listeners:
                try:
                    listener(transaction.folders)
                except Exception:
                    log.exception("somebody failed to hear that folders changed")
        for callback in transaction.told:
            callback()

    def of(self, account: str) -> list[Folder]:
        """All folders of an account."""
        sql = f"{FOLDERS} f.account = ? ORDER BY f.name <> '{INBOX}', f.name"
        return [to_folder(row) for row in self._readers.fetch(sql, (clean(account),))]

    def get(self, folder: int) -> Folder | None:
        """One folder as it is now."""
        rows = self._readers.fetch(f"{FOLDERS} f.id = ?", (folder,))
        return to_folder(rows[0]) if rows else None

    def create(
        self,
        account: str,
        name: str,
        *,
        use: str = "",
        view: bool | None = None,
        inbox: str | None = None,
        subscribed: bool | None = None,
    ) -> Future[Folder]:
        """Make a folder."""
        try:
            name = tidy(name)
        except MailtrapError as error:
            return _failed(error)
        view = is_view(use) if view is None else view
        subscribed = bool(use) or view or name == INBOX if subscribed is None else subscribed
        return self._do(Creation(clean(account), name, use, view, inbox, subscribed, self._clock))

    def remove(self, folder: int) -> Future[None]:
        """Remove a folder."""
        promise = self._do(Removal(folder))
        promise.add_done_callback(lambda done: None if done.exception() else self._following.drop(folder))
        return promise

    def rename(self, folder: int, name: str) -> Future[None]:
        """Call it otherwise."""
        try:
            return self._do(Renaming(folder, tidy(name), self._clock))
        except MailtrapError as error:
            return _failed(error)

    def subscriptions(self, account: str) -> list[str]:
        """The names subscribed to."""
        sql = "SELECT name FROM subscription WHERE account = ? ORDER BY name"
        return [name for (name,) in self._readers.fetch(sql, (clean(account),))]

    def subscribe(self, account: str, name: str, subscribed: bool) -> Future[None]:
        """Note whether a name is subscribed to."""
        try:
            return self._do(Subscription(clean(account), tidy(name), subscribed))
        except MailtrapError as error:
            return _failed(error)

    def gather(self, folder: int, query: Query) -> Future[int]:
        """Place what was captured since the last time."""
        if self._following.is_in_step(folder):
            return _done(0)
        rows = self._readers.fetch("SELECT gathered, use FROM folder WHERE id = ? AND selectable", (folder,))
        if not rows:
            return _failed(gone(folder))
        [(gathered, use)] = rows
        picks = Picks(query, self._indexer)
        newest = self._writer.totals.last_id
        if picks.waits_for_index or newest - self._indexer.through > UNINDEXED:
            self._indexer.wait(INDEXED_WITHIN)
        limit = picks.limit(newest)
        since = max(gathered, self._looked_through(folder))
        # Most mail is for other accounts: that is found out here and takes nothing of the writer's time.
        first = next((id_ for part in picks.parts(since, limit) for id_ in self._first(picks, use, *part)), None)
        if first is None:
            self._note(folder, limit)
            if limit - gathered < WRITTEN_AFTER:
                return _done(0)
        promise = self._do(Gathering(folder, picks, limit if first is None else first - 1))
        promise.add_done_callback(lambda done: None if done.exception() else self._warm_up(done.result()))
        return promise

    def _first(self, picks: Picks, use: str, above: int, through: int) -> list[int]:
        """The first message in these bounds that is to be gathered."""
        if above >= through:
            return []
        choice = picks.choice(above, through)
        if choice.is_narrow:
            choice = replace(choice, source=f"{choice.source} INDEXED BY message_order")
        sql = f"SELECT {choice.id} FROM {gathered_from(choice, use)} ORDER BY {choice.id} LIMIT 1"  # noqa: S608
        return [id_ for (id_,) in self._readers.fetch(sql, (*choice.parameters, above, through))]

    def follow(self, folder: int, query: Query) -> Future[int] | None:
        """From now on have what matches placed with the commit that keeps it."""
        if not self._following.put(folder, query.root):
            return None
        since = self._looked_through(folder)
        return self._do(Gathering(folder, Picks(query, self._indexer), since, self._following))

    def unfollow(self, folder: int) -> None:
        """Gather only when asked to."""
        if self._following.is_in_step(folder):
            self._note(folder, self._writer.totals.last_id)
        self._following.drop(folder)

    def _looked_through(self, folder: int) -> int:
        """Up to this message there is nothing to gather."""
        with self._lock:
            return self._looked.get(folder, 0)

    def _note(self, folder: int, through: int) -> None:
        with self._lock:
            _remember(self._looked, folder, max(through, self._looked.get(folder, 0)))

    def items(self, folder: int, *, changed_since: int = 0, uids: Ranges | None = None) -> list[Item]:
        """In the order of uids."""
        sql, parameters = _within("i.uid, i.message, i.flags, i.modseq", folder, uids)
        if changed_since:
            sql += " AND i.modseq > ?"
            parameters.append(changed_since)
        return self._items(self._readers.fetch(f"{sql} ORDER BY i.uid", parameters))

    def _items(self, rows: Sequence[tuple[int, int, str, int]]) -> list[Item]:
        self._warm_up(len(rows))
        split = flagging.split
        return [Item(uid, message, split(text), modseq) for uid, message, text, modseq in rows]

    def _warm_up(self, count: int) -> None:
        """Who opens so big a folder may search it: by then all is ready. First it is opened."""
        if count > MANY and not self._warm and self._writer.totals.messages <= MOST_MESSAGES:
            self._warm = True
            timer = threading.Timer(WARMED_AFTER, self._vocabulary.warm)
            timer.daemon, timer.name = True, "vocabulary"
            timer.start()

    def news(self, folder: int, since: int | None) -> News | None:
        """What has come, changed and gone since."""
        columns = "SELECT i.uid, i.message, i.flags, i.modseq FROM item i"
        asked: list[tuple[str, Sequence[Any]]] = [(f"{FOLDERS} f.id = ?", (folder,))]
        if since is None:
            asked.append((f"{columns} WHERE i.folder = ? ORDER BY i.uid", (folder,)))
        else:
            changed = f"{columns} INDEXED BY item_modseq WHERE i.folder = ? AND i.modseq > ? ORDER BY i.modseq, i.uid"
            asked.append((changed, (folder, since)))
            asked += _vanished(folder, since)
        head, items, *gone_ = self._readers.fetch_all(asked)
        if not head:
            return None
        found = self._items(items if since is None else sorted(items))
        return News(to_folder(head[0]), found, _uids_gone(since, *gone_) if since is not None else [])

    def vanished(self, folder: int, since: int, uids: Ranges | None = None) -> list[int]:
        """The uids that stood in it and have gone."""
        found = _uids_gone(since, *self._readers.fetch_all(_vanished(folder, since)))
        if uids is None:
            return found
        bounds = _merged(uids)
        return [uid for uid in found if any([first <= uid <= last for first, last in bounds])]

    def totals(self, folder: int) -> Totals:
        """Counts for STATUS."""
        with self._lock:
            known = self._totals.get(folder)
        if known:
            rows = self._readers.fetch("SELECT modseq FROM folder WHERE id = ?", (folder,))
            if rows and rows[0][0] == known[0]:
                return known[1]
        head, [counted] = self._readers.fetch_all(
            [
                ("SELECT modseq FROM folder WHERE id = ?", (folder,)),
                (
                    "SELECT count(*), ifnull(sum(instr(flags, '\\Seen') = 0), 0), "
                    "ifnull(sum(instr(flags, '\\Deleted') > 0), 0), ifnull(sum(size), 0) FROM item WHERE folder = ?",
                    (folder,),
                ),
            ]
        )
        totals = Totals(*counted)
        if head:
            with self._lock:
                _remember(self._totals, folder, (head[0][0], totals))
        return totals

    def facts(self, folder: int, uids: Collection[int] | None = None) -> dict[int, tuple[int, int, int]]:
        """By uid: size, internal date, message id."""
        sql = "SELECT uid, size, date, message FROM item WHERE folder = ?"
        parameters: list[Any] = [folder]
        if uids is not None:
            sql = (
                "SELECT i.uid, i.size, i.date, i.message FROM json_each(?) j "
                "CROSS JOIN item i ON i.folder = ? AND i.uid = j.value"
            )
            parameters = [encode(sorted(set(uids))), folder]
        return {uid: (size, date, message) for uid, size, date, message in self._readers.fetch(sql, parameters)}

    def matching(self, folder: int, query: Query) -> set[int]:
        """The uids of what matches a query."""
        catch_up = partial(self._indexer.wait, INDEXED_WITHIN)
        return Matching(self._readers, self._vocabulary, catch_up, folder).find(query)

    def place(self, folder: int, placements: Sequence[Placement]) -> Future[list[int]]:
        """Put messages into a folder."""
        try:
            return self._do(Placing(folder, [(one, flagging.read(one.flags)) for one in placements]))
        except MailtrapError as error:
            return _failed(error)

    def flag(
        self,
        folder: int,
        uids: Collection[int],
        how: Alteration,
        flags: Collection[str],
        *,
        unchanged_since: int | None = None,
    ) -> Future[Altered]:
        """Change the flags of items."""
        try:
            return self._do(Flagging(folder, uids, how, flagging.read(flags), unchanged_since))
        except MailtrapError as error:
            return _failed(error)

    def copy(
        self, folder: int, uids: Collection[int], to: int, *, move: bool = False, whole: bool = False
    ) -> Future[list[tuple[int, int]]]:
        """Put what stands in a folder into another one, too, or move it there."""
        return self._do(Copying(folder, uids, to, move=move, whole=whole))

    def take_out(self, folder: int, uids: Collection[int], *, marked: bool = False) -> Future[list[int]]:
        """Take items out of a folder."""
        return self._do(TakingOut(folder, uids, marked))

    def _do(self, change: Promised[Result]) -> Future[Result]:
        self._writer.put_change(change)
        return change.future


def _within(columns: str, folder: int, uids: Ranges | None) -> tuple[str, list[Any]]:
    """Selects items; with `uids` those in these ranges."""
    if uids is None:
        return f"SELECT {columns} FROM item i WHERE i.folder = ?", [folder]  # noqa: S608
    bounds = "json_extract(j.value, '$[0]') AND json_extract(j.value, '$[1]')"
    sql = (
        f"SELECT {columns} FROM json_each(?) j CROSS JOIN item i ON i.folder = ? AND i.uid BETWEEN {bounds} "  # noqa: S608
        "WHERE 1"
    )
    return sql, [encode(_merged(uids)), folder]


def _vanished(folder: int, since: int) -> list[tuple[str, Sequence[Any]]]:
    """What has to be asked about the uids that have gone; see `_uids_gone`."""
    return [
        ("SELECT forgotten, uid_next FROM folder WHERE id = ?", (folder,)),
        ("SELECT first, last FROM vanished WHERE folder = ? AND modseq > ? ORDER BY first", (folder, since)),
        # Looked at only where what has vanished is no longer remembered.
        (
            "SELECT i.uid FROM folder f CROSS JOIN item i ON i.folder = f.id WHERE f.id = ? AND f.forgotten > ?",
            (folder, since),
        ),
    ]


def _uids_gone(since: int, head: Rows, ranges: Rows, there: Rows) -> list[int]:
    """From the answers to `_vanished`."""
    if not head:
        return []
    [(forgotten, uid_next)] = head
    if since < forgotten:
        return sorted(set(range(1, uid_next)).difference([uid for (uid,) in there]))
    return sorted({uid for first, last in ranges for uid in range(first, last + 1)})


def _merged(ranges: Ranges) -> list[tuple[int, int]]:
    """The same uids in ranges that do not overlap, ascending."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted([(min(pair), max(pair)) for pair in ranges]):
        first, last = min(first, _BIGGEST), min(last, _BIGGEST)
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _remember(memory: OrderedDict[int, Any], folder: int, value: object) -> None:
    memory[folder] = value
    memory.move_to_end(folder)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)


def _done(result: Result) -> Future[Result]:
    future: Future[Result] = Future()
    future.set_result(result)
    return future


def _failed(error: MailtrapError) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return future
