"""What a client did after it met a failure, and what RFC 5321 thinks of that."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Answered(msgspec.Struct, frozen=True, omit_defaults=True):
    """One recipient of a transaction and the last reply to it: of RCPT, or of what ended the transaction."""

    recipient: str
    code: int


class Deed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One transaction (or an attempt that did not come so far), as the session saw it when it was over.

    `step` is where it ended, `code` the last reply there: 0 where the connection ended instead. `at` is virtual time,
    `after` the seconds of it since the session began. `message` is what was kept, 0 for nothing; `faults` the rules
    that spoke. `greeting` is EHLO, HELO, LHLO or empty.
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


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """`judgement` is `good`, `doubtful`, `bad` or `open` (the client may still do something); `findings` say why."""

    judgement: str
    findings: tuple[str, ...] = ()


class History:
    """Deeds of clients that met a failure and what they did next. Thread-safe, bounded in memory."""

    def watches(self, sender: str) -> bool:
        """Whether a transaction of this sender may be what somebody does after a failure; costs a look-up."""
        return False

    def note(self, deed: Deed) -> None:
        """A transaction that met a failure, or one of a sender that is watched, is over."""

    def ended(self, session: int, outcome: str, quit_sent: bool) -> None:
        """A session in which a deed was noted is over."""

    def verdict(self, session: int, now: int) -> Verdict | None:
        """What to think of the client of this session; None where it met no failure."""
        return None

    def deeds(self, session: int) -> Sequence[Deed]:
        """What was noted of this session, and of those that followed on it."""
        return ()
