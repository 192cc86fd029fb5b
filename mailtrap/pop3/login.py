"""The AUTH command: one exchange at a time between client and mechanism (RFC 5034), sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from mailtrap.net import sasl
from mailtrap.pop3 import responses
from mailtrap.pop3.policy import MECHANISMS
from mailtrap.pop3.protocol import END

if TYPE_CHECKING:
    from mailtrap.pop3.session import Session

#: Longest AUTH command or response, its ending included: a token may be long.
MAX_AUTH_LINE = 12_288 + 64


class Authentication:
    """Carries one session through AUTH. Responses are never recorded."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._exchange: sasl.Exchange | None = None

    def start(self, argument: bytes) -> None:
        """Perform `AUTH mechanism [initial-response]`; without an argument, say which mechanisms there are."""
        session = self._session
        name, _, initial = argument.strip().partition(b" ")
        if not name:
            session.say(b"+OK Mechanisms\r\n" + b"".join([f"{one}\r\n".encode() for one in MECHANISMS]) + END)
            return
        mechanism = name.decode("ascii", "replace").upper()
        if mechanism not in MECHANISMS:
            session.refuse(responses.BAD_MECHANISM)
            return
        exchange = self._exchange = sasl.Exchange(mechanism, b"")
        self._go_on(lambda: exchange.begin(sasl.decode(initial) if initial else None))

    def _go_on(self, step: Callable[[], bytes | sasl.Claim]) -> None:
        try:
            outcome = step()
        except sasl.NotBase64Error:
            self._finish(responses.BAD_BASE64)
        except sasl.SaslError:
            self._finish(responses.BAD_RESPONSE)
        else:
            if isinstance(outcome, bytes):
                self._challenge(outcome, self._read_response)
            else:
                self._check(outcome)

    def _challenge(self, octets: bytes, reader: Callable[[], bool]) -> None:
        self._session.say(b"+ " + sasl.encode(octets) + b"\r\n")
        self._session.reader = reader

    def _read_response(self) -> bool:
        line = self._line()
        if line is None:
            return False
        exchange = self._exchange
        if line == b"*":
            self._finish(responses.CANCELLED)
        elif exchange is not None:
            self._go_on(lambda: exchange.respond(sasl.decode(line)))
        return True

    def _line(self) -> bytes | None:
        session = self._session
        line = session.line(MAX_AUTH_LINE)
        if line is not None:
            session.transcript.add(session.now, "C", line if line == b"*" else b"***")
        return line

    def _check(self, claim: sasl.Claim) -> None:
        self._leave()
        self._session.log_in(claim, partial(self._session.accounts.admit, claim), partial(self._deny, claim))

    def _deny(self, claim: sasl.Claim) -> None:
        regret = sasl.REGRETS.get(claim.mechanism)
        if regret is None:
            self._finish(responses.DENIED)
        else:
            self._challenge(regret, self._read_acknowledgement)

    def _read_acknowledgement(self) -> bool:
        """After the regrets of a bearer mechanism the client says anything, then is refused (RFC 7628 §3.2.3)."""
        if self._line() is None:
            return False
        self._finish(responses.DENIED)
        return True

    def _finish(self, refusal: bytes) -> None:
        self._leave()
        self._session.refuse(refusal)

    def _leave(self) -> None:
        self._exchange = None
        self._session.reader = self._session.read_command
