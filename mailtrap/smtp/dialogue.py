"""The frame of an SMTP session: replies, junk, what is not SMTP, patience with clients that are slowed (sans-IO)."""

from __future__ import annotations

from collections.abc import Callable

from mailtrap.mail.reply import Reply
from mailtrap.mail.transcript import Transcript
from mailtrap.net.actions import Action
from mailtrap.net.frame import SKIPPED, Frame, Words
from mailtrap.net.negotiation import MAX_AUTH_LINE
from mailtrap.sandbox import Sandbox
from mailtrap.smtp import replies
from mailtrap.smtp.policy import Policy
from mailtrap.smtp.protocol import is_tls


class Dialogue(Frame[Reply]):
    """A frame that speaks in replies. A subclass has `command`, `welcome` and `in_transaction`."""

    __slots__ = (
        "_junk", "peer", "policy", "sandbox", "speaker", "spoken", "unwelcome",
    )  # fmt: skip

    words = Words(
        too_many_connections=replies.TOO_MANY_CONNECTIONS,
        too_many_from_peer=replies.TOO_MANY_FROM_PEER,
        line_too_long=replies.LINE_TOO_LONG,
        line_endless=replies.LINE_ENDLESS,
        idle=replies.IDLE,
        session_over=replies.SESSION_OVER,
        too_many_errors=replies.TOO_MANY_ERRORS,
        failed=replies.FAILED,
        shutting_down=replies.SHUTTING_DOWN,
    )

    def __init__(
        self,
        sandbox: Sandbox,
        policy: Policy,
        listener: str,
        peer: str,
        monotonic: Callable[[], float],
        tls_first: bool = False,
    ) -> None:
        transcript = Transcript(sandbox.store.new_session(), listener, peer, sandbox.clock.now())
        super().__init__(transcript, sandbox.clock, policy.limits, monotonic, tls_first)
        self.sandbox = sandbox
        self.policy = policy
        #: Whether no mail is taken in this session: QUIT is all that is left (RFC 5321 §3.1).
        self.unwelcome = False
        #: The client's address without its port.
        self.peer = peer.rpartition(":")[0].strip("[]")
        #: Says the next reply in its own way.
        self.speaker: Callable[[Reply], None] | None = None
        #: The code of the first reply since somebody set this to 0.
        self.spoken = 0
        self._junk = 0

    def written(self, answer: Reply) -> bytes:
        """A reply as it goes over the wire."""
        return answer.octets(self.policy.enhanced)

    def shown(self, line: bytes) -> bytes:
        """The beginning of a line that was too long, without a secret."""
        if self.reader != self.read_command or line.lstrip()[:4].upper() == b"AUTH":
            return b"***"
        return line

    def failed(self) -> list[Action]:
        """Our own code failed in this session."""
        self.speaker = None
        return super().failed()

    def hang_up(self, answer: Reply, outcome: str) -> None:
        """Say a last word, then close although the client may still be sending."""
        self.speaker = None
        super().hang_up(answer, outcome)

    def say(self, answer: Reply) -> None:
        """Reply."""
        if self.speaker is not None:
            speaker, self.speaker = self.speaker, None
            speaker(answer)
            return
        if not self.spoken:
            self.spoken = answer.code
        self.utter(answer.octets(self.policy.enhanced))

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

    def read_command(self) -> bool:
        """Read and perform one command."""
        buffer, at = self._buffer, self._at
        if buffer[at] in b"Aa" and self.begins_with(b"AUTH "):
            return self.read_line(max(MAX_AUTH_LINE, self.limits.max_line), replies.RESPONSE_TOO_LONG)
        if buffer[at] == 0x16 and is_tls(buffer):
            self.hang_up(replies.NOT_TLS, "refused")
            return False
        return self.read_line(self.limits.max_line or SKIPPED)
