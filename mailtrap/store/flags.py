"""Flags of an item: those of its own, `\\Seen` and the keywords of its message, which pages call tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache

from msgspec import Struct

from mailtrap.errors import Invalid
from mailtrap.mail.words import fold
from mailtrap.store.folder import Alteration
from mailtrap.store.rows import decode, encode

SEEN = "\\Seen"
#: Those that are the item's own, by their names in lower case (RFC 9051 §2.3.2).
OWN = {name.lower(): name for name in ("\\Answered", "\\Deleted", "\\Draft", "\\Flagged")}
_OWN = frozenset(OWN.values())
#: Characters of a keyword and tags of a message, as the API bounds them.
LONGEST_KEYWORD = 200
MOST_TAGS = 100

#: An atom (RFC 9051 §9): what a keyword must be, and a tag to be one.
_ATOM = re.compile(r"[!#$&'+-\[^-z|}~]+")


class Wanted(Struct, frozen=True):
    """What a client names. `keywords` are spelt as it does, by what they are compared with."""

    own: frozenset[str]
    seen: bool
    keywords: dict[str, str]

    @property
    def concerns_message(self) -> bool:
        """Whether something is named that belongs to the message."""
        return self.seen or bool(self.keywords)


def read(flags: Collection[str]) -> Wanted:
    """Flags as a client writes them, without regard to case. Raises Invalid for what is none."""
    own: set[str] = set()
    seen = False
    keywords: dict[str, str] = {}
    for flag in flags:
        lower = fold(flag)
        if lower == "\\seen":
            seen = True
        elif lower in OWN:
            own.add(OWN[lower])
        elif lower == "\\recent":
            pass  # of the session, and nobody's to set (RFC 3501 §2.3.2)
        elif len(flag) <= LONGEST_KEYWORD and _ATOM.fullmatch(flag):
            keywords.setdefault(lower, flag)
        else:
            raise Invalid(f"{flag[:LONGEST_KEYWORD]!r} is no flag that can be kept")
    return Wanted(frozenset(own), seen, keywords)


@lru_cache(maxsize=1024)
def write(own: frozenset[str], seen: int, tags: str) -> str:
    """The column `flags`: everything, sorted. `tags` is that column of the message."""
    found = {fold(name): name for name in own}
    if seen:
        found["\\seen"] = SEEN
    for tag in decode(tags) if tags != "[]" else ():
        if _ATOM.fullmatch(tag):
            found.setdefault(fold(tag), tag)
    return " ".join(sorted(found.values()))


@lru_cache(maxsize=1024)
def split(flags: str) -> tuple[str, ...]:
    """The flags in the column; the same tuple for the same text, as many items have the same."""
    return tuple(flags.split(" ")) if flags else ()


@lru_cache(maxsize=1024)
def own_of(flags: str) -> frozenset[str]:
    """Those of the column that are the item's own."""
    return frozenset([flag for flag in split(flags) if flag in _OWN])


def alter_own(own: frozenset[str], how: Alteration, wanted: Wanted) -> frozenset[str]:
    """The item's own flags after a change."""
    match how:
        case Alteration.ADD:
            return own | wanted.own
        case Alteration.REMOVE:
            return own - wanted.own
        case _:
            return wanted.own


def alter_message(seen: int, tags: str, how: Alteration, wanted: Wanted) -> tuple[int, str]:
    """What pages call seen and tags after a change. Tags that are no keywords, which no client sees, stay."""
    match how:
        case Alteration.ADD:
            return int(seen or wanted.seen), _with(tags, wanted)
        case Alteration.REMOVE:
            return int(seen and not wanted.seen), _left(tags, lambda tag: fold(tag) not in wanted.keywords)
        case _:
            stay = _left(tags, lambda tag: fold(tag) in wanted.keywords or not _ATOM.fullmatch(tag))
            return int(wanted.seen), _with(stay, wanted)


def _with(tags: str, wanted: Wanted) -> str:
    if not wanted.keywords:
        return tags
    there: list[str] = decode(tags)
    known = {fold(tag) for tag in there}
    more = [spelt for lower, spelt in wanted.keywords.items() if lower not in known]
    return encode([*there, *more][: max(MOST_TAGS, len(there))]) if more else tags


def _left(tags: str, stays: Callable[[str], bool]) -> str:
    if tags == "[]":
        return tags
    there: list[str] = decode(tags)
    left = [tag for tag in there if stays(tag)]
    return encode(left) if len(left) < len(there) else tags
