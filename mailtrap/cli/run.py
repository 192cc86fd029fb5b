"""`run`: a sandbox for as long as another command lasts, and what mail that command sent."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from mailtrap.cli.terminal import Failure, line, say
from mailtrap.settings import TEMPORARY, Settings, load

if TYPE_CHECKING:
    from mailtrap.client import Json
    from mailtrap.testing.boxes import MailSandbox
    from mailtrap.testing.recording import Recording

#: Messages and sessions in the summary, sessions looked at, characters of a text in JUnit's file.
MOST_SHOWN = 20
MOST_SESSIONS = 200
MOST_OF_A_TEXT = 2000
#: What a shell says of a command that it cannot find, or cannot start.
NOT_FOUND, NOT_STARTED = 127, 126

#: Signals that are the command's business; those that a terminal sends, it sends to the command itself too.
_PASSED_ON = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH") if hasattr(signal, name)
]
_FROM_TERMINALS = [getattr(signal, name) for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name)]


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    short_help="Run a command with a sandbox of its own.",
)
@click.option("--config", type=click.Path(path_type=Path), help="Settings in TOML; default: mailtrap.toml if there.")
@click.option("--starttls", is_flag=True, help="Offer STARTTLS; clients then may want to trust MAILTRAP_CA_FILE.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write the run as JUnit XML.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page of the mail, in one file.")
@click.option("--quiet", "-q", is_flag=True, help="Print no summary.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    config: Path | None, starttls: bool, junit: Path | None, html: Path | None, quiet: bool, command: Sequence[str]
) -> None:
    """Run COMMAND with a sandbox of its own, and say afterwards what mail it sent.

    \b
    mailtrap run -- pytest
    mailtrap run --junit mail.xml -- npm test

    The sandbox listens on free ports and is gone with the command. COMMAND finds it by SMTP_HOST, SMTP_PORT, SMTP_URL
    (and MAIL_…, EMAIL_…, MAILER_DSN), the tests in it by MAILTRAP_URL; variables with logins of other servers are
    taken out. What was sent without a login it can read by IMAP_HOST, IMAP_PORT, IMAP_USER, IMAP_PASSWORD, IMAP_URL,
    with TLS by IMAPS_PORT and IMAPS_URL, and by the same with POP3. It gets the signals that this one gets, and its
    exit code is the one returned.
    """
    from mailtrap.testing.boxes import MailSandbox
    from mailtrap.testing.inprocess import HIDDEN, InProcess

    settings = _settings(load({}, os.environ, config))
    hidden = settings.hide_extensions if starttls else (*settings.hide_extensions, *HIDDEN)
    with InProcess(replace(settings, hide_extensions=hidden)) as running:
        recording = running.record()
        began = time.monotonic()
        code = _run(command, _environment(running.site.ca_file, MailSandbox(running.site).env, starttls))
        seconds = time.monotonic() - began
        with MailSandbox(running.site) as sandbox:
            run_ = Run(sandbox, recording, command, code, seconds)
            if not quiet:
                run_.summarize()
            if junit:
                _write(junit, run_.junit())
            if html:
                _write(html, run_.page())
    raise SystemExit(code)


def _settings(settings: Settings) -> Settings:
    """Those of the project, but for what makes this a sandbox of its own that we and the command can reach."""
    return replace(
        settings,
        host="127.0.0.1",
        database=TEMPORARY,
        base_path="",
        web_tls=False,
        web_user="",
        web_password="",
        api_token="",
    )


def _environment(ca_file: str, wiring: dict[str, str], starttls: bool) -> dict[str, str]:
    from mailtrap.testing.wiring import STRAY

    # Settings of ours that stand in the environment are those of another sandbox, which tests may start themselves.
    kept = {name: value for name, value in os.environ.items() if name not in STRAY and name != "MAILTRAP_API_TOKEN"}
    added = {**wiring, "MAILTRAP_CA_FILE": ca_file}
    if starttls and "NODE_EXTRA_CA_CERTS" not in kept:
        added["NODE_EXTRA_CA_CERTS"] = ca_file
    return kept | added


# --------------------------------------------------------------------------------------------- running the command


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    """The command's exit code; of one that a signal ended, what a shell says."""
    awake, numbers = _signals()
    try:
        try:
            process = subprocess.Popen(list(command), env=environment)  # noqa: S603 - this is what was asked for
        except OSError as error:
            say(f"mailtrap: cannot run {line(command[0])}: {error.strerror}")
            return NOT_FOUND if error.errno == errno.ENOENT else NOT_STARTED
        code = _wait(process, awake)
    finally:
        _unhook(awake, numbers)
    return code if code >= 0 else 128 - code


