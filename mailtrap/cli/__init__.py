"""The `mailtrap` command: finds the subcommand, and turns errors into one line, a hint and an exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from mailtrap import __version__
from mailtrap.cli.groups import Commands
from mailtrap.cli.terminal import Failure, failed
from mailtrap.errors import MailtrapError

#: Command → module of this package and attribute in it. Only what is asked for is imported: a command starts fast.
COMMANDS = {
    "serve": "serve:serve",
    "run": "run:run",
    "send": "send:send",
    "list": "look:list_",
    "show": "look:show",
    "wait": "waiting:wait",
    "assert": "waiting:assert_",
    "delete": "look:delete",
    "inboxes": "inboxes:inboxes",
    "faults": "faults:faults",
    "deliveries": "deliveries:deliveries",
    "webhooks": "webhooks:webhooks",
    "sessions": "sessions:sessions",
    "clock": "clock:clock",
    "export": "transfer:export",
    "import": "transfer:import_",
    "db": "database:db",
    "sendmail": "sendmail:sendmail",
    "ca": "setup:ca",
    "password": "setup:password",
    "settings": "setup:settings",
    "healthcheck": "setup:healthcheck",
}


class Program(Commands):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table: first what is used first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"mailtrap.cli.{module}"), attribute)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line; where the disk or a file fails, say which."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            failure = failed(error)
            failure.show()
            sys.exit(failure.exit_code)
        finally:
            _let_go_of_what_cannot_be_written()

    def invoke(self, ctx: click.Context) -> object:
        """Run it; what callers are expected to catch is caught here."""
        try:
            return super().invoke(ctx)
        except MailtrapError as error:
            raise Failure.of(error) from error


def _let_go_of_what_cannot_be_written() -> None:
    """What stdout still holds the interpreter would try to write at its end, and leave with a code of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ValueError:
        return  # it is closed


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mailtrap")
def program() -> None:
    """A mail sandbox: takes every message your application sends, relays none, and shows them.

    Start one with `mailtrap serve`, point the application at 127.0.0.1:1025, look at http://127.0.0.1:8025.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no sandbox answers.
    """


def main() -> None:
    """Entry point; under the name `sendmail` (a symbolic link) it is that command."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # whoever calls has closed it: no socket of ours may be taken for it
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # In a terminal that is not UTF-8 a message in another script is still shown, escaped.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    arguments = sys.argv[1:]
    if os.path.basename(sys.argv[0]) == "sendmail":
        arguments = ["sendmail", *arguments]
    program.main(arguments, prog_name="mailtrap")
