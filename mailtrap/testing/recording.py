"""Every message that a sandbox in this process has kept, whatever became of it since: tests clear their inboxes."""

from __future__ import annotations

import threading

from msgspec.structs import replace

from mailtrap.clock import rfc3339
from mailtrap.inboxes import names_of
from mailtrap.mail.content import Content
from mailtrap.mail.extraction.codes import codes
from mailtrap.mail.message import Submission
from mailtrap.testing.pages import Letter

#: Messages remembered, and octets of all of them together.
MOST, MOST_OCTETS = 1000, 32 * 1024 * 1024


class Recording:
    """Told of each message as it is kept; reads nothing and waits for nobody."""

    def __init__(self) -> None:
        self.total = 0
        self._kept: list[Submission] = []
        self._recipients: set[str] = set()
        self._octets = 0
        self._lock = threading.Lock()

    def kept(self, id: int, submission: Submission) -> None:
        """This was; called on the writer's thread."""
        with self._lock:
            self.total += 1
            if len(self._kept) >= MOST:
                return
            self._recipients.update(address.lower() for address in submission.envelope.addresses)
            self._octets += submission.size
            if self._octets > MOST_OCTETS:
                submission = replace(submission, octets=None)
            self._kept.append(submission)

    @property
    def recipients(self) -> int:
        """How many different ones."""
        return len(self._recipients)

    def letters(self) -> list[Letter]:
        """The messages in the order in which they came."""
        with self._lock:
            kept = list(self._kept)
        return [_letter(submission) for submission in kept]


def _letter(submission: Submission) -> Letter:
    heading, envelope = submission.heading, submission.envelope
    letter = Letter(
        heading.subject,
        envelope.reverse_path or "<>",
        envelope.addresses,
        rfc3339(submission.arrival.at),
        inboxes=names_of(submission.inbox),
    )
    if submission.octets is None:
        return replace(letter, text="(too large to be kept for this page)")
    content = Content(submission.octets)
    return replace(
        letter,
        header=[(field.name, field.value) for field in content.header],
        text=content.text,
        html=content.html,
        attachments=[f"{part.filename or part.type} ({part.size} octets)" for part in content.attachments],
        links=[f"{link.kind}: {link.href}" for link in content.links],
        codes=[code.code for code in codes(content)],
    )
