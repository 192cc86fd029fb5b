"""The grammar of IMAP commands: octets in, values out, pure (RFC 9051 §9, RFC 3501 §9 and extensions)."""

from __future__ import annotations

from collections.abc import Sequence

from mailtrap.imap.commands import Command, CommandError, Literal

__all__ = ["Command", "CommandError", "masked", "read"]


def read(text: bytes, literals: Sequence[Literal] = (), utf8: bool = False) -> Command:
    """One command as `Assembly` gave it (`read(event.text, event.literals)`). Raises CommandError with its tag.

    In `text` a literal is its announcement and CRLF, `{3}\\r\\n`; the last line has no ending. With `utf8`
    (ENABLE UTF8=ACCEPT or IMAP4rev2) names of folders are UTF-8, otherwise modified UTF-7.
    """
    raise NotImplementedError


def masked(text: bytes) -> bytes:
    """A command, or the beginning of one, for the record, without secrets: those of LOGIN and AUTHENTICATE."""
    raise NotImplementedError
