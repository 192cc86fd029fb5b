"""`serve`: every setting as a flag, and what a person or a script is told once everything listens."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mailtrap.cli.sandboxes import reachable
from mailtrap.cli.terminal import Failure, line, say, styled
from mailtrap.settings import TABLE, Row, Settings, load


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

    asked_to_stop = _on_signals()
    try:
        server = Server(settings)
        addresses = server.start()
    except OSError as error:
        raise _cannot_start(error, settings) from error
    try:
        facts = ready(settings, addresses, server.about.ca_file)
        if ready_file is not None:
            _write(ready_file, json.dumps(facts) + "\n")
        if as_json:
            click.echo(json.dumps(facts))
        else:
            _banner(facts, settings)
        asked_to_stop.wait()
        if not as_json:
            say("Stopping: messages on their way in may finish.")
    finally:
        server.stop()
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


def _on_signals() -> threading.Event:
    """Set by the first SIGTERM or SIGINT, before which nothing may be lost. The second one ends the process."""
    asked = threading.Event()

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return asked


def ready(settings: Settings, addresses: Mapping[str, tuple[str, int]], ca_file: str) -> dict[str, Any]:
    """What the ready file says: a port for each service, and how to reach them.

    `{"smtp": 1025, "smtps": 1465, "web": 8025, "host": "127.0.0.1", "urls": {"smtp": "smtp://127.0.0.1:1025", …},
    "pid": 7, "ca_file": "/…/ca.pem", "database": ":temp:"}`; `host` is one to connect to.
    """
    urls = {}
    for name, (host, port) in addresses.items():
        scheme = ("https" if settings.web_tls else "http") if name == "web" else name
        urls[name] = f"{scheme}://{reachable(host)}:{port}" + (settings.base_path if name == "web" else "")
    ports = {name: port for name, (_, port) in addresses.items()}
    host = reachable(settings.host).strip("[]")
    about = {"host": host, "urls": urls, "pid": os.getpid(), "ca_file": ca_file, "database": settings.database}
    return {**ports, **about}


def _banner(facts: Mapping[str, Any], settings: Settings) -> None:
    login = {
        "any": "any user and password, or none",
        "required": "required, any user and password",
        "off": "not offered",
    }[settings.auth]
    if settings.auth_file:
        login = f"those of {settings.auth_file}"
    web = "" if not settings.web_user else f", as {settings.web_user}"
    kept = (
        "goes with this process; --database FILE keeps one"
        if settings.is_temporary
        else os.path.abspath(settings.database)
    )
    rows = [
        ("SMTP", f"{facts['host']} port {facts['smtp']}, plain or STARTTLS"),
        ("SMTP, TLS", f"{facts['host']} port {facts['smtps']}"),
        ("Login", login),
        ("Look", facts["urls"]["web"] + ("" if settings.base_path else "/") + web),
        ("Trust", f"{facts['ca_file']} (where the client checks certificates)"),
        ("Database", kept),
    ]
    click.echo(styled("mailtrap takes every message and relays none. Point your application at:", bold=True))
    for name, value in rows:
        click.echo(f"  {name:<11}{line(value)}")
    click.echo(
        "Try it: mailtrap send --sample" + ("" if facts["smtp"] == 1025 else f" --smtp {facts['host']}:{facts['smtp']}")
    )


def _write(path: Path, text: str) -> None:
    """Whole or not at all: who waits for the file must never read half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, "utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Failure(f"cannot write {path}: {error.strerror}", "give --ready-file another path") from error


# ------------------------------------------------------------------------------------- what keeps it from starting


def _cannot_start(error: OSError, settings: Settings) -> Failure:
    # A port below 1024, an address that is not ours, a port in use: which one it was, the exception often does not say.
    for row in TABLE:
        if row.kind == "port" and (port := getattr(settings, row.name)):
            code = _why_not(settings.host, port)
            if code == errno.EADDRINUSE:
                return Failure(
                    f"port {port} ({row.key}) is in use{_holder(port)}",
                    f"end that, or give {row.flag} 0 for a free one",
                )
            if code == errno.EACCES:
                return Failure(f"port {port} ({row.key}) is not ours to take", f"give {row.flag} one above 1023")
            if code:
                return Failure(
                    f"cannot listen on {settings.host}: {os.strerror(code)}", "give --host an address of this machine"
                )
    where = f"{error.filename}: " if error.filename else ""
    return Failure(f"cannot start: {where}{error.strerror or error}", "see --database and --state-dir")


def _why_not(host: str, port: int) -> int:
    """The errno that keeps us from listening there, 0 for none."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # Linux refuses only here where another socket bound with the same option listens already.
            probe.listen(1)
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    except OSError as error:
        return error.errno or 0
    return 0


def _holder(port: int) -> str:
    """` by nginx (pid 12)`, where the system tells us; Linux only."""
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
