"""`deliveries`: what became of messages after their 250, simulated."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import line, print_json, say, styled
from mailtrap.client import Json

_OUTCOMES = ("queued", "deferred", "delivered", "bounced", "expired", "complained", "discarded")


@click.command(short_help="List simulated deliveries.")
@click.argument("query", nargs=-1)
@click.option("--outcome", type=click.Choice(_OUTCOMES), help="Only those that ended, or stand, so.")
@click.option("--message", metavar="ID", help="Only of this message.")
@click.option("--to", "recipient", metavar="ADDRESS", help="Only to this recipient.")
@click.option("--inbox", metavar="NAME", help="Only of messages in this inbox.")
@click.option("--limit", "-n", default=50, show_default=True, type=click.IntRange(1), help="How many, the newest.")
@click.option("--timeline", is_flag=True, help="Every step of the way.")
@click.option("--json", "as_json", is_flag=True, help='Print {"deliveries": […]} as the API has it.')
@url_option
def deliveries(
    query: Sequence[str],
    outcome: str | None,
    message: str | None,
    recipient: str | None,
    inbox: str | None,
    limit: int,
    timeline: bool,
    as_json: bool,
    url: str | None,
) -> None:
    """List what became of messages after their 250, for each recipient: message, recipient, outcome, tries, last reply.

    QUERY leaves those of messages that match, as in `mailtrap list`. Nothing has really been sent to anybody.
    """
    if list(query) == ["list"]:
        query = ()  # as with `faults list` and `inboxes list`
    with connect(url) as client:
        found = list(
            client.deliveries(
                " ".join(query), outcome=outcome, message=message, recipient=recipient, inbox=inbox, limit=limit
            )
        )
    if as_json:
        print_json({"deliveries": found})
        return
    for delivery in found:
        _print(delivery)
        if timeline:
            for step in delivery["timeline"]:
                click.echo(f"  {styled(step['at'], dim=True)}  {step['what']:<10}  {line(step['text'])}".rstrip())
    if not found and sys.stderr.isatty():
        say("No delivery." if not query else "No message matches.")


def _print(delivery: Json) -> None:
    last = delivery["attempts"][-1] if delivery["attempts"] else {}
    reply = " ".join(str(last[name]) for name in ("code", "status", "text") if last.get(name))
    fields = [delivery["message"], delivery["recipient"], delivery["outcome"], str(delivery["tries"]), reply]
    if delivery["due"]:
        fields.append(f"next {delivery['due']}")
    click.echo("\t".join(line(field) for field in fields))
