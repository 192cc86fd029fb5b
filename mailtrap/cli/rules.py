"""Rules on the command line: flags to the rule they mean, and a rule in a few words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args, get_type_hints

import click

from mailtrap.client import Json
from mailtrap.faults.rule import Effect, Fault, Step

_Command = TypeVar("_Command", bound=Callable[..., Any])

_REPLY = re.compile(r"([2-5][0-9][0-9])(?:[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3}))?(?:\s+(.*))?", re.ASCII | re.DOTALL)
_AMOUNT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-z]{0,2})", re.ASCII | re.IGNORECASE)
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_OCTETS = {"": 1.0, "b": 1.0, "kb": 1024.0, "mb": 1_048_576.0}


def _words(struct: type, field: str) -> list[str]:
    """What a field of few words can be, but for "nothing"."""
    return [word for word in get_args(get_type_hints(struct)[field]) if word]


def duration(text: str) -> float:
    """`5m` in seconds. Raises BadParameter."""
    return _amount(text, _SECONDS, "no duration; write it as 500ms, 5s, 2m, 1h or 5d")


def octets(text: str) -> int:
    """`2KB` in octets. Raises BadParameter."""
    return int(_amount(text, _OCTETS, "no size; write it as 2000, 2KB or 1MB"))


def reply(text: str) -> Json:
    """`550 5.1.1 No such user` as the API has it. Raises BadParameter."""
    found = _REPLY.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is no reply; write it as '550 5.1.1 No such user'.")
    said = {"code": int(found[1]), "status": found[2], "text": found[3]}
    return {name: part for name, part in said.items() if part}


def bucket(text: str) -> Json:
    """`10/60s` as the API has it. Raises BadParameter."""
    capacity, slash, each = text.partition("/")
    if not slash or not re.fullmatch("[0-9]{1,9}", capacity, re.ASCII):
        raise click.BadParameter(f"{text!r} is no rate; write it as 10/60s.")
    return {"capacity": int(capacity), "seconds": duration(each)}


def numbers(text: str) -> list[int]:
    """`1,3,4`. Raises BadParameter."""
    if not re.fullmatch("[0-9]{1,9}(,[0-9]{1,9})*", text, re.ASCII):
        raise click.BadParameter(f"{text!r} are no numbers; write them as 1,3,4.")
    return [int(one) for one in text.split(",")]


def _amount(text: str, units: Mapping[str, float], otherwise: str) -> float:
    found = _AMOUNT.fullmatch(text.strip())
    unit = None if found is None else units.get(found[2].lower())
    if found is None or unit is None:
        raise click.BadParameter(f"{text!r} is {otherwise}.")
    return float(found[1]) * unit


STEPS = click.Choice([step.value for step in Step])


def _choice(struct: type, field: str) -> click.Choice[str]:
    return click.Choice(_words(struct, field))


#: Flags in the order of the help.
_OPTIONS = (
    click.option("--step", type=STEPS, help="Where it may answer; with --scenario by default where that belongs."),
    click.option("--when", default="", metavar="QUERY", help="For whom, such as rcpt:bob@x.test or domain:x.test."),
    click.option("--reply", type=reply, metavar="REPLY", help="Say this: '550 5.1.1 No such user'."),
    click.option(
        "--answer", metavar="LINE", help="The same of POP3 and IMAP: '-ERR [IN-USE] Locked', 'NO [LIMIT] Wait'."
    ),
    click.option("--scenario", metavar="NAME", help="What this scenario does; see `mailtrap faults scenarios`."),
    click.option("--delay", type=duration, metavar="TIME", help="Answer so much later: 500ms, 5s, 2m."),
    click.option("--stall", is_flag=True, help="Never answer."),
    click.option("--throttle", type=octets, metavar="SIZE", help="Read and write no more in a second: 2KB."),
    click.option("--disconnect", type=_choice(Effect, "disconnect"), help="Close the connection then."),
    click.option("--reset", is_flag=True, help="Close it by RST."),
    click.option("--after", type=octets, metavar="SIZE", help="Within content: after so many octets of it."),
    click.option("--early-talker", type=duration, metavar="TIME", help="At greeting: who talks sooner is refused."),
    click.option(
        "--hide", multiple=True, metavar="KEYWORD", help="At ehlo, pop3.capa, imap.capability: do not offer this."
    ),
    click.option("--offer", multiple=True, metavar="LINE", help="There: offer this besides; both repeatable."),
    click.option("--tls", type=_choice(Effect, "tls"), help="At starttls: what is wrong with it."),
    click.option("--malformed", type=_choice(Effect, "malformed"), help="What is wrong with the reply."),
    click.option("--discard", is_flag=True, help="Say 250 and keep nothing."),
    click.option("--pass", "passes", is_flag=True, help="Nothing goes wrong, and no later rule is asked."),
    click.option("--route", multiple=True, metavar="HOST", help="At route: this host takes the mail; repeatable."),
    click.option("--unreachable", type=_choice(Effect, "unreachable"), help="At attempt: why nobody is reached."),
    click.option("--bounce", type=reply, metavar="REPLY", help="At delivered: this comes back."),
    click.option("--complaint", is_flag=True, help="At delivered: a complaint comes back."),
    click.option("--auto-reply", metavar="TEXT", help="At delivered: this answer comes back."),
    click.option("--read", is_flag=True, help="At delivered: a read receipt comes back, if asked for."),
    click.option("--opens", is_flag=True, help="At delivered: somebody opens it."),
    click.option("--clicks", is_flag=True, help="At delivered: somebody follows its links."),
    click.option("--later", type=duration, metavar="TIME", help="So long after the delivery."),
    click.option("--first", type=click.IntRange(0), help="Only the first so many times."),
    click.option("--skip", type=click.IntRange(0), help="Not the first so many times."),
    click.option("--every", type=click.IntRange(0), help="Only every so manieth time."),
    click.option("--nth", type=numbers, metavar="N,N…", help="Only these times: 1,3,4."),
    click.option("--lasting", type=duration, metavar="TIME", help="Only for so long from the first time."),
    click.option("--probability", type=click.FloatRange(0, 1), help="Only with this probability."),
    click.option("--seed", type=int, help="Another seed, another run of luck."),
    click.option("--per", type=_choice(Fault, "per"), help="What times are counted for; default rule."),
    click.option("--bucket", type=bucket, metavar="N/TIME", help="Let so many pass in a time: 10/60s."),
    click.option("--concurrent", type=click.IntRange(0), help="Let so many be at once."),
    click.option("--greylist", type=duration, metavar="TIME", help="Let pass who comes back after this time."),
    click.option("--inbox", default="", metavar="NAME", help="Only in this inbox."),
    click.option("--name", default="", help="A name for it."),
    click.option("--rule", metavar="JSON", help="The rule as the API has it; flags go on top."),
)

_EFFECTS: tuple[str, ...] = (
    *("reply", "scenario", "delay", "stall", "throttle", "disconnect", "reset", "after", "tls", "malformed"),
    *("discard", "unreachable", "early_talker", "route", "answer"),
)
_COMES_BACK = ("bounce", "auto_reply", "complaint", "read", "opens", "clicks")
_OFTEN = ("first", "skip", "every", "nth", "lasting", "probability", "seed", "per", "bucket", "concurrent")


def rule_options(command: _Command) -> _Command:
    """Adds the flags that make a rule; the command gets them as `**flags`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def rule_of(flags: Mapping[str, Any]) -> Json:
    """The rule that the flags mean, as the API takes it; without a step where that follows from its scenario."""
    rule = _document(flags["rule"])
    rule |= {name: flags[name] for name in ("step", "when", "inbox", "name") if flags[name]}
    rule |= {name: flags[name] for name in _OFTEN if flags[name] is not None}
    if flags["greylist"] is not None:
        rule["greylist"] = {"delay": flags["greylist"]}
    rule["effect"] = {**rule.get("effect", {}), **_effect(flags)}
    if not rule["effect"]:
        raise click.UsageError("What should happen? Give --reply, --scenario, --delay, --disconnect … (see --help).")
    if "step" not in rule and list(rule["effect"]) != ["scenario"]:
        raise click.UsageError("Where? Give --step: rcpt, end-of-data, attempt …")
    return rule


