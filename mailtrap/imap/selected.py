"""The folder a session has open: what its client knows of it, by which numbers, and what it has yet to be told."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import Protocol

from mailtrap.imap.recent import RECENT, Recents, Unheard
from mailtrap.mail.words import fold
from mailtrap.store.folder import Item

#: Commands whose arguments or answers are sequence numbers: nobody may hear EXPUNGE meanwhile (RFC 9051 §7.5.1). With
#: UID before them they use none.
BY_NUMBER = frozenset(("FETCH", "STORE", "SEARCH", "SORT", "THREAD"))
#: Flags that every message may have (RFC 9051 §2.3.2).
SYSTEM_FLAGS = ("\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Seen")
#: So many messages are looked up in a table that is made for it.
MANY = 500


class Beyond(Exception):
    """A sequence number that the client cannot know (RFC 9051 §9, seq-number): what to answer."""


@dataclass(slots=True)
class Difference:
    """What a newer snapshot has otherwise: items that came, items that are changed, uids that have gone; ascending."""

    added: list[Item]
    changed: list[Item]
    gone: list[int]
    #: The notices of it as they were worded for those who had nothing else to hear, by what they understand.
    worded: dict[tuple[bool, bool, bool], bytes] = field(default_factory=dict)


class Snapshot:
    """A folder as it was at one moment, never changed: all who have the folder open share it.

    `modseq` is such that everything up to it is seen here; something of what came later may be, too.
    """

    __slots__ = ("_differences", "exists", "items", "modseq", "uid_next", "uids", "version")

    def __init__(
        self, items: Sequence[Item], uid_next: int, modseq: int, version: int = 0, uids: list[int] | None = None
    ) -> None:
        """`uids` saves making them where they are known: those of the items."""
        self.items = items
        self.uids = [item.uid for item in items] if uids is None else uids
        self.uid_next = max(uid_next, self.uids[-1] + 1 if self.uids else 1)
        self.modseq = modseq
        self.version = version
        #: How many there are, as a client is told.
        self.exists = b"* %d EXISTS\r\n" % len(self.uids)
        self._differences: dict[int, Difference] = {}

    def __len__(self) -> int:
        return len(self.uids)

    def get(self, uid: int) -> Item | None:
        """The item of this uid."""
        at = bisect_left(self.uids, uid)
        return self.items[at] if at < len(self.uids) and self.uids[at] == uid else None

    def next(self, fresh: Iterable[Item], vanished: Iterable[int], uid_next: int, modseq: int) -> Snapshot:
        """What follows: with items that came or were changed, without what vanished. Itself where nothing did."""
        gone = set(vanished)
        added, changed, at = [], [], {}
        for item in fresh:
            if item.uid in gone:
                continue
            old = self.get(item.uid)
            if old is None:
                if item.uid >= self.uid_next:
                    added.append(item)
            elif old != item:
                changed.append(item)
                at[item.uid] = item
        lost = [uid for uid in sorted(gone) if self.get(uid) is not None]
        uid_next, modseq = max(uid_next, self.uid_next), max(modseq, self.modseq)
        if not (added or changed or lost) and (uid_next, modseq) == (self.uid_next, self.modseq):
            return self
        items: Sequence[Item] = self.items
        uids = None if lost else [*self.uids, *[item.uid for item in added]]
        if at or lost:
            items = [at.get(item.uid, item) for item in items if item.uid not in gone]
        made = Snapshot([*items, *added], uid_next, modseq, self.version + 1, uids)
        made._differences[self.version] = Difference(added, changed, lost)
        return made

    def grown(self, added: list[Item], uid_next: int, modseq: int) -> Snapshot:
        """What follows where nothing happened but that these came."""
        uids = [*self.uids, *[item.uid for item in added]]
        made = Snapshot([*self.items, *added], uid_next, modseq, self.version + 1, uids)
        made._differences[self.version] = Difference(added, [], [])
        return made

    def since(self, older: Snapshot) -> Difference:
        """What is otherwise than in an older one; found once for all who ask."""
        found = self._differences.get(older.version)
        if found is None:
            before = dict(zip(older.uids, older.items, strict=True))
            added, changed = [], []
            for item in self.items:
                old = before.pop(item.uid, None)
                if old is None:
                    added.append(item)
                elif old is not item:
                    changed.append(item)
            found = self._differences[older.version] = Difference(added, changed, list(before))
        return found


class Source(Protocol):
    """Where the newest snapshot comes from."""

    @property
    def newest(self) -> Snapshot: ...
    @property
    def unheard(self) -> Unheard: ...


class Selected:
    """What one client knows of the folder it has open.

    It knows the snapshot `shown` and, between its messages, those that have gone since but could not be told yet; they
    keep their numbers. `enabled` is what ENABLE has switched on in the session, which may change.
    """

    def __init__(self, source: Source, enabled: Collection[str], *, read_only: bool = False) -> None:
        self._source = source
        self._enabled = enabled
        self.shown = source.newest
        self.read_only = read_only
        #: What `$` stands for: uids (RFC 5182).
        self.saved: Collection[int] = ()
        self._flag_sets = {item.flags for item in self.shown.items}
        self._flags = sorted({*SYSTEM_FLAGS, *[flag for flags in self._flag_sets for flag in flags]})
        self._ghosts: list[int] = []
        #: Items of which the client knows more than `shown` has.
        self._known: dict[int, Item] = {}
        self._recents = Recents()
        self._marked: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._hear()

    # Numbers.

    def __len__(self) -> int:
        """How many messages there are, as far as the client knows."""
        return len(self.shown) + len(self._ghosts)

    @property
    def newest(self) -> Snapshot:
        """The folder as it is by now; the client may not know all of it."""
        return self._source.newest

    @property
    def last_uid(self) -> int:
        """The highest uid the client can know; 0 where there is none."""
        return max(self.shown.uids[-1:] + self._ghosts[-1:], default=0)

    def number(self, uid: int) -> int:
        """The sequence number of a message that the client knows."""
        return bisect_left(self.shown.uids, uid) + bisect_left(self._ghosts, uid) + 1

    def uid(self, number: int) -> int:
        """The uid of a sequence number, which must be one."""
        ghosts = self._ghosts
        before = bisect_left(ghosts, number, key=self.number) if ghosts else 0
        if before < len(ghosts) and self.number(ghosts[before]) == number:
            return ghosts[before]
        return self.shown.uids[number - 1 - before]

    def knows(self, uid: int) -> bool:
        """Whether the client has been told of it, and not that it has gone."""
        return self.shown.get(uid) is not None or uid in self._ghosts

    def by_uid(self, ranges: Iterable[tuple[int, int]]) -> list[int]:
        """Those uids in the ranges (inclusive, in any order) that are there, as far as the client knows; ascending."""
        uids = self.shown.uids
        slices = [(bisect_left(uids, first), bisect_right(uids, last)) for first, last in ranges]
        return [uid for start, end in _joined(slices) for uid in uids[start:end]]

    def by_number(self, ranges: Iterable[tuple[int, int]]) -> list[int]:
        """The uids of these sequence numbers, ascending, those of messages that have gone too. Raises Beyond."""
        count, slices = len(self), []
        for first, last in ranges:
            if not 0 < first <= last <= count:
                raise Beyond(f"There is no message {last if last > count else first}; the folder has {count}")
            slices.append((first - 1, last))
        if not self._ghosts:
            return [uid for start, end in _joined(slices) for uid in self.shown.uids[start:end]]
        everything = self.everything()
        return [uid for start, end in _joined(slices) for uid in everything[start:end]]

    def items(self, uids: Sequence[int]) -> list[Item]:
        """Those that are still there, as they are now."""
        newest = self.newest
        get = newest.get if len(uids) < MANY else dict(zip(newest.uids, newest.items, strict=True)).get
        return [item for item in map(get, uids) if item is not None]

    def numbered(self, items: Sequence[Item]) -> list[tuple[int, Item]]:
        """Messages that the client knows, with their sequence numbers."""
        if len(items) < MANY:
            return [(self.number(item.uid), item) for item in items]
        numbers = {uid: number for number, uid in enumerate(self.everything(), 1)}
        return [(numbers[item.uid], item) for item in items]

    def everything(self) -> list[int]:
        """The uid of every sequence number, from 1."""
        return list(merge(self.shown.uids, self._ghosts)) if self._ghosts else self.shown.uids

    # What is recent to this session, and to no other that may change the folder.

    def _hear(self) -> bool:
        """The client hears of what is shown; whether some of it was heard of by nobody yet."""
        unheard, end = self._source.unheard, self.shown.uid_next
        first = unheard.first
        if first < end and not self.read_only:
            first = unheard.hear(end)
        if first < end:
            self._recents.add(first, end)
        return first < end

    @property
    def recent(self) -> int:
        """How many messages are recent; none to a client that knows of no such thing (RFC 9051 appendix E)."""
        return self._recents.count(self.everything()) if self._says_recent else 0

    @property
    def recents(self) -> Container[int]:
        """Their uids."""
        return self._recents if self._says_recent else ()

    @property
    def _says_recent(self) -> bool:
        return bool(self._recents) and "IMAP4REV2" not in self._enabled

    def as_told(self, items: Sequence[Item]) -> Sequence[Item]:
        """The same as they are told of: what is recent has a flag more."""
        if not self._says_recent:
            return items
        return [self._as_told(item) if item.uid in self._recents else item for item in items]

    def _as_told(self, item: Item) -> Item:
        flags = self._marked.get(item.flags)
        if flags is None:
            flags = self._marked[item.flags] = tuple(sorted((*item.flags, RECENT)))
        return Item(item.uid, item.message, flags, item.modseq)

    # What the client hears.

    def flag_lists(self) -> bytes:
        """Which flags there are, and that more can be made."""
        told = " ".join(self._flags)
        permanent = "" if self.read_only else f"{told} \\*"
        return (
            f"* FLAGS ({told})\r\n* OK [PERMANENTFLAGS ({permanent})] "
            f"{'None can be changed' if self.read_only else 'They last'}\r\n"
        ).encode()

    def respelt(self, flags: Iterable[str]) -> list[str]:
        """Flags as they are written here already: keywords that differ in case are the same (RFC 9051 §2.3.2)."""
        known = {fold(flag): flag for flag in self._flags}
        return [known.get(fold(flag), flag) for flag in flags]

    def new_flags(self, items: Iterable[Item]) -> bytes:
        """What has to be said before these are told of: a keyword is in the list before it is met."""
        sets = {item.flags for item in items} - self._flag_sets
        if not sets:
            return b""
        self._flag_sets |= sets
        new = {flag for flags in sets for flag in flags}.difference(self._flags)
        if not new:
            return b""
        self._flags = sorted({*self._flags, *new})
        return self.flag_lists()

    def learnt(self, items: Sequence[Item]) -> None:
        """The client knows these as they are here: it was told so, or has made them so itself."""
        shown = self.shown
        get = shown.get if len(items) < MANY else dict(zip(shown.uids, shown.items, strict=True)).get
        known = [item for item in items if get(item.uid) is not item]
        self._known.update([(item.uid, item) for item in known])

    def known(self, uid: int) -> Item | None:
        """A message as the client knows it."""
        return self._known.get(uid) or self.shown.get(uid)

    def told_of(self, items: Sequence[Item], *, uid: bool = False) -> bytes:
        """Untagged responses that tell of these, which the client then knows."""
        said = [self.new_flags(items), *[self.fetched(item, uid=uid) for item in items]]
        self.learnt(items)
        return b"".join(said)

    def told_of_modseq(self, items: Iterable[Item]) -> bytes:
        """What a client hears that wanted no answer, as far as it understands any (RFC 7162 §3.1.3)."""
        if not self._says_modseq:
            return b""
        return b"".join([self.fetched(item, flags=False, uid=True) for item in items])

    def fetched(self, item: Item, *, flags: bool = True, uid: bool = False) -> bytes:
        """The untagged response that tells of the flags of a message, or only that they have changed."""
        parts = [f"UID {item.uid}"] if uid or self._says_uid else []
        if flags:
            told = self.as_told([item])[0]
            parts.append(f"FLAGS ({' '.join(told.flags)})")
        if self._says_modseq:
            parts.append(f"MODSEQ ({item.modseq})")
        return f"* {self.number(item.uid)} FETCH ({' '.join(parts)})\r\n".encode()

    @property
    def _says_uid(self) -> bool:
        return "QRESYNC" in self._enabled or "IMAP4REV2" in self._enabled

    @property
    def _says_modseq(self) -> bool:
        return "CONDSTORE" in self._enabled or "QRESYNC" in self._enabled

    def notices(self, expunge: bool = True, uid: bool = False) -> bytes:
        """What has happened that the client does not know: whole untagged responses, said now or never.

        Without `expunge` what has gone is kept back, and keeps its number. `uid`: in a command that began with UID.
        """
        newest, shown = self._source.newest, self.shown
        if newest is shown:
            return self._expunged([]) if expunge and self._ghosts else b""
        difference = newest.since(shown)
        if not (difference.changed or difference.gone or self._ghosts or self._known):
            # Mail came, which is most of what happens, and is told to each who waits for it.
            self.shown = newest
            return newest.exists + self._newly_recent(difference) if difference.added else b""
        flags = self.new_flags(difference.changed)
        alone = self._says_recent and any(item.uid in self._recents for item in difference.changed)
        if self._ghosts or self._known or alone or (difference.gone and not expunge):
            return flags + self._worded(newest, difference, expunge, uid) + self._newly_recent(difference)
        options = ("QRESYNC" in self._enabled, uid or self._says_uid, self._says_modseq)
        found = difference.worded.get(options)
        if found is None:
            found = difference.worded[options] = self._worded(newest, difference, True, uid)
        self.shown = newest
        return flags + found + self._newly_recent(difference)

    def _newly_recent(self, difference: Difference) -> bytes:
        """Said after EXISTS where this session is the first to hear of something."""
        if difference.added and self._hear() and self._says_recent:
            return b"* %d RECENT\r\n" % self.recent
        return b""

    def _worded(self, newest: Snapshot, difference: Difference, expunge: bool, uid: bool) -> bytes:
        said = b""
        if expunge:
            said = self._expunged(difference.gone)
        else:
            self._ghosts = list(merge(self._ghosts, difference.gone))
        self.shown = newest
        if difference.added:
            said += b"* %d EXISTS\r\n" % len(self)
        known, self._known = self._known, {}
        told = [item for item in difference.changed if known.get(item.uid) != item]
        said += b"".join([self.fetched(item, uid=uid) for item in told])
        # What it knows better than this snapshot is news no more when it comes.
        self._known = {uid: item for uid, item in known.items() if item.modseq > newest.modseq}
        return said

    def _expunged(self, gone: list[int]) -> bytes:
        """Tell of these, and of those that could not be told before."""
        uids = list(merge(self._ghosts, gone)) if self._ghosts else gone
        if not uids:
            return b""
        if "QRESYNC" in self._enabled:
            said = f"* VANISHED {spelt(uids)}\r\n".encode()
        else:
            # Each moves those behind it one down.
            said = b"".join([b"* %d EXPUNGE\r\n" % (self.number(uid) - n) for n, uid in enumerate(uids)])
        self._ghosts = []
        return said


def spelt(uids: Iterable[int]) -> str:
    """Ascending numbers as a set: `1:3,5`."""
    ranges: list[list[int]] = []
    for uid in uids:
        if ranges and ranges[-1][1] == uid - 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join([str(first) if first == last else f"{first}:{last}" for first, last in ranges])


def _joined(slices: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places in order and each once."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(slices):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif start < end:
            joined.append((start, end))
    return joined
