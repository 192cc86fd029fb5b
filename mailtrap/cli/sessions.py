"""`sessions`: what clients said, how it ended, and what to think of them."""

from __future__ import annotations

import sys

import click

from mailtrap.cli.look import show_transcript
from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import line, print_json, say
from mailtrap.client import Client, Json

#: How a session may have ended, or stand.
OUTCOMES = ("open", "quit", "refused", "fault", "aborted", "closed", "timeout", "error", "shutdown")
#: Sessions asked for at once.
_PAGE = 500


@click.command(short_help="List sessions: what clients said.")
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only those that ended so.")
@click.option(
    "--judgement", type=click.Choice(["good", "doubtful", "bad", "open"]), help="Only those with this verdict."
)
@click.option("--fault", metavar="ID", help="Only those in which this rule spoke.")
@click.option("--limit", "-n", default=50, show_default=True, type=click.IntRange(1), help="How many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
@url_option
def sessions(
    id_: str | None,
    outcome: str | None,
    judgement: str | None,
    fault: str | None,
    limit: int,
    as_json: bool,
    url: str | None,
) -> None:
    """List sessions of SMTP, POP3 and IMAP, newest first: id, start, client, outcome, messages kept, verdict and why.

    With an ID show the dialogue of one.
    """
    with connect(url) as client:
        if id_ is not None:
            _show(client.session(id_), as_json)
            return
        found = _found(client, limit, {"outcome": outcome, "judgement": judgement, "fault": fault})
    if as_json:
        print_json({"sessions": found})
        return
    for session in found:
        _print(session)
    if not found and sys.stderr.isatty():
        say("No session.")


def _found(client: Client, limit: int, wanted: dict[str, str | None]) -> list[Json]:
    found: list[Json] = []
    before: str | None = None
    while len(found) < limit:
        page = client.sessions(limit=min(limit - len(found), _PAGE), before=before, **wanted)
        found += page["sessions"]
        before = page["next"]
        if not before:
            break
    return found


def _verdict(session: Json) -> str:
    verdict = session["verdict"]
    return f"{verdict['judgement']}: {'; '.join(verdict['findings'])}" if verdict else ""


def _print(session: Json) -> None:
    who = f"{session['peer']} {session['helo']}".rstrip()
    fields = (session["id"], session["started_at"], who, session["outcome"], ",".join(session["messages"]))
    click.echo("\t".join(line(field) for field in (*fields, _verdict(session))))


def _show(session: Json, as_json: bool) -> None:
    if as_json:
        print_json(session)
        return
    show_transcript(session)
