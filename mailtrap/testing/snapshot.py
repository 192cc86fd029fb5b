"""Snapshots of mail: kept beside the tests, compared, and taken anew when asked."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from mailtrap.client.message import Message
from mailtrap.client.mismatch import MailMismatch
from mailtrap.errors import Invalid
from mailtrap.testing.boxes import MailInbox
from mailtrap.testing.masking import Mask, masked

DIRECTORY = "mail_snapshots"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")


class Snapshots:
    """What `assert_mail_snapshot` is: those of one test file, in `mail_snapshots/` beside it."""

    def __init__(self, test_file: Path, inbox: MailInbox, *, update: bool = False) -> None:
        self.directory = test_file.parent / DIRECTORY / test_file.stem
        self._inbox = inbox
        self._update = update

    def __call__(
        self,
        name: str,
        *,
        message: Message | None = None,
        query: str = "",
        timeout: float = 10.0,
        mask: Sequence[str | re.Pattern[str]] = (),
    ) -> Message:
        """Compare `message`, else the newest in the inbox that matches, for which it waits. Returns it.

        Dates, ids, tokens, ports and codes do not count; `mask` are patterns of what else does not. Raises
        MailMismatch with a diff.
        """
        __tracebackhide__ = True
        if not _NAME.fullmatch(name):
            raise Invalid(f"a snapshot cannot be called {name!r}", "letters, digits, `.`, `_`, `-` and spaces")
        found = message or self._inbox.wait(query, timeout=timeout)
        now = masked(found, Mask(self._known(found), mask))
        file = self.directory / f"{name}.txt"
        before = file.read_text("utf-8") if file.exists() else None
        if before == now:
            return found
        if self._update:
            _write(file, now)
            return found
        raise _mismatch(name, file, before, now)

    def _known(self, message: Message) -> list[tuple[str, str]]:
        inbox = self._inbox
        known = [(inbox.name, "inbox"), (inbox.password, "password")]
        return known + [(code.code, "code") for code in message.codes]


def _mismatch(name: str, file: Path, before: str | None, now: str) -> MailMismatch:
    shown = os.path.relpath(file)
    if before is None:
        return MailMismatch(
            f"there is no snapshot {name!r} yet ({shown}); --mail-snapshot-update takes this one:\n\n{now}"
        )
    lines = difflib.unified_diff(before.splitlines(), now.splitlines(), "as it was", "as it is", lineterm="")
    return MailMismatch(
        f"mail is not as in snapshot {name!r} ({shown}); if it should be as it is: --mail-snapshot-update\n\n"
        + "\n".join(lines)
    )


def _write(file: Path, text: str) -> None:
    """Whole or not at all: several workers may take the same one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.write_text(text, "utf-8", newline="\n")
    os.replace(part, file)
