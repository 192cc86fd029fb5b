"""Reads the words of an IMAP command one after the other: atoms, strings, numbers, sets, dates (RFC 9051 §9)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NoReturn, TypeVar

from mailtrap.imap import names
from mailtrap.imap.commands import CommandError, Literal, SequenceSet

MAX_NUMBER = 2**32 - 1
MAX_NUMBER64 = 2**63 - 1
#: Octets of a folder's name.
MAX_NAME = 1000

_ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_ASTRING = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+")
_PATTERN = re.compile(rb"[^\x00-\x20\x7f-\xff(){\"\\]+")
_TAG = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\+]{1,1000}")
_QUOTED = re.compile(rb'"((?>(?:[^"\\\r\n\x00]|\\["\\])*))"')
_PAIR = re.compile(rb"\\(.)")
_LITERAL = re.compile(rb"(~?)\{(\d+)\+?\}\r\n")
_DIGITS = re.compile(rb"\d+")
_SET = re.compile(rb"[0-9*][0-9*:,]*")
_RANGE = re.compile(rb"(?:([1-9]\d{0,9})|\*)(?::(?:([1-9]\d{0,9})|\*))?")
_DATE = re.compile(rb'("?)(\d{1,2})-([A-Za-z]{3})-(\d{4})\1')
_DATE_TIME = re.compile(
    rb'"( \d|\d\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"',
)
_MONTHS = {name: n for n, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_SYSTEM = {name.lower(): name for name in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


class Cursor:
    """A place in the text of a command. Everything raises CommandError where something else stands there.

    `text` and `literals` are as in `protocol.read`. With `utf8` folders are named in UTF-8; with `eight_bit` quoted
    strings may have UTF-8 in them. With `secret` what is there is not shown in errors.
    """

    __slots__ = ("_given", "_literals", "at", "eight_bit", "secret", "text", "utf8")

    def __init__(self, text: bytes, literals: Sequence[Literal] = (), utf8: bool = False) -> None:
        self.text = text
        self.at = 0
        self.utf8 = utf8
        self.eight_bit = utf8
        self.secret = False
        self._literals = literals
        self._given = 0

    # Moving on.

    @property
    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self.at >= len(self.text)

    def sees(self, octets: bytes) -> bool:
        """Whether these come next."""
        return self.text.startswith(octets, self.at)

    def take(self, octets: bytes) -> bool:
        """Move over these if they come next."""
        if not self.text.startswith(octets, self.at):
            return False
        self.at += len(octets)
        return True

    def expect(self, octets: bytes, where: str) -> None:
        """Move over these, which must come next."""
        if not self.take(octets):
            self.wrong(f"{_shown(octets)} is expected {where}")

    def space(self, before: str) -> None:
        """Move over the one space before an argument."""
        if not self.take(b" "):
            self.wrong(f"{before} is missing" if self.at_end else f"a space is expected before {before}")
        elif self.sees(b" {"):
            # Between two literals IMAPClient says it twice.
            self.at += 1
        elif self.sees(b" "):
            self.wrong(f"only one space may stand before {before}")

    def end(self) -> None:
        """Nothing more must come."""
        if not self.at_end:
            self.wrong("the end of the command is expected")

    def wrong(self, why: str) -> NoReturn:
        """What stands here is not what it should be."""
        rest = b"" if self.secret else self.text[self.at : self.at + 24]
        shown = f", not {_shown(rest)}" if rest else ""
        hint = "; octets above 127 stand in quotes or literals only" if rest > b"\x7f" else ""
        raise CommandError(f"{why[0].upper()}{why[1:]}{shown} (octet {self.at + 1}){hint}")

    def matched(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        """Move over what the pattern takes, which must take something."""
        found = pattern.match(self.text, self.at)
        if found is None:
            self.wrong(f"{what} is expected")
        self.at = found.end()
        return found.group()

    def listed(self, read: Callable[[], T], what: str, most: int = MAX_NUMBER, empty: bool = False) -> list[T]:
        """A parenthesised list, of at least one unless `empty`."""
        self.expect(b"(", f"before {what}")
        found: list[T] = []
        if empty and self.take(b")"):
            return found
        while True:
            found.append(read())
            if len(found) > most:
                raise CommandError(f"More than {most} of {what}")
            if self.take(b")"):
                return found
            self.space(what)

    # Words.

    def tag(self) -> str:
        """The tag of a command."""
        return self.matched(_TAG, "a tag").decode("ascii")

    def atom(self, what: str) -> bytes:
        """An atom."""
        return self.matched(_ATOM, what)

    def word(self, what: str) -> str:
        """An atom that is a word of the protocol, in upper case."""
        return self.atom(what).decode("ascii").upper()

    def chosen(self, known: frozenset[str] | Sequence[str], what: str) -> str:
        """One of the words there are."""
        start = self.at
        word = self.word(what)
        if word not in known:
            self.at = start
            self.wrong(f"{what} is expected")
        return word

    def number(self, what: str, most: int = MAX_NUMBER64) -> int:
        """A number, 0 included."""
        start = self.at
        digits = self.matched(_DIGITS, what)
        if len(digits) > 20 or int(digits) > most:
            self.at = start
            self.wrong(f"{what} must be at most {most}")
        return int(digits)

    def positive(self, what: str, most: int = MAX_NUMBER) -> int:
        """A number of 1 or more, without zeros before it."""
        if self.sees(b"0"):
            self.wrong(f"{what} is 1 or more and does not begin with 0")
        return self.number(what, most)

    def sequence_set(self, what: str = "a set of messages such as 1:4,7,*") -> SequenceSet:
        """Message numbers or uids, or `$` (RFC 9051 §9, sequence-set)."""
        if self.take(b"$"):
            return SequenceSet(saved=True)
        start = self.at
        ranges = []
        for element in self.matched(_SET, what).split(b","):
            found = _RANGE.fullmatch(element)
            first, last = (int(part) if part else 0 for part in found.groups()) if found else (0, 0)
            if found is None or max(first, last) > MAX_NUMBER:
                self.at = start
                self.wrong(f"{what} is expected")
            ranges.append((first, last if b":" in element else first))
        return SequenceSet(tuple(ranges))

    def uid_set(self, what: str) -> SequenceSet:
        """Uids one by one or in ranges, without `*` and `$` (RFC 4315 §4, uid-set)."""
        start = self.at
        found = self.sequence_set(what)
        if found.saved or any(0 in pair for pair in found.ranges):
            self.at = start
            self.wrong(f"{what} without * and $ is expected")
        return found

    # Strings.

    def _quoted(self) -> bytes:
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            self.wrong("a quoted string must end on its line, and has \\ only before \\ or a quotation mark")
        value = found.group(1)
        if not value.isascii():
            if not self.eight_bit:
                self.wrong("octets above 127 may stand in quotes only after ENABLE, otherwise send a literal")
            text_of(value, "utf-8")
        self.at = found.end()
        return _PAIR.sub(rb"\1", value) if b"\\" in value else value

    def literal(self) -> Literal:
        """A literal, of whatever kind."""
        self.matched(_LITERAL, "a literal")
        if self._given >= len(self._literals):
            raise CommandError("A literal is missing")
        self._given += 1
        return self._literals[self._given - 1]

    def string(self, what: str) -> bytes:
        """A quoted string or a literal."""
        if self.sees(b'"'):
            return self._quoted()
        if not self.sees(b"{"):
            self.wrong(f"{what} is expected")
        found = self.literal()
        if b"\0" in found.octets:
            raise CommandError("A literal must not have a NUL in it")
        return found.octets

    def astring(self, what: str) -> bytes:
        """An atom or a string."""
        found = _ASTRING.match(self.text, self.at)
        if found is None:
            return self.string(what)
        self.at = found.end()
        return found.group()

    def nil(self) -> bool:
        """Move over NIL if it comes next."""
        if self.text[self.at : self.at + 3].upper() != b"NIL":
            return False
        self.at += 3
        return True

    def nstring(self, what: str) -> bytes | None:
        """A string or NIL."""
        return None if self.nil() else self.string(what)

    def quota_root(self) -> str:
        """The name of a quota root (RFC 9208 §5)."""
        return text_of(self.astring("the name of a quota root"), "utf-8")

    def mailbox(self, what: str = "the name of a folder") -> str:
        """A folder's name."""
        return self.name(self.astring(what))

    def pattern(self) -> str:
        """A folder's name that may have wildcards in it (RFC 9051 §9, list-mailbox)."""
        found = _PATTERN.match(self.text, self.at)
        if found is None:
            octets = self.string("a pattern for names of folders")
        else:
            self.at, octets = found.end(), found.group()
        if not self.utf8 and octets.isascii():
            try:
                return _checked(names.decode(octets))
            except names.NotUtf7Error:
                return _checked(octets.decode("ascii"))  # wildcards may stand where they like; it matches what it can
        return self.name(octets)

    def name(self, octets: bytes) -> str:
        """A folder's name out of its octets."""
        if len(octets) > MAX_NAME:
            raise CommandError(f"The name of a folder has at most {MAX_NAME} octets")
        if self.utf8:
            return _checked(text_of(octets, "utf-8"))
        try:
            return _checked(names.decode(octets))
        except names.NotUtf7Error as error:
            # The command is well formed, but there can be no such folder.
            raise CommandError(str(error), code="CANNOT", refused=True) from None

    # Flags and dates.

    def flag(self) -> str:
        """A flag that a client may set; system flags as they are usually written."""
        start = self.at
        lead = "\\" if self.take(b"\\") else ""
        name = lead + self.atom("a flag").decode("ascii")
        if not lead:
            return name
        system = _SYSTEM.get(name.lower())
        if system is None:
            self.at = start
            self.wrong("a flag that a client may set is expected")
        return system

    def flags(self) -> tuple[str, ...]:
        """A parenthesised list of flags, maybe empty, each once."""
        return unique(self.listed(self.flag, "flags", 1000, empty=True))

    def date(self) -> date:
        """A day, as in 1-Feb-2026, maybe in quotes."""
        start = self.at
        found = _DATE.match(self.text, start)
        if found is None:
            self.wrong("a date as in 1-Feb-2026 is expected")
        self.at = found.end()
        _, day, month, year = found.groups()
        try:
            return date(int(year), _MONTHS[month.lower()], int(day))
        except (KeyError, ValueError):
            self.at = start
            self.wrong("a date that there is, as in 1-Feb-2026, is expected")

    def date_time(self) -> int:
        """A date with time and zone, in microseconds since the epoch."""
        start = self.at
        found = _DATE_TIME.match(self.text, start)
        if found is None:
            self.wrong('A date and time as in " 1-Feb-2026 12:00:00 +0000" is expected')
        self.at = found.end()
        day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        try:
            zone = timezone(ahead if sign == b"+" else -ahead)
            clock = int(hour), int(minute), min(int(second), 59) if second == b"60" else int(second)
            # In UTC, as it will be told: there it has to be of a year with four digits, too.
            moment = datetime(int(year), _MONTHS[month.lower()], int(day), *clock, tzinfo=zone).astimezone(UTC)
            return (moment - _EPOCH) // timedelta(microseconds=1)
        except (KeyError, ValueError, OverflowError):
            self.at = start
            self.wrong("a date and time that there is is expected")


def text_of(octets: bytes, charset: str) -> str:
    """Octets as text. Raises CommandError."""
    try:
        return octets.decode(charset)
    except UnicodeDecodeError:
        raise CommandError(f"A string is not {charset.upper()}") from None


def unique(flags: Sequence[str]) -> tuple[str, ...]:
    """Flags as they came, without those that are there already: their case makes no difference."""
    found: dict[str, str] = {}
    for flag in flags:
        found.setdefault(flag.lower(), flag)
    return tuple(found.values())


def _checked(name: str) -> str:
    if any(character < " " or character == "\x7f" for character in name):
        raise CommandError("The name of a folder must not have control characters in it")
    return name


def _shown(octets: bytes) -> str:
    """Something of the client's in a response: one line of ASCII."""
    return '"' + "".join([chr(octet) if 32 <= octet < 127 else f"\\x{octet:02x}" for octet in octets[:24]]) + '"'
