"""THREAD: messages that match, by what they answer (RFC 5256 §3)."""

from __future__ import annotations

from mailtrap.imap.commands import Command
from mailtrap.imap.searching import Answer, View

#: Algorithms there are.
ALGORITHMS = ("ORDEREDSUBJECT", "REFERENCES", "REFS")


def answer(view: View, command: Command, now: int) -> Answer:
    """Perform THREAD or UID THREAD."""
    raise NotImplementedError
