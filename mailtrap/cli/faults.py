"""`faults`: the ordered rules of a running sandbox, and the scenarios there are."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mailtrap.cli.groups import Commands
from mailtrap.cli.rules import STEPS, in_words, rule_of, rule_options
from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import binary_input, line, print_json, say, styled
from mailtrap.client import Client, Json

_json = click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")


@click.group(cls=Commands, invoke_without_command=True, short_help="Make things go wrong: rules, scenarios.")
@click.pass_context
def faults(context: click.Context) -> None:
    """Make things go wrong, exactly as told. Rules are asked in their order; the first that matches answers.

    What is changed holds from the next command of every session on. Without a COMMAND it lists the rules.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@faults.command("list", short_help="List the rules in their order.")
@click.option("--inbox", metavar="NAME", help="Those that may answer in this inbox.")
@_json
@url_option
def list_(inbox: str | None, as_json: bool, url: str | None) -> None:
    """List the rules in the order in which they are asked: id, step, hits, when, what happens."""
    with connect(url) as client:
        answer = client.faults(inbox)
    if as_json:
        print_json(answer)
        return
    for rule in answer["faults"]:
        _print(rule)
    if not answer["on"]:
        say("All of them are switched off: `mailtrap faults on` switches them on.")
    elif not answer["faults"] and sys.stderr.isatty():
        say("Nothing goes wrong: there is no rule.")


def _print(rule: Json) -> None:
    where = f" [{line(rule['inbox'])}]" if rule["inbox"] else ""
    name = f"{line(rule['name'])}: " if rule["name"] else ""
    text = "\t".join(
        (rule["id"], rule["step"] + where, str(rule["hits"]), line(rule["when"]), name + line(in_words(rule)))
    )
    if rule.get("origin"):
        text += f"\t(from {line(rule['origin'])})"
    click.echo(text if rule["enabled"] else styled(text + "\t(off)", dim=True))


@faults.command(short_help="Add a rule.")
@rule_options
@click.option("--before", metavar="ID", help="Ask it before this rule; default: after all.")
@click.option("--off", is_flag=True, help="Do not switch it on yet.")
@_json
@url_option
def add(before: str | None, off: bool, as_json: bool, url: str | None, **flags: Any) -> None:
    """Add a rule; what happens, for whom, how often.

    \b
    mailtrap faults add --step rcpt --when rcpt:bob@x.test --reply '550 5.1.1 No such user'
    mailtrap faults add --step end-of-data --reply '451 4.3.0 Try again' --first 2 --per sender
    mailtrap faults add --step end-of-data --disconnect after-store --first 1
    mailtrap faults add --scenario gmail-rate-ip --when domain:gmail.com
    mailtrap faults add --step pop3.login --when login:ana --answer '-ERR [IN-USE] Locked' --first 2
    """
    rule = rule_of(flags) | ({"enabled": False} if off else {})
    with connect(url) as client:
        if "step" in rule:
            added = [client.add_fault(rule, before=before)]
        else:
            name = rule.pop("effect")["scenario"]
            added = client.add_scenario(name, before=before, **rule)["faults"]
    if as_json:
        print_json({"faults": added})
    else:
        for one in added:
            _print(one)


