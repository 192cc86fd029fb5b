"""Content-Transfer-Encodings undone, tolerantly and in linear time (RFC 2045 §6)."""

from __future__ import annotations

import binascii
import re

#: Octets that are no part of Base64.
NOT_BASE64 = bytes(sorted(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")))
_BAD_QUOTED = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*+\r?\n|[ \t]*+\Z)")
_PADDING = re.compile(rb"[ \t]++(?=\r?\n)")
#: What leaves octets as they are.
IDENTITY = frozenset(("", "7bit", "8bit", "binary", "7-bit", "8-bit"))
QUOTED_PRINTABLE = frozenset(("quoted-printable", "quotedprintable", "quoted_printable"))
_UU = frozenset(("x-uuencode", "uuencode", "x-uue", "uue"))
_LINE = re.compile(rb"[^\r\n]+")
#: Texts one behind the other, each with padding of its own, that are told apart.
MAX_RUNS = 1000


def decode(octets: bytes, encoding: str) -> tuple[bytes, str]:
    """The decoded octets, and the slug of a defect or ''. An unknown encoding leaves them as they are."""
    if encoding in IDENTITY:
        return octets, ""
    if encoding == "base64":
        return base64(octets)
    if encoding in QUOTED_PRINTABLE:
        return quoted_printable(octets)
    if encoding in _UU:
        return uuencode(octets)
    return octets, "unknown-encoding"


def quoted_printable(octets: bytes) -> tuple[bytes, str]:
    """What quoted-printable stands for; an equals sign that means nothing stays as it is, and is reported."""
    octets = _unpadded(octets)
    decoded = binascii.a2b_qp(octets)
    # Two octets go with every escape, three with every soft line break: as many as went, nothing was odd. Counting is
    # ten times quicker than looking at every escape, and only what is rare has to be left out of it.
    soft = octets.count(b"=\r\n")
    plain = b"= " not in octets and b"=\t" not in octets and b"=\n" not in octets
    if plain and len(octets) - len(decoded) == 2 * octets.count(b"=") + soft:
        return decoded, ""
    return decoded, "bad-quoted-printable" if _BAD_QUOTED.search(octets) else ""


def unescaped(octets: bytes) -> bytes:
    """Quoted-printable undone."""
    return binascii.a2b_qp(_unpadded(octets))


def _unpadded(octets: bytes) -> bytes:
    """White space at the end of a line came with the transport (RFC 2045 §6.7, rule 3)."""
    if b" \r\n" in octets or b"\t\r\n" in octets or b" \n" in octets or b"\t\n" in octets:
        return _PADDING.sub(b"", octets)
    return octets


def base64(octets: bytes) -> tuple[bytes, str]:
    """What there is of Base64: foreign octets and missing padding are forgiven, and reported."""
    compact = octets.translate(None, b"\r\n \t")
    try:
        return binascii.a2b_base64(compact, strict_mode=True), ""
    except binascii.Error:
        clean = compact.translate(None, NOT_BASE64)
    runs = clean.split(b"=", MAX_RUNS)
    runs[-1] = runs[-1].replace(b"=", b"")
    # Padding inside means that several Base64 texts were put one behind the other.
    return b"".join(
        [binascii.a2b_base64(run[: len(run) - (len(run) % 4 == 1)] + b"===") for run in runs if run]
    ), "bad-base64"


def uuencode(octets: bytes) -> tuple[bytes, str]:
    """The file between `begin` and `end` of uuencoded text; without a `begin` line the octets as they are."""
    start = 0 if octets.startswith(b"begin ") else octets.find(b"\nbegin ") + 1
    if not octets.startswith(b"begin ", start):
        return octets, "bad-uuencode"
    out = bytearray()
    odd = 0
    for match in _LINE.finditer(octets, octets.find(b"\n", start) + 1 or len(octets)):
        line = match[0]
        if line == b"end":
            return bytes(out), ""
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders fill up their lines: the first octet says how much of each counts.
            odd += 1
            if odd > MAX_RUNS:
                break
            try:
                out += binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3])
            except binascii.Error:
                break
    return bytes(out), "bad-uuencode"
