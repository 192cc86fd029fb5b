"""Replies as octets that no `mail.reply.Reply` could be: said exactly as told, or malformed on purpose; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat

from msgspec import Struct

from mailtrap.faults.rule import Said

#: Octets of the line that is too long, its ending included.
LONG = 1024 * 1024
#: Seconds between the pieces of a reply that comes in pieces, and between the lines of one that has no end.
SPLIT_PAUSE, ENDLESS_PAUSE = 0.01, 0.05


class Garbled(Struct, frozen=True):
    """Pieces to write, seconds between them, and what to keep of them in the record."""

    pieces: Iterable[bytes]
    pause: float
    shown: bytes


def spoken(said: Said, enhanced: bool) -> bytes:
    """The reply on the wire: every line with its code and (if `enhanced`, RFC 2034) status, whatever they are."""
    status = f"{said.status} " if enhanced and said.status else ""
    lines = said.text.replace("\r", " ").split("\n")
    wire = [f"{said.code}-{status}{line}\r\n" for line in lines[:-1]]
    wire.append(f"{said.code} {status}{lines[-1]}\r\n")
    return "".join(wire).encode("utf-8", "backslashreplace")


def malformed(kind: str, octets: bytes) -> Garbled:
    """What becomes of a well-formed reply; `kind` is one of those of `Effect.malformed`."""
    if kind == "split":
        return Garbled([octets[at : at + 1] for at in range(len(octets))], SPLIT_PAUSE, octets)
    if kind == "endless":
        line = octets[:3] + b"-" + octets[4:].partition(b"\r\n")[0] + b"\r\n"
        return Garbled(repeat(line), ENDLESS_PAUSE, line + b"... (without end)")
    garbled = _KINDS[kind](octets)
    return Garbled((garbled,), 0.0, garbled)


def _lines(octets: bytes) -> list[bytes]:
    return octets.removesuffix(b"\r\n").split(b"\r\n")


def _each(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda octets: b"".join([change(line) + b"\r\n" for line in _lines(octets)])


def _unterminated(octets: bytes) -> bytes:
    lines = _lines(octets)
    lines[-1] = lines[-1][:3] + b"-" + lines[-1][4:]
    return b"\r\n".join(lines) + b"\r\n"


def _other_codes(octets: bytes) -> bytes:
    """The last line contradicts those before it; a reply of one line is made two."""
    lines = _lines(octets)
    if len(lines) == 1:
        lines = [lines[0][:3] + b"-" + lines[0][4:], lines[0]]
    lines[-1] = (b"250" if lines[-1][:1] in b"45" else b"550") + lines[-1][3:]
    return b"\r\n".join(lines) + b"\r\n"


def _long_line(octets: bytes) -> bytes:
    first, _, rest = octets.partition(b"\r\n")
    return first.ljust(LONG - 2, b"x") + b"\r\n" + rest


_KINDS: dict[str, Callable[[bytes], bytes]] = {
    "unterminated": _unterminated,
    "bare-lf": lambda octets: octets.replace(b"\r\n", b"\n"),
    "bare-cr": lambda octets: octets.replace(b"\r\n", b"\r"),
    "no-code": _each(lambda line: line[4:]),
    "wrong-code": _each(lambda line: b"999" + line[3:]),
    "other-codes": _other_codes,
    "long-line": _long_line,
    "nul": _each(lambda line: line[:4] + b"\0" + line[4:]),
    "lower-case": bytes.lower,
    "empty": lambda octets: b"\r\n",
    "eight-bit": _each(lambda line: line + b" \xe9\xff"),
}
