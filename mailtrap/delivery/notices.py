"""The notices that the post office has written: which of them are wanted, and by whom each kind is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from mailtrap.delivery.arf import complaint
from mailtrap.delivery.course import What
from mailtrap.delivery.dsn import status_notice, wanted
from mailtrap.delivery.letters import Letter
from mailtrap.delivery.record import Delivery
from mailtrap.delivery.replies import auto_reply, read_receipt, why_no_receipt, why_no_reply
from mailtrap.delivery.report import MAX_HEADER, Original
from mailtrap.delivery.schedule import RetrySchedule
from mailtrap.faults.rule import Notice

__all__ = ["Notices", "Original", "auto_reply", "complaint", "read_receipt", "status_notice", "wanted"]

#: Gives the octets of a message in pieces, or raises.
Read = Callable[[int], Iterator[bytes]]


class Notices:
    """Called by the post office for everything that may have to be said to a sender; `read` gives content."""

    def __init__(self, read: Read, hostname: str = "localhost", schedule: RetrySchedule | None = None) -> None:
        self._read = read
        self._hostname = hostname
        self._schedule = schedule or RetrySchedule()

    def __call__(
        self, what: What, deliveries: Sequence[Delivery], letter: Letter, at: int, notice: Notice | None
    ) -> bytes | str | None:
        """The notice in octets; None where none is wanted, in words why none may come although a rule said so."""
        text = notice.text if notice else ""
        host = self._hostname
        if what == "complaint":
            source = letter.arrival.peer.rpartition(":")[0].strip("[]")
            return complaint(deliveries[0], self._original(letter), at=at, host=host, source=source, text=text)
        if what == "auto-reply":
            answered = self._original(letter)
            reply = auto_reply(deliveries[0], answered, at=at, host=host, text=text)
            return reply or f"no automatic answer, for {why_no_reply(deliveries[0], answered)}"
        if what == "read":
            seen = self._original(letter)
            receipt = read_receipt(deliveries[0], seen, at=at, host=host)
            return receipt or f"no read receipt, for {why_no_receipt(deliveries[0], seen)}"
        told = [delivery for delivery in deliveries if wanted(what, delivery)]
        if not told:
            return None
        until = self._schedule.expires(told[0].accepted_at) if what == "delay" else None
        return status_notice(what, told, self._original(letter), at=at, host=host, retry_until=until)

    def _original(self, letter: Letter) -> Original:
        octets: Callable[[], Iterable[bytes]] = partial(self._read, letter.id)
        header = b""
        for piece in octets():
            header += piece
            if len(header) >= MAX_HEADER:
                break
        if len(header) == letter.size:
            whole = (header,)
            octets = lambda: whole  # noqa: E731 - all of it is here already
        utf8 = any(name.upper() == "SMTPUTF8" for name, _ in letter.envelope.parameters)
        heading = letter.heading
        return Original(header[: MAX_HEADER + 1], octets, letter.size, heading.message_id, heading.subject, utf8)
