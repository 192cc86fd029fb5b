"""What `BODY[…]` and `BINARY[…]` mean in a message: places in its octets (RFC 9051 §6.4.5, RFC 3516)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailtrap.mail import header, mime, piecewise, transfer
from mailtrap.mail.header import Section as HeaderSection
from mailtrap.mail.mime import Part

#: So many octets tell where a header section ends, unless it goes on beyond what is read of one.
HEADER_WITHIN = header.MAX_HEADER + 4096

# A field with its continuation lines, or a line that is none.
_LINES = re.compile(rb"[^\n]*+\n(?>(?:[ \t][^\n]*+\n)*)(?>(?:[ \t][^\n]*+\Z)?)|[^\n]++\Z")


class UnknownEncoding(ValueError):
    """The transfer encoding of a part is not known, so it cannot be undone."""


@dataclass(frozen=True, slots=True)
class Span:
    """Octets of a message."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Place:
    """A numbered part: where its header and body lie, and the part itself where there is one."""

    header: Span
    body: Span
    part: Part | None = None


class Message:
    """The octets of one message. Nothing of its structure is looked for before it is needed.

    `octets` may be less than the message, with `size` saying how much that is: enough for its header section and its
    place, where `has_header` says so, and for nothing else.
    """

    __slots__ = ("_heading", "_root", "octets", "size")

    def __init__(self, octets: bytes, size: int | None = None) -> None:
        self.octets = octets
        self.size = len(octets) if size is None else size
        self._heading: HeaderSection | None = None
        self._root: Part | None = None

    @property
    def root(self) -> Part:
        """The outermost part."""
        if self._root is None:
            self._root, _ = mime.scan(self.octets)
        return self._root

    @property
    def heading(self) -> HeaderSection:
        """Where the header section of the message lies."""
        if self._heading is None:
            self._heading = self._root.section if self._root else header.locate(self.octets, 0, len(self.octets))
        return self._heading

    @property
    def has_header(self) -> bool:
        """Whether the whole header section is in these octets, and ends where it does in the message."""
        return len(self.octets) == self.size or (
            len(self.octets) >= HEADER_WITHIN and "header-cut" not in self.heading.defects
        )

    def values(self) -> list[tuple[bytes, bytes]]:
        """The header fields of the message, unfolded."""
        if self._root is not None:
            return self._root.values
        return header.values(self.octets[self.heading.start : self.heading.end])

    # BODY[…].

    def span(self, part: Sequence[int], text: str) -> Span | None:
        """The octets of `BODY[part.text]` where they lie in one piece; None where there is no such thing.

        `text` is empty, HEADER, TEXT or MIME.
        """
        if not part:
            # Together they are the message, whatever stands before the first field or after the last.
            if text == "HEADER":
                return Span(0, self.heading.body)
            return Span(self.heading.body if text == "TEXT" else 0, self.size)
        place = self._find(part)
        if place is None:
            return None
        if not text:
            return place.body
        if text == "MIME":
            return place.header
        inner = _content(place)
        if inner is None:
            return None  # only messages have these (RFC 9051 §6.4.5.1)
        return inner.header if text == "HEADER" else inner.body

    def fields(self, part: Sequence[int], names: frozenset[bytes], *, without: bool = False) -> bytes | None:
        """The header fields with these names (in lower case), or all `without` them, as sent and in the order sent.

        What divides header and body belongs to it; None where there is no such header section.
        """
        section, end = self.heading, self.size
        if part:
            place = self._find(part)
            inner = _content(place) if place else None
            if inner is None:
                return None
            if inner.part is None:
                return b""
            section, end = inner.part.section, inner.body.end
        chosen = [
            line
            for line in _LINES.findall(self.octets[section.start : section.end])
            if (line.partition(b":")[0].rstrip().lower() in names) is not without
        ]
        # Where the body follows without an empty line, whoever reads this needs one none the less.
        divider = self.octets[section.end : section.body]
        if not divider and section.end < end:
            divider = b"\r\n"
        return b"".join(chosen) + divider

    # BINARY[…].

    def encoded(self, part: Sequence[int]) -> tuple[Span, str] | None:
        """Where a part lies and its transfer encoding, empty where it has none of its own. Raises UnknownEncoding."""
        if not part:
            return Span(0, self.size), ""
        place = self._find(part)
        if place is None:
            return None
        encoding = "" if place.part is None or place.part.children else place.part.encoding
        if piecewise.decode((), encoding) is None:
            raise UnknownEncoding(encoding)
        return place.body, "" if encoding in transfer.IDENTITY else encoding

    def decoded(self, part: Sequence[int]) -> bytes | None:
        """A part with its transfer encoding undone, as far as that can be. Raises UnknownEncoding."""
        found = self.encoded(part)
        if found is None:
            return None
        span, encoding = found
        return transfer.decode(self.octets[span.start : span.end], encoding)[0]

    # Numbers.

    def _find(self, numbers: Sequence[int]) -> _Place | None:
        inside = _numbered(_place(self.root))
        place: _Place | None = None
        for number in numbers:
            if not 1 <= number <= len(inside):
                return None
            place = inside[number - 1]
            content = _content(place)
            if content is not None:
                inside = _numbered(content)
            elif place.part is not None and place.part.type.startswith("multipart/"):
                inside = _numbered(place)
            else:
                inside = []
        return place


def _place(part: Part) -> _Place:
    return _Place(Span(part.header_start, part.body_start), Span(part.body_start, part.body_end), part)


def _content(place: _Place) -> _Place | None:
    """What is inside of a part that is a message; None if it is none.

    One that was not looked into, because it is encoded or too deep, is a body without header fields.
    """
    part = place.part
    if part is None or part.type not in mime.EMBEDDED:
        return None
    if part.children:
        return _place(part.children[0])
    return _Place(Span(place.body.start, place.body.start), place.body)


def _numbered(content: _Place) -> list[_Place]:
    """What numbers stand for in a message or multipart: its parts, or itself where it has none."""
    part = content.part
    if part is None or not part.type.startswith("multipart/"):
        return [content]
    if part.children:
        return [_place(child) for child in part.children]
    # A multipart of one part, as `mailtrap.imap.structure` has it.
    return [_Place(Span(content.body.start, content.body.start), content.body)]