@faults.command(short_help="Remove rules.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@_json
@url_option
def remove(ids: Sequence[str], as_json: bool, url: str | None) -> None:
    """Remove rules by their ids."""
    with connect(url) as client:
        for id_ in ids:
            client.remove_fault(id_)
    if as_json:
        print_json({"count": len(ids)})
    else:
        say(f"Removed {len(ids)}.")


@faults.command(short_help="Remove all rules.")
@click.option("--inbox", metavar="NAME", help="Only those confined to this inbox.")
@click.option("--all", "all_", is_flag=True, help="Every one.")
@_json
@url_option
def clear(inbox: str | None, all_: bool, as_json: bool, url: str | None) -> None:
    """Remove the rules of one inbox, or all."""
    if bool(inbox) == all_:
        raise click.UsageError("Which rules? Give --inbox or --all.")
    with connect(url) as client:
        answer = client.clear_faults(inbox=inbox, all=all_)
    if as_json:
        print_json(answer)
    else:
        say(f"Removed {answer['count']}.")


@faults.command(short_help="Switch rules on.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@_json
@url_option
def on(ids: Sequence[str], as_json: bool, url: str | None) -> None:
    """Switch these rules on; without an id let rules answer again."""
    with connect(url) as client:
        _switch(client, ids, True, as_json)


@faults.command(short_help="Switch rules off.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@_json
@url_option
def off(ids: Sequence[str], as_json: bool, url: str | None) -> None:
    """Switch these rules off; without an id let none of them answer for now."""
    with connect(url) as client:
        _switch(client, ids, False, as_json)


def _switch(client: Client, ids: Sequence[str], on: bool, as_json: bool) -> None:
    if ids:
        _tell([client.enable_fault(id_, on) for id_ in ids], as_json)
        return
    answer = client.switch_faults(on)
    if as_json:
        print_json(answer)
    else:
        say("Rules answer." if on else "No rule answers.")


def _tell(rules: Sequence[Json], as_json: bool) -> None:
    if as_json:
        print_json({"faults": rules})
        return
    for rule in rules:
        _print(rule)


@faults.command(short_help="Change the order.")
@click.argument("id_", metavar="ID")
@click.argument("place", type=click.IntRange(1))
@_json
@url_option
def move(id_: str, place: int, as_json: bool, url: str | None) -> None:
    """Let a rule be asked at this place; the first is 1."""
    with connect(url) as client:
        _tell([client.move_fault(id_, place - 1)], as_json)


@faults.command(short_help="Let rules count anew.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@_json
@url_option
def rewind(ids: Sequence[str], as_json: bool, url: str | None) -> None:
    """Let these rules, or all, count anew: the first two are the next two again."""
    with connect(url) as client:
        if ids:
            _tell([client.rewind_faults(id_) for id_ in ids], as_json)
            return
        answer = client.rewind_faults()
    if as_json:
        print_json(answer)
    else:
        say("All of them count anew.")


@faults.command("import", short_help="Add the rules of a file.")
@click.argument("path", type=click.Path(exists=True, allow_dash=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "-f", "format_", type=click.Choice(["toml", "mailpit", "mailhog"]), help="Default: found by looking."
)
@click.option("--inbox", metavar="NAME", help="Confine them to this inbox.")
@_json
@url_option
def import_(path: Path, format_: str | None, inbox: str | None, as_json: bool, url: str | None) -> None:
    """Add the rules of a TOML file, of Mailpit's chaos triggers or of MailHog's Jim settings (JSON); `-` is stdin."""
    octets = binary_input().read() if str(path) == "-" else path.read_bytes()
    document = octets.decode("utf-8", "replace")
    if not document.strip():
        raise click.BadParameter(
            "it is empty; write [[fault]] with step and effect, see docs/failures.md", param_hint="PATH"
        )
    with connect(url) as client:
        answer = client.import_faults(document, format_ or _format(document), inbox=inbox)
    if as_json:
        print_json(answer)
    else:
        for rule in answer["faults"]:
            _print(rule)


def _format(document: str) -> str:
    if re.match(r"\s*\w+:[0-9]+:[0-9]+", document):
        return "mailpit"
    try:
        found = json.loads(document)
    except ValueError:
        return "toml"
    names = {name.lower() for name in found} if isinstance(found, dict) else set()
    return "mailhog" if any(name.endswith(("chance", "affect")) for name in names) else "mailpit"


@faults.command(short_help="Say which rule would answer.")
@click.option("--step", type=STEPS, help="At this step; default: at each one where a rule would.")
@click.option("--from", "sender", metavar="ADDRESS", help="The sender; '' is the null one.")
@click.option("--to", "recipient", metavar="ADDRESS", help="The recipient in question.")
@click.option("--message", metavar="ID", help="Everything else as with this message.")
@click.option("--inbox", metavar="NAME", help="Mail for this inbox.")
@click.option("--listener", metavar="NAME", help="smtp, smtps, pop3 …")
@click.option("--peer", metavar="ADDRESS", help="The client's address.")
@click.option("--helo", metavar="NAME", help="What it said in EHLO.")
@click.option("--login", metavar="USER", help="Who has logged in.")
@click.option("--subject", metavar="TEXT", help="Of a message that is not stored.")
@click.option("--tls/--plain", "tls", default=None, help="Whether the connection is protected.")
@click.option("--size", type=click.IntRange(0), help="Octets of the message.")
@click.option("--attempt", type=click.IntRange(0), help="Which attempt to deliver; default 1.")
@click.option("--host", metavar="NAME", help="The simulated host of the attempt.")
@_json
@url_option
def explain(step: str | None, as_json: bool, url: str | None, **facts: Any) -> None:
    """Say which rule would answer, and why the others would not. Counts nothing."""
    given = {name: value for name, value in facts.items() if value is not None}
    steps = [step] if step else list(STEPS.choices)
    with connect(url) as client:
        told = {one: client.explain_faults(one, **given) for one in steps}
        is_well = not step and not any(explained["answer"] for explained in told.values())
        rules = client.faults() if is_well and not as_json else {}
    if as_json:
        print_json(told[step] if step else told)
        return
    for one, explained in told.items():
        if step or explained["answer"]:
            _print_explained(one, explained)
    if is_well:
        say(f"Nothing would go wrong{_why_none(rules)}")


def _why_none(rules: Json) -> str:
    if not rules["on"]:
        return ": all rules are switched off; `mailtrap faults on` switches them on."
    return "; --step STEP says why not." if rules["faults"] else ": there is no rule."


def _print_explained(step: str, explained: Json) -> None:
    answer = explained["answer"]
    if answer:
        click.echo(styled(f"{step}: {_named(answer)}: {line(in_words(answer))}", bold=True))
    else:
        click.echo(f"{step}: nothing goes wrong")
    for rule in explained["rules"]:
        click.echo(f"  {_named(rule)}: {line(rule['why'])}")


def _named(rule: Json) -> str:
    return (
        line(f"rule {rule['fault']}" + (f" ({rule['name']})" if rule["name"] else ""))
        if rule["fault"]
        else line(rule["name"])
    )


@faults.command(short_help="List the failures that have a name.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print them as the API has them.")
def scenarios(names: Sequence[str], as_json: bool) -> None:
    """List the failures that have a name, all or those whose name begins so. Needs no running sandbox.

    Columns: name, step, reply, whether a client should try again, what it is.
    """
    from difflib import get_close_matches

    import msgspec

    from mailtrap.faults.scenarios import SCENARIOS

    wanted = tuple([name.lower() for name in names]) or ("",)
    found = [
        one
        for one in SCENARIOS.values()
        if not wanted
        or any(text.lower().startswith(name) for name in wanted for text in (one.name, one.provider) if text)
    ]
    if as_json:
        print_json(
            {
                "scenarios": [
                    {
                        **{"provider": one.provider, "retryable": one.retryable, "anywhere": one.anywhere},
                        **{"name": one.name, "step": one.step, "help": one.help},
                        **{"effect": msgspec.to_builtins(one.effect), "faults": msgspec.to_builtins(one.faults())},
                    }
                    for one in found
                ]
            }
        )
        return
    for one in found:
        retry = {True: "retry", False: "no retry", None: ""}[one.retryable]
        effect = in_words({"effect": msgspec.to_builtins(one.effect)})
        click.echo("\t".join((one.name, one.step, line(effect), retry, one.help)))
    if not found:
        near = [one for name in wanted for one in get_close_matches(name, SCENARIOS, n=3)]
        say("No scenario begins so." + (f" Did you mean {' or '.join(near[:3])}?" if near else ""))
