"""One thing a client did, as a value, and what to think of all it did."""

from __future__ import annotations

import msgspec

from mailtrap.faults.rule import Step
from mailtrap.mail.arrival import address_of

#: Steps that come before anybody has said who sends: what fails there is known by the client's address only.
BEFORE_MAIL = frozenset((Step.CONNECT, Step.GREETING, Step.EHLO, Step.STARTTLS, Step.AUTH))

#: What a deed may be found by: a kind, and the values that must be the same.
Key = tuple[str | int, ...]


class Answered(msgspec.Struct, frozen=True, omit_defaults=True):
    """One recipient of a transaction and the last reply to it: of RCPT, or of what ended the transaction."""

    recipient: str
    code: int
    status: str = ""


class Deed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One transaction (or an attempt that did not come so far), as the session saw it when it was over.

    `step` is where it ended, `code` the last reply there: 0 where the connection ended instead. `at` is virtual time
    in microseconds since the epoch. `message` is what was kept, 0 for nothing; `message_id` and `sha256` (in hex) are
    known once the content has come, also where it was refused then. `faults` are the rules that spoke. `greeting` is
    EHLO, HELO, LHLO or empty.

    A message that was kept although its 250 was not said (closed after storing, or the client did not wait for it)
    has both `message` and code 0. A handshake that went through although a fault was to break it has step `starttls`
    and code 220 while `tls` is not yet true; one that a fault did no harm has `tls`.
    """

    session: int
    at: int
    step: str
    code: int
    sender: str = ""
    answered: tuple[Answered, ...] = ()
    message: int = 0
    message_id: str = ""
    sha256: str = ""
    faults: tuple[int, ...] = ()
    greeting: str = ""
    tls: bool = False
    peer: str = ""
    login: bool = False

    @property
    def before_mail(self) -> bool:
        """Whether it ended before MAIL: sender and recipients are not known."""
        return self.step in BEFORE_MAIL

    @property
    def outside(self) -> bool:
        """Whether nothing depended on it: RSET or QUIT when no transaction was open."""
        return self.step in (Step.RSET, Step.QUIT) and not self.sender and not self.answered

    @property
    def failed(self) -> bool:
        """Whether something went wrong in it, or was meant to."""
        return bool(self.faults) or not 200 <= self.code < 400 or any([one.code >= 400 for one in self.answered])

    @property
    def recipients(self) -> frozenset[str]:
        """Those named in it, in lower case."""
        return frozenset([one.recipient.lower() for one in self.answered])

    @property
    def accepted(self) -> frozenset[str]:
        """Those for whom the message was kept and the client was told so."""
        if not self.message or not 200 <= self.code < 300:
            return frozenset()
        return frozenset([one.recipient.lower() for one in self.answered if 200 <= one.code < 300])

    def traces(self) -> list[Key]:
        """By what a deed that follows on it, or that it follows on, can be found."""
        if self.outside:
            return []
        if self.before_mail:
            return [("peer", address_of(self.peer))]
        sender = self.sender.lower()
        traces: list[Key] = [("recipient", sender, recipient) for recipient in self.recipients]
        if self.message_id:
            traces.append(("message-id", sender, self.message_id))
        if self.sha256:
            traces.append(("content", sender, self.sha256))
        if not self.answered:
            traces.append(("from", sender))
        return traces

    def is_same(self, other: Deed) -> bool | None:
        """Whether both brought the same message; None where that cannot be known."""
        if self.message_id and other.message_id:
            return self.message_id == other.message_id
        if self.sha256 and other.sha256:
            return self.sha256 == other.sha256
        return None


class Ending(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a session ended: its outcome as the transcript says it, and whether the client said QUIT."""

    outcome: str
    quit_sent: bool = False


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """`judgement` is `good`, `doubtful`, `bad` or `open` (the client may still do something); `findings` say why."""

    judgement: str
    findings: tuple[str, ...] = ()


class Noted(msgspec.Struct, frozen=True, omit_defaults=True):
    """A deed as it is kept; the last one of a session also says how that ended."""

    deed: Deed
    ending: Ending | None = None
