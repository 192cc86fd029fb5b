"""Folders and what stands in them: what a store keeps for those who read mail by IMAP (RFC 9051 §2.3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct

from mailtrap.query import Query


class Alteration(StrEnum):
    """How STORE changes flags (RFC 9051 §6.4.6)."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


class Folder(Struct, frozen=True):
    """One folder of an account. `account` and INBOX are compared without case, other names with it; `/` divides levels.

    `use` is its special use, as in `\\All` (RFC 6154). `modseq` is the highest of its items and of what has vanished.
    `selectable` is false for a level that was removed but still has folders below it. A `view` shows messages that
    stand elsewhere or nowhere. `inbox` is the one whose messages the account collects; empty where it is an address.
    """

    id: int
    account: str
    name: str
    uid_validity: int
    uid_next: int
    modseq: int
    subscribed: bool = True
    use: str = ""
    selectable: bool = True
    view: bool = False
    inbox: str = ""


class Item(NamedTuple):
    """A message in a folder. `flags`: system flags and keywords as they are written, `\\Seen` included, sorted."""

    # A tuple is made four times as fast as a dataclass, and a folder may have a hundred thousand.

    uid: int
    message: int
    flags: tuple[str, ...]
    modseq: int


class Totals(Struct, frozen=True):
    """What STATUS says of a folder; `size` in octets."""

    messages: int
    unseen: int
    deleted: int
    size: int


class Placement(Struct, frozen=True):
    """A message that is to stand in a folder. `date` in microseconds since the epoch, None for when it was captured."""

    message: int
    flags: tuple[str, ...] = ()
    date: int | None = None


class Altered(Struct, frozen=True):
    """What came of a change of flags: items as they are now, and uids that had changed since (RFC 7162 §3.1.3)."""

    items: list[Item]
    modified: list[int]


class News(Struct, frozen=True):
    """A folder at one moment, with the items that have a higher modseq than somebody asked for, and the uids gone."""

    folder: Folder
    items: list[Item]
    vanished: list[int]


class Came(Struct, frozen=True):
    """What has come into a folder at one moment, behind all that stood in it; see `Folder` for what else is so now."""

    items: list[Item]
    uid_next: int
    modseq: int


#: Folders that changed, each with what came where nothing else happened.
Changed = Mapping[int, Came | None]


