"""What every store must do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Protocol

from msgspec import Struct, field

from mailtrap.mail.message import Message, Submission
from mailtrap.mail.transcript import Line, Transcript
from mailtrap.query import Query
from mailtrap.store.folder import Folders

#: Called on the writer's thread, in commit order, with the new message's id or with why it was not kept.
Done = Callable[[int | Exception], None]


class Page(Struct, frozen=True):
    """Newest first. `next` is the id that the following page's messages are older than, None at the end.

    `total` counts everything that matches the query, not only this page.
    """

    messages: list[Message]
    total: int
    next: int | None


class Session(Struct, frozen=True):
    """A dialogue as it was recorded."""

    id: int
    listener: str
    peer: str
    started_at: int
    ended_at: int | None
    helo: str
    tls: tuple[str, str] | None
    login: tuple[str, str] | None
    outcome: str
    octets_in: int
    messages: tuple[int, ...]
    lines: tuple[Line, ...] = ()


class Selection(Struct, frozen=True):
    """Which messages a change is about: `query` alone, or those of `ids` that also match `query`.

    With `inbox` only what is in it; to delete that is to take it out of this inbox, and for good what is in no other.
    """

    query: Query
    ids: tuple[int, ...] | None = None
    inbox: str = ""


class Counters(Struct):
    """Totals since the store was opened, and what it holds now."""

    messages: int = 0
    unseen: int = 0
    octets: int = 0
    captured: int = 0
    deleted: int = 0
    evicted: int = 0
    index_backlog: int = 0
    database_size: int = 0
    extra: dict[str, int] = field(default_factory=dict)


class Record(Struct, frozen=True):
    """Something kept beside messages and sessions: a rule, a delivery, an event on its way, what a client did next.

    `kind` says which, `id` is unique in it. `owner` is the message or session it is about (0 for none), `state` and
    `name` (compared without case) are what it can be found by, `due` is when something happens to it next.
    """

    kind: str
    id: int
    document: bytes
    owner: int = 0
    state: str = ""
    name: str = ""
    due: int | None = None


class Ledger(Protocol):
    """Records, thread-safe; written by the store's writer when there is no mail to keep."""

    def put(self, records: Sequence[Record]) -> Future[None]:
        """Keep these, in place of those with the same kind and id."""

    def remove(
        self, kind: str, *, ids: Sequence[int] | None = None, owners: Sequence[int] | None = None
    ) -> Future[int]:
        """Remove those with these ids or of these owners, all of the kind where neither is given; how many."""

    def find(
        self,
        kind: str,
        *,
        ids: Sequence[int] | None = None,
        owners: Sequence[int] | None = None,
        states: Sequence[str] | None = None,
        name: str | None = None,
        due_by: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Record]:
        """The newest that fit everything given, highest id first; `due_by` orders by `due`, earliest first."""

    def count(self, kind: str, *, states: Sequence[str] | None = None) -> int:
        """How many there are."""

    def new_id(self, kind: str) -> int:
        """An id never given out before for this kind."""


class Spool(Protocol):
    """A message too big to hold in memory, on its way into the store."""

    def write(self, octets: bytes) -> None:
        """Take the next octets. Cheap; the work is done on the writer's thread."""

    def finish(self) -> int:
        """No more will come. Returns what to put into `Submission.spooled`."""

    def discard(self) -> None:
        """Forget it all. Harmless after `finish` + `add`, and when repeated."""

    @property
    def backlog(self) -> int:
        """Octets taken but not yet written. A sender should be made to wait while this is large."""


class Store(Protocol):
    """Thread-safe. Changes are made by one writer in the order asked for and announced on the Bus once committed."""

    def add(self, submission: Submission, done: Done) -> None:
        """Keep a message. `done` runs once a crash cannot lose it (or once it is certain that it was not kept)."""

    def spool(self) -> Spool:
        """Start to take in a message that is too big to hold."""

    def new_session(self) -> int:
        """A session id never given out before."""

    def record(self, transcript: Transcript) -> None:
        """Keep the dialogue of a session that has ended."""

    @property
    def ledger(self) -> Ledger:
        """What is kept beside messages and sessions."""

    @property
    def folders(self) -> Folders:
        """What those who read mail by IMAP have put where."""

    def delete(self, selection: Selection) -> Future[list[int]]:
        """Delete what is selected; resolves with the ids of what was deleted."""

    def mark(
        self,
        selection: Selection,
        *,
        seen: bool | None = None,
        tags: Sequence[str] | None = None,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
    ) -> Future[list[int]]:
        """Change what people noted about messages; None leaves as it is. Resolves with the ids that matched."""

    def page(
        self,
        query: Query,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        offset: int = 0,
        count: bool = True,
    ) -> Page:
        """The newest `limit` messages that match, with ids below `before` and above `after`, past the first `offset`.

        Never reads content. With `after` alone the page is still the newest ones, newest first. Without `count`, which
        may visit everything that matches, the total is 0.
        """

    def get(self, id: int) -> Message | None:
        """One message, without its octets."""

    def octets(self, id: int, start: int = 0) -> Iterator[bytes]:
        """The exact octets of a message, from `start` on, in pieces of at most a few MB.

        Raises NotFound before the first piece, or later where the message is deleted meanwhile.
        """

    def contents(self, ids: Sequence[int], most: int) -> dict[int, bytes | int]:
        """The exact octets of many messages, or only how many those are where it is more than `most`, by id.

        What was deleted meanwhile is not among them.
        """

    def ids(self, query: Query, *, newest_first: bool = True) -> Iterator[int]:
        """Every matching id, without holding a transaction open between pieces."""

    def sizes(self, query: Query) -> list[tuple[int, int]]:
        """Every matching id with the size of that message in octets, oldest first. Never reads content."""

    def sessions(self, *, limit: int, before: int | None = None, outcome: str | None = None) -> list[Session]:
        """The newest recorded sessions, newest first, without their lines."""

    def session(self, id: int) -> Session | None:
        """One recorded session with its lines."""

    def tags(self) -> dict[str, int]:
        """Every tag in use and how many messages carry it."""

    def inboxes(self) -> dict[str, tuple[int, int]]:
        """Every inbox that has messages: how many, and how many of them nobody has looked at."""

    def catch_up(self, timeout: float = 10.0) -> bool:
        """Wait until everything committed before this call is in the search index; False if it took too long."""

    @property
    def indexed(self) -> int:
        """Every message up to this id is in the search index."""

    def hurry(self) -> None:
        """Have what is committed now indexed soon, even while more mail comes; does not wait for it."""

    def counters(self) -> Counters:
        """Cheap enough for every page."""

    def healthy(self) -> str:
        """Empty when a message sent now would be kept; else why not, in words."""

    def close(self) -> None:
        """Finish what was asked for, then close. Repeating it is harmless."""
