"""Binary parts in Base64, for what cannot carry NUL (RFC 3516 §4.4); pure."""

from __future__ import annotations

import base64
import re

from mailtrap.mail import mime

_BINARY = re.compile(rb"^(content-transfer-encoding[ \t]*:[ \t]*)binary\b", re.IGNORECASE | re.MULTILINE)


def in_base64(octets: bytes) -> bytes:
    """The message with every part that says it is binary in Base64; all else as it stands."""
    root, _ = mime.scan(octets)
    pieces: list[bytes] = []
    position = 0
    for part in root.walk():
        if part.children or part.encoding != "binary":
            continue
        section = _BINARY.sub(rb"\1base64", octets[part.header_start : part.header_end], count=1)
        body = base64.encodebytes(octets[part.body_start : part.body_end]).replace(b"\n", b"\r\n")
        pieces += [
            octets[position : part.header_start],
            section,
            octets[part.header_end : part.body_start],
            body.removesuffix(b"\r\n"),
        ]
        position = part.body_end
    return b"".join([*pieces, octets[position:]]) if pieces else octets
