"""The frame of a session that reads lines: octets in, actions out, limits, patience, the end (sans-IO)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from mailtrap.clock import Clock
from mailtrap.mail.transcript import Transcript
from mailtrap.net.actions import Action, Ask, Close, Delay, Drain, Send, StartTls, Work

#: Input that may wait in a blocked session before the pump stops reading.
WAITING = 16 * 1024
#: Octets of one line without end that are thrown away before the connection is closed.
SKIPPED = 1024 * 1024
#: How much of a line that was too long is recorded.
CUT = 160

_NOTHING: list[Action] = []


@dataclass(frozen=True, slots=True)
class Words:
    """What a protocol says where the frame has to speak, as octets with their line ending."""

    line_too_long: bytes
    line_endless: bytes
    idle: bytes
    session_over: bytes
    too_many_errors: bytes
    failed: bytes
    shutting_down: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a client may ask of the frame: octets of a line, seconds, refused commands; 0 is no limit."""

    max_line: int
    session_timeout: float
    max_errors: int


class Frame:
    """Octets in (`receive`), actions out. Never reads, writes, waits or looks at a socket.

    Whoever drives it must do so as `mailtrap.net.actions.Machine` says: perform the actions in order, call `resume`
    once for every action that blocks, `tick` now and then, `eof` when the client will send no more and `lost` when
    the connection is gone.

    A subclass has `command` for one line, and may point `reader` at whatever should read the next octets: a method
    that moves on in the input and returns whether it did. `patience` is how long a client may take over one command.
    """

    words: ClassVar[Words]

    def __init__(
        self, transcript: Transcript, clock: Clock, bounds: Bounds, patience: float, monotonic: Callable[[], float]
    ) -> None:
        self.transcript = transcript
        self.now = transcript.started_at
        self.reader: Callable[[], bool] = self.read_command
        self.patience = patience
        self.closed = False
        self.draining = False
        #: Whether the connection is gone, so that nobody reads what is said.
        self.unheard = False
        self._bounds = bounds
        self._clock = clock
        self._monotonic = monotonic
        self._started = self._since = monotonic()
        self._buffer = b""
        self._at = 0
        self._then: Callable[[Any], None] | None = None
        self._until_read = False
        self._actions: list[Action] = []
        self._out: list[bytes] = []
        self._no_more = False
        self._skipped = 0
        self._skipping = False
        self._errors = 0

    # What the pump calls.

    @property
    def blocked(self) -> bool:
        """Whether an action waits for its `resume`. A session that is lost is finished once it is not blocked."""
        return self._then is not None

    @property
    def holding(self) -> bool:
        """Whether the pump should stop reading for now."""
        return self._then is not None and len(self._buffer) - self._at > WAITING

    def receive(self, octets: bytes) -> list[Action]:
        """The client sent these octets."""
        self.transcript.octets_in += len(octets)
        if self.closed:
            return _NOTHING
        self._buffer = self._buffer[self._at :] + octets if self._at < len(self._buffer) else octets
        self._at = 0
        if self._then is None:
            self._run()
        return self.take()

    def resume(self, result: Any) -> list[Action]:
        """What blocked has come to this end."""
        then, self._then = self._then, None
        if then is None:
            raise RuntimeError("resumed without having asked")
        self.now = self._clock.now()
        self._since = self._monotonic()
        then(result)
        self._run()
        return self.take()

    def eof(self) -> list[Action]:
        """The client will send no more. What it did send is dealt with first, then the connection is closed."""
        self._no_more = True
        self._run()
        return self.take()

    def lost(self) -> list[Action]:
        """The connection is gone. The caller goes on until this is not `blocked`."""
        self.unheard = True
        return self.eof()

    def tick(self) -> list[Action]:
        """Some time has passed: close what has taken too long."""
        if self.closed or (self._then is not None and not self._until_read):
            return _NOTHING
        now, limit = self._monotonic(), self._bounds.session_timeout
        self.now = self._clock.now()
        over = bool(limit) and now - self._started > limit
        if not over and not (self.patience and now - self._since > self.patience):
            return _NOTHING
        if self._then is None:
            self.hang_up(self.words.session_over if over else self.words.idle, "timeout")
        else:
            # In the middle of something that must not look as if it had come whole.
            self._then = None
            self.end("timeout", "The client did not read what it had asked for")
            self.close()
        return self.take()

    def shutdown(self) -> list[Action]:
        """The server stops: close as soon as the command under way is answered."""
        self.draining = True
        self._run()
        return self.take()

    def failed(self) -> list[Action]:
        """Our own code failed in this session: say so without details, and close."""
        self._then = None
        self._out.clear()
        self._actions.clear()
        if not self.closed:
            self.hang_up(self.words.failed, "error")
        return self.take()

    def cut(self, outcome: str) -> None:
        """The connection is broken off by the server, whatever was under way."""
        self._then = None
        self.end(outcome)

    def forget_input(self) -> None:
        """What has come so far came before TLS began: never performed."""
        self.rest()

    # What a subclass provides.

    def command(self, line: bytes) -> None:
        """Perform one command line, given without its ending. Recording it is part of that."""
        raise NotImplementedError

    def shown(self, line: bytes) -> bytes:
        """The beginning of a line that was too long, fit to be recorded: with no secret in it."""
        raise NotImplementedError

    # What a subclass uses.

    def say(self, octets: bytes) -> None:
        """Say something that ends a line, and record it."""
        self.transcript.add(self.now, "S", octets)
        self._out.append(octets)

    def pour(self, octets: bytes) -> None:
        """Say something that is too much to be recorded."""
        self._out.append(octets)

    def refuse(self, octets: bytes) -> None:
        """Answer a command that was refused; one too many of them ends the session."""
        self._errors += 1
        if self._bounds.max_errors and self._errors > self._bounds.max_errors:
            self.hang_up(self.words.too_many_errors, "refused")
        else:
            self.say(octets)

    def block(self, action: StartTls | Ask | Work | Delay | Drain, then: Callable[[Any], None]) -> None:
        """Have an action performed; nothing more is read until `then` has been called with its result."""
        self._flush()
        self._then = then
        self._until_read = isinstance(action, Drain)
        self._actions.append(action)

    def hang_up(self, octets: bytes, outcome: str) -> None:
        """Say a last word, then close although the client may still be sending."""
        self._then = None
        self.say(octets)
        self.end(outcome)
        # A client that was silent has nothing on the way to us that could make the kernel reset the connection.
        self.close(linger=outcome not in ("timeout", "shutdown"))

    def close(self, linger: bool = False) -> None:
        """Close after everything said so far; what the client still sends is not read."""
        self._flush()
        self.closed = True
        self._buffer, self._at = b"", 0
        self._actions.append(Close(linger))

    def end(self, outcome: str, note: str = "") -> None:
        """Note how the session ended; the first word on that stands."""
        if self.transcript.ended_at is None:
            if note:
                self.transcript.note(self.now, note)
            self.transcript.outcome = outcome
            self.transcript.ended_at = self.now

    def rest(self) -> bytes:
        """Take all octets that have come in and are not read yet."""
        octets = self._buffer[self._at :] if self._at else self._buffer
        self._buffer, self._at = b"", 0
        return octets

    def line(self, limit: int) -> bytes | None:
        """The next line without its ending; None if there is none yet, or it was too long and is being skipped."""
        buffer, at = self._buffer, self._at
        end = buffer.find(b"\n", at)
        if (end + 1 if end >= 0 else len(buffer)) - at > limit:
            self.transcript.add(self.now, "C", self.shown(buffer[at : at + CUT]) + b"... (too long)")
            self._skipped = 0
            self._skipping = True
            self.reader = self._skip_line
            self.refuse(self.words.line_too_long)
            return None
        if end < 0:
            return None
        self._at = end + 1
        return buffer[at : end - 1] if end > at and buffer[end - 1] == 13 else buffer[at:end]

    def begins_with(self, octets: bytes) -> bool:
        """Whether the input that is not read yet begins so, whatever the case of its letters."""
        return self._buffer[self._at : self._at + len(octets)].upper() == octets

    def read_command(self) -> bool:
        """Read and perform one command."""
        line = self.line(self._bounds.max_line or SKIPPED)
        if line is None:
            return self._skipping
        self.command(line)
        return True

    def _skip_line(self) -> bool:
        """Throw away the rest of a line that was refused."""
        octets = self.rest()
        end = octets.find(b"\n")
        if end >= 0:
            self._buffer, self._at = octets, end + 1
            self._skipping = False
            self.reader = self.read_command
            return True
        self._skipped += len(octets)
        if self._skipped > SKIPPED:
            self.hang_up(self.words.line_endless, "refused")
        return False

    def _run(self) -> None:
        """Deal with the input as far as possible."""
        if self.closed:
            return
        self.now = self._clock.now()
        before = len(self._buffer) - self._at
        while self._then is None and not self.closed and self._at < len(self._buffer):
            if not self.reader():
                break
        if len(self._buffer) - self._at != before and not self._skipping:
            self._since = self._monotonic()
        if self._then is not None or self.closed:
            return
        if self.draining:
            self.hang_up(self.words.shutting_down, "shutdown")
        elif self._no_more:
            self.end("closed")
            self.close()

    def _flush(self) -> None:
        if self._out:
            self._actions.append(Send(self._out[0] if len(self._out) == 1 else b"".join(self._out)))
            self._out.clear()

    def take(self) -> list[Action]:
        """The actions so far, for a subclass with a method that the pump calls."""
        self._flush()
        if not self._actions:
            return _NOTHING
        actions, self._actions = self._actions, []
        return actions
