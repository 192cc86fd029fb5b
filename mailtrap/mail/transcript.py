"""The dialogue of one session: bounded, both ways, secrets masked."""

from __future__ import annotations

from collections import deque

from msgspec import Struct, field

from mailtrap.mail.arrival import Login, Tls

#: Longer lines are cut for the record; the wire is not affected.
LINE_KEPT = 2048
#: Once the first lines have filled this many octets, the following ones are cut to `LINE_KEPT_LATER`.
ROOM = 64 * 1024
LINE_KEPT_LATER = 160
#: How many lines are kept of the beginning, and how many of the end.
HEAD = 400
TAIL = 400


class Line(Struct, frozen=True):
    """`at` microseconds since the epoch; `side` is `C` (client), `S` (server) or `-` (neither); `text` is printable.

    `fault` is the id of the rule that spoke here, 0 where an address that means something did.
    """

    at: int
    side: str
    text: str
    fault: int | None = None


class Transcript(Struct):
    """Written by one session as it goes, readable at any time from other threads.

    Keeps the first `HEAD` and the last `TAIL` lines, at most about 128 KB in all. Recording is cheap: raw octets are
    kept as they are, and only `lines` escapes what is not printable, so that a record can be shown, logged or
    searched as it is. Masking secrets is the duty of whoever calls `add`.
    """

    session: int
    listener: str
    peer: str
    started_at: int
    helo: str = ""
    tls: Tls | None = None
    login: Login | None = None
    ended_at: int | None = None
    outcome: str = "open"
    octets_in: int = 0
    messages: list[int] = field(default_factory=list)
    _first: list[tuple[int, str, bytes, int | None]] = field(default_factory=list)
    _last: deque[tuple[int, str, bytes, int | None]] | None = None
    _filled: int = 0
    _later: int = 0

    def add(self, at: int, side: str, octets: bytes, fault: int | None = None) -> None:
        """Record one line (or one block of lines) as sent; the line ending may be included."""
        if self._filled < ROOM and len(self._first) < HEAD:
            if len(octets) > LINE_KEPT:
                octets = octets[:LINE_KEPT]
            self._filled += len(octets)
            self._first.append((at, side, octets, fault))
            return
        if self._last is None:
            self._last = deque(maxlen=TAIL)
            self._filled = ROOM
        self._later += 1
        self._last.append((at, side, octets[:LINE_KEPT_LATER], fault))

    def note(self, at: int, text: str, fault: int | None = None) -> None:
        """Record something that neither side said, such as the end of a TLS handshake."""
        self.add(at, "-", text.encode("utf-8", "backslashreplace"), fault)

    @property
    def heard(self) -> bytes:
        """The last that the client said, as it is recorded; empty if it has said nothing."""
        for entries in (self._last or (), self._first):
            for _, side, octets, _ in reversed(entries):
                if side == "C":
                    return octets
        return b""

    def lines(self) -> list[Line]:
        """What is kept, oldest first; where lines were left out stands one line of side `-` that says how many."""
        lines = [_line(*entry) for entry in tuple(self._first)]
        if self._last is not None:
            later = self._later
            last = self._last.copy()
            if later > len(last):
                lines.append(Line(last[0][0], "-", f"{later - len(last)} lines not kept"))
            lines += [_line(*entry) for entry in last]
        return lines


def printable(octets: bytes) -> str:
    """The octets as text to show: what is no UTF-8 and every control character escaped, line feeds kept."""
    text = octets.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text])


def _line(at: int, side: str, octets: bytes, fault: int | None) -> Line:
    return Line(at, side, printable(octets.removesuffix(b"\r\n").replace(b"\r\n", b"\n")), fault)
