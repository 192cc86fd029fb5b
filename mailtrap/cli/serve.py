"""`serve`: every setting as a flag, and what a person or a script is told once everything listens."""

from __future__ import annotations

import errno
import gc
import json
import logging
import os
import re
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mailtrap.cli.sandboxes import reachable
from mailtrap.cli.terminal import Failure, block, line, say, styled
from mailtrap.errors import SettingsError
from mailtrap.settings import TABLE, Row, Settings, load

#: Objects that come into being and stay, by which one looks for cycles among them: Python's own 700 is for programs
#: that make many.
COLLECTED_AFTER = 10_000


class _Serve(click.Command):
    """Shows its options in the groups of the table."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups = {row.name: row.group for row in TABLE}
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record:
                sections.setdefault(groups.get(parameter.name or "", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def _flag(row: Row) -> click.Option:
    default = row.write(row.default)
    help_ = row.help + (f"  [default: {default}]" if default and row.kind != "switch" else "")
    if row.kind == "switch":
        return click.Option([f"{row.flag}/--no-{row.key}", row.name], default=None, help=help_)
    # The table checks values itself, the same way wherever they come from.
    kind = "|".join(row.choices) or row.kind.upper()
    return click.Option([row.flag, row.name], metavar=kind, help=help_)


@click.command(cls=_Serve, params=[_flag(row) for row in TABLE])
@click.option("--config", type=click.Path(path_type=Path), help="Settings in TOML; default: mailtrap.toml if there.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write addresses there once everything listens.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as one line of JSON instead of the banner.")
def serve(config: Path | None, ready_file: Path | None, as_json: bool, **flags: Any) -> None:
    """Take mail, show it, relay none of it.

    A flag beats the environment (--smtp-port: MAILTRAP_SMTP_PORT), which beats the file (smtp-port = 1025). Sizes may
    be written 50MB, durations 30s, 5m, 2h, 7d. SIGTERM and Ctrl-C let messages on their way in finish; once more ends
    it at once.
    """
    settings = load(flags, os.environ, config)
    from mailtrap.server import Server

    _log_to_stderr(settings.log_level)
    asked_to_stop = _on_signals()
    try:
        server = Server(settings)
        addresses = server.start()
        _collect_rarely()
    except (OSError, SettingsError) as error:
        raise _cannot_start(error, settings) from error
    written = ""
    try:
        facts = ready(settings, addresses, server.about.ca_file)
        written = json.dumps(facts) + "\n"
        if ready_file is not None:
            _write(ready_file, written)
        if as_json:
            click.echo(written, nl=False)
        else:
            _banner(facts, settings)
        asked_to_stop.recv(1)
        if not as_json:
            say("Stopping: messages on their way in may finish.")
    finally:
        server.stop()
        if ready_file is not None:
            _take_back(ready_file, written)


class _LogLines(logging.Formatter):
    """Log lines which nothing from a mail or a client can break in two or colour."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name logging calls
        record.message = line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return block(super().formatException(ei))


