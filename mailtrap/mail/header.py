"""Header sections to fields, with their offsets, whatever they look like (RFC 5322 §2.2)."""

from __future__ import annotations

import re

from msgspec import Struct

from mailtrap.mail import charsets, encoded_words
from mailtrap.mail.heading import unfold

#: What is read of one header section; longer ones are cut, and say so by the defect `header-cut`.
MAX_HEADER = 256 * 1024
MAX_FIELDS = 1000
MAX_VALUE = 64 * 1024

# A run of fields with their continuation lines. `--` never starts a field, but it does start a boundary.
_FIELDS = re.compile(rb"(?>(?:(?!--)[!-9;-~]++[ \t]*+:[^\n]*+(?>(?:\n[ \t][^\n]*+)*)(?:\n|\Z))*)")
_RESUMES = re.compile(
    rb"[^\n]*+\n(?:content-|mime-version|subject:|from:|to:|cc:|date:|message-id:|x-|received:)", re.I
)
#: `From :` begins a header field, with a space as it was once allowed (RFC 5322 §4.5.2).
_MBOX = re.compile(rb">?From (?![ \t]*:)[^\n]*\n")
_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


class Field(Struct, frozen=True):
    """One header field: its name as sent, its value decoded on one line, and its octets without the line end."""

    name: str
    value: str
    raw: bytes


class Section(Struct, frozen=True):
    """Where a header section lies: fields in `[start, end)`, body from `body`; and what was odd about it."""

    start: int
    end: int
    body: int
    defects: tuple[str, ...] = ()


def locate(octets: bytes, start: int, end: int) -> Section:
    """The header section of the entity in `octets[start:end]`; it ends at the first line that is no field."""
    defects: list[str] = []
    mbox = _MBOX.match(octets, start, min(end, start + 1000))
    if mbox:
        start = mbox.end()
        defects.append("mbox-line")
    limit = min(end, start + MAX_HEADER)
    position = _end_of_fields(octets, start, limit)
    for _ in range(20):
        # A line without a colon among the fields, such as a continuation that lost its blank.
        if octets[position : position + 1] in (b"\r", b"\n", b"-", b"") or not _RESUMES.match(octets, position, limit):
            break
        defects.append("bad-header-line")
        position = _end_of_fields(octets, octets.find(b"\n", position) + 1, limit)
    if limit < end and octets.find(b"\n", position, limit) < 0:
        body = _blank_line(octets, limit - 3, end)
        defects.append("header-cut")
    elif octets.startswith(b"\r\n", position, end):
        body = position + 2
    elif octets.startswith(b"\n", position, end):
        body = position + 1
    elif position >= end:
        body = end
    else:
        body = position
        if not octets.startswith(b"--", position):
            defects.append("no-blank-line")
    return Section(start, position, body, tuple(defects))


def _end_of_fields(octets: bytes, start: int, limit: int) -> int:
    fields = _FIELDS.match(octets, start, limit)
    return fields.end() if fields else start


def _blank_line(octets: bytes, position: int, end: int) -> int:
    crlf = octets.find(b"\n\r\n", position, end)
    bare = octets.find(b"\n\n", position, end if crlf < 0 else crlf)
    return bare + 2 if bare >= 0 else crlf + 3 if crlf >= 0 else end


def values(section: bytes) -> list[tuple[bytes, bytes]]:
    """Every field of a header section as `(name as sent, unfolded value)`, at most `MAX_FIELDS`."""
    found = []
    for line in unfold(section).split(b"\n", MAX_FIELDS)[:MAX_FIELDS]:
        name, colon, value = line.partition(b":")
        if colon:
            found.append((name.rstrip(), value.strip()))
    return found


def fields(octets: bytes, section: Section, charset: str | None = None) -> tuple[Field, ...]:
    """Every field, decoded, at most `MAX_FIELDS`, in the order sent; raw 8-bit octets as `text` says."""
    found: list[Field] = []
    raw: list[bytes] = []
    for line in octets[section.start : section.end].split(b"\n", MAX_FIELDS * 4):
        if line[:1] in (b" ", b"\t") and raw:
            raw[-1] += b"\n" + line if len(raw[-1]) < MAX_VALUE else b""
        elif b":" in line and len(raw) < MAX_FIELDS:
            raw.append(line)
    for octet_line in raw:
        name, _, value = octet_line.partition(b":")
        shown = text(unfold(value[:MAX_VALUE]).strip(), charset=charset)
        found.append(Field(text(name.strip()), shown, octet_line.rstrip(b"\r")))
    return tuple(found)


def text(value: bytes, limit: int = MAX_VALUE, charset: str | None = None) -> str:
    """An unfolded value as one line of text: encoded words decoded, controls as blanks.

    Raw 8-bit octets are read as `charsets.raw` does, with what `charsets.in_header` found for the whole section.
    """
    decoded = charsets.raw(value, charset)
    if "=?" in decoded:
        decoded = encoded_words.decode(decoded, limit)
    decoded = decoded[:limit]
    return decoded if decoded.isprintable() else _CONTROLS.sub(" ", decoded).strip()
