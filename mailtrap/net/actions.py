"""What a sans-IO session may ask its pump to do, and what the pump asks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, Protocol

from msgspec import Struct


class Send(Struct, frozen=True):
    """Write these octets."""

    octets: bytes


class Dribble(Struct, frozen=True):
    """Write these pieces, each in a segment of its own and `pause` seconds apart; there may be no end of them.

    What is to be written afterwards waits.
    """

    pieces: Iterable[bytes]
    pause: float


class StartTls(Struct, frozen=True):
    """Begin a TLS handshake as the server; the session is resumed with a `Handshake` or the exception that ended it.

    `trouble` names what is wrong with it on purpose; see `mailtrap.net.tls`.
    """

    trouble: str = ""


class Close(Struct, frozen=True):
    """Close once everything has been written.

    With `linger` the client may still be sending: its octets are thrown away for a moment, because closing a socket
    with unread input would make the kernel reset the connection and the last reply be lost.
    """

    linger: bool = False


class Reset(Struct, frozen=True):
    """Break the connection off with a TCP RST; what was said before it is written, if that can be done at once."""


class Delay(Struct, frozen=True):
    """Let `seconds` of real time pass, for ever if None; the session is resumed with None.

    That comes earlier if the client has gone (or will say no more) or the server stops.
    """

    seconds: float | None


class Throttle(Struct, frozen=True):
    """From now on carry no more than so many octets a second, in each direction; 0 lifts it.

    `unread` has come in already and is given to the session again, as if it came now.
    """

    rate: int
    unread: bytes = b""


class Ask(Struct, frozen=True):
    """Ask somebody on another thread: `question` gets a callback that may be called from any thread, once.

    The session is resumed with what the callback was given, or with the exception that `question` raised.
    """

    question: Callable[[Callable[[Any], None]], None]


def promised(start: Callable[[], Future[Any]]) -> Ask:
    """Ask for something that is promised: the session is resumed with what comes of it, or the exception."""

    def question(answered: Callable[[Any], None]) -> None:
        start().add_done_callback(lambda done: answered(done.exception() or done.result()))

    return Ask(question)


class Work(Struct, frozen=True):
    """Run `task` on a worker thread because it is slow; the session is resumed with its result or exception."""

    task: Callable[[], Any]


class Drain(Struct, frozen=True):
    """Wait until the client has read nearly all that was said; the session is resumed with None, also if it has gone.

    For a session that has much to say and would fill the memory of this machine with it.
    """


class Handshake(Struct, frozen=True):
    """How a TLS handshake ended well: what the session is resumed with after `StartTls`."""

    version: str
    cipher: str


#: Performed in order. After StartTls, Ask, Work, Delay and Drain the session is blocked: it must not be fed into action
#: until resumed (octets that arrive are kept by it), and it yields none of them again before that.
Action = Send | Dribble | StartTls | Close | Reset | Ask | Work | Delay | Drain | Throttle


class Machine(Protocol):
    """A sans-IO session, as `mailtrap.smtp.dialogue.Dialogue` describes it."""

    @property
    def blocked(self) -> bool: ...
    @property
    def holding(self) -> bool: ...
    def opened(self, connections: int, of_peer: int) -> list[Action]: ...
    def receive(self, octets: bytes) -> list[Action]: ...
    def resume(self, result: Any) -> list[Action]: ...
    def eof(self) -> list[Action]: ...
    def lost(self) -> list[Action]: ...
    def forget_input(self) -> None: ...
    def tick(self) -> list[Action]: ...
    def shutdown(self) -> list[Action]: ...
    def woken(self) -> list[Action]: ...
    def failed(self) -> list[Action]: ...
    def cut(self, outcome: str) -> None: ...
