"""The frame of a session that reads lines: octets in, actions out, limits, patience, the end (sans-IO)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from mailtrap.clock import Clock
from mailtrap.mail.arrival import Tls
from mailtrap.mail.limits import Limits
from mailtrap.mail.transcript import Transcript
from mailtrap.net.actions import Action, Ask, Close, Delay, Drain, Handshake, Reset, Send, StartTls, Work

#: Input that may wait in a blocked session before the pump stops reading.
WAITING = 16 * 1024
#: Octets of one line without end that are thrown away before the connection is closed.
SKIPPED = 1024 * 1024
#: How much of a line that was too long is recorded.
CUT = 160

_NOTHING: list[Action] = []


#: What a protocol answers with: octets, or a value that is written as octets.
Answer = TypeVar("Answer")


class Words(Struct, Generic[Answer], frozen=True):
    """What a protocol says where the frame has to speak."""

    too_many_connections: Answer
    too_many_from_peer: Answer
    line_too_long: Answer
    line_endless: Answer
    idle: Answer
    session_over: Answer
    too_many_errors: Answer
    failed: Answer
    shutting_down: Answer


class Frame(Generic[Answer]):
    """Octets in (`receive`), actions out. Never reads, writes, waits or looks at a socket.

    Whoever drives it must do so as `mailtrap.net.actions.Machine` says: perform the actions in order, call `resume`
    once for every action that blocks, `tick` now and then, `eof` when the client will send no more and `lost` when
    the connection is gone.

    A subclass has `words`, `written`, `welcome` and `command`, and may point `reader` at whatever should read the next
    octets: a method that moves on in the input and returns whether it did. `idle_after` is how many seconds a client
    may take over one command. With `tls_first` the TLS handshake comes before the greeting (RFC 8314 §3).
    """

    # An instance with more than 30 attributes in a dictionary would be slow in all of them (CPython 3.11).
    __slots__ = (
        "_actions", "_at", "_buffer", "_clock", "_errors", "_heard", "_monotonic", "_no_more", "_out", "_since",
        "_skipped", "_skipping", "_started", "_then", "_waits_for", "bare_lf", "closed", "draining", "hushed",
        "idle_after", "limits", "now", "reader", "throttled", "tls_first", "transcript", "unheard",
    )  # fmt: skip

    words: Words[Answer]

    def __init__(
        self,
        transcript: Transcript,
        clock: Clock,
        limits: Limits,
        monotonic: Callable[[], float],
        tls_first: bool = False,
    ) -> None:
        self.transcript = transcript
        self.now = transcript.started_at
        self.limits = limits
        self.tls_first = tls_first
        self.reader: Callable[[], bool] = self.read_command
        self.idle_after = limits.idle_timeout
        self.closed = False
        self.draining = False
        #: Whether the connection is gone, so that nobody reads what is said.
        self.unheard = False
        #: Whether octets are carried slowly on purpose.
        self.throttled = False
        #: Whether what is said goes nowhere, on purpose.
        self.hushed = False
        #: Whether a command ended with a bare LF: it does no harm there, but is worth knowing.
        self.bare_lf = False
        self._clock = clock
        self._monotonic = monotonic
        self._started = self._since = monotonic()
        self._buffer = b""
        self._at = 0
        self._then: Callable[[Any], None] | None = None
        self._waits_for: Action | None = None
        self._actions: list[Action] = []
        self._out: list[bytes] = []
        self._no_more = False
        self._skipped = 0
        self._skipping = False
        self._errors = 0
        self._heard = 0

    # What the pump calls.

    @property
    def blocked(self) -> bool:
        """Whether an action waits for its `resume`. A session that is lost is finished once it is not blocked."""
        return self._then is not None

    @property
    def has_input(self) -> bool:
        """Whether octets have come that are not read yet."""
        return self._at < len(self._buffer)

    @property
    def gone(self) -> bool:
        """Whether the client will say no more."""
        return self._no_more

    @property
    def holding(self) -> bool:
        """Whether the pump should stop reading for now."""
        return self._then is not None and len(self._buffer) - self._at > WAITING

    def opened(self, connections: int, of_peer: int) -> list[Action]:
        """The connection stands; it is one of so many, and one of so many from the same address."""
        limits, refusal = self.limits, None
        if limits.max_connections and connections > limits.max_connections:
            refusal = self.words.too_many_connections
        elif limits.max_connections_per_peer and of_peer > limits.max_connections_per_peer:
            refusal = self.words.too_many_from_peer
        if refusal is None:
            self.welcome()
        elif self.tls_first:
            self.turn_away(refusal)
        else:
            self.hang_up(refusal, "refused")
        return self.take()

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
        """The connection is gone. What came in whole is still dealt with: the caller goes on until not `blocked`."""
        self.unheard = True
        return self.eof()

    def tick(self) -> list[Action]:
        """Some time has passed: close what has taken too long."""
        waiting = self._waits_for if self._then is not None else None
        if self.closed or (self._then is not None and not isinstance(waiting, Delay | Drain)):
            return _NOTHING
        now = self._monotonic()
        self.now = self._clock.now()
        # A client that is made to wait on purpose is not the one that takes too long.
        reason = self.overdue(now) if isinstance(waiting, Delay) else self.patience(now)
        if reason is None:
            return _NOTHING
        if waiting is not None and not isinstance(waiting, Delay):
            # In the middle of something that must not look as if it had come whole.
            self._then = None
            self.end("timeout", "The client did not read what it had asked for")
            self.close()
        else:
            self.hang_up(reason, "timeout")
        return self.take()

    def patience(self, now: float) -> Answer | None:
        """Why the session has taken too long, if it has. A byte now and then does not begin a command anew."""
        reading = self._then is not None and isinstance(self._waits_for, Drain)
        if self.throttled and (reading or self._heard != self.transcript.octets_in):
            # It is us who make a command last.
            self._heard, self._since = self.transcript.octets_in, now
        reason = self.overdue(now)
        if reason is None and self.idle_after and now - self._since > self.idle_after:
            return self.words.idle
        return reason

    def overdue(self, now: float) -> Answer | None:
        """Why the session must end whatever it is doing, if it must."""
        limit = self.limits.session_timeout
        return self.words.session_over if limit and now - self._started > limit else None

    def shutdown(self) -> list[Action]:
        """The server stops: close as soon as nothing is under way that would be lost."""
        self.draining = True
        self._run()
        return self.take()

    def woken(self) -> list[Action]:
        """Something has happened elsewhere that a client may be waiting for."""
        return _NOTHING

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

    def written(self, answer: Answer) -> bytes:
        """An answer as it goes over the wire, its line ending included."""
        raise NotImplementedError

    def welcome(self) -> None:
        """The client may stay: begin."""
        raise NotImplementedError

    def command(self, line: bytes) -> None:
        """Perform one command line, given without its ending. Recording it is part of that."""
        raise NotImplementedError

    def shown(self, line: bytes) -> bytes:
        """The beginning of a line that was too long, fit to be recorded: with no secret in it."""
        raise NotImplementedError

    @property
    def in_transaction(self) -> bool:
        """Whether something would be lost if the connection ended now."""
        return False

    # What a subclass uses.

    def say(self, answer: Answer) -> None:
        """Answer."""
        self.utter(self.written(answer))

    def utter(self, octets: bytes, fault: int | None = None) -> None:
        """Say octets, whatever they are, and record them; `fault` is the rule that wants it so."""
        if self.hushed:
            return
        self.transcript.add(self.now, "S", octets, fault)
        self._out.append(octets)

    def pour(self, octets: bytes) -> None:
        """Say something that is too much to be recorded."""
        if self.hushed:
            return
        self._out.append(octets)

    def refuse(self, answer: Answer) -> None:
        """Answer a command that was refused; one too many of them ends the session."""
        self._errors += 1
        if self.limits.max_errors and self._errors > self.limits.max_errors:
            self.hang_up(self.words.too_many_errors, "refused")
        else:
            self.say(answer)

    def forgive(self) -> None:
        """The client can do better: count its errors anew."""
        self._errors = 0

    def act(self, action: Action) -> None:
        """Have an action performed after everything said so far."""
        self._flush()
        self._actions.append(action)

    def block(self, action: StartTls | Ask | Work | Delay | Drain, then: Callable[[Any], None]) -> None:
        """Have an action performed; nothing more is read until `then` has been called with its result."""
        self.act(action)
        self._then = then
        self._waits_for = action

    def afterwards(self, then: Callable[[], None]) -> None:
        """Have `then` called when what is under way is done: at once, or when nothing blocks any more."""
        inner = self._then
        if inner is None:
            if not self.closed:
                then()
            return

        def go_on(result: Any) -> None:
            inner(result)
            self.afterwards(then)

        self._then = go_on

    def turn_away(self, refusal: Answer) -> None:
        """Close before TLS: without a handshake there are no words, and with it they would cost more than a session."""
        self.end("refused", f"Refused before TLS: {self.written(refusal).decode('ascii').strip()}")
        self.close()

    def shaken(self, result: Any, trouble: str) -> bool:
        """Note how a TLS handshake ended; false where it failed, which ends the session. `trouble` was meant to be."""
        if isinstance(result, Handshake):
            self.transcript.tls = Tls(result.version, result.cipher)
            self.transcript.note(self.now, f"TLS handshake: {result.version} {result.cipher}")
            return True
        self.end("fault" if trouble else "error", f"TLS handshake failed: {result}")
        self.close()
        return False

    def hang_up(self, answer: Answer, outcome: str) -> None:
        """Say a last word, then close although the client may still be sending."""
        self._then = None
        self.say(answer)
        self.end(outcome)
        # A client that was silent has nothing on the way to us that could make the kernel reset the connection.
        self.close(linger=outcome not in ("timeout", "shutdown"))

    def close(self, linger: bool = False, reset: bool = False) -> None:
        """Close after everything said so far; what the client still sends is not read. `reset` breaks off instead."""
        self.closed = True
        self._buffer, self._at = b"", 0
        self.act(Reset() if reset else Close(linger))

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

    def put_back(self, octets: bytes) -> None:
        """Return what `rest` gave and was not meant for its caller."""
        self._buffer, self._at = octets, 0

    def line(self, limit: int, too_long: Answer | None = None) -> bytes | None:
        """The next line without its ending; None if there is none yet, or it was too long and is being skipped."""
        buffer, at = self._buffer, self._at
        end = buffer.find(b"\n", at)
        if (end + 1 if end >= 0 else len(buffer)) - at > limit:
            self.transcript.add(self.now, "C", self.shown(buffer[at : at + CUT]) + b"... (too long)")
            self._skipped = 0
            self._skipping = True
            self.reader = self._skip_line
            self.refuse(self.words.line_too_long if too_long is None else too_long)
            return None
        if end < 0:
            return None
        self._at = end + 1
        if end > at and buffer[end - 1] == 13:
            return buffer[at : end - 1]
        self.bare_lf = True
        return buffer[at:end]

    def begins_with(self, octets: bytes) -> bool:
        """Whether the input that is not read yet begins so, whatever the case of its letters."""
        return self._buffer[self._at : self._at + len(octets)].upper() == octets

    def read_command(self) -> bool:
        """Read and perform one command."""
        return self.read_line(self.limits.max_line or SKIPPED)

    def read_line(self, limit: int, too_long: Answer | None = None) -> bool:
        """Read and perform one command of up to `limit` octets."""
        line = self.line(limit, too_long)
        if line is None:
            return self._skipping
        self.command(line)
        return True

    def _skip_line(self) -> bool:
        """Throw away the rest of a line that was refused."""
        octets = self.rest()
        end = octets.find(b"\n")
        if end >= 0:
            self.put_back(octets[end + 1 :])
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
        if self.draining and not self.in_transaction:
            self.hang_up(self.words.shutting_down, "shutdown")
        elif self._no_more:
            self.end("aborted" if self.in_transaction else "closed")
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
