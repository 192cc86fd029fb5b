"""What stands in folders follows what becomes of messages: they vanish, and what people note about them shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from mailtrap.store import flags
from mailtrap.store.rows import encode
from mailtrap.store.transaction import Transaction

#: Ranges of uids that have vanished from a folder: how many are remembered, and how many once they are too many.
MOST_VANISHED = 8192
KEPT_VANISHED = 4096


def modseq(transaction: Transaction) -> int:
    """The MODSEQ of what changes in this transaction: higher than any before (RFC 7162 §3.1)."""
    if not transaction.modseq:
        sql = "UPDATE folder_tally SET modseq = modseq + 1 RETURNING modseq"
        [(transaction.modseq,)] = transaction.connection.execute(sql).fetchall()
    return transaction.modseq


def touch(transaction: Transaction, folders: Iterable[int]) -> None:
    """Something has changed in these."""
    some = set(folders)
    number = modseq(transaction) if some else 0
    transaction.connection.executemany("UPDATE folder SET modseq = ? WHERE id = ?", [(number, id_) for id_ in some])
    transaction.altered(some)


def repaint(transaction: Transaction, notes: Sequence[tuple[int, int, str]]) -> None:
    """Messages are seen and tagged like this now: (id, seen, tags)."""
    rows = transaction.connection.execute(
        "SELECT i.folder, i.uid, i.flags, i.message FROM json_each(?) j CROSS JOIN item i INDEXED BY item_message "
        "ON i.message = j.value",
        (encode([id_ for id_, _, _ in notes]),),
    ).fetchall()
    if not rows:
        return
    now = {id_: (seen, tags) for id_, seen, tags in notes}
    painted = [
        (flags.write(flags.own_of(text), *now[message]), folder, uid, text) for folder, uid, text, message in rows
    ]
    write(transaction, [(folder, uid, new) for new, folder, uid, old in painted if new != old])


def write(transaction: Transaction, items: Sequence[tuple[int, int, str]]) -> None:
    """Give items these flags: (folder, uid, flags)."""
    if not items:
        return
    number = modseq(transaction)
    alike: dict[tuple[str, int], list[int]] = {}
    for folder, uid, text in items:
        alike.setdefault((text, folder), []).append(uid)
    # Most become alike: one statement for all of those takes half as long as one for each.
    transaction.connection.executemany(
        "UPDATE item SET flags = ?, modseq = ? WHERE folder = ? AND uid IN (SELECT value FROM json_each(?))",
        [(text, number, folder, encode(uids)) for (text, folder), uids in alike.items()],
    )
    touch(transaction, [folder for folder, _, _ in items])
    transaction.weight += 512 * len(items)


def vanish(transaction: Transaction, ids: Sequence[int], inbox: str = "") -> None:
    """Messages are gone and stand in no folder any more; or, taken out of an inbox, in none of that inbox."""
    sql = "SELECT i.folder, i.uid FROM json_each(?) j CROSS JOIN item i INDEXED BY item_message ON i.message = j.value"
    parameters = [encode(ids)]
    if inbox:
        sql += " JOIN folder f ON f.id = i.folder WHERE f.inbox = ?"
        parameters.append(inbox)
    drop(transaction, transaction.connection.execute(sql, parameters).fetchall())


def drop(transaction: Transaction, items: Sequence[tuple[int, int]]) -> None:
    """Take items out, (folder, uid), and remember that they were there."""
    if not items:
        return
    connection = transaction.connection
    number = modseq(transaction)
    connection.executemany("DELETE FROM item WHERE folder = ? AND uid = ?", items)
    gone: dict[int, list[int]] = {}
    for folder, uid in items:
        gone.setdefault(folder, []).append(uid)
    rows = [(folder, number, *bounds) for folder, uids in gone.items() for bounds in ranges(uids)]
    connection.executemany("INSERT INTO vanished VALUES (?, ?, ?, ?)", rows)
    transaction.weight += 512 * len(items)
    for folder, new in Counter([row[0] for row in rows]).items():
        sql = "UPDATE folder SET modseq = ?, vanished = vanished + ? WHERE id = ? RETURNING vanished"
        for (count,) in connection.execute(sql, (number, new, folder)).fetchall():
            if count > MOST_VANISHED:
                _forget(transaction, folder)
    transaction.altered(gone)


def vanish_all(transaction: Transaction) -> None:
    """Every message is gone: one range for each folder says so, whatever was remembered before."""
    connection = transaction.connection
    sql = "SELECT id, uid_next FROM folder f WHERE EXISTS (SELECT 1 FROM item WHERE folder = f.id)"
    rows = connection.execute(sql).fetchall()
    if not rows:
        return
    number = modseq(transaction)
    connection.execute("DELETE FROM item")
    connection.executemany("DELETE FROM vanished WHERE folder = ?", [(folder,) for folder, _ in rows])
    connection.executemany(
        "INSERT INTO vanished VALUES (?, ?, 1, ?)", [(id_, number, next_ - 1) for id_, next_ in rows]
    )
    connection.executemany(
        "UPDATE folder SET modseq = ?, vanished = 1 WHERE id = ?", [(number, id_) for id_, _ in rows]
    )
    transaction.altered([id_ for id_, _ in rows])


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of numbers that follow each other, ascending: first and last of each."""
    first = last = None
    for number in sorted(set(numbers)):
        if first is None or last is None or number > last + 1:
            if first is not None and last is not None:
                yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last


def _forget(transaction: Transaction, folder: int) -> None:
    """Remember only what vanished lately. Whoever asks about earlier times is told of every uid that is not there."""
    connection = transaction.connection
    sql = "SELECT modseq FROM vanished WHERE folder = ? ORDER BY modseq DESC LIMIT 1 OFFSET ?"
    [(newest,)] = connection.execute(sql, (folder, KEPT_VANISHED)).fetchall()
    removed = connection.execute("DELETE FROM vanished WHERE folder = ? AND modseq <= ?", (folder, newest)).rowcount
    connection.execute(
        "UPDATE folder SET forgotten = ?, vanished = vanished - ? WHERE id = ?", (newest, removed, folder)
    )
