"""Folders that somebody waits at: what arrives for them stands there with the very commit that keeps it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from mailtrap.mail.message import Submission
from mailtrap.mail.words import fold
from mailtrap.query.tree import And, Exact, Node, Or
from mailtrap.store import flags, standing
from mailtrap.store.folder import Came, Item
from mailtrap.store.rows import clean, encode
from mailtrap.store.transaction import Entry, Transaction

#: How mail comes that APPEND has put where it belongs.
APPENDED = ("imap", "imaps")

#: A field of a message that is known when it comes, and one of its values, compared without case.
Fact = tuple[str, str]
#: All values of each such field.
Facts = Mapping[str, frozenset[str]]

_FIELDS = frozenset(("inbox", "rcpt", "listener"))


def is_plain(node: Node) -> bool:
    """Whether the facts of a message alone can tell that it matches."""
    match node:
        case And() | Or():
            return all([is_plain(inner) for inner in node.nodes])
        case Exact():
            return node.field in _FIELDS
        case _:
            return False


def holds(node: Node, facts: Facts) -> bool:
    """Whether a message with these facts matches; the node is plain."""
    match node:
        case And():
            return all([holds(inner, facts) for inner in node.nodes])
        case Or():
            return any([holds(inner, facts) for inner in node.nodes])
        case Exact():
            return fold(node.value) in facts[node.field]
        case _:
            raise ValueError(f"{node} is not plain")


def _facts_of(submission: Submission) -> Facts:
    recipients = [fold(clean(recipient.address)) for recipient in submission.envelope.recipients]
    return {
        "inbox": frozenset(fold(submission.inbox).split(" ")),
        "rcpt": frozenset(recipients),
        "listener": frozenset((fold(submission.arrival.listener),)),
    }


def _one_of(node: Node) -> frozenset[Fact]:
    """Facts of which a message that matches has at least one; none where that cannot be said. The node is plain."""
    match node:
        case Or():
            found = [_one_of(inner) for inner in node.nodes]
            return frozenset().union(*found) if all(found) else frozenset()
        case And():
            return next(filter(None, map(_one_of, node.nodes)), frozenset())
        case Exact(field="inbox" | "rcpt"):
            return frozenset(((node.field, fold(node.value)),))
        case _:
            return frozenset()


class _Followed:
    """One folder. Everything but `in_step` is of the writer's thread."""

    __slots__ = ("everything", "facts", "folder", "in_step", "node", "transaction")

    def __init__(self, folder: int, node: Node) -> None:
        self.folder = folder
        self.node = node
        self.facts = _one_of(node)
        #: Whether what APPEND brings belongs here, too.
        self.everything = False
        #: Whether all that is committed and belongs here stands here.
        self.in_step = False
        #: The transaction after which it will be.
        self.transaction: Transaction | None = None


class Following:
    """The folders that are followed. `put` and `drop` are for any thread, the rest for the writer's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: dict[int, _Followed] = {}
        # Replaced, never changed.
        self._by_fact: dict[Fact, tuple[_Followed, ...]] = {}

    def put(self, folder: int, node: Node) -> bool:
        """Follow a folder as soon as it is `caught_up`; whether that can be done with such a query."""
        if not is_plain(node) or not _one_of(node):
            return False
        with self._lock:
            self._folders[folder] = _Followed(folder, node)
            self._sort()
        return True

    def drop(self, folder: int) -> None:
        """Follow it no more."""
        with self._lock:
            if self._folders.pop(folder, None) is not None:
                self._sort()

    def is_in_step(self, folder: int) -> bool:
        """Whether all that is committed and belongs there stands there. On any thread."""
        followed = self._folders.get(folder)
        return followed is not None and followed.in_step

    def _sort(self) -> None:
        found: dict[Fact, tuple[_Followed, ...]] = {}
        for followed in self._folders.values():
            for fact in followed.facts:
                found[fact] = (*found.get(fact, ()), followed)
        self._by_fact = found

    def caught_up(self, transaction: Transaction, folder: int, everything: bool) -> None:
        """In this transaction everything up to its last message has been placed there."""
        followed = self._folders.get(folder)
        if followed is not None and not followed.in_step:
            followed.everything = everything
            followed.transaction = transaction
            transaction.committed.append(partial(_in_step, followed))

    def concerns(self, entries: Sequence[Entry]) -> bool:
        """Whether some of these belong into folders that are followed."""
        return bool(self._by_fact) and any([True for entry in entries for _ in self._of(entry[0])])

    def place(self, transaction: Transaction, kept: Sequence[tuple[int, Submission]]) -> None:
        """These have been kept in this transaction: (id, submission), in order."""
        if not self._by_fact:
            return
        due: dict[int, tuple[_Followed, list[tuple[int, Submission]]]] = {}
        for message in kept:
            for followed in self._of(message[1]):
                due.setdefault(followed.folder, (followed, []))[1].append(message)
        for followed, messages in due.values():
            if not _place(transaction, followed, messages, kept[-1][0]):
                self.drop(followed.folder)

    def _of(self, submission: Submission) -> Iterator[_Followed]:
        """The folders that something belongs into, each once."""
        facts, by_fact = _facts_of(submission), self._by_fact
        found = [
            one for field in ("inbox", "rcpt") for value in facts[field] for one in by_fact.get((field, value), ())
        ]
        appended = submission.arrival.listener in APPENDED
        for followed in dict.fromkeys(found):
            if holds(followed.node, facts) and (followed.everything or not appended):
                yield followed


def _in_step(followed: _Followed) -> None:
    followed.in_step = True
    followed.transaction = None


def _place(
    transaction: Transaction, followed: _Followed, messages: Sequence[tuple[int, Submission]], through: int
) -> bool:
    """Have them stand in the folder, unless it lags behind and has to be gathered; false where it is gone."""
    if not followed.in_step and followed.transaction is not transaction:
        return True
    number = standing.modseq(transaction)
    rows = transaction.connection.execute(
        "UPDATE folder SET uid_next = uid_next + ?, modseq = ?, gathered = ? WHERE id = ? AND selectable "
        "RETURNING uid_next",
        (len(messages), number, through, followed.folder),
    ).fetchall()
    if not rows:
        return False
    uid_next = rows[0][0]
    placed = [(uid, id_, one, _flags(one)) for uid, (id_, one) in enumerate(messages, uid_next - len(messages))]
    transaction.connection.executemany(
        "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(followed.folder, uid, id_, number, one.arrival.at, one.size, text) for uid, id_, one, text in placed],
    )
    items = [Item(uid, id_, flags.split(text), number) for uid, id_, _, text in placed]
    transaction.came(followed.folder, Came(items, uid_next, number))
    transaction.weight += 512 * len(messages)
    return True


def _flags(submission: Submission) -> str:
    if not submission.tags:
        return ""
    return flags.write(frozenset(), 0, encode([clean(tag) for tag in submission.tags]))
