"""`list`, `show`, `delete`: what is in the sandbox, over its API."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import click

from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import Failure, binary_output, block, cut, line, print_json, say, size, styled
from mailtrap.client import Client, Json
from mailtrap.errors import NotFound


@click.command("list")
@click.argument("query", nargs=-1)
@click.option("--limit", "-n", default=50, show_default=True, type=click.IntRange(1), help="How many, the newest.")
@click.option("--all", "all_", is_flag=True, help="All that match.")
@click.option("--inbox", metavar="NAME", help="Only in this inbox.")
@click.option("--json", "as_json", is_flag=True, help='Print {"messages": […], "total": n} as the API has it.')
@url_option
def list_(query: Sequence[str], limit: int, all_: bool, inbox: str | None, as_json: bool, url: str | None) -> None:
    """List messages that match QUERY, newest first.

    QUERY is what the search box takes: words, "phrases", -not, OR, from:, subject:, has:attachment … Put `--` before
    a query that starts with a minus. On a terminal lines are cut to its width; elsewhere fields are separated by tabs.
    """
    with connect(url) as client:
        asked = " ".join(query)
        found = client.messages(asked, inbox=inbox, limit=None if all_ else limit)
        if as_json:
            messages = list(found)
            total = client.page(asked, inbox=inbox, limit=1)["total"]
            print_json({"messages": messages, "total": total})
            return
        row = _columns if sys.stdout.isatty() else _tabs
        count = 0
        for message in found:
            click.echo(row(message))
            count += 1
        if not count and sys.stderr.isatty():
            say("No message matches." if asked or inbox else "No message yet: point your application at the sandbox.")


def _tabs(message: Json) -> str:
    envelope = message["envelope"]
    fields = (
        message["id"],
        message["received_at"],
        envelope["from"],
        ",".join(envelope["to"]),
        message["subject"] or "",
    )
    return "\t".join(line(field) for field in fields)


def _columns(message: Json) -> str:
    width = shutil.get_terminal_size().columns
    who = _mailbox(message["from"]) or message["envelope"]["from"] or "<>"
    to = ", ".join(message["envelope"]["to"])
    id_, at = f"{message['id']:>6}", message["received_at"][:19].replace("T", " ")
    rest = max(width - len(id_) - len(at) - 8, 30)
    first, second = rest // 4, rest // 4
    text = f"{cut(who, first)}  {cut(to, second)}  {cut(message['subject'] or '(no subject)', rest - first - second)}"
    return f"{styled(id_, dim=True)}  {styled(at, dim=True)}  {styled(text.rstrip(), bold=not message['seen'])}"


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--raw", "what", flag_value="raw", help="The exact octets, and nothing else.")
@click.option("--html", "what", flag_value="html", help="The HTML as it was sent, decoded.")
@click.option("--headers", "what", flag_value="headers", help="All header fields.")
@click.option("--transcript", "what", flag_value="transcript", help="The SMTP dialogue that brought it.")
@click.option("--json", "what", flag_value="json", help="Everything the API says about it (or about the dialogue).")
@url_option
def show(id_: str, what: str | None, url: str | None) -> None:
    """Show one message: envelope, header, text.

    ID is a number from `mailtrap list`, or `latest`. Control characters from the mail are shown escaped, except with
    --raw.
    """
    if id_ != "latest" and not (id_.isascii() and id_.isdecimal()):
        raise click.BadParameter(f"{id_!r} is no id: give a number from `mailtrap list`, or `latest`.", param_hint="ID")
    with connect(url) as client:
        id_ = _latest(client) if id_ == "latest" else id_
        if what == "raw":
            output = binary_output()
            client.raw_to(id_, output)
            output.flush()
        elif what == "transcript":
            show_transcript(client.transcript(id_))
        else:
            message = client.get(id_)
            # The API cuts long texts in the message's JSON; they are to be had whole by their own URL.
            for name in message.get("truncated") or ():
                message[name] = (client.text(id_) if name == "text" else client.html(id_)).decode("utf-8", "replace")
            message["truncated"] = []
            _show(message, what)


def _latest(client: Client) -> str:
    for message in client.messages(limit=1):
        return str(message["id"])
    raise NotFound("there is no message yet", "send one with `mailtrap send --sample`")


def _show(message: Json, what: str | None) -> None:
    if what == "json":
        print_json(message)
    elif what == "headers":
        for field in message["header"]:
            click.echo(f"{styled(line(field['name']) + ':', bold=True)} {line(field['value'])}")
    elif what == "html":
        if not message.get("html"):
            raise Failure(f"message {message['id']} has no HTML", "leave out --html to see its text")
        click.echo(block(message["html"]).rstrip("\n"))
    else:
        _show_for_people(message)


def _show_for_people(message: Json) -> None:
    envelope = message["envelope"]
    rows = [
        ("From", _mailbox(message["from"])),
        ("To", ", ".join(_mailbox(mailbox) for mailbox in message["to"])),
        ("Cc", ", ".join(_mailbox(mailbox) for mailbox in message["cc"])),
        ("Subject", message["subject"] or ""),
        ("Received", f"{message['received_at']}, {size(message['size'])}"),
        ("Envelope", f"<{envelope['from']}> → {', '.join(envelope['to'])}"),
        ("SHA-256", message["sha256"]),
        ("Tags", ", ".join(message.get("tags") or ())),
        ("Defects", ", ".join(message.get("defects") or ())),
    ]
    for part in message.get("parts") or ():
        if part.get("filename") or part.get("disposition") == "attachment":
            name = part.get("filename") or f"part {part['path']}"
            rows.append(("Attachment", f"{name} ({part['type']}, {size(part['size'])})"))
    rows += _extracted(message)
    for name, value in rows:
        if value:
            click.echo(styled(f"{name}:".ljust(12), bold=True) + " " * (len(name) > 10) + line(value))
    text = message.get("text") or ""
    if text:
        click.echo("\n" + block(text).rstrip("\n"))
    elif message.get("html"):
        click.echo("\n" + styled("(only HTML: see --html)", dim=True))


def _extracted(message: Json) -> list[tuple[str, str]]:
    """What a person is likely to have opened the message for: codes, links that do something, invitations."""
    rows = [("Code", f"{one['code']} ({one['reason']})") for one in message.get("codes") or ()]
    links = [one for one in message.get("links") or () if one["kind"] in ("verify", "reset", "unsubscribe")]
    rows += [(one["kind"].capitalize(), one["href"]) for one in links[:10]]
    for calendar in message.get("calendar") or ():
        rows += [
            ("Event", f"{one['summary']}, {one['starts_at']} {one['zone']}".rstrip()) for one in calendar["events"]
        ]
    if message.get("preheader"):
        rows.append(("Preview", message["preheader"][:200]))
    return rows


def _mailbox(mailbox: Json | None) -> str:
    if not mailbox:
        return ""
    name, address = mailbox.get("name") or "", mailbox.get("address") or ""
    return f"{name} <{address}>" if name else address


def show_transcript(session: Json) -> None:
    """Print what was said, line by line."""
    for entry in session["lines"]:
        mark = styled(f"{entry['side']}:", dim=entry["side"] == "S")
        spoke = styled(f"  (rule {entry['fault']})", dim=True) if entry.get("fault") else ""
        for text in entry["text"].splitlines() or [""]:
            click.echo(f"{styled(entry['at'][11:23], dim=True)} {mark} {line(text)}{spoke}")
    if not session["lines"]:
        say("No dialogue is kept: it came by HTTP or by an import, or is older than max-sessions.")
    if verdict := session.get("verdict"):
        click.echo(f"{styled('The client:', bold=True)} {verdict['judgement']}")
        for finding in verdict["findings"]:
            click.echo(f"  {line(finding)}")


@click.command(short_help="Delete messages.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--query", "-q", default="", help="What matches, instead of ids (or of these ids, what matches).")
@click.option("--all", "all_", is_flag=True, help="Everything.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
@url_option
def delete(ids: Sequence[str], query: str, all_: bool, as_json: bool, url: str | None) -> None:
    """Delete messages: by id, by query, or everything."""
    # A query of blanks is none: it must not be taken for "everything".
    query = query.strip()
    if not ids and not query and not all_:
        raise click.UsageError("Nothing to delete: give ids, --query or --all.")
    if (ids or query) and all_:
        raise click.UsageError("--all is everything: it goes with neither ids nor --query.")
    with connect(url) as client:
        answer = client.delete_matching(query, ids=ids, all=all_)
    if as_json:
        print_json(answer)
    else:
        say(f"Deleted {answer['count']}.")
