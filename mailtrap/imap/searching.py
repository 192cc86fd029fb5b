"""SEARCH: which messages of a folder match a program, and how that is told (RFC 9051 §6.4.4, RFC 4731, RFC 5182)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from mailtrap.imap.commands import (
    And,
    Changed,
    Command,
    Containing,
    Dated,
    Everything,
    Flagged,
    Identified,
    Key,
    Not,
    Numbered,
    Or,
    Search,
    Sized,
    Within,
)
from mailtrap.imap.fetching import email_id
from mailtrap.imap.recent import RECENT
from mailtrap.imap.selected import spelt
from mailtrap.imap.summary import Summary
from mailtrap.query import Query
from mailtrap.query.tree import Words
from mailtrap.store.folder import Item

_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86_400_000_000
_NO_FACTS = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class View:
    """A folder as a search looks at it. `numbered`: the uid of each sequence number, from 1; `items` ascending.

    `saved` is what `$` stands for. `facts` and `matching` are those of `Folders`, for this folder, `summaries` that of
    `Summaries`: they may be slow, so a search belongs on a worker thread.
    """

    numbered: Sequence[int]
    items: Sequence[Item]
    saved: Collection[int]
    facts: Callable[[Collection[int] | None], dict[int, tuple[int, int, int]]]
    matching: Callable[[Query], set[int]]
    summaries: Callable[[Collection[int]], dict[int, Summary]]

    def spoken(self, items: Iterable[Item], uid: bool) -> list[int]:
        """What messages are called in a response."""
        if uid:
            return [item.uid for item in items]
        return [bisect_left(self.numbered, item.uid) + 1 for item in items]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said untagged (nothing, if only SAVE was asked for), and the uids that are to be saved, if any are."""

    said: bytes
    saved: tuple[int, ...] | None = None


def find(view: View, key: Key, now: int) -> list[Item]:
    """What matches, ascending. `now` in microseconds since the epoch."""
    if isinstance(key, Everything):
        return list(view.items)
    found = _Finding(view, now).find(key)
    return [item for item in view.items if item.uid in found]


def answer(view: View, command: Command, now: int, extended: bool = False) -> Answer:
    """Perform SEARCH or UID SEARCH; `extended` says ESEARCH where the old form was used, too (IMAP4rev2)."""
    search = command.arguments
    if not isinstance(search, Search):
        raise TypeError("not a search")
    found = find(view, search.key, now)
    returns = search.returns
    if returns is None:
        if not extended:
            return Answer(listed(b"SEARCH", view, command, search.key, found))
        returns = frozenset(("ALL",))
    few = bool(returns & {"MIN", "MAX"}) and not returns & {"ALL", "COUNT"}
    told = found
    if few and found:
        ends = [found[0]] if "MIN" in returns else []
        told = [*ends, found[-1]] if "MAX" in returns and found[-1:] != ends else ends
    saved = tuple([item.uid for item in told]) if "SAVE" in returns else None
    if returns == {"SAVE"}:
        return Answer(b"", saved)
    parts = [f'ESEARCH (TAG "{command.tag}")']
    if command.uid:
        parts.append("UID")
    numbers = view.spoken(found if "ALL" in returns else found[:1] + found[-1:], command.uid)
    if numbers:
        if "MIN" in returns:
            parts.append(f"MIN {numbers[0]}")
        if "MAX" in returns:
            parts.append(f"MAX {numbers[-1]}")
        if "ALL" in returns:
            parts.append(f"ALL {spelt(numbers)}")
    if "COUNT" in returns:
        parts.append(f"COUNT {len(found)}")
    if told and asks_for_changes(search.key):
        parts.append(f"MODSEQ {max(item.modseq for item in told)}")
    return Answer(f"* {' '.join(parts)}\r\n".encode(), saved)


def listed(name: bytes, view: View, command: Command, key: Key, found: Sequence[Item]) -> bytes:
    """The response that lists what was found, in this order (RFC 9051 §7.3.4, RFC 7162 §3.1.5)."""
    numbers = "".join([f" {number}" for number in view.spoken(found, command.uid)])
    modseq = f" (MODSEQ {max(item.modseq for item in found)})" if found and asks_for_changes(key) else ""
    return b"* %b%b%b\r\n" % (name, numbers.encode(), modseq.encode())


def asks_for_changes(key: Key) -> bool:
    """Whether a program has MODSEQ in it: it means that the client wants CONDSTORE (RFC 7162 §3.1)."""
    return any(isinstance(one, Changed) for one in _parts(key))


def asks_for_recent(key: Key) -> bool:
    """Whether it matters to a program which messages are recent."""
    return any(isinstance(one, Flagged) and one.flag == RECENT for one in _parts(key))


def _parts(key: Key) -> Iterator[Key]:
    """A program and everything in it."""
    yield key
    if isinstance(key, And | Or):
        for one in key.keys:
            yield from _parts(one)
    elif isinstance(key, Not):
        yield from _parts(key.key)


