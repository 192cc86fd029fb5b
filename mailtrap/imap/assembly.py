"""Collects one IMAP command out of lines and literals, within bounds, sans-IO (RFC 9051 §4.3, RFC 7888)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mailtrap.imap import protocol
from mailtrap.imap.commands import CommandError, Literal, Sink

#: Octets of one line, and of all lines of a command (RFC 7162 §4 asks for 8192).
MAX_LINE = 64 * 1024
MAX_TEXT = 256 * 1024
#: Octets of one literal and of all literals of a command that are no messages, and how many there may be.
MAX_LITERAL = 256 * 1024
MAX_LITERALS = 512 * 1024
MAX_COUNT = 1000
#: Octets of any of these from who has not logged in: a token of AUTHENTICATE (12 288, RFC 4954 §4.5) has room, and
#: what an ID may be, 30 fields of 30 octets with values of 1 024 (RFC 2971 §3.3).
EARLY = 40 * 1024
#: Octets of lines that were refused, and of literals, that are thrown away before the connection is closed.
SKIPPED = 1024 * 1024

#: How a line ends that a literal follows; more digits than these are no size.
_ANNOUNCED = re.compile(rb"(~?)\{([0-9]{1,40})(\+?)\}\Z")
_TAIL = 64
_TAG = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]{1,1000}) ")
#: How much of a command that was refused is shown.
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Continue:
    """The client waits before it sends a literal: say `+`, then go on."""

    size: int


@dataclass(frozen=True, slots=True)
class Assembled:
    """One whole command, for `protocol.read`. Who reads it owns the sinks of its literals."""

    text: bytes
    literals: tuple[Literal, ...] = ()

    def discard(self) -> None:
        """Discard the messages that came with it: nothing will be done with them."""
        for literal in self.literals:
            if literal.sink is not None:
                literal.sink.discard()


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that was not taken in; the rest of it has been thrown away. Answer it with BAD, or NO if `no`.

    `tag` is empty where none could be read (then the answer is untagged). `shown` is how it began, for the record (not
    yet masked). With `fatal` more is to come than we would throw away: say BYE, then close.
    """

    tag: str
    text: str
    code: str = ""
    no: bool = False
    fatal: bool = False
    shown: bytes = b""


Event = Continue | Assembled | Refused