def _collect_rarely() -> None:
    """What there is now stays to the end, and little of what comes is in cycles: looking for them costs 3 % of all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER)


def _log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_LogLines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("mailtrap").setLevel(level.upper())


def _on_signals() -> socket.socket:
    """Has something to read after the first SIGTERM or SIGINT. The second one ends the process.

    The kernel may give a signal to any thread, and only the main one runs handlers: waiting for a lock it would not be
    woken, waiting for an octet that the interpreter writes at once, whichever thread it is in, it is.
    """
    asked, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.detach(), warn_on_full_buffer=False)
    numbers = (signal.SIGTERM, signal.SIGINT)

    def stop(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)

    for number in numbers:
        signal.signal(number, stop)
    return asked


def ready(settings: Settings, addresses: Mapping[str, tuple[str, int]], ca_file: str) -> dict[str, Any]:
    """What the ready file says: a port for each service, and how to reach them.

    `{"smtp": 1025, "smtps": 1465, "pop3": 1110, "pop3s": 1995, "imap": 1143, "imaps": 1993, "web": 8025,
    "host": "127.0.0.1", "urls": {"smtp": "smtp://127.0.0.1:1025", …}, "pid": 7, "ca_file": "/…/ca.pem",
    "database": ":temp:"}`; `host` is one to connect to.
    """
    urls = {}
    for name, (host, port) in addresses.items():
        scheme = ("https" if settings.web_tls else "http") if name == "web" else name
        urls[name] = f"{scheme}://{reachable(host)}:{port}" + (settings.base_path if name == "web" else "")
    ports = {name: port for name, (_, port) in addresses.items()}
    host = reachable(settings.host).strip("[]")
    database = settings.database if settings.is_temporary else os.path.abspath(settings.database)
    about = {"host": host, "urls": urls, "pid": os.getpid(), "ca_file": ca_file, "database": database}
    return {**ports, **about}


def _banner(facts: Mapping[str, Any], settings: Settings) -> None:
    login = {
        "any": "any user and password, or none",
        "required": "required, any user and password",
        "off": "not offered",
    }[settings.auth]
    if settings.auth_file:
        login = f"those of {settings.auth_file}"
    web = ", with the api-token as password" if settings.api_token else ""
    web = f", as {settings.web_user}" if settings.web_user else web
    kept = "goes with this process; --database FILE keeps one" if settings.is_temporary else facts["database"]
    rows = [
        ("SMTP", f"{facts['host']} port {facts['smtp']}, plain or STARTTLS"),
        ("SMTP, TLS", f"{facts['host']} port {facts['smtps']}"),
        ("POP3", f"{facts['host']} port {facts['pop3']}, plain or STLS; over TLS port {facts['pop3s']}"),
        ("IMAP", f"{facts['host']} port {facts['imap']}, plain or STARTTLS; over TLS port {facts['imaps']}"),
        ("Login", login),
        ("Look", facts["urls"]["web"] + ("" if settings.base_path else "/") + web),
        ("Trust", f"{facts['ca_file']} (where the client checks certificates)"),
        ("Database", kept),
    ]
    click.echo(styled("mailtrap takes every message and relays none. Point your application at:", bold=True))
    for name, value in rows:
        click.echo(f"  {name:<11}{line(value)}")
    from mailtrap.web.exposure import is_loopback

    if not is_loopback(settings.host):
        click.echo(f"  {'Open to':<11}other machines too: listening on {line(settings.host)}")
    where = "" if facts["smtp"] == 1025 else f" --smtp {facts['host']}:{facts['smtp']}"
    click.echo(f"Try it: {line(this_command())} send --sample{where}")


def this_command() -> str:
    """How to call this program again: `mailtrap` if that finds it, else as it was called: `.venv/bin/mailtrap`."""
    called = Path(sys.argv[0])
    if called.name != "mailtrap":
        return f"{Path(sys.executable).name} -m mailtrap" if called.name == "__main__.py" else "mailtrap"
    found = shutil.which("mailtrap")
    return "mailtrap" if found and called.exists() and os.path.samefile(found, called) else shlex.quote(str(called))


def _write(path: Path, text: str) -> None:
    """Whole or not at all: who waits for the file must never read half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, "utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Failure(f"cannot write {path}: {error.strerror}", "give --ready-file another path") from error


def _take_back(path: Path, text: str) -> None:
    """A file that another server has put in our place meanwhile stays."""
    try:
        if path.read_text("utf-8") == text:
            path.unlink()
    except OSError:
        pass  # gone already, which is what we want


# ------------------------------------------------------------------------------------- what keeps it from starting


def _cannot_start(error: OSError | SettingsError, settings: Settings) -> Exception:
    cause = error if isinstance(error, OSError) else error.__cause__
    if not isinstance(cause, OSError):
        return error
    message, hint = str(error), getattr(error, "hint", "see --database and --state-dir")
    if error is cause:
        where = f"{cause.filename}: " if cause.filename else ""
        message = f"cannot start: {where}{cause.strerror or cause}"
    if cause.errno != errno.EADDRINUSE:
        return Failure(message, hint)
    ports = {getattr(settings, row.name) for row in TABLE if row.kind == "port"}
    holders = [_holder(port) for port in ports if re.search(rf":{port}\b", message)]
    return Failure(message + "".join(holders), hint)


def _holder(port: int) -> str:
    """` by nginx (pid 12)`, where the system tells us, which is Linux only."""
    wanted = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listening(table, port)}
    for process in Path("/proc").glob("[0-9]*") if wanted else ():
        try:
            if any(os.readlink(link) in wanted for link in (process / "fd").iterdir()):
                return f" by {line((process / 'comm').read_text().strip())} (pid {process.name})"
        except OSError:
            continue  # not ours to look at, or gone
    return ""


def _listening(table: str, port: int) -> list[str]:
    try:
        rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    except OSError:
        return []
    # Columns of proc(5): sl local_address rem_address st … inode; 0A is LISTEN.
    fields = [row.split() for row in rows]
    return [row[9] for row in fields if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]
