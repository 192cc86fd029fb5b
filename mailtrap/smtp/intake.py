"""Takes in the content of one message, by DATA or BDAT: where it ends, un-stuffing, size limit, facts for flags."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from mailtrap.mail.heading import read_heading
from mailtrap.mail.message import Heading
from mailtrap.sandbox import Spooling

#: Content up to this size is held in memory and handed over in one piece; what is bigger goes over piece by piece.
HELD = 512 * 1024
#: Octets that the store may lag behind before the client is made to wait.
BACKLOG = 8 * 1024 * 1024
#: Longest line of content, CRLF included, a stuffed dot not (RFC 5321 §4.5.3.1.6).
LONG_LINE = 1000

_END = b"\r\n.\r\n"


class Facts:
    """What only the octets on the wire show: bare CR and LF, NUL, long lines, 8-bit octets. Fed piece by piece."""

    def __init__(self) -> None:
        self._cr = self._lf = self._crlf = 0
        self._open = 0
        self._ends_with_cr = False
        self._nul = self._long = self._eight_bit = False

    def feed(self, octets: bytes) -> None:
        """Look at the next octets."""
        if not octets:
            return
        self._cr += octets.count(b"\r")
        self._lf += octets.count(b"\n")
        self._crlf += octets.count(b"\r\n") + (self._ends_with_cr and octets[0] == 10)
        self._nul = self._nul or b"\0" in octets
        self._eight_bit = self._eight_bit or not octets.isascii()
        if not self._long:
            self._measure(octets)
        self._ends_with_cr = octets[-1] == 13

    def flags(self, eight_bit_declared: bool) -> list[str]:
        """The facts by their names."""
        flags = []
        if self._lf != self._crlf:
            flags.append("bare-lf")
        if self._cr != self._crlf:
            flags.append("bare-cr")
        if self._nul:
            flags.append("nul")
        if self._long:
            flags.append("long-line")
        if self._eight_bit and not eight_bit_declared:
            flags.append("8bit-undeclared")
        return flags

    def _measure(self, octets: bytes) -> None:
        # Hops from one line end to the last one within reach: a few steps a KB, however short the lines are.
        start = 0
        if self._ends_with_cr and octets[0] == 10:
            self._long = self._open + 1 > LONG_LINE
            self._open, start = 0, 1
        room = LONG_LINE - self._open
        while len(octets) - start > room:
            end = octets.rfind(b"\r\n", start, start + max(room, 0))
            if end < 0:
                self._long = True
                return
            self._open, start, room = 0, end + 2, LONG_LINE
        end = octets.rfind(b"\r\n", start)
        self._open = len(octets) - end - 2 if end >= 0 else self._open + len(octets) - start


class Intake:
    """One message on its way in. Never holds more than `HELD` and one read.

    `overflow` says that it grew beyond the limit and is only being thrown away; `hopeless` that this has gone on for
    so long that the connection should be closed; `failure` is what the store raised, after which the rest is thrown
    away too. `swallowed` is the code of a reply that was given before the end, after which nothing is kept either.
    """

    def __init__(self, spool: Callable[[], Spooling], limit: int) -> None:
        self.size = 0
        self.overflow = False
        self.failure: Exception | None = None
        self.swallowed = 0
        self._facts = Facts()
        self.spooling: Spooling | None = None
        #: The heading, if somebody has asked for it.
        self.read: Heading | None = None
        self._spool = spool
        self._limit = limit
        self._held: list[bytes] = []

    @property
    def hopeless(self) -> bool:
        """Whether as much again as the limit has been thrown away."""
        return self.overflow and self.size > self._limit + max(self._limit, HELD)

    def throw_away(self, octets: bytes) -> None:
        """Count octets that were refused before they came."""
        self.size += len(octets)
        self.overflow = self.overflow or bool(self._limit and self.size > self._limit)

    @property
    def congested(self) -> bool:
        """Whether the store lags so far behind that the client should be made to wait."""
        return self.spooling is not None and self.spooling.spool.backlog > BACKLOG

    def write(self, octets: bytes) -> None:
        """Take the next octets of the content, un-stuffed."""
        self.size += len(octets)
        if self.overflow or self.swallowed:
            return
        if self._limit and self.size > self._limit:
            self.discard()
            self.overflow = True
            return
        if self.failure is None:
            try:
                self._pass_on(octets)
            except Exception as error:  # whatever a store may raise
                self.discard()
                self.failure = error

    def _pass_on(self, octets: bytes) -> None:
        if self.spooling is not None:
            self._facts.feed(octets)
            self.spooling.write(octets)
            return
        self._held.append(octets)
        if self.size > HELD:
            held, self._held = self._held, []
            self.spooling = self._spool()
            for piece in held:
                self._pass_on(piece)

    def flags(self, eight_bit_declared: bool) -> list[str]:
        """What is odd about the octets, so far as whoever reads them later cannot find out.

        Content in memory is read whole, after its 250; of what is in the spool only the beginning will be.
        """
        if self.spooling is not None:
            return self._facts.flags(eight_bit_declared)
        odd = not eight_bit_declared and not all([piece.isascii() for piece in self._held])
        return ["8bit-undeclared"] if odd else []

    def octets(self) -> bytes:
        """The whole content, where it is not in `spooling`."""
        return self._held[0] if len(self._held) == 1 else b"".join(self._held)

    @property
    def beginning(self) -> bytes:
        """The content where it is held in memory, else its first 256 KB."""
        return bytes(self.spooling.head) if self.spooling is not None else self.octets()

    @property
    def heading(self) -> Heading:
        """What the header section says at a glance, read once; for content that is complete."""
        if self.read is None:
            self.read = read_heading(self.beginning)
        return self.read

    @property
    def sha256(self) -> str:
        """The digest of the whole content in hex; empty where it was not taken in."""
        if self.spooling is not None:
            return self.spooling.digest.hexdigest()
        return hashlib.sha256(self.octets()).hexdigest() if self._held else ""

    def discard(self) -> None:
        """Forget what was taken in."""
        self._held.clear()
        if self.spooling is not None:
            self.spooling.discard()
            self.spooling = None


class DataReader:
    """Finds the end of DATA and removes the transparency dots (RFC 5321 §4.5.2), whatever pieces it is fed.

    Only CRLF.CRLF ends the data: taking bare CR or LF for line ends is what lets one message smuggle another.
    """

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._window = bytearray()
        self._scanned = 0
        self._fresh = True

    def feed(self, octets: bytes) -> bytes | None:
        """Take the next octets. Returns what follows the end of the data, or None while it has not ended."""
        if self._fresh and not self._window:
            # Most messages come whole and have no line that begins with a dot, so that one search finds it all.
            end = octets.find(b"\r\n.")
            if end >= 0 and octets[end + 3 : end + 5] == b"\r\n" and not octets.startswith(b"."):
                self.intake.write(octets[: end + 2])
                return octets[end + 5 :]
            # As if the CRLF that ended the DATA command were the first octets: from here on every line, the first
            # one too, begins after a CRLF.
            self._window += b"\r\n"
        window = self._window
        window += octets
        end = window.find(_END, self._scanned)
        if end >= 0:
            self._emit(bytes(window[: end + 2]))
            self._window = bytearray()
            return bytes(window[end + 5 :])
        self._scanned = max(len(window) - 4, 0)
        if len(window) > HELD or not self._fresh or self.intake.overflow:
            self._shift()
        return None

    def _shift(self) -> None:
        """Let go of everything but what may be part of the end or of a stuffed dot."""
        window = self._window
        cut = len(window) - 4
        if window.endswith(b"\r\n", 0, cut):
            cut -= 2
        elif window.endswith(b"\r", 0, cut):
            cut -= 1
        if cut <= 2:
            return
        self._emit(bytes(window[:cut]))
        del window[:cut]
        self._scanned = 0

    def _emit(self, octets: bytes) -> None:
        octets = unstuffed(octets)
        if self._fresh:
            octets = octets[2:]
            self._fresh = False
        self.intake.write(octets)


def unstuffed(content: bytes) -> bytes:
    """Without the first dot of every line that begins with one (RFC 5321 §4.5.2), the first line left as it is."""
    return content.replace(b"\r\n.", b"\r\n") if b"\r\n." in content else content
