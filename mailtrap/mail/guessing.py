"""What charset octets may be in that nobody declared one for: by how often characters follow each other; bounded."""

from __future__ import annotations

from functools import cache
from typing import Any

#: Octets that are looked through for those beyond ASCII, and how many octets of such lines are enough.
_REACH = 64 * 1024
_ENOUGH = 4096
#: Fewer octets beyond ASCII tell nothing: `5 £`, `Ø`.
_FEWEST = 3

#: What mail is written in. Of the others that can be told apart, those for Baltic languages are found where French is.
_WRITTEN = frozenset(
    ("GBK", "gb18030", "Big5", "EUC-KR", "Shift_JIS", "EUC-JP", "KOI8-U", "ISO-8859-2", "ISO-8859-7", "windows-874")
) | {f"windows-125{number}" for number in range(7)}


def odd_lines(octets: bytes, start: int = 0, end: int | None = None) -> bytes:
    """The first lines in `octets[start:end]` that are neither ASCII nor UTF-8, as many as tell what they are in."""
    end = min(len(octets) if end is None else end, start + _REACH)
    found = []
    left = _ENOUGH
    while start < end and left > 0:
        stop = octets.find(b"\n", start, end) + 1 or end
        line = octets[start : min(stop, start + _ENOUGH)]
        if not line.isascii() and not _is_utf_8(line):
            found.append(line)
            left -= len(line)
        start = stop
    return b"".join(found)


def likely(odd: bytes) -> str:
    """The charset that `odd_lines` are most likely in; '' if they are too few to tell, or in none that mail is in."""
    if len(odd.translate(None, _ASCII)) < _FEWEST:
        return ""
    detect, options = _detector()
    return detect(odd, options).encoding or ""


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@cache
def _detector() -> tuple[Any, Any]:
    from turbohtml import detect  # tens of milliseconds that mail in UTF-8 need not pay

    return detect.detect, detect.Detection(allowed=_WRITTEN)


_ASCII = bytes(range(128))
