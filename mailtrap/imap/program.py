"""The grammar of search programs, and of the commands that have one (RFC 9051 §6.4.4, RFC 5256, RFC 5032, RFC 8474)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from mailtrap.imap.commands import (
    And,
    Changed,
    CommandError,
    Containing,
    Criterion,
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
    Sort,
    Thread,
    Within,
)
from mailtrap.imap.cursor import Cursor, text_of

#: How deep NOT, OR and parentheses may stand in each other, and how many keys a program may have.
MAX_DEPTH = 100
MAX_KEYS = 1000

#: What strings may be written in: how it is called, and how Python calls it. UTF-8 is what US-ASCII may grow into.
CHARSETS = {"US-ASCII": "utf-8", "UTF-8": "utf-8"}
UNKNOWN_CHARSET = "Searches here are in US-ASCII or UTF-8"
BADCHARSET = f"BADCHARSET ({' '.join(CHARSETS)})"
RETURNS = ("MIN", "MAX", "ALL", "COUNT", "SAVE")
SORT_KEYS = ("ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO")
ALGORITHMS = ("ORDEREDSUBJECT", "REFERENCES", "REFS")

_FLAGS = {name.upper(): f"\\{name}" for name in ("Answered", "Deleted", "Draft", "Flagged", "Seen")}
_TEXTS = {"SUBJECT": "subject", "FROM": "from", "TO": "to", "CC": "cc", "BCC": "bcc", "BODY": "body", "TEXT": ""}
_RECENT = Flagged("\\Recent")
_WORDS: dict[str, Key] = {
    "ALL": Everything(),
    "RECENT": _RECENT,
    "OLD": Not(_RECENT),
    "NEW": And((_RECENT, Not(Flagged("\\Seen")))),
    **{name: Flagged(flag) for name, flag in _FLAGS.items()},
    **{f"UN{name}": Not(Flagged(flag)) for name, flag in _FLAGS.items()},
}
_DAY = timedelta(days=1)
_OBJECT = re.compile(rb"[A-Za-z0-9_-]{1,255}")


def read_search(cursor: Cursor) -> Search:
    """The arguments of SEARCH."""
    returns: frozenset[str] | None = None
    cursor.space("what to search for")
    if _takes(cursor, b"RETURN "):
        asked = cursor.listed(lambda: cursor.chosen(RETURNS, "MIN, MAX, ALL, COUNT or SAVE"), "results", 50, True)
        returns = frozenset(asked) or frozenset(("ALL",))
        cursor.space("what to search for")
    charset = "US-ASCII"
    if _takes(cursor, b"CHARSET "):
        charset = _charset(cursor)
        cursor.space("what to search for")
    return Search(_Program(cursor, charset).read(), returns, charset not in CHARSETS)


def read_sort(cursor: Cursor) -> Sort:
    """The arguments of SORT (RFC 5256 §5)."""
    cursor.space("what to sort by")
    criteria = cursor.listed(lambda: _criterion(cursor), "what to sort by", 50)
    return Sort(tuple(criteria), _with_charset(cursor))


def read_thread(cursor: Cursor) -> Thread:
    """The arguments of THREAD (RFC 5256 §5)."""
    cursor.space("an algorithm")
    algorithm = cursor.chosen(ALGORITHMS, "ORDEREDSUBJECT, REFERENCES or REFS")
    return Thread(algorithm, _with_charset(cursor))


def _criterion(cursor: Cursor) -> Criterion:
    reverse = _takes(cursor, b"REVERSE ")
    return Criterion(cursor.chosen(SORT_KEYS, "a sort key such as DATE or REVERSE DATE"), reverse)


def _with_charset(cursor: Cursor) -> Key:
    cursor.space("a charset")
    charset = _charset(cursor)
    cursor.space("what to search for")
    key = _Program(cursor, charset).read()
    if charset not in CHARSETS:
        # Last, because NO says that the command is well formed (RFC 9051 §7.1.2).
        raise CommandError(UNKNOWN_CHARSET, code=BADCHARSET, refused=True)
    return key


def _takes(cursor: Cursor, word: bytes) -> bool:
    if cursor.text[cursor.at : cursor.at + len(word)].upper() != word:
        return False
    cursor.at += len(word)
    return True


def _charset(cursor: Cursor) -> str:
    name = cursor.string("a charset") if cursor.sees(b'"') else cursor.atom("a charset")
    return name.decode("ascii", "replace").upper()


class _Program:
    """Keys, one in the other as far as `MAX_DEPTH`."""

    def __init__(self, cursor: Cursor, charset: str) -> None:
        self.cursor = cursor
        self.codec = CHARSETS.get(charset, "latin-1")
        self.keys = 0
        self.depth = 0
        # Whoever searches in UTF-8 has said so, or is understood all the same.
        cursor.eight_bit = True

    def read(self) -> Key:
        """All keys up to the end of the command."""
        keys = [self._key()]
        while not self.cursor.at_end:
            self.cursor.space("a search key")
            keys.append(self._key())
        return keys[0] if len(keys) == 1 else And(tuple(keys))

    def _key(self) -> Key:
        self.keys += 1
        if self.keys > MAX_KEYS:
            raise CommandError(f"A search has at most {MAX_KEYS} keys")
        cursor = self.cursor
        if cursor.sees(b"("):
            keys = self._inner(lambda: cursor.listed(self._key, "search keys", MAX_KEYS))
            return keys[0] if len(keys) == 1 else And(tuple(keys))
        if cursor.sees(b"$") or cursor.text[cursor.at : cursor.at + 1] in b"0123456789*":
            return Numbered(cursor.sequence_set())
        start = cursor.at
        word = cursor.word("a search key")
        plain = _WORDS.get(word)
        if plain is not None:
            return plain
        read = _READERS.get(word)
        if read is None:
            cursor.at = start
            cursor.wrong("a search key is expected")
        cursor.space("what to compare with")
        return read(self, word)

    def _inner(self, read: Callable[[], list[Key]]) -> list[Key]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CommandError(f"Search keys stand at most {MAX_DEPTH} deep in each other")
        keys = read()
        self.depth -= 1
        return keys

    def _text(self) -> str:
        return text_of(self.cursor.astring("a text"), self.codec)

    def _not(self, word: str) -> Key:
        return Not(self._inner(lambda: [self._key()])[0])

    def _or(self, word: str) -> Key:
        return Or(tuple(self._inner(self._alternatives)))

    def _alternatives(self) -> list[Key]:
        """`a OR b OR c d` behind an OR: however many there are, they stand side by side."""
        keys = [self._key()]
        while True:
            self.cursor.space("a second search key")
            if not _takes(self.cursor, b"OR "):
                return [*keys, self._key()]
            keys.append(self._key())

    def _containing(self, word: str) -> Key:
        return Containing(_TEXTS[word], self._text())

    def _header(self, word: str) -> Key:
        name = self.cursor.astring("the name of a header field")
        self.cursor.space("a text")
        return Containing("header", self._text(), text_of(name, "utf-8"))

    def _keyword(self, word: str) -> Key:
        key = Flagged(self.cursor.atom("a keyword").decode("ascii"))
        return key if word == "KEYWORD" else Not(key)

    def _uid(self, word: str) -> Key:
        return Numbered(self.cursor.sequence_set("a set of uids"), uid=True)

    def _size(self, word: str) -> Key:
        return Sized(word == "LARGER", self.cursor.number("a number of octets"))

    def _date(self, word: str) -> Key:
        day, sent = self.cursor.date(), word.startswith("SENT")
        after = day + _DAY if day < date.max else None
        match word.removeprefix("SENT"):
            case "BEFORE":
                return Dated(None, day, sent)
            case "ON":
                return Dated(day, after, sent)
            case _:
                return Dated(day, None, sent)

    def _within(self, word: str) -> Key:
        return Within(word == "OLDER", self.cursor.positive("a number of seconds"))

    def _modseq(self, word: str) -> Key:
        cursor = self.cursor
        if cursor.sees(b'"'):  # which flag's; ours is one for all of them (RFC 7162 §3.1.5)
            cursor.string("the name of an entry")
            cursor.space("a type of entry")
            cursor.chosen(("ALL", "PRIV", "SHARED"), "priv, shared or all")
            cursor.space("a mod-sequence")
        return Changed(cursor.number("a mod-sequence"))

    def _identified(self, word: str) -> Key:
        name = self.cursor.astring("an id")
        if not _OBJECT.fullmatch(name):
            raise CommandError("An id has 1 to 255 letters, digits, _ and - (RFC 8474 7)")
        return Identified(name.decode("ascii"), word == "THREADID")


_READERS: dict[str, Callable[[_Program, str], Key]] = {
    **dict.fromkeys(_TEXTS, _Program._containing),
    **dict.fromkeys(("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"), _Program._date),
    **dict.fromkeys(("LARGER", "SMALLER"), _Program._size),
    **dict.fromkeys(("KEYWORD", "UNKEYWORD"), _Program._keyword),
    **dict.fromkeys(("OLDER", "YOUNGER"), _Program._within),
    **dict.fromkeys(("EMAILID", "THREADID"), _Program._identified),
    "NOT": _Program._not,
    "OR": _Program._or,
    "HEADER": _Program._header,
    "UID": _Program._uid,
    "MODSEQ": _Program._modseq,
}
