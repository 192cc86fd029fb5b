"""Octets from mail on their way to a browser: never shown unless they are a harmless picture, never misnamed."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from mailtrap.web.answer import Answer

#: Nothing in such an answer may run or load, should a browser show it after all.
POLICY = "default-src 'none'; sandbox"

#: The only types shown inline, by the octets they begin with; what the message calls them does not count.
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def picture_type(octets: bytes) -> str:
    """`image/png`, `image/jpeg`, `image/gif` or `image/webp` by their first octets, empty for anything else."""
    if octets[:4] == b"RIFF" and octets[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _PICTURES if octets.startswith(magic)), "")


def part_response(octets: bytes, filename: str) -> Answer:
    """A decoded part: a picture inline, anything else as an opaque download."""
    kind = picture_type(octets)
    if not kind:
        return attachment([octets], "application/octet-stream", filename, len(octets))
    answer = attachment([octets], kind, filename, len(octets))
    answer.headers["Content-Disposition"] = disposition("inline", filename)
    return answer


def attachment(pieces: Iterable[bytes], media_type: str, filename: str, size: int | None = None) -> Answer:
    """A download of that name, streamed, with the headers that keep it from being anything else."""
    headers = {
        "Content-Disposition": disposition("attachment", filename),
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if size is not None:
        headers["Content-Length"] = str(size)
    return Answer(pieces, media_type, headers=headers)


def disposition(kind: str, filename: str) -> str:
    """`attachment; filename="a.txt"`, with `filename*` where ASCII does not do (RFC 6266 §4.3, §5).

    Path separators, control and formatting characters cannot get through: the result is a safe header value and
    names a file in the directory it is saved to.
    """
    name = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in filename)
    name = name.strip(" .")[-200:].strip(" .") or "attachment"
    # A % in the quoted form is decoded by some browsers (RFC 6266 appendix D).
    plain = "".join(c if c.isascii() and c != "%" else "_" for c in name)
    value = f'{kind}; filename="{plain}"'
    if plain != name:
        value += f"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    return value
