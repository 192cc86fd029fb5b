"""SORT: messages that match, in the order asked for (RFC 5256 §3, RFC 5957)."""

from __future__ import annotations

from mailtrap.imap.commands import Command
from mailtrap.imap.searching import Answer, View


def answer(view: View, command: Command, now: int) -> Answer:
    """Perform SORT or UID SORT."""
    raise NotImplementedError
