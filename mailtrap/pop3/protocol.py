"""The grammar of POP3 commands and of what is said in several lines (RFC 1939 §3), pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from mailtrap.net import sasl

#: What CAPA can offer, in the order listed; each can be hidden by its name (RFC 2449 §6).
CAPABILITIES = (
    "TOP",
    "USER",
    "UIDL",
    "SASL",  # RFC 5034
    "STLS",  # RFC 2595 §4
    "UTF8",  # RFC 6856
    "RESP-CODES",
    "AUTH-RESP-CODE",  # RFC 3206
    "PIPELINING",
    "EXPIRE",
    "IMPLEMENTATION",
)

#: Lines of a listing that are said at once.
LINES = 2000

END = b".\r\n"

_NUMBER = re.compile(rb"\d{1,18}")
_DIGEST = re.compile(rb"[0-9a-fA-F]{32}")
_HTTP = re.compile(rb"[A-Z]{3,10} \S* HTTP/\d")


class CommandError(ValueError):
    """A command whose argument cannot be read; the text says why."""


class Numbers(Struct, frozen=True):
    """The argument of TOP."""

    message: int
    lines: int


def split_command(line: bytes) -> tuple[bytes, bytes]:
    """`b"retr 1"` → `(b"RETR", b"1")`; the line has no ending.

    The argument is everything behind the first space, since a password may have spaces anywhere (RFC 2449 §4).
    """
    verb, _, argument = line.lstrip(b" \t").partition(b" ")
    return verb.strip().upper(), argument


def read_number(argument: bytes) -> int:
    """The number of a message. Raises CommandError."""
    text = argument.strip()
    if not _NUMBER.fullmatch(text) or not int(text):
        raise CommandError("Give the number of a message, 1 or more")
    return int(text)


def read_top(argument: bytes) -> Numbers:
    """The argument of TOP: the number of a message and how many lines of its body. Raises CommandError."""
    words = argument.split()
    if len(words) != 2 or not _NUMBER.fullmatch(words[1]):
        raise CommandError("Syntax: TOP message lines")
    return Numbers(read_number(words[0]), int(words[1]))


def read_apop(argument: bytes) -> tuple[str, str]:
    """The argument of APOP: user name and digest (RFC 1939 §7). Raises CommandError."""
    name, _, digest = argument.strip().rpartition(b" ")
    if not name or not _DIGEST.fullmatch(digest):
        raise CommandError("Syntax: APOP name digest")
    return read_name(name), digest.decode("ascii")


def read_name(argument: bytes) -> str:
    """A user name; UTF-8 is taken whether or not the client has said UTF8 (RFC 6856 §2.2). Raises CommandError."""
    try:
        name = argument.strip().decode("utf-8")
    except UnicodeDecodeError:
        raise CommandError("The user name is not UTF-8") from None
    if not name or not name.isprintable():
        raise CommandError("A user name is needed, without control characters")
    return name


def is_http(line: bytes) -> bool:
    """Whether a line is the beginning of an HTTP request, sent by a lost browser or by an attacker through one."""
    return _HTTP.match(line) is not None


def masked(line: bytes) -> bytes:
    """A command for the record: the secret in PASS, APOP and AUTH does not belong there."""
    verb, argument = split_command(line)
    if verb == b"PASS":
        return b"PASS ***"
    if verb == b"APOP":
        return b"APOP " + argument.strip().rpartition(b" ")[0] + b" ***"
    if verb == b"AUTH":
        name, _, secret = argument.strip().partition(b" ")
        if name.decode("ascii", "replace").upper() in sasl.MECHANISMS:
            return b"AUTH " + name + (b" ***" if secret else b"")
        # Somebody may have put the secret where the mechanism belongs.
        return b"AUTH ***" if name else b"AUTH"
    return line


class Stuffing:
    """Makes octets transparent, a piece at a time: a dot before each one that begins a line (RFC 1939 §3).

    A line begins after any line feed. With CRLF alone, as the standard has it, `LF . LF` in a message would end it for
    the many clients that read up to a line feed.
    """

    def __init__(self) -> None:
        self._last = b"\r\n"

    def piece(self, octets: bytes) -> bytes:
        """The next octets, stuffed."""
        if not octets:
            return b""
        stuffed = octets.replace(b"\n.", b"\n..")
        if octets[:1] == b"." and self._last[-1:] == b"\n":
            stuffed = b"." + stuffed
        self._last = (self._last + octets[-2:])[-2:]
        return stuffed

    def end(self) -> bytes:
        """What ends it all, on a line of its own."""
        return END if self._last == b"\r\n" else b"\r\n" + END


def stuffed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A message as it goes over the wire, the end included."""
    stuffing = Stuffing()
    for octets in pieces:
        yield stuffing.piece(octets)
    yield stuffing.end()


def top(pieces: Iterable[bytes], lines: int) -> Iterator[bytes]:
    """The header section, the empty line behind it, and so many lines of the body."""
    left: int | None = None
    begun = b""  # how this line began in earlier pieces
    for octets in pieces:
        at = 0
        while (end := octets.find(b"\n", at)) >= 0:
            if left is not None:
                left -= 1
            elif begun + octets[at : min(end, at + 2)] in (b"", b"\r"):
                left = lines
            at, begun = end + 1, b""
            if left == 0:
                yield octets[:at]
                return
        begun = (begun + octets[at : at + 2])[:2]
        yield octets
