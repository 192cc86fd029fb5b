"""The grammar of what FETCH asks for: attributes, sections, partials (RFC 9051 §6.4.5, RFC 3516)."""

from __future__ import annotations

import re

from mailtrap.imap.commands import CommandError, Fetch, Section
from mailtrap.imap.cursor import MAX_NUMBER64, Cursor

MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
PLAIN = frozenset(
    ("ENVELOPE", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "BODY", "BODYSTRUCTURE", "UID", "MODSEQ", "EMAILID",
     "THREADID")
)  # fmt: skip
_RFC822 = {
    "RFC822": Section(name="RFC822"),
    "RFC822.HEADER": Section(text="HEADER", peek=True, name="RFC822.HEADER"),
    "RFC822.TEXT": Section(text="TEXT", name="RFC822.TEXT"),
}
#: Names that a section may follow: what it is called in the response, and whether it only peeks.
_SECTIONS = {
    "BODY": ("BODY", False),
    "BODY.PEEK": ("BODY", True),
    "BINARY": ("BINARY", False),
    "BINARY.PEEK": ("BINARY", True),
    "BINARY.SIZE": ("BINARY.SIZE", True),
}
#: Attributes of one FETCH, names of header fields of one section, levels of a part.
MAX_ATTRIBUTES = 1000
MAX_FIELDS = 1000
MAX_LEVELS = 100

_NAME = re.compile(rb"[A-Za-z0-9.]+")
_PART = re.compile(rb"\d+(?:\.\d+)*")
_TEXT = re.compile(rb"HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|MIME", re.IGNORECASE)
_FIELD = re.compile(rb"[\x21-\x39\x3b-\x7e]+")


def read_fetch(cursor: Cursor, uid: bool) -> Fetch:
    """The arguments of FETCH."""
    cursor.space("a set of messages")
    sequence = cursor.sequence_set()
    cursor.space("what to fetch")
    if cursor.sees(b"("):
        asked = cursor.listed(lambda: _attribute(cursor), "what to fetch", MAX_ATTRIBUTES)
    else:
        name = _NAME.match(cursor.text, cursor.at)
        macro = MACROS.get(name.group().decode("ascii").upper()) if name else None
        if name and macro:
            cursor.at = name.end()
        asked = list(macro or [_attribute(cursor)])
    changed_since, vanished = None, False
    if not cursor.at_end:
        changed_since, vanished = _modifiers(cursor)
    if vanished and not (uid and changed_since is not None):
        raise CommandError("VANISHED stands only beside CHANGEDSINCE, and with UID FETCH")
    return Fetch(sequence, tuple(dict.fromkeys(asked)), changed_since, vanished)


def _modifiers(cursor: Cursor) -> tuple[int | None, bool]:
    found: dict[str, int] = {}

    def one() -> None:
        name = cursor.chosen(("CHANGEDSINCE", "VANISHED"), "CHANGEDSINCE or VANISHED")
        if name in found:
            raise CommandError(f"{name} stands there twice")
        if name == "CHANGEDSINCE":
            cursor.space("a mod-sequence")
            found[name] = cursor.number("a mod-sequence")
        else:
            found[name] = 1

    cursor.space("a modifier")
    cursor.listed(one, "modifiers", 2)
    return found.get("CHANGEDSINCE"), "VANISHED" in found


def _attribute(cursor: Cursor) -> str | Section:
    found = _NAME.match(cursor.text, cursor.at)
    if found is None:
        cursor.wrong("something to fetch is expected")
    name = found.group().decode("ascii").upper()
    section = _SECTIONS.get(name)
    if cursor.text.startswith(b"[", found.end()) and section is not None:
        cursor.at = found.end()
        return _section(cursor, *section)
    if name not in PLAIN and name not in _RFC822:
        cursor.wrong("something to fetch is expected")
    cursor.at = found.end()
    return name if name in PLAIN else _RFC822[name]


def _section(cursor: Cursor, name: str, peek: bool) -> Section:
    cursor.expect(b"[", "before a section")
    part = _part(cursor)
    text = ""
    fields: tuple[bytes, ...] = ()
    if not name.startswith("BINARY") and not cursor.sees(b"]"):
        text, fields = _section_text(cursor, part)
    cursor.expect(b"]", "behind a section")
    partial = _partial(cursor) if name != "BINARY.SIZE" else None
    return Section(part, text, fields, partial, peek, name)


def _part(cursor: Cursor) -> tuple[int, ...]:
    found = _PART.match(cursor.text, cursor.at)
    if found is None:
        return ()
    numbers = found.group().split(b".")
    if len(numbers) > MAX_LEVELS:
        raise CommandError(f"A part has at most {MAX_LEVELS} levels")
    if any(number[:1] == b"0" or len(number) > 9 for number in numbers):
        cursor.wrong("Parts are counted from 1")
    cursor.at = found.end()
    return tuple(map(int, numbers))


def _section_text(cursor: Cursor, part: tuple[int, ...]) -> tuple[str, tuple[bytes, ...]]:
    if part:
        cursor.expect(b".", "between a part and what is wanted of it")
    found = _TEXT.match(cursor.text, cursor.at)
    if found is None:
        cursor.wrong("HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or MIME is expected")
    text = found.group().decode("ascii").upper()
    if text == "MIME" and not part:
        cursor.wrong("MIME is that of a part")
    cursor.at = found.end()
    if not text.startswith("HEADER.FIELDS"):
        return text, ()
    cursor.space("a list of header fields")
    return text, tuple(cursor.listed(lambda: _field(cursor), "header fields", MAX_FIELDS))


def _field(cursor: Cursor) -> bytes:
    name = cursor.astring("the name of a header field")
    if not _FIELD.fullmatch(name):
        raise CommandError("The name of a header field has only visible US-ASCII, without a colon (RFC 5322 3.6.8)")
    return name


def _partial(cursor: Cursor) -> tuple[int, int] | None:
    if not cursor.take(b"<"):
        return None
    first = cursor.number("the first octet")
    cursor.expect(b".", "before the number of octets")
    count = cursor.positive("the number of octets", MAX_NUMBER64)
    cursor.expect(b">", "behind the number of octets")
    return first, count