def _document(text: str | None) -> Json:
    if text is None:
        return {}
    try:
        rule = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"that is not JSON: {error}", param_hint="--rule") from None
    if not isinstance(rule, dict) or not isinstance(rule.get("effect", {}), dict):
        raise click.BadParameter("a rule is an object", param_hint="--rule")
    return rule


def _effect(flags: Mapping[str, Any]) -> Json:
    effect: Json = {}
    for name in _EFFECTS:
        if flags[name]:
            effect[name.replace("_", "-")] = flags[name]
    if flags["passes"]:
        effect["pass"] = True
    if flags["hide"] or flags["offer"]:
        collects = str(flags["step"]).startswith(("pop3.", "imap."))
        effect["capabilities" if collects else "ehlo"] = {"hide": flags["hide"], "add": flags["offer"]}
    if flags["later"] and not any(flags[name] for name in _COMES_BACK):
        named = ", ".join([f"--{name.replace('_', '-')}" for name in _COMES_BACK])
        raise click.UsageError(f"--later is for what comes back after a delivery: {named}; --delay is for replies.")
    after = {"after": flags["later"]} if flags["later"] else {}
    if flags["bounce"]:
        effect["bounce"] = flags["bounce"] | after
    if flags["auto_reply"]:
        effect["auto-reply"] = {"text": flags["auto_reply"]} | after
    for name in _COMES_BACK[2:]:
        if flags[name]:
            effect[name] = dict(after)
    return effect


def in_words(rule: Json) -> str:
    """What happens and how often, in a few words for one line."""
    words = _pieces(rule["effect"])
    often = {name: rule[name] for name in (*_OFTEN, "greylist") if name in rule}
    if often.get("per") == "rule":
        del often["per"]
    if often.get("probability") is None:
        often.pop("seed", None)
    return "; ".join([*words, *_pieces(often)])


def _pieces(values: Json) -> list[str]:
    return [_piece(name, value) for name, value in values.items() if value not in (None, "", 0, False, [])]


def _piece(name: str, value: Any) -> str:
    if name == "answer":
        return str(value)
    if name == "reply":
        return " ".join(" ".join([str(value[key]) for key in ("code", "status", "text") if value.get(key)]).split())
    if isinstance(value, dict):
        return f"{name} {' '.join(_pieces(value))}".rstrip()
    if isinstance(value, list):
        return f"{name} {','.join(map(str, value))}"
    if value is True:
        return name
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
