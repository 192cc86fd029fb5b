"""`wait` and `assert`: for scripts that test mail; exit code 0 if it is so, 1 if not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, get_args

import click

from mailtrap import telling
from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import print_json, say
from mailtrap.client import Json
from mailtrap.client.refusal import RefusedStep

_UNITS = ("messages", "recipients")

#: Options that two commands share.
_QUERY = click.option("--query", "-q", "more", default="", help="The same as QUERY.")
_INBOX = click.option("--inbox", metavar="NAME", help="Only mail in this inbox.")
_AFTER = click.option(
    "--after", metavar="ID", type=click.IntRange(0), help="Only messages newer than this one; `cursor` of --json."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print what the API answers, also where it is not so.")


class Unmet(click.ClickException):
    """It is not so; what is told goes to stderr as it is."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Print it."""
        say(self.message)


@click.command(short_help="Wait for mail.")
@click.argument("query", nargs=-1)
@_QUERY
@_INBOX
@click.option(
    "--count", "-n", default=1, show_default=True, type=click.IntRange(1, 10_000), help="How many must match."
)
@click.option("--unit", default="messages", show_default=True, type=click.Choice(_UNITS), help="What is counted.")
@click.option("--refused", is_flag=True, help="Wait until something that matches is refused.")
@click.option("--step", type=click.Choice(get_args(RefusedStep)), help="With --refused: at this step.")
@click.option("--code", metavar="CODE", help="With --refused: with this reply, or class (4yz, 5yz), or 0 for none.")
@click.option("--status", metavar="X.Y.Z", help="With --refused: with this enhanced status.")
@click.option("--fault", metavar="ID", help="With --refused: by this rule.")
@_AFTER
@click.option("--timeout", "-t", type=click.FloatRange(0, 600), help="Seconds to wait at most [10].")
@click.option("--none", is_flag=True, help="Succeed if nothing matches; see --within.")
@click.option(
    "--within", type=click.FloatRange(0, 600), help="With --none: for how long, in seconds [--timeout, or 2]."
)
@_JSON
@url_option
def wait(
    query: Sequence[str],
    more: str,
    inbox: str | None,
    count: int,
    unit: str,
    refused: bool,
    after: int | None,
    timeout: float | None,
    none: bool,
    within: float | None,
    as_json: bool,
    url: str | None,
    **narrower: str | None,
) -> None:
    """Wait until messages match QUERY, and print them a line each; they may be there already.

    Where none comes in time, what did arrive is told, which messages came near and why they do not match, and who was
    refused meanwhile. QUERY is what `mailtrap list` takes.

    With --refused it waits for refusals instead, and tells what else was refused, and what was accepted. QUERY may then
    ask for envelope and client and, where the content had come, for subject, to, cc and message-id.

    Exit codes: 0 it came (with --none: nothing did), 1 it did not, 2 wrong usage, 3 no sandbox answers.
    """
    if within is not None and not none:
        raise click.UsageError("--within goes with --none; say --timeout for how long to wait.")
    if none and (count != 1 or unit != "messages"):
        raise click.UsageError("With --none nothing is counted: leave --count and --unit out.")
    if refused and unit != "messages":
        raise click.UsageError("With --refused it is refusals that are counted: leave --unit out.")
    if not refused and any(narrower.values()):
        raise click.UsageError("--step, --code, --status and --fault go with --refused.")
    asked: dict[str, object] = {"inbox": inbox, "after": after, **narrower}
    asked |= {"timeout": timeout} | ({"none": True, "within": within} if none else {"count": count})
    with connect(url) as client:
        if refused:
            answer = client.wait_refused(_joined(query, more), **asked)
        else:
            answer = client.wait(_joined(query, more), **asked, **({} if none else {"unit": unit}))
    _finish(answer, "error" in answer, as_json)


