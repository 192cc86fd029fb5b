"""Which folders LIST and LSUB tell of, and what they say of each (RFC 9051 §6.3.9, RFC 5258), pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from mailtrap.imap.hierarchy import DELIMITER, INBOX, canonical
from mailtrap.store.folder import Folder

#: Characters of a pattern that are looked at; no name is longer.
LONGEST = 1000

_WILDCARDS = re.compile(r"[*%]{2,}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a listing. `folder` is None where there is only a name; `below` says that CHILDINFO is due."""

    name: str
    attributes: tuple[str, ...]
    folder: Folder | None = None
    below: bool = False


class Pattern:
    """`*` is any run of characters, `%` any without a delimiter. Takes the same time whatever the wildcards are.

    Every place in the pattern is a bit of a number: all ways to match are followed at once.
    """

    def __init__(self, text: str) -> None:
        text = _WILDCARDS.sub(lambda run: "*" if "*" in run[0] else "%", canonical(text[:LONGEST]))
        self._places: dict[str, int] = {}
        for place, character in enumerate(text):
            self._places[character] = self._places.get(character, 0) | 1 << place
        self._everything, within = self._places.pop("*", 0), self._places.pop("%", 0)
        self._wild = self._everything | within
        self._end = 1 << len(text)

    def matches(self, name: str) -> bool:
        """Whether it is the whole of `name`."""
        places = self._places
        ways = self._onwards(1)
        any_case = len(INBOX) if name.partition(DELIMITER)[0] == INBOX else 0
        for at, character in enumerate(name):
            here = places.get(character, 0)
            if at < any_case:
                here |= places.get(character.lower(), 0)
            stays = self._everything if character == DELIMITER else self._wild
            ways = self._onwards(((ways & here) << 1) | (ways & stays))
            if not ways:
                return False
        return bool(ways & self._end)

    def _onwards(self, ways: int) -> int:
        """A wildcard may be nothing at all."""
        return ways | (ways & self._wild) << 1


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows, and what is said of them: the options of LIST before and after its patterns."""

    subscribed: bool = False
    special_use: bool = False
    recursive: bool = False
    says_subscribed: bool = False


def rows(folders: Iterable[Folder], names: Collection[str], patterns: Sequence[str], choice: Choice) -> list[Row]:
    """What LIST says. `names` are those subscribed to."""
    known = {folder.name: folder for folder in folders}
    found = [Pattern(text) for text in patterns]
    parents, says_subscribed = _parents(known), choice.says_subscribed or choice.subscribed
    chosen = {name for name in (names if choice.subscribed else known) if _chosen(known.get(name), choice)}
    matching = {name for name in chosen if _matches(found, name)}
    # A level that was not chosen is told of for what is below it and is not listed itself; of what was chosen, too,
    # CHILDINFO says whether there is more of it below (RFC 5258 §4).
    above = {name for name in _parents(chosen - matching) if _matches(found, name)} if choice.recursive else set()
    below = _parents(chosen) if choice.recursive else set()
    listed = []
    for name in sorted(matching | above, key=order):
        folder = known.get(name)
        attributes = _attributes(folder, name in parents, says_subscribed and name in names)
        listed.append(Row(name, attributes, folder, name in below))
    return listed


def _matches(patterns: Iterable[Pattern], name: str) -> bool:
    return any(pattern.matches(name) for pattern in patterns)


def subscribed_rows(folders: Iterable[Folder], names: Iterable[str], pattern: str) -> list[Row]:
    """What LSUB says: names subscribed to, and levels above them where a `%` ends there (RFC 3501 §6.3.9)."""
    known = {folder.name: folder for folder in folders}
    found = Pattern(pattern)
    matching = {name for name in names if found.matches(name)}
    above = {name for name in _parents(names) if pattern.endswith("%") and found.matches(name)} - matching
    listed = []
    for name in sorted(matching | above, key=order):
        folder = known.get(name)
        selectable = name in matching and folder is not None and folder.selectable
        listed.append(Row(name, () if selectable else ("\\Noselect",), folder))
    return listed


def order(name: str) -> tuple[bool, list[str]]:
    """INBOX and what is below it first, else by name, each level before what is below it."""
    levels = name.split(DELIMITER)
    return levels[0] != INBOX, levels


def _chosen(folder: Folder | None, choice: Choice) -> bool:
    return not choice.special_use or (folder is not None and bool(folder.use))


def _parents(names: Iterable[str]) -> set[str]:
    """Every level above these."""
    found = set()
    for name in names:
        while DELIMITER in name:
            name = name.rpartition(DELIMITER)[0]
            found.add(name)
    return found


def _attributes(folder: Folder | None, has_children: bool, subscribed: bool) -> tuple[str, ...]:
    words = []
    if folder is None:
        words.append("\\NonExistent")
    elif not folder.selectable:
        words.append("\\Noselect")
    words.append("\\HasChildren" if has_children else "\\HasNoChildren")
    if folder is not None and folder.use:
        words.append(folder.use)
    if subscribed:
        words.append("\\Subscribed")
    return tuple(words)
