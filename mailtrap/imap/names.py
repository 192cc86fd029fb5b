"""Folder names on the wire: modified UTF-7, both ways (RFC 3501 §5.1.3)."""

from __future__ import annotations

import binascii
import re

#: `&`, or a run of what is not printable US-ASCII.
_OTHERS = re.compile(r"&|[^\x20-\x7e]+")
_SHIFT = re.compile(r"&([A-Za-z0-9+,]*)(-?)")


class NotUtf7Error(ValueError):
    """A name that is not modified UTF-7; the text says why."""


def encode(name: str) -> bytes:
    """Text as modified UTF-7. What is no character (half of a surrogate pair) becomes U+FFFD."""
    return _OTHERS.sub(_encoded, name).encode("ascii")


def _encoded(found: re.Match[str]) -> str:
    run = found.group()
    if run == "&":
        return "&-"
    octets = run.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace").encode("utf-16-be")
    return "&" + binascii.b2a_base64(octets, newline=False).decode("ascii").rstrip("=").replace("/", ",") + "-"


def decode(name: bytes) -> str:
    """Modified UTF-7 as text, only where it is written as `encode` would. Raises NotUtf7Error."""
    try:
        text = name.decode("ascii")
    except UnicodeDecodeError:
        raise NotUtf7Error("A name of a folder has octets above 127; UTF-8 needs ENABLE first") from None
    if "&" not in text and text.isprintable():
        return text
    decoded = _SHIFT.sub(_decoded, text)
    # One name, one way to write it: a second one would be another folder to some clients and the same to others.
    if encode(decoded) != name:
        raise NotUtf7Error("A name of a folder is not modified UTF-7 (RFC 3501 5.1.3); & is written &-")
    return decoded


def _decoded(found: re.Match[str]) -> str:
    base64, end = found.groups()
    if not base64 and end:
        return "&"
    try:
        padded = base64.replace(",", "/") + "=" * (-len(base64) % 4)
        return binascii.a2b_base64(padded, strict_mode=True).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        raise NotUtf7Error("A name of a folder is not modified UTF-7 (RFC 3501 5.1.3)") from None
