"""Parameterised header values, `text/plain; charset=…`, with continuations (RFC 2045 §5.1, RFC 2231)."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from mailtrap.mail import charsets, encoded_words

MAX_PARAMETERS = 200
MAX_VALUE = 4096
_READ = 64 * 1024

#: Where parentheses without quotes are part of a name and no comment.
_FILES = frozenset(("name", "filename"))

_PARAMETER = re.compile(
    r';[ \t\r\n]*+([^\s=;"]++)[ \t\r\n]*+=[ \t\r\n]*+(?:"((?>(?:[^"\\]++|\\.)*))"|([^;]*+))', re.DOTALL
)
_COMMENT = re.compile(r"\((?>(?:[^()\\]++|\\.)*)\)", re.DOTALL)
#: Comments in comments, as deep as they are taken out.
_NESTED = 5
_SEGMENT = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?\Z")


def read(value: bytes, charset: str | None = None) -> tuple[str, dict[str, str]]:
    """The value before the first semicolon, in lower case, and its parameters by lower-case name; never raises.

    Raw 8-bit octets are read as `charsets.raw` does.
    """
    if b";" not in value and b"(" not in value and value.isascii():
        return value[:MAX_VALUE].decode("ascii").strip().lower(), {}
    if len(value) < 100 and b"boundary" not in value:
        type_, parameters = _repeated(value, charset)  # most mail says one of a few
        return type_, parameters.copy()
    return _read_all(value, charset)


@lru_cache(maxsize=1024)
def _repeated(value: bytes, charset: str | None) -> tuple[str, dict[str, str]]:
    return _read_all(value, charset)


def _read_all(value: bytes, charset: str | None) -> tuple[str, dict[str, str]]:
    text = charsets.raw(value[:_READ], charset)
    start = text.find(";")
    plain: dict[str, str] = {}
    segments: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(text, max(start, 0))):
        if count == MAX_PARAMETERS:
            break
        name, quoted, token = match.groups()
        name = name.lower()
        if quoted is not None:
            content = _unquoted(quoted)
        elif name in _FILES:
            content = token.strip().strip('"')
        else:
            content = uncommented(token).strip().strip('"')
        if "*" in name:
            segment = _SEGMENT.match(name)
            if segment:
                index, encoded = int(segment[2] or 0), bool(segment[3])
                segments.setdefault(segment[1], []).append((index, encoded, content))
        elif name not in plain:
            plain[name] = encoded_words.decode(content, MAX_VALUE) if "=?" in content else content[:MAX_VALUE]
    for name, pieces in segments.items():
        plain[name] = _joined(pieces)[:MAX_VALUE]
    return uncommented((text[:start] if start >= 0 else text)[:MAX_VALUE]).strip().lower(), plain


def uncommented(text: str) -> str:
    """With a space for each comment: `text/plain (as they say)` (RFC 2045 §5.1, RFC 5322 §3.2.2)."""
    for _ in range(_NESTED):
        if "(" not in text:
            break
        text = _COMMENT.sub(" ", text)
    return text


def _unquoted(quoted: str) -> str:
    # `C:\dir\file` in quotes is common and never meant as quoted pairs; only `\"` and `\\` are.
    return quoted.replace('\\"', '"').replace("\\\\", "\\") if "\\" in quoted else quoted


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    pieces.sort(key=lambda piece: piece[0])
    charset = ""
    out: list[bytes] = []
    for position, (_, encoded, content) in enumerate(pieces):
        if encoded and position == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        out.append(unquote_to_bytes(content) if encoded else content.encode("utf-8", "replace"))
    return charsets.decode(b"".join(out), charset or "utf-8")[0]