class Assembly:
    """One command after the other. `sink` gives where the message of an APPEND goes, once it is to come.

    `max_message` is how long that message may be, 0 for any length, None while there may be none (before login).
    `utf8` is that of `protocol.read`. `bare_lf` says that a line has ended without CR.
    """

    def __init__(self, sink: Callable[[], Sink], max_message: int | None = None) -> None:
        self.max_message = max_message
        self.utf8 = False
        self.bare_lf = False
        self._sink = sink
        self._reset()

    def _reset(self) -> None:
        self._lines: list[bytes] = []
        self._line = b""
        self._text = 0
        self._literals: list[Literal] = []
        self._held = 0
        # The literal that is under way: how much of it is to come, and where it goes.
        self._announced: Literal | None = None
        self._left = 0
        self._pieces: list[bytes] = []
        # Once the command is refused: why, and what has been thrown away since, of lines and of literals.
        self._refusal: Refused | None = None
        self._skipped = 0
        self._unread = 0

    @property
    def under_way(self) -> bool:
        """Whether a command has begun and is not whole."""
        return bool(self._line or self._lines or self._refusal)

    @property
    def sinks(self) -> list[Sink]:
        """Those of the command that is under way."""
        literals = self._literals if self._announced is None else [*self._literals, self._announced]
        return [literal.sink for literal in literals if literal.sink is not None]

    def abandon(self) -> None:
        """The connection is gone: discard what was under way."""
        for sink in self.sinks:
            sink.discard()
        self._reset()

    def take(self, octets: bytes, at: int = 0) -> tuple[int, Event | None]:
        """Take octets from `at` on: where it stopped, and what is due. With None all have been taken.

        What comes behind the end of a command, or behind an announcement that is waited for, is not looked at.
        """
        end = len(octets)
        while True:
            if self._left:
                if at >= end:
                    return at, None
                taken = min(self._left, end - at)
                self._take_literal(octets[at : at + taken])
                at += taken
                continue
            if self._announced is not None:
                self._finish_literal()
            if at >= end:
                return at, None
            feed = octets.find(b"\n", at)
            stop = end if feed < 0 else feed
            self._take_text(octets[at:stop])
            if feed < 0:
                return stop, self._too_much()
            at = feed + 1
            event = self._too_much() or self._end_line()
            if event is not None:
                return at, event

    # Lines.

    def _take_text(self, octets: bytes) -> None:
        if self._refusal is None:
            limit = EARLY if self.max_message is None else MAX_LINE
            if len(self._line) + len(octets) <= limit:
                self._line += octets
                return
            self._line += octets
            self._refusal = self._refused(f"A line has at most {limit} octets")
            self._drop()
            octets = b""
        # Thrown away but for the end, which may announce a literal.
        self._skipped += len(octets)
        self._line = (self._line + octets)[-_TAIL:]

    def _too_much(self) -> Event | None:
        """The end, where more was thrown away than may be."""
        return self._close() if self._skipped > SKIPPED else None

    def _end_line(self) -> Event | None:
        """A line has ended: what is due, None if a literal follows at once."""
        line = self._line
        if line[-1:] == b"\r":
            line = line[:-1]
        else:
            self.bare_lf = True
        self._line = b""
        found = _ANNOUNCED.search(line, max(0, len(line) - _TAIL))
        if self._refusal is not None:
            if found is None or not found[3]:
                return self._done(self._refusal)  # a client that waits for `+` hears this instead
            return self._skip(int(found[2]))
        if found is None:
            self._lines.append(line)
            return self._done(Assembled(b"".join(self._lines), tuple(self._literals)))
        line += b"\r\n"
        self._text += len(line)
        self._lines.append(line)
        size, waits = int(found[2]), not found[3]
        refusal = self._judge(size, bool(found[1]))
        if refusal is not None:
            self._refusal = refusal
            self._drop()
            return self._done(refusal) if waits else self._skip(size)
        self._left = size
        return Continue(size) if waits else None

    # Literals.

    def _judge(self, size: int, binary: bool) -> Refused | None:
        """Prepare for a literal, or say why it may not come."""
        text = b"".join(self._lines)
        early = self.max_message is None
        if self._text > (EARLY if early else MAX_TEXT):
            return self._refused("A command has too many lines")
        if len(self._literals) >= MAX_COUNT:
            return self._refused(f"A command has at most {MAX_COUNT} literals")
        try:
            message = not early and protocol.takes_message(text, self._literals, self.utf8)
        except CommandError as error:
            return self._refused(str(error))
        if message:
            if self.max_message and size > self.max_message:
                return self._refused(f"A message has at most {self.max_message} octets here", "TOOBIG", no=True)
            if size >= 2**63:
                return self._refused("No message is as long as that", "TOOBIG")
            self._announced = Literal(size, sink=self._sink(), binary=binary)
            return None
        if binary:
            return self._refused("Only APPEND takes a literal8")
        limit, together = (EARLY, EARLY) if early else (MAX_LITERAL, MAX_LITERALS)
        if size > limit or self._held + size > together:
            why = f"A literal here has at most {limit} octets, all of a command at most {together}"
            return self._refused(why, "TOOBIG")
        self._held += size
        self._announced = Literal(size)
        return None

    def _take_literal(self, octets: bytes) -> None:
        self._left -= len(octets)
        if self._refusal is not None:
            return
        if self._announced is not None and self._announced.sink is not None:
            self._announced.sink.write(octets)
        else:
            self._pieces.append(octets)

    def _finish_literal(self) -> None:
        announced, self._announced = self._announced, None
        if announced is not None and announced.sink is None:
            announced = Literal(announced.size, b"".join(self._pieces))
            self._pieces = []
        if announced is not None:
            self._literals.append(announced)

    # Refusing.

    def _refused(self, text: str, code: str = "", no: bool = False) -> Refused:
        began = b"".join(self._lines)[:_SHOWN] or self._line[:_SHOWN]
        tag = _TAG.match(began)
        return Refused(tag[1].decode("ascii") if tag else "", text, code, no, shown=began)

    def _drop(self) -> None:
        for sink in self.sinks:
            sink.discard()
        self._lines, self._literals, self._pieces, self._announced = [], [], [], None

    def _skip(self, size: int) -> Event | None:
        """Throw away a literal that comes without having been asked for, or give up.

        A message that is only somewhat too big is let pass, so that its client hears why it was refused.
        """
        self._unread += size
        if self._unread > max(SKIPPED, 2 * (self.max_message or 0)):
            return self._close()
        self._left = size
        return None

    def _close(self) -> Event:
        refusal = self._refusal or self._refused("Too much")
        self._reset()
        return Refused(refusal.tag, refusal.text, refusal.code, refusal.no, True, refusal.shown)

    def _done(self, event: Assembled | Refused) -> Event:
        self._reset()
        return event
