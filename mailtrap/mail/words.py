"""Words: what a search compares, the same in memory and in SQLite's full-text index.

`normalise` writes any text so that FTS5's `ascii` tokenizer, which splits at ASCII characters other than letters and
digits and takes every other character for part of a word, finds exactly the words that `words` finds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

from mailtrap.mail.later import later
from mailtrap.mail.message import Mailbox, Message, Understanding

#: Characters of a text that are looked at; what follows cannot be found by its words.
LONGEST = 1 << 20

#: Stands between two values in one column, so that no phrase reaches from one into the next. A private-use character:
#: `normalise` turns those of a text into spaces, hence nobody's text or query holds it.
BOUNDARY = "\ue000"

_WORD = re.compile(r"[^\x00-/:-`{-\x7f]+")  # said so, it takes no time to compile

#: Scripts that put no spaces between words: each of their characters becomes a word of its own.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # CJK and Kangxi radicals
    (0x3005, 0x3007),  # iteration mark, zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3038, 0x303C),
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x3105, 0x312F),  # Bopomofo
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # ideographs
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),  # Myanmar extended
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),  # Kana supplements
    (0x20000, 0x3FFFD),
)

#: Points of Hebrew and Arabic that readers leave out as they like.
_POINTS = (
    (0x0591, 0x05BD),
    (0x05BF, 0x05BF),
    (0x05C1, 0x05C2),
    (0x05C4, 0x05C5),
    (0x05C7, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
)

#: Box drawing and blocks: symbols by category, but they are lines, not something to search for.
_LINES = (0x2500, 0x259F)


def _within(code: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= code <= last for first, last in ranges)


class _Characters(dict[int, str]):
    """What each character becomes; filled as characters are met, so at most one entry per code point."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(code)).casefold())
        kept = "".join([character for character in folded if not "\u0300" <= character <= "\u036f"])
        written = "".join([self._write(character) for character in unicodedata.normalize("NFC", kept)])
        self[code] = written
        return written

    @staticmethod
    def _write(character: str) -> str:
        code = ord(character)
        if code < 0x80:
            return character if character.isprintable() else " "
        category = unicodedata.category(character)
        if _within(code, _UNSPACED):
            return f" {character} " if category[0] in "LMN" else " "
        if category == "So":
            return " " if _within(code, (_LINES, (0xFFFC, 0xFFFD))) else f" {character} "
        if category == "Sk" and 0x1F3FB <= code <= 0x1F3FF:  # skin tones: a thumb is a thumb
            return ""
        if category[0] in "LN":
            return character
        if category[0] == "M":
            # Vowel signs are part of words; variation selectors and enclosing marks say only how to draw.
            hidden = _within(code, (*_POINTS, (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))) or category == "Me"
            return "" if hidden else character
        if category == "Cf" and code != 0x200B:  # joiners, soft hyphens, directions: invisible, must not split words
            return ""
        return " "


_CHARACTERS = _Characters()
#: Lone surrogates, which SQLite cannot keep, and the private-use area, where our own marks are.
_OURS = re.compile("[\ud800-\uf8ff]")
_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}

#: Letters that are written as they stand once in lower case, by alphabets none of whose letters takes in what follows.
_STEADY = "\u0430-\u0438\u043a-\u044f\u03b1-\u03c1\u03c3-\u03c9\u05d0-\u05ea"
#: A run of characters that have to be rewritten. One set and nothing else: only so does the search for it run in C.
_OTHERS = later(f"[^\\x00-\\x7f{_STEADY}]+")
#: Short runs as they were rewritten before: an umlaut, a quotation mark.
_MEMORY: dict[str, str] = {}
_REMEMBERED = 4096
_SHORT = 3


def _run(match: re.Match[str]) -> str:
    run = match[0]
    known = _MEMORY.get(run)
    if known is not None:
        return known
    written = unicodedata.normalize("NFKC", run).translate(_CHARACTERS)
    if len(run) <= _SHORT and len(_MEMORY) < _REMEMBERED:
        _MEMORY[run] = written
    return written


