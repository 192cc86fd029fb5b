"""A request body that is counted while it is read, so that no declared or missing length gets around the cap."""

from __future__ import annotations

from typing import Protocol

from werkzeug.exceptions import RequestEntityTooLarge


class Readable(Protocol):
    """What WSGI calls `wsgi.input`."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` octets; empty at the end."""


class Capped:
    """`stream` up to `cap` octets; one more raises RequestEntityTooLarge (413)."""

    def __init__(self, stream: Readable, cap: int) -> None:
        self._stream = stream
        self._left = cap

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` octets, all of them if negative."""
        wanted = self._left + 1 if size < 0 else min(size, self._left + 1)
        pieces = []
        while wanted > 0 and (octets := self._stream.read(min(wanted, 65536))):
            pieces.append(octets)
            wanted -= len(octets)
            self._left -= len(octets)
            if self._left < 0:
                raise RequestEntityTooLarge
        return b"".join(pieces)

    def readline(self, size: int = -1, /) -> bytes:
        """Nothing here is read by lines, but WSGI wants it."""
        line = bytearray()
        while (size < 0 or len(line) < size) and (octet := self.read(1)):
            line += octet
            if octet == b"\n":
                break
        return bytes(line)

    def __iter__(self) -> Capped:
        return self

    def __next__(self) -> bytes:
        if line := self.readline():
            return line
        raise StopIteration
