"""What a sans-IO session may ask its pump to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Send:
    """Write these octets."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class StartTls:
    """Begin a TLS handshake as the server; the session is resumed with a `Handshake` or the exception that ended it."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close once everything has been written.

    With `linger` the client may still be sending: its octets are thrown away for a moment, because closing a socket
    with unread input would make the kernel reset the connection and the last reply be lost.
    """

    linger: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask somebody on another thread: `question` gets a callback that may be called from any thread, once.

    The session is resumed with what the callback was given, or with the exception that `question` raised.
    """

    question: Callable[[Callable[[Any], None]], None]


@dataclass(frozen=True, slots=True)
class Work:
    """Run `task` on a worker thread because it is slow; the session is resumed with its result or exception."""

    task: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Handshake:
    """How a TLS handshake ended well: what the session is resumed with after `StartTls`."""

    version: str
    cipher: str


#: Performed in order. After StartTls, Ask and Work the session is blocked: it must not be fed into action until
#: resumed (octets that arrive are kept by it), and it yields none of them again before that.
Action = Send | StartTls | Close | Ask | Work