class _Finding:
    """One search. What is slow to know is asked for once, and only of messages that it still depends on."""

    def __init__(self, view: View, now: int) -> None:
        self.view = view
        self.now = now
        self.items = {item.uid: item for item in view.items}
        self._facts: dict[int, tuple[int, int, int]] = {}
        self._matching: dict[Containing, set[int]] = {}

    def find(self, key: Key) -> set[int]:
        return self._among(key, set(self.items))

    def _among(self, key: Key, uids: set[int]) -> set[int]:
        """Those of these uids that match."""
        if not uids:
            return set()
        match key:
            case And():
                for one in sorted(key.keys, key=_cost):
                    uids = self._among(one, uids)
                return uids
            case Or():
                found: set[int] = set()
                for one in sorted(key.keys, key=_cost):
                    found |= self._among(one, uids - found)
                return found
            case Not():
                return uids - self._among(key.key, uids)
            case _:
                return self._simple(key, uids)

    def _simple(self, key: Key, uids: set[int]) -> set[int]:
        match key:
            case Everything():
                return uids
            case Flagged():
                return self._flagged(key.flag.lower(), uids)
            case Numbered():
                return self._numbered(key, uids)
            case Changed():
                return {uid for uid in uids if self.items[uid].modseq >= key.modseq}
            case Identified():
                # Nothing belongs to a thread by id (RFC 8474 §5.2).
                return set() if key.thread else {uid for uid in uids if email_id(self.items[uid].message) == key.id}
            case Containing():
                return uids & self._containing(key)
            case Dated(sent=True):
                return self._sent(key, uids)
            case Sized() | Dated() | Within():
                return self._by_facts(key, uids)
            case _:
                raise TypeError(f"no search key: {key!r}")

    def _flagged(self, flag: str, uids: set[int]) -> set[int]:
        # Few different sets of flags stand in a folder.
        known: dict[tuple[str, ...], bool] = {}
        found = set()
        for uid in uids:
            flags = self.items[uid].flags
            has = known.get(flags)
            if has is None:
                has = known[flags] = any(one.lower() == flag for one in flags)
            if has:
                found.add(uid)
        return found

    def _numbered(self, key: Numbered, uids: set[int]) -> set[int]:
        numbered = self.view.numbered
        if key.sequence.saved:
            return uids.intersection(self.view.saved)
        largest = (numbered[-1] if numbered else 0) if key.uid else len(numbered)
        found: set[int] = set()
        for first, last in key.sequence.resolved(largest):
            if key.uid:
                found.update(numbered[bisect_left(numbered, first) : bisect_right(numbered, last)])
            elif last:
                found.update(numbered[max(first, 1) - 1 : last])
        return found & uids

    def _containing(self, key: Containing) -> set[int]:
        found = self._matching.get(key)
        if found is None:
            query = Query(Words(key.field, key.value, name=key.name))
            found = self._matching[key] = self.view.matching(query)
        return found

    def _known(self, uids: set[int]) -> dict[int, tuple[int, int, int]]:
        missing = uids - self._facts.keys()
        if missing:
            # Most of a folder is read faster as a whole.
            everything = len(missing) * 2 > len(self.items)
            self._facts.update(self.view.facts(None if everything else sorted(missing)))
        return self._facts

    def _by_facts(self, key: Sized | Dated | Within, uids: set[int]) -> set[int]:
        facts = self._known(uids)
        column, least, most = _bounds(key, self.now)
        return {uid for uid in uids if uid in facts and least <= facts[uid][column] <= most}

    def _sent(self, key: Dated, uids: set[int]) -> set[int]:
        items = self.items
        summaries = self.view.summaries([items[uid].message for uid in sorted(uids)])
        first, end = key.first or date.min, key.end
        found = set()
        for uid in uids:
            summary = summaries.get(items[uid].message)
            day = summary.day if summary else None
            if day is not None and day >= first and (end is None or day < end):
                found.add(uid)
        return found


def _bounds(key: Sized | Dated | Within, now: int) -> tuple[int, float, float]:
    """Which fact a key is about, and the least and the most that it may be."""
    infinite = float("inf")
    match key:
        case Sized(larger=True):
            return 0, key.octets + 1, infinite
        case Sized():
            return 0, 0, key.octets - 1
        case Dated():
            # The day is that of INTERNALDATE as FETCH tells it, which is in UTC.
            least = -infinite if key.first is None else (key.first.toordinal() - _EPOCH) * _DAY
            return 1, least, infinite if key.end is None else (key.end.toordinal() - _EPOCH) * _DAY - 1
        case Within(older=True):
            return 1, -infinite, now - key.seconds * 1_000_000
        case Within():
            return 1, now - key.seconds * 1_000_000, infinite


def _cost(key: Key) -> int:
    """What is cheap to find comes first: then less is left for the rest."""
    match key:
        case And() | Or():
            return max(map(_cost, key.keys))
        case Not():
            return _cost(key.key)
        case Sized() | Within() | Dated(sent=False):
            return 1
        case Containing():
            return 2
        case Dated():
            return 3
        case _:
            return 0
