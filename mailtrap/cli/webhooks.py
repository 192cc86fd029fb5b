"""`webhooks`: who is told of what happens to mail, whether they listen, and what could not be delivered to them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import click

from mailtrap.cli.groups import Commands
from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import Failure, line, print_json, say
from mailtrap.client import Client, Json

_json = click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
_SHAPES = ("mailtrap", "sendgrid", "mailgun", "postmark", "ses", "resend", "smtp")
_TEST = b"From: mailtrap@localhost\r\nTo: webhook@localhost\r\nSubject: A test of webhooks\r\n\r\nNothing more.\r\n"
#: Seconds between two looks at whether a webhook has taken its event.
_PAUSE = 0.1


@click.group(cls=Commands, invoke_without_command=True, short_help="Tell the application what happens to its mail.")
@click.pass_context
def webhooks(context: click.Context) -> None:
    """Tell the application what happens to its mail: signed, in order for each message, again until it is taken.

    Without a COMMAND it lists who is told.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@webhooks.command("list")
@_json
@url_option
def list_(as_json: bool, url: str | None) -> None:
    """List who is told: id, shape, URL, kinds of events, inbox."""
    with connect(url) as client:
        answer = client.webhooks()
    if as_json:
        print_json(answer)
        return
    for one in answer["webhooks"]:
        click.echo(_in_words(one))
    if not answer["webhooks"] and sys.stderr.isatty():
        say("Nobody is told: `mailtrap webhooks add URL` adds somebody.")
    if answer["lost"]:
        say(f"{answer['lost']} events were too many to be kept, and are lost.")


def _in_words(one: Json) -> str:
    where = f"\tin {line(one['inbox'])}" if one["inbox"] else ""
    return f"{one['id']}\t{one['shape']}\t{line(one['url'])}\t{','.join(one['kinds'])}{where}"


@webhooks.command(short_help="Add one: a URL that is told.")
@click.argument("target", metavar="URL")
@click.option("--shape", type=click.Choice(_SHAPES), help="Whose events these look like; default mailtrap.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="captured, refused, bounced …; repeatable.")
@click.option("--inbox", metavar="NAME", help="Only of messages in this inbox.")
@click.option("--secret", metavar="TEXT", help="To sign with; one is made without it.")
@_json
@url_option
def add(
    target: str,
    shape: str | None,
    kinds: Sequence[str],
    inbox: str | None,
    secret: str | None,
    as_json: bool,
    url: str | None,
) -> None:
    """Tell URL of what happens from now on. Prints its id, and what signatures are checked with."""
    wishes = {"shape": shape, "kinds": list(kinds) or None, "inbox": inbox, "secret": secret}
    with connect(url) as client:
        made = client.add_webhook(target, **{name: wish for name, wish in wishes.items() if wish is not None})
    if as_json:
        print_json(made)
        return
    click.echo(_in_words(made))
    for name in ("secret", "public_key", "certificate"):
        if made[name]:
            click.echo(f"{name.replace('_', ' ')}\t{line(made[name])}")


@webhooks.command(short_help="Remove some: they are told no more.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@_json
@url_option
def remove(ids: Sequence[str], as_json: bool, url: str | None) -> None:
    """Tell these no more, also of what still waits for them."""
    with connect(url) as client:
        gone = [client.remove_webhook(id_) for id_ in ids]
    if as_json:
        print_json({"webhooks": gone})
    else:
        say(f"Removed {len(gone)}.")


@webhooks.command(short_help="See whether it listens.")
@click.argument("id_", metavar="ID")
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0), help="Seconds to wait for it.")
@url_option
def test(id_: str, timeout: float, url: str | None) -> None:
    """Put a message into the sandbox, and wait until the webhook has taken the event of it."""
    with connect(url) as client:
        target = client.webhook(id_)
        if "captured" not in target["kinds"]:
            raise click.UsageError(
                f"Webhook {id_} is not told of messages that are captured, so it cannot be tested so."
            )
        kept = client.post(_TEST, recipients=["webhook@localhost"], inbox=target["inbox"] or None)
        event = _settled(client, id_, str(kept["id"]), timeout)
    if event is not None and event["state"] == "delivered":
        say(f"It took the event, and answered {event['status'] or 'nothing'}.")
        return
    why = line(event["error"]) if event is not None and event["error"] else "it was not told within the time"
    raise Failure(f"it did not take the event: {why}", "`mailtrap webhooks failed --all` tells what is tried again")


def _settled(client: Client, webhook: str, message: str, timeout: float) -> Json | None:
    """The event of this message, once it was taken, has failed, or the time is over."""
    until = time.monotonic() + timeout
    found: Json | None = None
    while time.monotonic() < until:
        for state in ("delivered", "waiting", "dead"):
            events = client.webhook_events(state=state, webhook=webhook)["events"]
            for event in events:
                if event["message"] == message:
                    found = dict(event)
                    if state != "waiting" or event["tries"]:
                        return found
        time.sleep(_PAUSE)
    return found


@webhooks.command(short_help="List what could not be delivered.")
@click.option("--webhook", metavar="ID", default="", help="Only for this one.")
@click.option("--all", "all_", is_flag=True, help="What still waits, too.")
@click.option("--replay", is_flag=True, help="Send the dead letters again.")
@click.option("--limit", "-n", default=50, show_default=True, type=click.IntRange(1, 500), help="How many, the newest.")
@_json
@url_option
def failed(webhook: str, all_: bool, replay: bool, limit: int, as_json: bool, url: str | None) -> None:
    """List dead letters: id, webhook, state, kind, message, tries, last answer, what went wrong."""
    with connect(url) as client:
        if replay:
            ids = [webhook] if webhook else [one["id"] for one in client.webhooks()["webhooks"]]
            count = sum([client.replay_webhook(id_) for id_ in ids])
            if as_json:
                print_json({"count": count})
            else:
                say(f"{count} are on their way again.")
            return
        answer = client.webhook_events(state="" if all_ else "dead", webhook=webhook, limit=limit)
    if as_json:
        print_json(answer)
        return
    for event in answer["events"]:
        words = (
            *(event["id"], event["webhook"], event["state"], event["kind"], event["message"] or "-"),
            *(str(event["tries"]), str(event["status"] or "-"), line(event["error"])),
        )
        click.echo("\t".join(words))
    if not answer["events"] and sys.stderr.isatty():
        say("Nothing has failed." if not all_ else "Nothing has failed, and nothing waits.")