def _finish(answer: Json, failed: bool, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        if failed:
            raise click.exceptions.Exit(1)
    elif failed:
        raise Unmet(telling.told(answer))
    else:
        for message in answer.get("messages", ()):
            click.echo(telling.message_line(message))
        for refusal in answer.get("refusals", ()):
            click.echo(telling.refusal_line(refusal))


def _joined(query: Sequence[str], more: str) -> str:
    return " ".join([part for part in (*query, more) if part.strip()])


def _attachment(text: str) -> dict[str, object]:
    """`terms.pdf`, or `filename=terms.pdf,type=application/pdf,size=1234`."""
    if "=" not in text:
        return {"filename": text}
    found: dict[str, object] = {}
    for pair in text.split(","):
        name, _, value = pair.partition("=")
        if name not in ("filename", "type", "size", "sha256") or not value:
            raise click.BadParameter(f"{pair!r}: give filename=, type=, size= or sha256=")
        found[name] = _number(value) if name == "size" else value
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise click.BadParameter(f"{text!r} is no number of octets")
    return int(text)


def _header(text: str) -> dict[str, object]:
    """`Name`, or `Name: value`."""
    name, colon, value = text.partition(":")
    return {"name": name.strip(), "value": value.strip()} if colon else {"name": name.strip()}


def _either(text: str) -> bool | str:
    return {"yes": True, "no": False}.get(text, text)


#: Option → what it takes, how its value becomes that of the expectation, help.
_EXPECTATIONS: dict[str, tuple[str, Callable[[str], object], str]] = {
    "subject": ("TEXT", str, "The subject is exactly this."),
    "subject-matches": ("REGEX", str, "The subject matches."),
    "from": ("ADDRESS", str, "From names this address."),
    "to": ("ADDRESS", str, "To names this address."),
    "cc": ("ADDRESS", str, "Cc names this address."),
    "reply-to": ("ADDRESS", str, "Reply-To names this address."),
    "rcpt": ("ADDRESS", str, "This is an envelope recipient."),
    "text-contains": ("TEXT", str, "The text contains this, however it is broken into lines."),
    "text-matches": ("REGEX", str, "The text matches."),
    "html-contains": ("TEXT", str, "The HTML source contains this."),
    "html-matches": ("REGEX", str, "The HTML source matches."),
    "link-to": ("URL", str, "A link begins so (or, where this is no whole address, contains it)."),
    "code": ("yes|no|CODE", _either, "There is a one-time code, or this one."),
    "attachment": ("NAME|KEYS", _attachment, "An attachment: its name, or filename=…,type=…,size=…,sha256=…."),
    "header": ("NAME[: VALUE]", _header, "A header field, with exactly this value."),
    "order": ("QUERY", str, "Given twice or more: messages match these queries in this order."),
}


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, (metavar, _, help_) in reversed(_EXPECTATIONS.items()):
        parameter = f"expect_{name.replace('-', '_')}"
        command = click.option(f"--{name}", parameter, metavar=metavar, multiple=True, help=help_)(command)
    return command


@click.command("assert", short_help="Check that mail is as expected.")
@click.argument("query", nargs=-1)
@_QUERY
@_INBOX
@_AFTER
@click.option(
    "--timeout", "-t", default=0.0, show_default=True, type=click.FloatRange(0, 600), help="Seconds to wait for it."
)
@_options
@click.option("--attachments", type=click.IntRange(0), help="It has so many attachments.")
@click.option("--aligned/--not-aligned", default=None, help="Author and sender are of one domain (SPF for DMARC).")
@click.option("--count", type=click.IntRange(0), help="Exactly so many messages match QUERY.")
@click.option("--expect", metavar="JSON", multiple=True, help='An expectation as the API has it: \'{"to": "a@b"}\'.')
@_JSON
@url_option
def assert_(
    query: Sequence[str],
    more: str,
    inbox: str | None,
    after: int | None,
    timeout: float,
    attachments: int | None,
    aligned: bool | None,
    count: int | None,
    expect: Sequence[str],
    as_json: bool,
    url: str | None,
    **wanted: Sequence[str],
) -> None:
    """Check that a message which matches QUERY is as the options say; all of them together.

    Of several messages it is enough that one is so. What is otherwise is told on stderr, expected over actual. QUERY
    alone says that there is one; as from `mailtrap wait`, it is printed, or what came near is told.

    Exit codes: 0 it is so, 1 it is not, 2 wrong usage, 3 no sandbox answers.
    """
    expectations = _expectations(wanted)
    for name, value in (("attachments", attachments), ("aligned", aligned), ("count", count)):
        if value is not None:
            expectations.append({name: value})
    expectations += map(_read, expect)
    wished = _joined(query, more)
    if not (expectations or wished):
        raise click.UsageError("Nothing is expected: give a QUERY, or say --subject, --to, --count … (see --help).")
    with connect(url) as client:
        if not expectations:
            answer = client.wait(wished, inbox=inbox, after=after, timeout=timeout)
            _finish(answer, "error" in answer, as_json)
            return
        given = {"inbox": inbox, "after": None if after is None else str(after), "timeout": timeout}
        answer = client.assert_(expectations, wished, **given)  # noqa: PT009 - a verb
    _finish(answer if as_json or not answer["ok"] else {"messages": _one(answer)}, not answer["ok"], as_json)


def _one(answer: Json) -> list[Json]:
    return [answer["message"]] if answer["message"] else list(answer["messages"])


def _expectations(wanted: dict[str, Sequence[str]]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for name, (_, read, _) in _EXPECTATIONS.items():
        values = wanted[f"expect_{name.replace('-', '_')}"]
        if name == "order":
            if len(values) == 1:
                raise click.UsageError("--order is given twice or more, once for each message.")
            found += [{"order": list(values)}] if values else []
        else:
            found += [{name: read(value)} for value in values]
    return found


def _read(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise click.BadParameter(f'{text[:100]!r} is no expectation: give one like {{"subject": "Welcome"}}')
    return value
