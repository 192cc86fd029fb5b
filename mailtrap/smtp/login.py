"""The AUTH command: one exchange at a time between client and mechanism (RFC 4954), sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mailtrap.mail.arrival import Login
from mailtrap.mail.reply import Reply
from mailtrap.net import sasl
from mailtrap.net.actions import Work
from mailtrap.smtp import replies
from mailtrap.smtp.dialogue import Dialogue
from mailtrap.smtp.protocol import MAX_AUTH_LINE


class Authentication:
    """Carries one session through AUTH. `grant` is called for who may log in. Responses are never recorded."""

    def __init__(self, dialogue: Dialogue, grant: Callable[[Login], None]) -> None:
        self._dialogue = dialogue
        self._grant = grant
        self._exchange: sasl.Exchange | None = None

    def start(self, argument: bytes) -> None:
        """Perform `AUTH mechanism [initial-response]`; that it is allowed now has been checked."""
        dialogue, policy = self._dialogue, self._dialogue.policy
        name, _, initial = argument.partition(b" ")
        mechanism = name.decode("ascii", "replace").upper()
        if mechanism not in policy.mechanisms:
            dialogue.refuse(replies.BAD_MECHANISM)
            return
        clock = dialogue.sandbox.clock
        challenge = f"<{clock.token(12)}.{clock.now()}@{policy.hostname}>".encode()
        exchange = self._exchange = sasl.Exchange(mechanism, challenge)
        initial = initial.strip(b" ")
        self._go_on(lambda: exchange.begin(sasl.decode(initial) if initial else None))

    def _go_on(self, step: Callable[[], bytes | sasl.Claim]) -> None:
        try:
            outcome = step()
        except sasl.NotBase64Error:
            self._finish(replies.BAD_BASE64)
        except sasl.SaslError:
            self._finish(replies.BAD_RESPONSE)
        else:
            if isinstance(outcome, bytes):
                self._challenge(outcome, self._read_response)
            else:
                self._check(outcome)

    def _challenge(self, octets: bytes, reader: Callable[[], bool]) -> None:
        # 334 has no enhanced status; the text is the challenge itself (RFC 4954 §4).
        self._dialogue.say(Reply(334, None, sasl.encode(octets).decode("ascii")))
        self._dialogue.reader = reader

    def _read_response(self) -> bool:
        line = self._line()
        if line is None:
            return False
        exchange = self._exchange
        if line == b"*":
            self._finish(replies.CANCELLED)
        elif exchange is not None:
            # An empty line is an empty response here; `=` is that too, but only as initial response.
            self._go_on(lambda: exchange.respond(sasl.decode(line)))
        return True

    def _line(self) -> bytes | None:
        dialogue = self._dialogue
        line = dialogue.line(MAX_AUTH_LINE, replies.RESPONSE_TOO_LONG, secret=True)
        if line is not None:
            dialogue.transcript.add(dialogue.now, "C", line if line == b"*" else b"***")
        return line

    def _check(self, claim: sasl.Claim) -> None:
        credentials = self._dialogue.policy.credentials
        if credentials is None:
            self._succeed(claim)
        elif claim.secret is None or claim.on_behalf_of not in ("", claim.user):
            # Nobody of the file may act for somebody else (RFC 4616 §2 leaves that to us).
            self._deny(claim)
        else:
            self._dialogue.block(
                Work(partial(credentials.verify, claim.user, claim.secret)), partial(self._verified, claim)
            )

    def _verified(self, claim: sasl.Claim, result: Any) -> None:
        if result is True:
            self._succeed(claim)
        elif result is False:
            self._deny(claim)
        else:
            self._finish(replies.LOGIN_UNAVAILABLE)

    def _succeed(self, claim: sasl.Claim) -> None:
        self._leave()
        self._grant(Login(claim.mechanism, claim.user))

    def _deny(self, claim: sasl.Claim) -> None:
        regret = sasl.REGRETS.get(claim.mechanism)
        if regret is None:
            self._finish(replies.BAD_CREDENTIALS)
        else:
            self._challenge(regret, self._read_acknowledgement)

    def _read_acknowledgement(self) -> bool:
        """After the regrets of a bearer mechanism the client says anything, then is refused (RFC 7628 §3.2.3)."""
        if self._line() is None:
            return False
        self._finish(replies.BAD_CREDENTIALS)
        return True

    def _finish(self, refusal: Reply) -> None:
        self._leave()
        self._dialogue.refuse(refusal)

    def _leave(self) -> None:
        self._exchange = None
        self._dialogue.reader = self._dialogue.read_command


def masked(line: bytes) -> bytes:
    """An AUTH command for the record: what it says after the mechanism may be a secret."""
    words = line.split(None, 2)
    if len(words) < 2:
        return line
    if words[1].decode("ascii", "replace").upper() in sasl.MECHANISMS:
        return b" ".join(words[:2]) + (b" ***" if len(words) > 2 else b"")
    # Somebody may have put the secret where the mechanism belongs.
    return words[0][:5] + b" ***"
