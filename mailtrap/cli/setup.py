"""`ca`, `password`, `settings`, `healthcheck`: what is around the server rather than in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import Failure, line, print_json
from mailtrap.client import Unreachable

_config = click.option("--config", type=click.Path(path_type=Path), help="As for serve: settings in TOML.")


@click.command(short_help="Print the path of the CA file to trust.")
@click.option("--pem", is_flag=True, help="Print the certificate itself.")
@click.option("--state-dir", type=click.Path(), help="As for serve: where the certificate is kept.")
@_config
def ca(pem: bool, state_dir: str | None, config: Path | None) -> None:
    """Print the path of the CA file to trust, making certificate and CA if there are none yet.

    For instance: SSL_CERT_FILE=$(mailtrap ca) your-application
    """
    from mailtrap.net.tls import ca_file
    from mailtrap.settings import load

    path = Path(ca_file(load({"state_dir": state_dir}, os.environ, config)))
    click.echo(path.read_text("ascii").rstrip("\n") if pem else str(path))


@click.command(short_help="Print a line for the auth-file.")
@click.argument("user")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from stdin, without asking.")
def password(user: str, from_stdin: bool) -> None:
    """Ask for a password and print the line USER:HASH for the file of the setting auth-file."""
    from mailtrap.net.sasl import hash_password

    if ":" in user or not user.isprintable() or not user:
        raise click.UsageError("USER is one line and has no colon.")
    if from_stdin:
        secret = sys.stdin.readline().rstrip("\r\n")
    else:
        secret = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if not secret:
        raise Failure("the password is empty", "type one, or pipe one in with --stdin")
    click.echo(f"{user}:{hash_password(secret)}")


@click.command(short_help="Print the settings in effect.")
@_config
@click.option("--json", "as_json", is_flag=True, help="Print an object by setting.")
def settings(config: Path | None, as_json: bool) -> None:
    """Print the settings as `mailtrap serve` would use them here, from environment and file; secrets are masked."""
    from mailtrap.settings import TABLE, load

    effective = load({}, os.environ, config)
    rows = []
    for row in TABLE:
        value = getattr(effective, row.name)
        rows.append(
            (row.key, "***" if row.kind == "secret" and value else value, row.write(value), value != row.default)
        )
    if as_json:
        print_json({key: value for key, value, _, _ in rows})
        return
    width = max(len(key) for key, *_ in rows)
    for key, value, written, changed in rows:
        shown = value if value == "***" else written
        click.echo(line(f"{'*' if changed else ' '} {key:<{width}}  {shown}").rstrip())


@click.command(short_help="Exit 0 if the sandbox is ready.")
@url_option
def healthcheck(url: str | None) -> None:
    """Exit 0 if a message sent now would be kept, else 1: the HEALTHCHECK of a container."""
    # Docker knows 0 and 1 only, so that here "no sandbox answers" is 1 too.
    try:
        with connect(url, timeout=5) as client:
            if client.ready():
                return
    except Unreachable as error:
        raise Failure(str(error), error.hint) from error
    raise Failure(f"{client.url} is not ready", "its log says why")
