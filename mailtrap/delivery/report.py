"""How a notice is written: lines that nobody's text can break out of, and a multipart/report around them (RFC 6522)."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from msgspec import Struct

from mailtrap.mail.heading import header_end

#: Octets of an original's header that are returned, and of one value in a line of ours (RFC 5322 §2.1.1: 998).
MAX_HEADER = 64 * 1024
MAX_VALUE = 900
#: An original of more octets than this is returned in full only if it was asked for, one of more than that never.
SMALL, BIG = 50_000, 2_000_000
_LONGEST_LINE = 998


class Original(Struct, frozen=True):
    """The message that a notice is about.

    `header` is its beginning, at least the header section or 64 KB of it; `octets` gives all of it in pieces, None
    where it cannot be had. `utf8` says that it came by SMTPUTF8, so that its sender can read UTF-8 in header fields.
    """

    header: bytes
    octets: Callable[[], Iterable[bytes]] | None = None
    size: int = 0
    message_id: str = ""
    subject: str = ""
    utf8: bool = False

    @property
    def section(self) -> bytes:
        """Its header section without the empty line after it, cut after the last whole field within `MAX_HEADER`."""
        end = header_end(self.header, MAX_HEADER)
        section = self.header[:end]
        if end < MAX_HEADER:
            return section.rstrip(b"\r\n") + b"\r\n" if section.strip() else b""
        start = section.rfind(b"\n")
        while start > 0 and section[start + 1 : start + 2] in (b" ", b"\t"):
            start = section.rfind(b"\n", 0, start)
        return section[: start + 1]


class Part(Struct, frozen=True):
    """One body part: the value of its Content-Type, its transfer encoding and its octets, CRLF-ended."""

    kind: str
    encoding: str
    octets: bytes


def clean(text: str, utf8: bool = True, limit: int = MAX_VALUE) -> str:
    """`text` on one line, without controls, at most `limit` octets long; other than ASCII is escaped unless `utf8`."""
    text = text[:limit]
    if not text.isprintable():
        # isprintable() is false for controls, line separators, lone surrogates and what has no character yet.
        text = "".join([c if c.isprintable() else " " if c.isspace() or c < " " else "?" for c in text]).strip()
    octets = text.encode("utf-8") if utf8 else text.encode("ascii", "backslashreplace")
    return octets[:limit].decode("utf-8", "ignore")


def subject(said: str, original: Original, utf8: bool) -> str:
    """`said` and the subject of the original, in encoded words where it is not ASCII (RFC 2047)."""
    text = clean(original.subject, limit=300)
    # What looks like an encoded word already would be decoded once more than it was written.
    if (utf8 or text.isascii()) and "=?" not in text:
        return f"{said} {text}".rstrip()
    words, piece = [], b""
    for character in text:
        octets = character.encode("utf-8")
        if len(piece) + len(octets) > 42:
            words.append(piece)
            piece = b""
        piece += octets
    encoded = [binascii.b2a_base64(word, newline=False).decode("ascii") for word in (*words, piece)]
    return "".join([said, *[f"\r\n =?utf-8?B?{word}?=" for word in encoded]])


def date(at: int) -> str:
    """Microseconds since the epoch as RFC 5322 §3.3 writes them."""
    return format_datetime(datetime.fromtimestamp(at // 1_000_000, UTC))


def path(address: str, utf8: bool) -> str:
    """An address in angle brackets, or a group without members where it cannot stand in a header field."""
    whole = clean(address, utf8, limit=_LONGEST_LINE)
    harmless = whole == address and len(whole.encode()) <= MAX_VALUE and not set("<>,;\\") & set(_outside(whole))
    return f"<{whole}>" if whole and harmless else "undisclosed-recipients:;"


def _outside(address: str) -> str:
    """An address without its quoted local part, in which anything may stand (RFC 5321 §4.1.2)."""
    return address[address.rfind('"') + 1 :] if address.startswith('"') else address


def text_part(text: str, utf8: bool) -> Part:
    """Words for people; lines end with `\\n` in `text`."""
    octets = text.encode("utf-8", "replace").replace(b"\r", b" ").replace(b"\n", b"\r\n")
    if octets.isascii():
        return Part("text/plain; charset=us-ascii", "7bit", octets)
    if utf8 and _fits(octets):
        return Part("text/plain; charset=utf-8", "8bit", octets)
    return Part("text/plain; charset=utf-8", "quoted-printable", quoted_printable(octets))


def quoted_printable(octets: bytes) -> bytes:
    """Octets of lines in 7 bits with CRLF, whatever they were (RFC 2045 §6.7)."""
    lines = octets.replace(b"\r\n", b"\n").split(b"\n")
    # Line by line, so that a CR alone is encoded; soft line breaks come with LF alone.
    return b"\r\n".join([binascii.b2a_qp(line, istext=False).replace(b"\n", b"\r\n") for line in lines])


def fields_part(kind: str, blocks: Sequence[Sequence[tuple[str, str]]], utf8: bool) -> Part:
    """Groups of fields with an empty line between them, as message/delivery-status and its kin have them."""
    texts = ["".join([f"{name}: {value}\r\n" for name, value in block]) for block in blocks]
    octets = "\r\n".join(texts).encode("utf-8")
    return Part(kind, "8bit" if utf8 and not octets.isascii() else "7bit", octets)


def header_part(original: Original, utf8: bool) -> Part:
    """The header section of the original, alone."""
    section = original.section
    if section.isascii() and _fits(section):
        return Part("text/rfc822-headers", "7bit", section)
    if utf8 and _fits(section) and _is_utf8(section):
        return Part("message/global-headers", "8bit", section)
    # A header that is broken may be encoded to make it legal (RFC 6522 §4).
    return Part("text/rfc822-headers", "quoted-printable", quoted_printable(section))


def message_part(original: Original, utf8: bool) -> Part | None:
    """The original, every octet of it; None where that cannot be, since it is gone, too big or not made of lines."""
    if original.octets is None or original.size > BIG:
        return None
    octets = bytearray()
    for piece in original.octets():
        octets += piece
        if len(octets) > BIG:
            return None
    whole = bytes(octets)
    if not _fits(whole):
        return None
    if whole.isascii():
        return Part("message/rfc822", "7bit", whole)
    # No other encoding is allowed for either of them (RFC 2046 §5.2.1, RFC 6532 §3.7).
    wide = utf8 and _is_utf8(whole[: header_end(whole, len(whole))])
    return Part("message/global" if wide else "message/rfc822", "8bit", whole)


def _fits(octets: bytes) -> bool:
    """Whether octets can go as 7bit or 8bit: lines of at most 998 octets, ended by CRLF, no NUL (RFC 2045 §2.7)."""
    if b"\0" in octets or octets.count(b"\r\n") != octets.count(b"\n") or octets.count(b"\r") != octets.count(b"\n"):
        return False
    return max(map(len, octets.split(b"\r\n"))) <= _LONGEST_LINE


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def message_id(host: str, *seeds: bytes) -> str:
    """An id for a notice: the same for the same notice, so that tests can be repeated."""
    return f"<{hashlib.sha256(b'|'.join(seeds)).hexdigest()[:32]}@{clean(host, False, 255) or 'localhost'}>"


def thread(original: Original) -> list[tuple[str, str]]:
    """In-Reply-To and References (RFC 5322 §3.6.4), nothing where the original has no usable Message-ID."""
    id_ = original.message_id
    usable = id_.isascii() and id_.isprintable() and 3 <= len(id_) <= MAX_VALUE and " " not in id_
    if not usable or not id_.startswith("<") or not id_.endswith(">"):
        return []
    return [("In-Reply-To", id_), ("References", id_)]


def compose(header: Sequence[tuple[str, str]], parts: Sequence[Part], report_type: str) -> bytes:
    """A multipart/report. `header` holds everything but the MIME fields; its values must be clean already."""
    # No part can contain a boundary that is made from all of them.
    digest = hashlib.sha256(b"\0".join([part.octets for part in parts])).hexdigest()[:40]
    encoding = "8bit" if any(part.encoding == "8bit" for part in parts) else "7bit"
    kind = f'multipart/report; report-type={report_type};\r\n boundary="=_{digest}"'
    whole = [_header([*header, *_mime(kind, encoding)])]
    for part in parts:
        whole.append(f"\r\n--=_{digest}\r\nContent-Type: {part.kind}\r\n".encode("ascii"))
        whole.append(f"Content-Transfer-Encoding: {part.encoding}\r\n\r\n".encode("ascii"))
        whole.append(part.octets)
    whole.append(f"\r\n--=_{digest}--\r\n".encode("ascii"))
    return b"".join(whole)


def compose_text(header: Sequence[tuple[str, str]], part: Part) -> bytes:
    """A message of one part."""
    return _header([*header, *_mime(part.kind, part.encoding)]) + b"\r\n" + part.octets


def _mime(kind: str, encoding: str) -> list[tuple[str, str]]:
    return [("MIME-Version", "1.0"), ("Content-Type", kind), ("Content-Transfer-Encoding", encoding)]


def _header(fields: Sequence[tuple[str, str]]) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in fields]).encode("utf-8")