def normalise(text: str) -> str:
    """`text` in the form the index keeps, cut after `LONGEST` characters.

    ASCII text becomes lower case and is otherwise left alone. In other text case, width and compatibility forms are
    folded, diacritics dropped, characters of scripts without spaces and emoji set apart by spaces, invisible ones
    dropped, and everything else that is no letter or digit becomes a space.
    """
    if len(text) > LONGEST:
        text = text[:LONGEST]
    lower = text.lower()
    if lower.isascii():
        return lower
    # Few characters to rewrite: find them by pattern. Mostly such (Chinese, Thai: three octets each): one pass over
    # everything is cheaper. Both give the same words.
    if len(text.encode("utf-8", "surrogatepass")) < len(text) * 2:
        return _OTHERS.sub(_run, lower)
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return text.translate(_CHARACTERS)


def words(text: str) -> list[str]:
    """The words of a text as the index has them, in order."""
    return _WORD.findall(normalise(text))


def split(normalised: str) -> list[str]:
    """The words of a text that went through `normalise`, or of a column of `search_columns`."""
    return _WORD.findall(normalised)


def fold(text: str) -> str:
    """`text` with its ASCII letters in lower case and everything else as it stands: SQLite's NOCASE."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


@lru_cache(maxsize=512)
def field_word(name: str) -> str:
    """The word that says "here begins a header field of this name". ASCII letters of names have no case."""
    spelt = _OURS.sub("\ufffd", fold(name))
    # Whatever the tokenizer would split at moves to the private-use area, one character for each.
    return BOUNDARY + "".join([c if c.isalnum() or c > "\x7f" else chr(0xE100 + ord(c)) for c in spelt])


def _mailbox(mailbox: Mailbox) -> str:
    return f"{mailbox.name} {mailbox.address}"


def _column(values: Iterable[str]) -> str:
    return f" {BOUNDARY} ".join([normalise(value) for value in values])


def _header(fields: Iterable[tuple[str, str]]) -> str:
    """Each field: its name as one word, the words of its value, and these once more tagged with the name.

    The tagged ones answer `header:Name:value`; without them the index could not tell in which field a word stands.
    """
    return " ".join([_field(name, value) if len(value) > 200 else _repeated(name, value) for name, value in fields])


def _field(name: str, value: str) -> str:
    tag = field_word(name)
    found = words(value)
    return " ".join([tag, *found, *[f"{tag}{BOUNDARY}{word}" for word in found]])


#: One application says the same in most of its fields, message after message.
_repeated = lru_cache(maxsize=4096)(_field)


def envelope_only(message: Message) -> tuple[str, ...]:
    """The envelope recipients that neither To nor Cc names, as sent: who was blind-copied."""
    heading = message.heading
    named = {fold(mailbox.address) for mailbox in (*heading.to, *heading.cc)}
    return tuple([address for address in message.envelope.addresses if fold(address) not in named])


def _header_column(message: Message, understanding: Understanding) -> str:
    column = _header(understanding.header)
    message_id = message.heading.message_id
    if message_id and not any(value == message_id for _, value in understanding.header):
        column = f"{column} {BOUNDARY} {normalise(message_id)}"
    return column


_SOURCES: dict[str, Callable[[Message, Understanding], str]] = {
    "subject": lambda message, _: normalise(message.heading.subject),
    "sender": lambda message, _: _column([*map(_mailbox, message.heading.sender), message.envelope.reverse_path]),
    "to_": lambda message, _: _column(map(_mailbox, message.heading.to)),
    "cc": lambda message, _: _column(map(_mailbox, message.heading.cc)),
    "bcc": lambda message, _: _column([*map(_mailbox, message.heading.bcc), *envelope_only(message)]),
    "rcpt": lambda message, _: _column(message.envelope.addresses),
    "body": lambda _, understanding: normalise(understanding.body),
    "filename": lambda _, understanding: _column(understanding.filenames),
    "header": _header_column,
}

#: The columns of the search table, in its order.
COLUMNS = tuple(_SOURCES)


#: Those that say something of the content beyond its heading.
UNDERSTOOD = frozenset(("body", "filename", "header"))


def search_column(name: str, message: Message, understanding: Understanding) -> str:
    """What one column of the search table holds about a message, normalised."""
    return _SOURCES[name](message, understanding)


def search_columns(message: Message, understanding: Understanding) -> tuple[str, ...]:
    """What the search table holds about a message, normalised, in the order of `COLUMNS`."""
    return tuple([source(message, understanding) for source in _SOURCES.values()])
