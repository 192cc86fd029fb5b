"""Encoded words in header fields, as they are found in the wild, to text (RFC 2047)."""

from __future__ import annotations

import binascii
import re

from mailtrap.mail import charsets

_START = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")

#: One value may ask for this many words to be decoded; what follows is left as it stands.
MAX_WORDS = 400


def decode(text: str, limit: int = 65_536) -> str:
    """`text` with its encoded words decoded, cut to `limit` characters; linear in the length of `text`.

    Neighbouring words of the same charset are joined before they are decoded, because many senders split a
    character between two words (RFC 2047 §5 forbids it).
    """
    out: list[str] = []
    produced = position = words = 0
    charset = ""
    pending: list[bytes] = []
    close = -1
    while words < MAX_WORDS and produced < limit:
        at = text.find("=?", position)
        start = _START.match(text, at) if at >= 0 else None
        if at < 0:
            break
        if start is None:
            gap, after = text[position : at + 2], at + 2
        else:
            if close < start.end():
                close = text.find("?=", start.end())
            if close < 0:
                break
            # A word that is never closed must not swallow the next one.
            stray = text.find(" =?", start.end(), close)
            if stray < 0:
                gap, after = text[position:at], close + 2
            else:
                start, gap, after = None, text[position : stray + 1], stray + 1
        if pending and (start is None or (gap and not gap.isspace()) or start[1].lower() != charset):
            piece = _flush(pending, charset)
            produced += len(piece)
            out.append(piece)
            gap = "" if start is not None and gap.isspace() else gap
        elif pending:
            gap = ""
        if gap:
            out.append(gap)
            produced += len(gap)
        if start is not None:
            charset = start[1].lower()
            pending.append(_octets(start[2], text[start.end() : close]))
            words += 1
        position = after
    if pending:
        out.append(_flush(pending, charset))
    out.append(text[position : position + limit])
    return "".join(out)[:limit]


def _flush(pending: list[bytes], charset: str) -> str:
    octets = b"".join(pending)
    pending.clear()
    return charsets.decode(octets, charset)[0]


def _octets(encoding: str, encoded: str) -> bytes:
    data = encoded.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data, header=True)
    return base64_octets(data)


def base64_octets(data: bytes) -> bytes:
    """What a Base64 text holds, ignoring foreign characters, missing padding and a dangling last character."""
    try:
        return binascii.a2b_base64(data, strict_mode=True)
    except binascii.Error:
        clean = _NOT_BASE64.sub(b"", data)
        return binascii.a2b_base64(clean[: len(clean) - (len(clean) % 4 == 1)] + b"===")