class Folders(Protocol):
    """Thread-safe. Changes are made by the store's one writer, in the order asked for.

    A message is kept once and may stand in many folders. `\\Seen` and keywords belong to the message (pages call them
    seen and tags), the other flags to the item. A message that is deleted anywhere vanishes from every folder; one that
    is taken out of an inbox, from the folders of that `inbox`.
    """

    def on_change(self, listener: Callable[[Changed], None]) -> None:
        """Call it with the ids of folders that changed in any way, after each commit and what the Bus says of it.

        In the order of commits, and on the writer's thread: it must not block, raise or wait for the store.
        """

    def forget(self, listener: Callable[[Changed], None]) -> None:
        """Call it no more; harmless when repeated."""

    def of(self, account: str) -> list[Folder]:
        """All folders of an account, by name, INBOX first."""

    def get(self, folder: int) -> Folder | None:
        """One folder as it is now, None where it is gone."""

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
        """Make a folder, and those above it. Fails with Conflict where there is one, Invalid where there cannot be.

        Left out, `view` follows from `use` (`\\Sent` keeps messages, `\\All` only shows them), `inbox` is that of the
        account's other folders, and INBOX and what has a `use` are subscribed to.
        """

    def remove(self, folder: int) -> Future[None]:
        """Remove a folder with what is only in it; one with folders below it stays as a level, not selectable.

        INBOX cannot be removed (Invalid).
        """

    def rename(self, folder: int, name: str) -> Future[None]:
        """Call it, and what is below it, otherwise. INBOX stays, what is in it goes (RFC 9051 §6.3.6).

        Fails with Conflict where there is one of that name, Invalid where there cannot be.
        """

    def subscriptions(self, account: str) -> list[str]:
        """The names subscribed to, sorted, also those of folders that are gone (RFC 9051 §6.3.7)."""

    def subscribe(self, account: str, name: str, subscribed: bool) -> Future[None]:
        """Note whether LIST (SUBSCRIBED) tells of a name, be there such a folder or not."""

    def gather(self, folder: int, query: Query) -> Future[int]:
        """Place every message that matches and was captured since the last time; how many that were.

        What APPEND put into a folder is only where it was put. A query that asks for more than inbox, recipient and
        listener needs the index: it is waited for, and messages past `Store.indexed` are left for the next time.
        """

    def follow(self, folder: int, query: Query) -> Future[int] | None:
        """From now on have what matches placed with the very commit that keeps it, and first what there is by now.

        None, and nothing is followed, where the query asks for more than inbox, recipient and listener. It costs each
        commit that has such a message: for folders that somebody waits at. To repeat it is harmless.
        """

    def unfollow(self, folder: int) -> None:
        """Gather only when asked to; harmless when repeated."""

    def items(
        self, folder: int, *, changed_since: int = 0, uids: Sequence[tuple[int, int]] | None = None
    ) -> list[Item]:
        """In the order of uids; only those with a higher modseq than `changed_since`, or in the ranges (inclusive)."""

    def news(self, folder: int, since: int | None) -> News | None:
        """What has come, changed and gone since a modseq; all items where that is None. None where it is gone."""

    def vanished(self, folder: int, since: int, uids: Sequence[tuple[int, int]] | None = None) -> list[int]:
        """The uids that stood in it and have gone with a higher modseq than `since`, ascending (RFC 7162 §3.2)."""

    def totals(self, folder: int) -> Totals:
        """Counts for STATUS, without reading what is in the messages."""

    def facts(self, folder: int, uids: Collection[int] | None = None) -> dict[int, tuple[int, int, int]]:
        """By uid: size in octets, internal date in microseconds, message id."""

    def matching(self, folder: int, query: Query) -> set[int]:
        """The uids of what matches a query, read as IMAP reads it (RFC 9051 §6.4.4).

        `Words` in `subject`, `from`, `to`, `cc`, `bcc` or `header` match where their value is part of that of such a
        header field; in `body` and everywhere (``) where it is part of the text: the words of the value next to each
        other, of which the first may be the end of a longer word and the last its beginning. Case, accents and the
        kind of space make no difference. An empty value matches where there is such a field.
        """

    def place(self, folder: int, placements: Sequence[Placement]) -> Future[list[int]]:
        """Put messages into a folder; their new uids in the same order, 0 for those deleted meanwhile.

        `\\Seen` and keywords are added to what the message has. Fails with NotFound where the folder is gone.
        """

    def flag(
        self,
        folder: int,
        uids: Collection[int],
        how: Alteration,
        flags: Collection[str],
        *,
        unchanged_since: int | None = None,
    ) -> Future[Altered]:
        """Change the flags of items; those with a higher modseq than `unchanged_since` are left and named."""

    def copy(
        self, folder: int, uids: Collection[int], to: int, *, move: bool = False, whole: bool = False
    ) -> Future[list[tuple[int, int]]]:
        """Put what stands in a folder into another one, too, as it is by then, or move it there: each at one moment.

        Resolves with the uids of those that were there, ascending, and their new ones; with `whole` nothing is done
        unless all of them are. Fails with NotFound where there is no folder `to`; in one that is gone stands nothing.
        """

    def take_out(self, folder: int, uids: Collection[int], *, marked: bool = False) -> Future[list[int]]:
        """Take items out of a folder, and delete messages that are then in no folder of the account but views.

        What is taken out of the account's view on everything (`\\All`) is deleted wherever it is. To delete a message
        is to take it out of the folder's `inbox`, where there is one, and for good once it is in no other. With
        `marked` what is not `\\Deleted` (any more) stays. Resolves with the uids that were taken out.
        """