def _wait(process: subprocess.Popen[bytes], awake: socket.socket) -> int:
    if sys.platform == "win32":
        return process.wait()
    while (code := process.poll()) is None:
        # The interpreter writes the number of each signal there, SIGCHLD's too, whichever thread it came to.
        for number in awake.recv(64):
            if number in _PASSED_ON or (number in _FROM_TERMINALS and not _is_in_front()):
                with suppress(ProcessLookupError):
                    process.send_signal(number)
    return code


def _is_in_front() -> bool:
    """Whether a terminal's Ctrl-C reaches the command without us."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _signals() -> tuple[socket.socket, dict[int, object]]:
    awake, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.detach(), warn_on_full_buffer=False)
    numbers = [*_PASSED_ON, *_FROM_TERMINALS, *([signal.SIGCHLD] if hasattr(signal, "SIGCHLD") else [])]
    return awake, {number: signal.signal(number, _nothing) for number in numbers}


def _unhook(awake: socket.socket, before: dict[int, object]) -> None:
    wakeup = signal.set_wakeup_fd(-1)
    if wakeup >= 0:
        os.close(wakeup)
    awake.close()
    for number, handler in before.items():
        signal.signal(number, handler if handler is not None else signal.SIG_DFL)  # type: ignore[arg-type]


def _nothing(*_: object) -> None:
    pass


# --------------------------------------------------------------------------------------------- what is said of it


class Run:
    """What a command did to the sandbox it had."""

    def __init__(
        self, sandbox: MailSandbox, recording: Recording, command: Sequence[str], code: int, seconds: float
    ) -> None:
        from mailtrap.testing.report import is_bad

        self._command = shlex.join(command)
        self._code = code
        self._seconds = seconds
        self._letters = recording.letters()
        self._total = recording.total
        self._recipients = recording.recipients
        sessions: list[Json] = [sandbox.session(one["id"]) for one in sandbox.sessions(limit=MOST_SESSIONS)]
        self._bad = [session for session in reversed(sessions) if is_bad(session)]

    def summarize(self) -> None:
        """On stderr: stdout is the command's."""
        from mailtrap.testing.report import title_of

        if self._total:
            say(f"mailtrap: {_count(self._total, 'message')} for {_count(self._recipients, 'recipient')}")
        else:
            say("mailtrap: no mail was taken")
        for letter in self._letters[:MOST_SHOWN]:
            to = ", ".join(letter.recipients[:3]) + (" …" if len(letter.recipients) > 3 else "")
            say(f"  {line(letter.sender)} → {line(to)}  {line(letter.subject[:200]) or '(no subject)'}")
        if self._total > MOST_SHOWN:
            say(f"  … and {self._total - MOST_SHOWN} more")
        for session in self._bad[:MOST_SHOWN]:
            say(f"  {line(title_of(session))}")

    def junit(self) -> str:
        """The command, and each message, as test cases."""
        from mailtrap.testing.junit import Outcome, junit
        from mailtrap.testing.report import lines_of, title_of

        failure = f"{self._command} ended with {self._code}" if self._code else ""
        refused = "\n\n".join("\n".join([title_of(one), *lines_of(one)]) for one in self._bad[:MOST_SHOWN])
        outcomes = [Outcome(self._command, "command", self._seconds, failure, refused)]
        for letter in self._letters:
            facts = f"from {letter.sender} to {', '.join(letter.recipients)}\n\n{letter.text[:MOST_OF_A_TEXT]}"
            outcomes.append(Outcome(letter.subject or "(no subject)", "mail", output=facts))
        counts = [("messages", str(self._total)), ("sessions with refusals", str(len(self._bad)))]
        return junit("mailtrap run", outcomes, counts)

    def page(self) -> str:
        """All of it as one HTML file."""
        from mailtrap.testing.pages import Report, page
        from mailtrap.testing.report import dialogue_of

        facts = [("Command", self._command), ("Exit code", str(self._code)), ("Took", f"{self._seconds:.1f} s")]
        failure = f"{self._command} ended with {self._code}" if self._code else ""
        dialogues = [dialogue_of(session) for session in self._bad]
        return page(Report("Mail of a run", facts, failure, self._letters, dialogues))


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", errors="replace")
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}", "give another path") from error
