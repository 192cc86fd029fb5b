"""What commands print: data to stdout, talk to stderr, and nothing from a mail that a terminal would obey."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import time
from typing import IO, Any
from unicodedata import combining, east_asian_width

import click

from mailtrap.errors import MailtrapError, QueryError, SettingsError

#: What a terminal may act upon: C0 and C1 controls (ESC, CSI …), and what reorders or breaks lines in sight.
_ALWAYS = r"\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_ACTIVE = re.compile(rf"[\x00-\x1f{_ALWAYS}]")
_ACTIVE_IN_TEXT = re.compile(rf"[\x00-\x08\x0b-\x1f{_ALWAYS}]")
_ACTIVE_IN_JSON = re.compile(rf"[{_ALWAYS}]")


#: What only happens where something is written.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def line(text: str) -> str:
    """Text of a mail, safe within one line of output: `\\x1b[31m`."""
    return _ACTIVE.sub(_escaped, text)


def block(text: str) -> str:
    """Text of a mail, safe as lines of output; line ends become LF."""
    return _ACTIVE_IN_TEXT.sub(_escaped, text.replace("\r\n", "\n"))


def _escaped(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def cut(text: str, columns: int) -> str:
    """Text of a mail in exactly so many columns of a terminal; CJK takes two a character."""
    kept: list[str] = []
    left = columns
    for character in line(text):
        if _columns(character) > left:
            while left < 1:
                left += _columns(kept.pop())
            return "".join(kept) + "…" + " " * (left - 1)
        kept.append(character)
        left -= _columns(character)
    return "".join(kept) + " " * left


def _columns(character: str) -> int:
    return 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """JSON, readable in any script, without a character that a terminal would act upon."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    click.echo(_ACTIVE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def styled(text: str, **style: Any) -> str:
    """`text` in bold, dim, a colour; plain where stdout is no terminal or NO_COLOR is set."""
    return click.style(text, **style) if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


def binary_output() -> IO[bytes]:
    """Stdout for exact octets."""
    return sys.stdout.buffer


def binary_input() -> IO[bytes]:
    """Stdin for exact octets."""
    return sys.stdin.buffer


def say(text: str) -> None:
    """A remark for the person, on stderr."""
    click.echo(text, err=True)


#: Commands for what hints name by its route.
_COMMANDS = {
    "/api/faults": "mailtrap faults list",
    "/api/inboxes": "mailtrap inboxes list",
    "/api/webhooks": "mailtrap webhooks list",
}


class Failure(click.ClickException):
    """An error as the person sees it: what was wrong and what to do. The kind has the exit code."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @classmethod
    def of(cls, error: MailtrapError) -> Failure:
        """The failure that an exception means."""
        from mailtrap.client import ApiInvalid, Unreachable

        hint = error.hint
        for path, command in _COMMANDS.items():
            hint = re.sub(rf"GET {path}(?![/\w])", f"`{command}`", hint)
        hint = hint.replace("/docs/api shows what it takes", "--help says what it takes, /docs/api of the sandbox more")
        message = f"{error}\n{error.pointer()}" if isinstance(error, QueryError) else str(error)
        kind: type[Failure] = cls
        if isinstance(error, Unreachable):
            kind = NobodyThere
        elif isinstance(error, SettingsError | QueryError | ApiInvalid):
            kind = Misuse
        return kind(message, hint)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it on stderr."""
        say(f"mailtrap: {block(self.message)}")
        if self.hint:
            say(f"  {block(self.hint)}")


def failed(error: OSError) -> Failure:
    """What is said where the system fails a command: by name of the file, or of stdout, which has none."""
    where = f"{error.filename}: " if error.filename else "stdout: " if error.errno in _FULL else ""
    return Failure(f"{where}{error.strerror or error}")


class Misuse(Failure):
    """What was typed cannot be meant: a bad setting, a bad query."""

    exit_code = 2


class NobodyThere(Failure):
    """No sandbox answers."""

    exit_code = 3


class Progress:
    """A count on stderr: rewritten in place on a terminal, silent elsewhere but for the last word."""

    def __init__(self, verb: str, total: int | None = None) -> None:
        self._verb = verb
        self._total = total
        self._live = sys.stderr.isatty()
        self._shown = 0.0
        self.count = 0
        self.octets = 0

    def step(self, octets: int) -> None:
        """One more message of that many octets."""
        self.octets += octets
        self.reach(self.count + 1, self._total)

    def reach(self, count: int, total: int | None) -> None:
        """So many messages by now, of so many."""
        self.count, self._total = count, total
        if self._live and time.monotonic() - self._shown > 0.1:
            self._shown = time.monotonic()
            click.echo(f"\r{self._line()}\x1b[K", err=True, nl=False)

    def finish(self, where: str) -> None:
        """The last word."""
        click.echo(("\r\x1b[K" if self._live else "") + f"{self._line()} {where}", err=True)

    def _line(self) -> str:
        of = f" of {self._total}" if self._total is not None and self._total != self.count else ""
        octets = f", {size(self.octets)}" if self.octets else ""
        plural = "" if (self._total or self.count) == 1 else "s"
        return f"{self._verb} {self.count}{of} message{plural}{octets}"


def size(octets: int) -> str:
    """`9.2 KB`, as people read sizes."""
    number = float(octets)
    for unit in ("octets", "KB", "MB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "octets" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GB"
