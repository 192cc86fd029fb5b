"""Receives content for a session: DATA and BDAT from the first octet to the last, at a rate that is not too slow."""

from __future__ import annotations

from collections.abc import Callable

from mailtrap.mail.reply import Reply, reply
from mailtrap.smtp import replies
from mailtrap.smtp.dialogue import Dialogue
from mailtrap.smtp.intake import DataReader, Intake
from mailtrap.smtp.protocol import Chunk

#: Seconds over which the rate of content is measured; a client is given as much before it is called slow.
GRACE = 30.0


class Reception:
    """The content of one transaction at a time. `complete` is called with an intake that has come to its end."""

    def __init__(self, dialogue: Dialogue, complete: Callable[[Intake], None]) -> None:
        self.intake: Intake | None = None
        self._dialogue = dialogue
        self._complete = complete
        self._data: DataReader | None = None
        self._chunk = Chunk(0, False)
        self._chunk_left = 0
        self._refusal: Reply | None = None
        self._since = 0.0
        self._received = 0

    @property
    def begun(self) -> bool:
        """Whether content of this transaction has come, or is coming."""
        return self.intake is not None

    def begin_data(self) -> None:
        """Read what follows DATA up to CRLF.CRLF (RFC 5321 §4.1.1.4)."""
        self._data = DataReader(self._open())
        self._dialogue.reader = self._read_data
        self._dialogue.say(replies.START_CONTENT)

    def begin_chunk(self, chunk: Chunk, refusal: Reply | None) -> None:
        """Read one chunk (RFC 3030 §2). One that is refused is read all the same: it must not be taken for commands."""
        self._chunk, self._chunk_left, self._refusal = chunk, chunk.size, refusal
        intake = self.intake
        if intake is None or refusal is not None:
            intake = self._open()
        self._dialogue.reader = self._read_chunk
        if not chunk.size:
            self._end_chunk(intake)

    def forget(self) -> None:
        """The transaction is over: what was taken in and not handed on is dropped."""
        if self.intake is not None:
            self.intake.discard()
        self.release()

    def release(self) -> None:
        """The content belongs to somebody else now."""
        self.intake = self._data = None

    def swallow(self, code: int) -> None:
        """What else comes is thrown away: the reply to it, with this code, has been given."""
        if self.intake is not None:
            self.intake.discard()
            self.intake.swallowed = code

    def pardon(self) -> None:
        """We did not read for a while: measure anew."""
        self._since = 0.0

    def is_slow(self, now: float) -> bool:
        """Whether less than the minimum came in the last `GRACE` seconds, those left out in which we did not read."""
        limits, received = self._dialogue.limits, self._dialogue.transcript.octets_in
        if self._since and not self._dialogue.holding:
            if now - self._since < GRACE:
                return False
            if received - self._received < limits.min_data_rate * (now - self._since):
                return True
        self._since, self._received = now, received
        return False

    def _open(self) -> Intake:
        self.intake = Intake(self._dialogue.sandbox.spool, self._dialogue.limits.max_message_size)
        self._since = 0.0
        return self.intake

    def _read_data(self) -> bool:
        dialogue, data = self._dialogue, self._data
        if data is None:
            raise RuntimeError("there is no content to read")
        after = data.feed(dialogue.rest())
        if after is None:
            if data.intake.hopeless:
                dialogue.hang_up(replies.FAR_TOO_BIG, "refused")
            return False
        dialogue.put_back(after)
        self._record(data.intake.size)
        self._complete(data.intake)
        return True

    def _read_chunk(self) -> bool:
        dialogue, intake = self._dialogue, self.intake
        if intake is None:
            raise RuntimeError("there is no chunk to read")
        octets = dialogue.rest()
        if len(octets) > self._chunk_left:
            dialogue.put_back(octets[self._chunk_left :])
            octets = octets[: self._chunk_left]
        self._chunk_left -= len(octets)
        if self._refusal is None:
            intake.write(octets)
        else:
            intake.throw_away(octets)
        if intake.hopeless:
            dialogue.hang_up(replies.FAR_TOO_BIG, "refused")
        elif not self._chunk_left:
            self._end_chunk(intake)
        return True

    def _end_chunk(self, intake: Intake) -> None:
        self._record(self._chunk.size)
        if self._refusal is not None:
            self.release()
            self._dialogue.refuse(self._refusal)
        elif self._chunk.last or intake.overflow or intake.failure is not None or intake.swallowed:
            self._complete(intake)
        else:
            self._dialogue.say(reply(250, "2.0.0", f"{self._chunk.size} octets received"))

    def _record(self, size: int) -> None:
        dialogue = self._dialogue
        dialogue.reader = dialogue.read_command
        dialogue.transcript.add(dialogue.now, "C", b"<%d octets of content>" % size)
