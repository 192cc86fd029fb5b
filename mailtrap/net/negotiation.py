"""Carries a session that reads lines through one SASL exchange (RFC 4422 §3), sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from msgspec import Struct

from mailtrap.net import sasl
from mailtrap.net.frame import Answer, Frame

#: Longest AUTH command or response (RFC 4954 §4.5), CRLF and command word included.
MAX_AUTH_LINE = 12_288 + 64


class Sayings(Struct, Generic[Answer], frozen=True):
    """What a protocol says in the course of a login; `challenge` makes an answer of base64."""

    challenge: Callable[[bytes], Answer]
    too_long: Answer
    bad_base64: Answer
    bad_response: Answer
    cancelled: Answer
    denied: Answer


class Negotiation(Generic[Answer]):
    """One exchange at a time. `check` is called with what the client claims; responses are never recorded."""

    def __init__(self, frame: Frame[Answer], sayings: Sayings[Answer], check: Callable[[sasl.Claim], None]) -> None:
        self._frame = frame
        self._sayings = sayings
        self._check = check
        self._exchange: sasl.Exchange | None = None

    def begin(self, exchange: sasl.Exchange, initial: bytes) -> None:
        """Start; `initial` is the response that came with the command, as it was written, or empty."""
        self._exchange = exchange
        self._go_on(lambda: exchange.begin(sasl.decode(initial) if initial else None))

    def deny(self, claim: sasl.Claim) -> None:
        """The client is not who it says it is."""
        regret = sasl.REGRETS.get(claim.mechanism)
        if regret is None:
            self.finish(self._sayings.denied)
        else:
            self._challenge(regret, self._read_acknowledgement)

    def finish(self, refusal: Answer) -> None:
        """It comes to nothing."""
        self.leave()
        self._frame.refuse(refusal)

    def leave(self) -> None:
        """It is over: commands are read again."""
        self._exchange = None
        self._frame.reader = self._frame.read_command

    def _go_on(self, step: Callable[[], bytes | sasl.Claim]) -> None:
        try:
            outcome = step()
        except sasl.NotBase64Error:
            self.finish(self._sayings.bad_base64)
        except sasl.SaslError:
            self.finish(self._sayings.bad_response)
        else:
            if isinstance(outcome, bytes):
                self._challenge(outcome, self._read_response)
            else:
                self._check(outcome)

    def _challenge(self, octets: bytes, reader: Callable[[], bool]) -> None:
        self._frame.say(self._sayings.challenge(sasl.encode(octets)))
        self._frame.reader = reader

    def _read_response(self) -> bool:
        line = self._line()
        if line is None:
            return False
        exchange = self._exchange
        if line == b"*":
            self.finish(self._sayings.cancelled)
        elif exchange is not None:
            # An empty line is an empty response here; `=` is that too, but only as initial response.
            self._go_on(lambda: exchange.respond(sasl.decode(line)))
        return True

    def _read_acknowledgement(self) -> bool:
        """After the regrets of a bearer mechanism the client says anything, then is refused (RFC 7628 §3.2.3)."""
        if self._line() is None:
            return False
        self.finish(self._sayings.denied)
        return True

    def _line(self) -> bytes | None:
        frame = self._frame
        line = frame.line(MAX_AUTH_LINE, self._sayings.too_long)
        if line is not None:
            frame.transcript.add(frame.now, "C", line if line == b"*" else b"***")
        return line
