"""Collects one IMAP command out of lines and literals, within bounds, sans-IO (RFC 9051 §4.3, RFC 7888)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailtrap.imap.commands import Literal, Sink

#: Octets of one line, of all lines of a command; of one literal, of all literals of a command but messages.
MAX_LINE = 64 * 1024
MAX_TEXT = 256 * 1024
MAX_LITERAL = 256 * 1024
MAX_LITERALS = 512 * 1024
#: Octets of what was refused that are thrown away before the connection is closed.
SKIPPED = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Continue:
    """The client waits before it sends a literal: say `+`, then go on."""

    size: int


@dataclass(frozen=True, slots=True)
class Assembled:
    """One whole command, for `protocol.read`."""

    text: bytes
    literals: tuple[Literal, ...] = ()


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
    """

    def __init__(self, sink: Callable[[], Sink], max_message: int | None = None) -> None:
        self.max_message = max_message
        self.utf8 = False
        self._sink = sink

    def take(self, octets: bytes, at: int = 0) -> tuple[int, Event | None]:
        """Take octets from `at` on: where it stopped, and what is due. With None all have been taken.

        What comes behind the end of a command, or behind an announcement that is waited for, is not looked at.
        """
        raise NotImplementedError

    @property
    def under_way(self) -> bool:
        """Whether a command has begun and is not whole."""
        raise NotImplementedError

    @property
    def sinks(self) -> list[Sink]:
        """Those of the command that is under way."""
        raise NotImplementedError

    def abandon(self) -> None:
        """The connection is gone: discard what was under way."""
        raise NotImplementedError
