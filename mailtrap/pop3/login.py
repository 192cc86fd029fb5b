"""The AUTH command: which mechanisms there are, and who may log in (RFC 5034), sans-IO."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mailtrap.net import sasl
from mailtrap.net.negotiation import Negotiation, Sayings
from mailtrap.pop3 import responses
from mailtrap.pop3.policy import MECHANISMS
from mailtrap.pop3.protocol import END

if TYPE_CHECKING:
    from mailtrap.pop3.session import Session

_SAYINGS = Sayings(
    challenge=lambda base64: b"+ " + base64 + b"\r\n",
    too_long=responses.WORDS.line_too_long,
    bad_base64=responses.BAD_BASE64,
    bad_response=responses.BAD_RESPONSE,
    cancelled=responses.CANCELLED,
    denied=responses.DENIED,
)


class Authentication:
    """Carries one session through AUTH."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._negotiation = Negotiation(session, _SAYINGS, self._check)

    def start(self, argument: bytes) -> None:
        """Perform `AUTH mechanism [initial-response]`; without an argument, say which mechanisms there are."""
        session = self._session
        name, _, initial = argument.strip().partition(b" ")
        mechanism = name.decode("ascii", "replace").upper()
        if not name:
            session.say(b"+OK Mechanisms\r\n" + b"".join([f"{one}\r\n".encode() for one in MECHANISMS]) + END)
        elif mechanism not in MECHANISMS:
            session.refuse(responses.BAD_MECHANISM)
        else:
            self._negotiation.begin(sasl.Exchange(mechanism, b""), initial)

    def _check(self, claim: sasl.Claim) -> None:
        self._negotiation.leave()
        admit = partial(self._session.accounts.admit, claim)
        self._session.log_in(claim, admit, partial(self._negotiation.deny, claim))
