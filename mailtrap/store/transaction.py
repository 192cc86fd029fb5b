"""What the writer writes: jobs, the transaction they share, and the totals that follow from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field

from mailtrap.errors import MailtrapError
from mailtrap.events import Kind
from mailtrap.mail.message import Submission
from mailtrap.store.base import Done
from mailtrap.store.folder import Came

#: A message and whom to tell.
Entry = tuple[Submission, Done]


class Transaction(Struct):
    """What is being written: the connection, and everything that becomes true only with the commit.

    The numbers are changes to the totals; `weight` estimates the octets that go to the log.
    """

    connection: sqlite3.Connection
    last_id: int
    happenings: list[tuple[Kind, str, str]] = field(default_factory=list)
    #: What else than arriving changes the counts of inboxes: (id, inboxes, messages more, unseen more).
    moves: list[tuple[int, str, int, int]] = field(default_factory=list)
    committed: list[Callable[[], None]] = field(default_factory=list)
    #: The same for who has to come after those that are told of `folders`.
    told: list[Callable[[], None]] = field(default_factory=list)
    messages: int = 0
    unseen: int = 0
    octets: int = 0
    captured: int = 0
    deleted: int = 0
    evicted: int = 0
    backlog: int = 0
    orphans: int = 0
    sessions: int = 0
    session: int = 0
    weight: int = 0
    #: The one MODSEQ of all that changes in folders, 0 while nothing does.
    modseq: int = 0
    #: The folders in which something did; with what came, where that is all that happened.
    folders: dict[int, Came | None] = field(default_factory=dict)
    #: Whether mail waits for this transaction to end.
    pressed: Callable[[], bool] = bool

    def altered(self, folders: Iterable[int]) -> None:
        """Something stands in these otherwise."""
        self.folders.update(dict.fromkeys(folders))

    def came(self, folder: int, came: Came) -> None:
        """This has come into a folder, as the last of all that stands in it."""
        before = self.folders.get(folder, Came([], 0, 0))
        if before is not None:
            before.items.extend(came.items)
            self.folders[folder] = Came(before.items, came.uid_next, came.modseq)


class Job:
    """Something to write. `apply` may run more than once: what it learns counts when `Transaction.committed` runs."""

    __slots__ = ()

    @property
    def is_one_statement(self) -> bool:
        """Whether `apply` makes just one statement, which needs no transaction around it."""
        return False

    def prepare(self) -> None:
        """Work that needs no transaction."""

    def apply(self, transaction: Transaction) -> None:
        """Write, inside the transaction."""
        raise NotImplementedError

    def failed(self, error: MailtrapError) -> None:
        """It was not written and will not be tried again."""

    def parts(self) -> Sequence[Job]:
        """What to try one by one when a transaction with this in it failed."""
        return (self,)


class Change(Job):
    """Something to do to many messages, a slice at a time, so that arriving mail never waits for all of it.

    `bound` is the newest message captured before the change was asked for: it touches nothing younger.
    """

    __slots__ = ("bound", "finished")

    def __init__(self) -> None:
        self.bound = 0
        self.finished = False


class Totals(Struct):
    """What the store holds now and what happened since it was opened; written by the writer's thread only."""

    messages: int = 0
    unseen: int = 0
    octets: int = 0
    captured: int = 0
    deleted: int = 0
    evicted: int = 0
    backlog: int = 0
    orphans: int = 0
    session: int = 0
    last_id: int = 0
    #: Grows with every commit that changed what a page could show.
    generation: int = 0
    #: Told of every commit before anybody else is.
    first: Callable[[Transaction], None] | None = None

    def adopt(self, transaction: Transaction) -> None:
        """The transaction was committed."""
        if self.first is not None:
            self.first(transaction)
        self.messages += transaction.messages
        self.unseen += transaction.unseen
        self.octets += transaction.octets
        self.captured += transaction.captured
        self.deleted += transaction.deleted
        self.evicted += transaction.evicted
        self.backlog = max(0, self.backlog + transaction.backlog)
        self.orphans += transaction.orphans
        self.session = max(self.session, transaction.session)
        self.last_id = transaction.last_id
        self.generation += 1
