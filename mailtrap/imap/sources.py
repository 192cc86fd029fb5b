"""One message that FETCH tells of: read as far as it has to be, and what is found out about it is remembered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mailtrap.imap import envelope, structure
from mailtrap.imap.commands import Section
from mailtrap.imap.sections import Message, Span
from mailtrap.mail import piecewise
from mailtrap.net.slices import PIECE, Budget, Slices
from mailtrap.store.base import Store

#: Octets of the largest message that is read whole whatever is asked for, and of those that are read together.
AT_ONCE = 256 * 1024
#: Of a large message this much is read to find the end of its header section.
HEAD = 512 * 1024
#: Octets of what was found out about messages that are kept for whoever asks again.
REMEMBERED = 16 * 1024 * 1024
#: What keeping one thing costs beside its octets.
_COST = 200

Value = TypeVar("Value")


class Remembered:
    """What was found out about messages, which never change; the least recently wanted goes first. Thread-safe."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()
        self.total = 0

    def get(self, key: Any) -> Any:
        """What is kept under this key, None if nothing is."""
        with self._lock:
            value = self._kept.get(key)
            if value is not None:
                self._kept.move_to_end(key)
            return value

    def put(self, key: Any, value: Any) -> None:
        """Keep something: octets or something small."""
        cost = _cost(value)
        if cost > self._most // 8:
            return
        with self._lock:
            if key not in self._kept:
                self.total += cost
                self._kept[key] = value
            while self.total > self._most:
                self.total -= _cost(self._kept.popitem(last=False)[1])


def _cost(value: Any) -> int:
    return _COST + (len(value) if isinstance(value, bytes) else 0)


@dataclass(frozen=True, slots=True)
class Library:
    """Where messages are read, and what all who read share."""

    store: Store
    budget: Budget = field(default_factory=Budget)
    remembered: Remembered = field(default_factory=Remembered)


@dataclass(frozen=True, slots=True)
class Slice:
    """So many of the octets that come, and whether a NUL is known to be among them."""

    pieces: Iterator[bytes]
    length: int
    nul: bool = False


class Source:
    """One message of `size` octets, given in `octets` if they have been read. What it reads it keeps until `let_go`."""

    def __init__(self, library: Library, id: int, size: int, utf8: bool, octets: bytes | None = None) -> None:
        self.id = id
        self.size = size
        self._library = library
        self._utf8 = utf8
        self._message = None if octets is None else Message(octets)

    def let_go(self) -> None:
        """Keep nothing of a large message while its client reads."""
        if self.size > AT_ONCE:
            self._message = None

    def rendering(self, name: str) -> bytes:
        """ENVELOPE, BODY or BODYSTRUCTURE."""
        return self._once((self.id, name, self._utf8), lambda: self._render(name))

    def section(self, section: Section) -> bytes | Slice | int | None:
        """What a section has; a number for BINARY.SIZE, None where there is no such thing. Raises UnknownEncoding."""
        part, text = section.part, section.text
        if section.binary:
            return self._binary(section)
        if text.startswith("HEADER.FIELDS"):
            names = frozenset([name.lower() for name in section.fields])
            message = self._whole() if part else self._head()
            found = message.fields(part, names, without=text == "HEADER.FIELDS.NOT")
            return None if found is None else _cut(found, section.partial)
        if not part and not text:
            span: Span | None = Span(0, self.size)
        elif self.size > AT_ONCE:
            # Clients that read an attachment in small pieces ask for its place as often.
            [span] = self._once((self.id, part, text), lambda: (self._place(part, text),))
        else:
            span = self._place(part, text)
        return None if span is None else self._given(_narrowed(span, section.partial))

    def _render(self, name: str) -> bytes:
        if name == "ENVELOPE":
            return envelope.render(self._head().values(), self._utf8)
        return structure.render(self._whole().root, extended=name == "BODYSTRUCTURE", utf8=self._utf8)

    def _place(self, part: tuple[int, ...], text: str) -> Span | None:
        return (self._whole() if part else self._head()).span(part, text)

    def _binary(self, section: Section) -> bytes | Slice | int | None:
        if self.size <= AT_ONCE:
            octets = self._whole().decoded(section.part)
            if section.name == "BINARY.SIZE":
                return len(octets or b"")
            return None if octets is None else _cut(octets, section.partial)
        [found] = self._once((self.id, section.part, "BINARY"), lambda: (self._whole().encoded(section.part),))
        if found is None:
            return 0 if section.name == "BINARY.SIZE" else None
        # Large ones are decoded on their way, and once before to know how large they are.
        self.let_go()
        length, nul = self._once((self.id, section.part, "BINARY.SIZE"), lambda: _measured(self._decoded(*found)))
        if section.name == "BINARY.SIZE":
            return int(length)
        span = _narrowed(Span(0, length), section.partial)
        pieces = _between(self._decoded(*found), span)
        length = span.end - span.start
        return Slice(pieces, length, nul) if length > PIECE else b"".join(pieces)

    def _decoded(self, span: Span, encoding: str) -> Iterator[bytes]:
        store, id_ = self._library.store, self.id
        encoded = Slices(lambda start: store.octets(id_, span.start + start), self._library.budget)
        return piecewise.decode(_between(encoded, Span(0, span.end - span.start)), encoding) or iter(())

    def _given(self, span: Span) -> bytes | Slice:
        """Octets of the message: at once where they are few and have been read, or the message is small."""
        length = span.end - span.start
        if self.size <= AT_ONCE:
            return self._whole().octets[span.start : span.end]
        octets = self._message.octets if self._message else b""
        if length <= PIECE and span.end <= len(octets):
            return octets[span.start : span.end]
        store, id_ = self._library.store, self.id
        return Slice(Slices(lambda start: store.octets(id_, span.start + start), self._library.budget), length)

    def _whole(self) -> Message:
        message = self._message
        if message is None or len(message.octets) < self.size:
            message = self._message = Message(b"".join(self._library.store.octets(self.id)))
        return message

    def _head(self) -> Message:
        """The message, or as much of it as has its header section."""
        if self._message is None and self.size > HEAD:
            pieces = self._library.store.octets(self.id)
            octets = b""
            while len(octets) < HEAD and (more := next(pieces, b"")):
                octets += more
            self._message = Message(octets, self.size)
        message = self._message
        return message if message is not None and message.has_header else self._whole()

    def _once(self, key: Any, make: Callable[[], Value]) -> Value:
        value: Value | None = self._library.remembered.get(key)
        if value is None:
            value = make()
            self._library.remembered.put(key, value)
        return value


def _narrowed(span: Span, partial: tuple[int, int] | None) -> Span:
    if partial is None:
        return span
    start = min(span.start + partial[0], span.end)
    return Span(start, min(start + partial[1], span.end))


def _cut(octets: bytes, partial: tuple[int, int] | None) -> bytes:
    return octets if partial is None else octets[partial[0] : partial[0] + partial[1]]


def _measured(pieces: Iterable[bytes]) -> tuple[int, bool]:
    """How many octets, and whether a NUL is among them."""
    length, nul = 0, False
    for piece in pieces:
        length += len(piece)
        nul = nul or b"\0" in piece
    return length, nul


def _between(pieces: Iterable[bytes], span: Span) -> Iterator[bytes]:
    """Those octets of all that come."""
    at = 0
    for piece in pieces:
        if at >= span.end:
            return
        if at + len(piece) > span.start:
            yield piece[max(span.start - at, 0) : span.end - at]
        at += len(piece)
