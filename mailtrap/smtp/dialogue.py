"""The frame of an SMTP session: octets to lines, replies to actions, limits, patience, the end (sans-IO)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailtrap.mail.reply import Reply
from mailtrap.mail.transcript import Transcript
from mailtrap.net.actions import Action, Ask, Close, Delay, Dribble, Reset, Send, StartTls, Throttle, Work
from mailtrap.sandbox import Sandbox
from mailtrap.smtp import replies
from mailtrap.smtp.policy import Policy
from mailtrap.smtp.protocol import MAX_AUTH_LINE, is_tls

#: Input that may wait in a blocked session before the pump stops reading.
WAITING = 16 * 1024
#: Octets of one line without end that are thrown away before the connection is closed.
SKIPPED = 1024 * 1024
#: How much of a line that was too long is recorded.
CUT = 160

_NOTHING: list[Action] = []


class Dialogue:
    """Octets in (`receive`), actions out. Never reads, writes, waits or looks at a socket.

    Whoever drives it must perform the actions in order, call `resume` once for every StartTls, Ask, Work and Delay,
    `tick` now and then, `eof` when the client will send no more and `lost` when the connection is gone.

    A subclass has `command` for one line, and may point `reader` at whatever should read the next octets: a method
    that moves on in the input and returns whether it did.
    """

    # An instance with more than 30 attributes in a dictionary would be slow in all of them (CPython 3.11).
    __slots__ = (
        "_actions", "_at", "_buffer", "_dallying", "_errors", "_heard", "_junk", "_max_line", "_monotonic",
        "_no_more", "_out", "_since", "_skipped", "_skipping", "_started", "_then", "bare_lf", "closed",
        "draining", "limits", "now", "peer", "policy", "reader", "sandbox", "speaker", "spoken", "throttled",
        "tls_first", "transcript", "unwelcome",
    )  # fmt: skip

    def __init__(
        self, sandbox: Sandbox, policy: Policy, listener: str, peer: str, monotonic: Callable[[], float]
    ) -> None:
        self.sandbox = sandbox
        self.policy = policy
        self.limits = policy.limits
        self.transcript = Transcript(sandbox.store.new_session(), listener, peer, sandbox.clock.now())
        self.now = self.transcript.started_at
        self.reader: Callable[[], bool] = self.read_command
        self.bare_lf = False
        self.closed = False
        self.draining = False
        self.tls_first = False
        #: Whether no mail is taken in this session: QUIT is all that is left (RFC 5321 §3.1).
        self.unwelcome = False
        self.throttled = False
        #: The client's address without its port.
        self.peer = peer.rpartition(":")[0].strip("[]")
        #: Says the next reply in its own way.
        self.speaker: Callable[[Reply], None] | None = None
        #: The code of the first reply since somebody set this to 0.
        self.spoken = 0
        self._monotonic = monotonic
        self._started = self._since = monotonic()
        self._max_line = policy.limits.max_line or SKIPPED
        self._buffer = b""
        self._at = 0
        self._then: Callable[[Any], None] | None = None
        self._dallying = False
        self._heard = 0
        self._actions: list[Action] = []
        self._out: list[bytes] = []
        self._no_more = False
        self._skipped = 0
        self._skipping = False
        self._errors = 0
        self._junk = 0

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

    def receive(self, octets: bytes) -> list[Action]:
        """The client sent these octets."""
        self.transcript.octets_in += len(octets)
        if self.closed:
            return _NOTHING
        self._buffer = self._buffer[self._at :] + octets if self._at < len(self._buffer) else octets
        self._at = 0
        if self._then is None:
            self._run()
        return self._take()

    def resume(self, result: Any) -> list[Action]:
        """What blocked has come to this end."""
        then, self._then = self._then, None
        if then is None:
            raise RuntimeError("resumed without having asked")
        self.now = self.sandbox.clock.now()
        self._since = self._monotonic()
        then(result)
        self._run()
        return self._take()

    def eof(self) -> list[Action]:
        """The client will send no more. What it did send is dealt with first, then the connection is closed."""
        self._no_more = True
        self._run()
        return self._take()

    def lost(self) -> list[Action]:
        """The connection is gone. What came in whole is still dealt with: the caller goes on until not `blocked`."""
        return self.eof()

    def tick(self) -> list[Action]:
        """Some time has passed: close what has taken too long."""
        if self.closed or (self._then is not None and not self._dallying):
            return _NOTHING
        now = self._monotonic()
        self.now = self.sandbox.clock.now()
        # A client that is made to wait on purpose is not the one that takes too long.
        reason = self.patience(now) if self._then is None else self.overdue(now)
        if reason is not None:
            self.hang_up(reason, "timeout")
        return self._take()

    def patience(self, now: float) -> Reply | None:
        """Why the session has taken too long, if it has. A byte now and then does not begin a command anew."""
        reason, limits = self.overdue(now), self.limits
        if reason is not None:
            return reason
        if self.throttled and self._heard != self.transcript.octets_in:
            # It is us who make a command last.
            self._heard, self._since = self.transcript.octets_in, now
        if limits.idle_timeout and now - self._since > limits.idle_timeout:
            return replies.IDLE
        return None

    def overdue(self, now: float) -> Reply | None:
        """Why the session must end whatever it is doing, if it must."""
        limit = self.limits.session_timeout
        return replies.SESSION_OVER if limit and now - self._started > limit else None

    def shutdown(self) -> list[Action]:
        """The server stops: close now, or at the end of the transaction that is under way."""
        self.draining = True
        self._run()
        return self._take()

    def failed(self) -> list[Action]:
        """Our own code failed in this session: say so without details, and close."""
        self._then = self.speaker = None
        self._out.clear()
        self._actions.clear()
        if not self.closed:
            self.hang_up(replies.FAILED, "error")
        return self._take()

    def cut(self, outcome: str) -> None:
        """The connection is broken off by the server, whatever was under way."""
        self._then = None
        self.end(outcome)

    # What a subclass provides.

    @property
    def in_transaction(self) -> bool:
        """Whether mail would be lost if the connection ended now."""
        raise NotImplementedError

    def command(self, line: bytes) -> None:
        """Perform one command line, given without its ending. Recording it is part of that."""
        raise NotImplementedError

    # What a subclass uses.

    def say(self, answer: Reply) -> None:
        """Reply."""
        if self.speaker is not None:
            speaker, self.speaker = self.speaker, None
            speaker(answer)
            return
        if not self.spoken:
            self.spoken = answer.code
        octets = answer.octets(self.policy.enhanced)
        self.transcript.add(self.now, "S", octets)
        self._out.append(octets)

    def utter(self, octets: bytes, fault: int | None = None) -> None:
        """Say octets that need not be a reply; `fault` is the rule that wants it so."""
        self.transcript.add(self.now, "S", octets, fault)
        self._out.append(octets)

    def refuse(self, answer: Reply) -> None:
        """Reply to a command that was refused; one too many of them ends the session."""
        self._errors += 1
        if self.limits.max_errors and self._errors > self.limits.max_errors:
            self.hang_up(replies.TOO_MANY_ERRORS, "refused")
        else:
            self.say(answer)

    def spend_junk(self) -> bool:
        """Count a command that brings no mail; False if it was one too many, which ends the session."""
        self._junk += 1
        if self.limits.max_junk and self._junk > self.limits.max_junk:
            self.hang_up(replies.TOO_MUCH_JUNK, "refused")
            return False
        return True

    def forgive_junk(self) -> None:
        """Mail has come: count anew."""
        self._junk = 0

    def act(self, action: Throttle | Dribble) -> None:
        """Have an action performed after everything said so far."""
        self._flush()
        self._actions.append(action)

    def block(self, action: StartTls | Ask | Work | Delay, then: Callable[[Any], None]) -> None:
        """Have an action performed; nothing more is read until `then` has been called with its result."""
        self._flush()
        self._then = then
        self._dallying = isinstance(action, Delay)
        self._actions.append(action)

    def hang_up(self, answer: Reply, outcome: str) -> None:
        """Say a last word, then close although the client may still be sending."""
        self._then = self.speaker = None
        self.say(answer)
        self.end(outcome)
        # A client that was silent has nothing on the way to us that could make the kernel reset the connection.
        self.close(linger=outcome not in ("shutdown", "timeout"))

    def close(self, linger: bool = False, reset: bool = False) -> None:
        """Close after everything said so far; what the client still sends is not read. `reset` breaks off instead."""
        self._flush()
        self.closed = True
        self._buffer, self._at = b"", 0
        self._actions.append(Reset() if reset else Close(linger))

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

    def forget_input(self) -> None:
        """What has come so far came before TLS began: never performed."""
        self.rest()

    def put_back(self, octets: bytes) -> None:
        """Return what `rest` gave and was not meant for its caller."""
        self._buffer, self._at = octets, 0

    def line(self, limit: int, too_long: Reply, secret: bool = False) -> bytes | None:
        """The next line without its ending; None if there is none yet, or it was too long and is being skipped."""
        buffer, at = self._buffer, self._at
        end = buffer.find(b"\n", at)
        if (end + 1 if end >= 0 else len(buffer)) - at > limit:
            shown = buffer[at : at + CUT]
            if secret or shown.lstrip()[:4].upper() == b"AUTH":
                shown = b"***"
            self.transcript.add(self.now, "C", shown + b"... (too long)")
            self._skipped = 0
            self._skipping = True
            self.reader = self._skip_line
            self.refuse(too_long)
            return None
        if end < 0:
            return None
        self._at = end + 1
        if end > at and buffer[end - 1] == 13:
            return buffer[at : end - 1]
        # Lines must end with CRLF (RFC 5321 §2.3.8); in commands a bare LF does no harm but is worth knowing.
        self.bare_lf = True
        return buffer[at:end]

    def read_command(self) -> bool:
        """Read and perform one command."""
        buffer, at = self._buffer, self._at
        if buffer[at] in b"Aa" and buffer[at : at + 5].upper() == b"AUTH ":
            line = self.line(max(MAX_AUTH_LINE, self._max_line), replies.RESPONSE_TOO_LONG, secret=True)
        else:
            if buffer[at] == 0x16 and is_tls(buffer):
                self.hang_up(replies.NOT_TLS, "refused")
                return False
            line = self.line(self._max_line, replies.LINE_TOO_LONG)
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
            self.hang_up(replies.LINE_ENDLESS, "refused")
        return False

    def _run(self) -> None:
        """Deal with the input as far as possible."""
        if self.closed:
            return
        self.now = self.sandbox.clock.now()
        before = len(self._buffer) - self._at
        while self._then is None and not self.closed and self._at < len(self._buffer):
            if not self.reader():
                break
        if len(self._buffer) - self._at != before and not self._skipping:
            self._since = self._monotonic()
        if self._then is not None or self.closed:
            return
        if self.draining and not self.in_transaction:
            self.hang_up(replies.SHUTTING_DOWN, "shutdown")
        elif self._no_more:
            self.end("aborted" if self.in_transaction else "closed")
            self.close()

    def _flush(self) -> None:
        if self._out:
            self._actions.append(Send(self._out[0] if len(self._out) == 1 else b"".join(self._out)))
            self._out.clear()

    def _take(self) -> list[Action]:
        self._flush()
        if not self._actions:
            return _NOTHING
        actions, self._actions = self._actions, []
        return actions
