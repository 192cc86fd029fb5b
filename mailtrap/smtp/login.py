"""The AUTH command: which mechanisms there are, and who may log in (RFC 4954), sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mailtrap.mail.arrival import Login
from mailtrap.mail.reply import Reply
from mailtrap.net import sasl
from mailtrap.net.actions import Work
from mailtrap.net.negotiation import Negotiation, Sayings
from mailtrap.smtp import replies
from mailtrap.smtp.dialogue import Dialogue

_SAYINGS = Sayings(
    # 334 has no enhanced status; the text is the challenge itself (RFC 4954 §4).
    challenge=lambda base64: Reply(334, None, base64.decode("ascii")),
    too_long=replies.RESPONSE_TOO_LONG,
    bad_base64=replies.BAD_BASE64,
    bad_response=replies.BAD_RESPONSE,
    cancelled=replies.CANCELLED,
    denied=replies.BAD_CREDENTIALS,
)


class Authentication:
    """Carries one session through AUTH. `grant` is called for who may log in."""

    def __init__(self, dialogue: Dialogue, grant: Callable[[Login], None]) -> None:
        self._dialogue = dialogue
        self._grant = grant
        self._negotiation = Negotiation(dialogue, _SAYINGS, self._check)

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
        self._negotiation.begin(sasl.Exchange(mechanism, challenge), initial.strip(b" "))

    def _check(self, claim: sasl.Claim) -> None:
        credentials = self._dialogue.policy.credentials
        if credentials is None:
            self._succeed(claim)
        elif claim.secret is None or claim.on_behalf_of not in ("", claim.user):
            # Nobody of the file may act for somebody else (RFC 4616 §2 leaves that to us).
            self._negotiation.deny(claim)
        else:
            self._dialogue.block(
                Work(partial(credentials.verify, claim.user, claim.secret)), partial(self._verified, claim)
            )

    def _verified(self, claim: sasl.Claim, result: Any) -> None:
        if result is True:
            self._succeed(claim)
        elif result is False:
            self._negotiation.deny(claim)
        else:
            self._negotiation.finish(replies.LOGIN_UNAVAILABLE)

    def _succeed(self, claim: sasl.Claim) -> None:
        self._negotiation.leave()
        self._grant(Login(claim.mechanism, claim.user))


def masked(line: bytes) -> bytes:
    """An AUTH command for the record: what it says after the mechanism may be a secret."""
    words = line.split(None, 2)
    if len(words) < 2:
        return line
    if words[1].decode("ascii", "replace").upper() in sasl.MECHANISMS:
        return b" ".join(words[:2]) + (b" ***" if len(words) > 2 else b"")
    # Somebody may have put the secret where the mechanism belongs.
    return words[0][:5] + b" ***"
