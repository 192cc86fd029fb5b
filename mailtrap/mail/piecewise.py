"""Content-Transfer-Encodings undone a piece at a time, with what `transfer` would make of the whole (RFC 2045 §6)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator

from mailtrap.mail.transfer import IDENTITY, MAX_RUNS, NOT_BASE64, QUOTED_PRINTABLE, unescaped

#: Octets without a line end after which quoted-printable is not waited for one.
_LONG = 64 * 1024
# Two equals signs are read as one.
_SOFT_BREAK = re.compile(rb"(?<!=)(?>(?:==)*)(=\r)")
_OPEN = re.compile(rb"(?<!=)(?>(?:==)*)(=[0-9A-Fa-f]?)\Z")


def decode(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes] | None:
    """The decoded octets, in pieces; None if the encoding is not known. What is malformed is decoded tolerantly."""
    if encoding in IDENTITY:
        return iter(pieces)
    if encoding == "base64":
        return _base64(pieces)
    if encoding in QUOTED_PRINTABLE:
        return _quoted_printable(pieces)
    return None


def _base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    begun = b""  # of the text that is not padded yet, what makes no whole group of four
    padded = 0
    for piece in pieces:
        runs = piece.translate(None, NOT_BASE64).split(b"=", MAX_RUNS - padded)
        padded += len(runs) - 1
        if padded == MAX_RUNS:
            runs[-1] = runs[-1].replace(b"=", b"")
        found = []
        for run in runs[:-1]:
            found.append(_ended(begun + run))
            begun = b""
        begun += runs[-1]
        whole = len(begun) // 4 * 4
        found.append(binascii.a2b_base64(begun[:whole]))
        begun = begun[whole:]
        yield b"".join(found)
    yield _ended(begun)


def _ended(run: bytes) -> bytes:
    return binascii.a2b_base64(run[: len(run) - (len(run) % 4 == 1)] + b"===") if run else b""


def _quoted_printable(pieces: Iterable[bytes]) -> Iterator[bytes]:
    begun = b""
    for piece in pieces:
        begun += piece
        end = begun.rfind(b"\n") + 1
        kept = begun[end:]
        if len(kept) > _LONG:
            # No line end is in sight. What goes on up to it is left out, and no escape may be cut in two.
            found = _SOFT_BREAK.search(begun, end) or _OPEN.search(begun, end)
            end = found.start(1) if found else len(begun)
            kept = begun[end : end + 2]
        yield unescaped(begun[:end])
        begun = kept
    yield unescaped(begun)
