"""Makes, renames and removes folders: their names, their levels, which are subscribed to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from mailtrap.clock import Clock
from mailtrap.errors import Conflict, Invalid
from mailtrap.mail.later import later
from mailtrap.mail.words import fold
from mailtrap.store import standing
from mailtrap.store.folder import Folder
from mailtrap.store.placing import DELETED_SLICE, SLICE, Shelf, gone, shelf, stand, take_out
from mailtrap.store.promised import Promised
from mailtrap.store.transaction import Transaction

INBOX = "INBOX"
DELIMITER = "/"
#: Folders, and subscriptions, of one account, and folders of all of them.
MOST = 1000
MOST_OF_ALL = 100_000
#: Names of an account that were those of folders once: as many are remembered.
MOST_FORMER = 1000
#: Characters of a name, and its levels.
LONGEST = 500
DEEPEST = 30
_UNWRITABLE = later("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

#: Special uses whose folders keep messages (RFC 6154 §2); the others show what is elsewhere.
_KEEPING = frozenset(("\\archive", "\\drafts", "\\junk", "\\sent", "\\trash"))
_COLUMNS = """f.id, f.account, f.name, f.uid_validity, f.uid_next, f.modseq,
 EXISTS (SELECT 1 FROM subscription s WHERE s.account = f.account AND s.name = f.name),
 f.use, f.selectable, f.view, f.inbox"""
#: Selects folders; a condition on `f` follows.
FOLDERS = f"SELECT {_COLUMNS} FROM folder f WHERE"  # noqa: S608


def to_folder(row: tuple[Any, ...]) -> Folder:
    """The value of a row of FOLDERS."""
    (id_, account, name, uid_validity, uid_next, modseq, subscribed, use, selectable, view, inbox) = row
    return Folder(
        id_, account, name, uid_validity, uid_next, modseq, bool(subscribed), use, bool(selectable), bool(view), inbox
    )


def tidy(name: str) -> str:
    """A name as it is kept: INBOX in capitals, no delimiter at its end. Raises Invalid where it cannot be one."""
    name = name.removesuffix(DELIMITER)
    levels = name.split(DELIMITER)
    if not all(levels):
        raise Invalid("A folder needs a name, and so does every level of it")
    if len(name) > LONGEST or len(levels) > DEEPEST:
        raise Invalid(f"A name has at most {LONGEST} characters and {DEEPEST} levels")
    if _UNWRITABLE.search(name):
        raise Invalid("A name has no control characters")
    if fold(levels[0]) == "inbox":
        levels[0] = INBOX
    return DELIMITER.join(levels)


def levels_above(name: str) -> list[str]:
    """The names of the levels above, outermost first."""
    levels = name.split(DELIMITER)
    return [DELIMITER.join(levels[:count]) for count in range(1, len(levels))]


def is_view(use: str) -> bool:
    """Whether a folder of this special use only shows what is elsewhere."""
    return bool(use) and use.lower() not in _KEEPING


class Creation(Promised[Folder]):
    """Makes a folder, and those above it."""

    __slots__ = ("_account", "_clock", "_inbox", "_name", "_subscribed", "_use", "_view")

    def __init__(
        self, account: str, name: str, use: str, view: bool, inbox: str | None, subscribed: bool, clock: Clock
    ) -> None:
        super().__init__()
        self._account = account
        self._name = name
        self._use = use
        self._view = view
        self._inbox = inbox
        self._subscribed = subscribed
        self._clock = clock

    def apply(self, transaction: Transaction) -> None:
        """Make them."""
        connection = transaction.connection
        if _find(transaction, self._account, self._name, "selectable"):
            self.refuse(transaction, Conflict(f"There is a folder {self._name} already"))
            return
        if refusal := _no_room(transaction, self._account, self._name):
            self.refuse(transaction, refusal)
            return
        id_ = make(
            transaction, self._account, self._name, self._clock, use=self._use, view=self._view, inbox=self._inbox
        )
        if self._subscribed:
            connection.execute("INSERT OR IGNORE INTO subscription VALUES (?, ?)", (self._account, self._name))
        [row] = connection.execute(f"{FOLDERS} f.id = ?", (id_,)).fetchall()
        self.keep(transaction, to_folder(row))


class Removal(Promised[None]):
    """Takes everything out of a folder, a slice at a time, and then removes it."""

    __slots__ = ("_folder",)

    def __init__(self, folder: int) -> None:
        super().__init__()
        self._folder = folder

    def apply(self, transaction: Transaction) -> None:
        """Remove the next slice."""
        folder = shelf(transaction, self._folder)
        if folder is None or folder.name == INBOX:
            self.refuse(transaction, Invalid("INBOX cannot be removed") if folder else gone(self._folder))
            return
        sql = "SELECT uid FROM item WHERE folder = ? ORDER BY uid LIMIT ?"
        size = SLICE if folder.view else DELETED_SLICE
        uids = [uid for (uid,) in transaction.connection.execute(sql, (folder.id, size)).fetchall()]
        take_out(transaction, folder, uids, keep=bool(folder.view))
        if len(uids) < size:
            _unmake(transaction, folder)
            self.keep(transaction, None)


class Renaming(Promised[None]):
    """Calls a folder and those below it otherwise; of INBOX, moves what is in it, a slice at a time."""

    __slots__ = ("_clock", "_folder", "_name", "_target")

    def __init__(self, folder: int, name: str, clock: Clock) -> None:
        super().__init__()
        self._folder = folder
        self._name = name
        self._clock = clock
        #: The folder that what is in INBOX goes to, once it is there.
        self._target = 0

    def apply(self, transaction: Transaction) -> None:
        """Rename, or move the next slice."""
        sql = "SELECT id, account, name, use, inbox, view, uid_next, gathered FROM folder WHERE id = ?"
        rows = transaction.connection.execute(sql, (self._folder,)).fetchall()
        if not rows:
            self.refuse(transaction, gone(self._folder))
            return
        folder = Shelf(*rows[0])
        if not self._target and (refusal := self._refusal(transaction, folder)):
            self.refuse(transaction, refusal)
        elif folder.name == INBOX:
            self._move(transaction, folder)
        else:
            self._rename(transaction, folder)
            self.keep(transaction, None)

    def _refusal(self, transaction: Transaction, folder: Shelf) -> Invalid | None:
        if _find(transaction, folder.account, self._name):
            return Conflict(f"There is a folder {self._name} already")
        if self._name.startswith(folder.name + DELIMITER) and folder.name != INBOX:
            return Invalid("A folder cannot go below itself")
        return _no_room(transaction, folder.account, self._name)

    def _move(self, transaction: Transaction, inbox: Shelf) -> None:
        target = self._target or make(transaction, inbox.account, self._name, self._clock, inbox=inbox.inbox)
        to = shelf(transaction, target)
        if to is None:
            self.refuse(transaction, gone(target))
            return
        sql = "SELECT uid, message, date, size, flags FROM item WHERE folder = ? ORDER BY uid LIMIT ?"
        rows = transaction.connection.execute(sql, (inbox.id, SLICE)).fetchall()
        stand(transaction, to, [row[1:] for row in rows])
        standing.drop(transaction, [(inbox.id, row[0]) for row in rows])
        if len(rows) < SLICE:
            self.keep(transaction, None)
        else:
            transaction.committed.append(partial(self._made, target))

    def _made(self, target: int) -> None:
        self._target = target

    def _rename(self, transaction: Transaction, folder: Shelf) -> None:
        connection = transaction.connection
        _make_levels(transaction, folder.account, self._name, self._clock, folder.inbox)
        sql = "SELECT id, name FROM folder WHERE account = ? AND (name = ? OR substr(name, 1, ?) = ?)"
        below = folder.name + DELIMITER
        rows = connection.execute(sql, (folder.account, folder.name, len(below), below)).fetchall()
        names = [(self._name + name[len(folder.name) :], id_) for id_, name in rows]
        _leave(transaction, folder.account, [id_ for id_, _ in rows])
        connection.executemany("UPDATE folder SET name = ? WHERE id = ?", names)
        for name, id_ in names:
            _outdo(transaction, folder.account, name, id_, self._clock)
        # Subscriptions are to names and stay: only clients take them back (RFC 3501 §6.3.9).
        transaction.altered([id_ for id_, _ in rows])
        _prune_levels(transaction, folder.account, folder.name)


class Subscription(Promised[None]):
    """Notes whether a name is subscribed to."""

    __slots__ = ("_account", "_name", "_subscribed")

    def __init__(self, account: str, name: str, subscribed: bool) -> None:
        super().__init__()
        self._account = account
        self._name = name
        self._subscribed = subscribed

    def apply(self, transaction: Transaction) -> None:
        """Note it."""
        connection = transaction.connection
        if not self._subscribed:
            connection.execute("DELETE FROM subscription WHERE account = ? AND name = ?", (self._account, self._name))
        else:
            sql = "SELECT count(*) FROM subscription WHERE account = ? AND name <> ?"
            if connection.execute(sql, (self._account, self._name)).fetchone()[0] >= MOST:
                self.refuse(transaction, Invalid(f"An account subscribes to at most {MOST} folders"))
                return
            connection.execute("INSERT OR IGNORE INTO subscription VALUES (?, ?)", (self._account, self._name))
        transaction.altered(_find(transaction, self._account, self._name))
        self.keep(transaction, None)


def make(
    transaction: Transaction,
    account: str,
    name: str,
    clock: Clock,
    *,
    use: str = "",
    view: bool = False,
    inbox: str | None = None,
) -> int:
    """Make a folder that is not there, or only as a level, and those above it; its id."""
    connection = transaction.connection
    if inbox is None:
        rows = connection.execute("SELECT inbox FROM folder WHERE account = ? LIMIT 1", (account,)).fetchall()
        inbox = rows[0][0] if rows else ""
    _make_levels(transaction, account, name, clock, inbox)
    number = standing.modseq(transaction)
    [(new,)] = connection.execute("UPDATE folder_tally SET folder = folder + 1 RETURNING folder").fetchall()
    # One that was a level keeps its id and what stands below it, but its uids begin anew.
    level = _find(transaction, account, name)
    id_: int = level[0] if level else new
    connection.execute("DELETE FROM vanished WHERE folder = ?", (id_,))
    row = (id_, account, name, use, inbox, view, 1, _validity(transaction, clock), 1, number, 0, 0, number)
    connection.execute(f"INSERT OR REPLACE INTO folder VALUES ({', '.join(['?'] * len(row))})", row)  # noqa: S608
    transaction.altered([id_])
    transaction.weight += 4096
    return id_


def _validity(transaction: Transaction, clock: Clock) -> int:
    """A UIDVALIDITY that is higher than any before."""
    sql = "UPDATE folder_tally SET uid_validity = max(uid_validity + 1, ?) RETURNING uid_validity"
    [(number,)] = transaction.connection.execute(sql, (clock.now() // 1_000_000,)).fetchall()
    return int(number)


def _leave(transaction: Transaction, account: str, folders: Sequence[int]) -> None:
    """These folders give up their names."""
    connection = transaction.connection
    sql = "INSERT OR REPLACE INTO former SELECT account, name, uid_validity FROM folder WHERE id = ?"
    connection.executemany(sql, [(id_,) for id_ in folders])
    [(count,)] = connection.execute("SELECT count(*) FROM former WHERE account = ?", (account,)).fetchall()
    if count > MOST_FORMER:
        connection.execute(
            "DELETE FROM former WHERE account = ?1 AND name IN "
            "(SELECT name FROM former WHERE account = ?1 ORDER BY uid_validity LIMIT ?2)",
            (account, count - MOST_FORMER),
        )


def _outdo(transaction: Transaction, account: str, name: str, folder: int, clock: Clock) -> None:
    """A folder has got a name: where another had it that was younger, its uids count as new (RFC 9051 §2.3.1.1).

    The same folder may come back to its name as it was. A name that may have been forgotten had one of the oldest.
    """
    connection = transaction.connection
    sql = (
        "SELECT 1 FROM folder f WHERE f.id = ?1 AND f.uid_validity < coalesce("
        "(SELECT uid_validity FROM former WHERE account = ?2 AND name = ?3),"
        "(SELECT CASE WHEN count(*) >= ?4 THEN min(uid_validity) ELSE 0 END FROM former WHERE account = ?2))"
    )
    if connection.execute(sql, (folder, account, name, MOST_FORMER)).fetchall():
        validity = _validity(transaction, clock)
        connection.execute("UPDATE folder SET uid_validity = ? WHERE id = ?", (validity, folder))


def _make_levels(transaction: Transaction, account: str, name: str, clock: Clock, inbox: str) -> None:
    for level in levels_above(name):
        if not _find(transaction, account, level):
            make(transaction, account, level, clock, inbox=inbox)


def _unmake(transaction: Transaction, folder: Shelf) -> None:
    """Remove an empty folder, or make a level of it where there are folders below."""
    connection = transaction.connection
    _leave(transaction, folder.account, [folder.id])
    connection.execute("DELETE FROM vanished WHERE folder = ?", (folder.id,))
    connection.execute("UPDATE folder SET selectable = 0, use = '', view = 0, vanished = 0 WHERE id = ?", (folder.id,))
    transaction.altered([folder.id])
    _prune_levels(transaction, folder.account, folder.name + DELIMITER)


def _prune_levels(transaction: Transaction, account: str, name: str) -> None:
    """Levels above `name` that are no folders themselves go where there is nothing below them any more."""
    for level in reversed(levels_above(name)):
        removed = transaction.connection.execute(
            "DELETE FROM folder WHERE account = ?1 AND name = ?2 AND NOT selectable AND NOT EXISTS "
            "(SELECT 1 FROM folder WHERE account = ?1 AND substr(name, 1, length(?2) + 1) = ?2 || '/')",
            (account, level),
        ).rowcount
        if not removed:
            return


def _find(transaction: Transaction, account: str, name: str, condition: str = "1") -> list[int]:
    """The id of the folder of this name, if there is one."""
    sql = f"SELECT id FROM folder WHERE account = ? AND name = ? AND {condition}"  # noqa: S608
    return [id_ for (id_,) in transaction.connection.execute(sql, (account, name)).fetchall()]


def _no_room(transaction: Transaction, account: str, name: str) -> Invalid | None:
    """Why this folder, and those above it, cannot be made, if so."""
    more = sum([not _find(transaction, account, one) for one in [*levels_above(name), name]])
    connection = transaction.connection
    (his,) = connection.execute("SELECT count(*) FROM folder WHERE account = ?", (account,)).fetchone()
    if his + more > MOST:
        return Invalid(f"An account has at most {MOST} folders")
    (all_,) = connection.execute("SELECT count(*) FROM folder").fetchone()
    return Invalid(f"There are {MOST_OF_ALL} folders already") if all_ + more > MOST_OF_ALL else None
