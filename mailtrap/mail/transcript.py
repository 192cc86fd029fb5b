"""The dialogue of one session: bounded, both ways, secrets masked."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailtrap.mail.arrival import Login, Tls

#: Longer lines are cut for the record; the wire is not affected.
LINE_KEPT = 2048


@dataclass(frozen=True, slots=True)
class Line:
    """`at` microseconds since the epoch; `side` is `C` (client) or `S` (server); `text` is printable."""

    at: int
    side: str
    text: str
    fault: int | None = None


@dataclass(slots=True)
class Transcript:
    """Written by one session as it goes, readable at any time from other threads.

    Keeps the first `head` and the last `tail` lines; `omitted` counts those between. Octets are recorded as
    Latin-1-decoded text is: `add` takes raw octets and escapes everything that is not printable, so that a
    record can be shown, logged or searched as it is.
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
    head: int = 400
    tail: int = 400
    omitted: int = 0
    _first: list[tuple[int, str, bytes]] = field(default_factory=list)
    _last: list[tuple[int, str, bytes]] = field(default_factory=list)

    def add(self, at: int, side: str, octets: bytes) -> None:
        """Record one line (or one block of lines) as sent; the line ending may be included."""
        if len(self._first) < self.head:
            self._first.append((at, side, octets[:LINE_KEPT]))
            return
        self._last.append((at, side, octets[:LINE_KEPT]))
        if len(self._last) >= 2 * self.tail:
            self.omitted += len(self._last) - self.tail
            self._last = self._last[-self.tail :]

    def lines(self) -> list[Line]:
        """What is kept, oldest first; where lines were left out stands one line of side `-` that says how many."""
        last = self._last[-self.tail :]
        omitted = self.omitted + len(self._last) - len(last)
        lines = [_line(*entry) for entry in self._first]
        if omitted:
            lines.append(Line(last[0][0], "-", f"{omitted} lines not kept"))
        return lines + [_line(*entry) for entry in last]


def _line(at: int, side: str, octets: bytes) -> Line:
    text = octets.removesuffix(b"\r\n").decode("utf-8", "backslashreplace")
    return Line(at, side, "".join([c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text]))
