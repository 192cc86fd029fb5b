"""`db`: what can be done to a database file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mailtrap.cli.groups import Commands
from mailtrap.cli.terminal import Failure, Progress, line, print_json, say, size

if TYPE_CHECKING:
    from mailtrap.settings import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(cls=Commands, short_help="Look at, shrink, index anew, verify a database.")
def db() -> None:
    """Work on a database file: the one of --database, else of the settings."""


def _on_a_file(command: _Command) -> _Command:
    """Adds `--database`, `--config` and `--json`."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON."),
        click.option("--config", type=click.Path(path_type=Path), help="As for serve: settings in TOML."),
        click.option("--database", metavar="FILE", help="As for serve: the database file."),
    ):
        command = option(command)
    return command


def _settings(database: str | None, config: Path | None) -> Settings:
    from mailtrap.settings import load

    return load({"database": database}, os.environ, config)


@db.command()
@_on_a_file
def info(database: str | None, config: Path | None, as_json: bool) -> None:
    """Print what is in it. A server may be using it."""
    from mailtrap.clock import rfc3339
    from mailtrap.store import maintenance

    facts: dict[str, Any] = asdict(maintenance.info(_settings(database, config)))
    for name in ("oldest", "newest"):
        facts[name] = rfc3339(facts[name]) if facts[name] is not None else None
    if as_json:
        print_json(facts)
        return
    for name in ("size", "free", "log", "octets"):
        facts[name] = size(facts[name])
    for name, value in facts.items():
        if value is not None:
            click.echo(f"{name.replace('_', ' '):<14} {line(str(value))}")


@db.command()
@_on_a_file
def vacuum(database: str | None, config: Path | None, as_json: bool) -> None:
    """Write it anew without what is unused. No server may be using it."""
    from mailtrap.store import maintenance

    before, after = maintenance.vacuum(_settings(database, config))
    if as_json:
        print_json({"before": before, "after": after})
    else:
        say(f"{size(before)} before, {size(after)} now.")


@db.command()
@_on_a_file
def reindex(database: str | None, config: Path | None, as_json: bool) -> None:
    """Understand and index every message anew. No server may be using it."""
    from mailtrap.store import maintenance

    progress = Progress("Indexed")
    total = maintenance.reindex(_settings(database, config), progress.reach)
    progress.finish("anew")
    if as_json:
        print_json({"messages": total})


@db.command(short_help="Verify its structure and every message.")
@_on_a_file
def check(database: str | None, config: Path | None, as_json: bool) -> None:
    """Verify its structure, and every message's octets against their digest. A server may be using it."""
    from mailtrap.store import maintenance

    progress = Progress("Checked")
    complaints = maintenance.check(_settings(database, config), progress.reach)
    progress.finish("against their digests")
    if as_json:
        print_json({"messages": progress.count, "complaints": complaints})
    else:
        for complaint in complaints:
            click.echo(line(complaint))
    if complaints:
        raise Failure(f"{len(complaints)} complaints", "restore the file from a copy, or export what can still be read")
