"""The documentation's tables of scenarios and of addresses that mean something, printed from what is in force."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mailtrap.faults.addresses import TAGS
from mailtrap.faults.rule import COLLECTING_STEPS, Effect, Fault, Step
from mailtrap.faults.scenario import Scenario
from mailtrap.faults.scenarios import PLACEHOLDERS, SCENARIOS
from mailtrap.faults.testing_domains import DOMAINS, SERVICES

#: What a rule says besides step, effect and name.
_HOW_OFTEN = ("first", "skip", "every", "nth", "lasting", "probability", "per", "bucket", "concurrent", "greylist")


def markdown_replies() -> str:
    """Scenarios that are one reply of a provider or a server."""
    rows = [
        (f"`{one.name}`", _at(one), _again(one), one.provider, _said(one.effect), one.help)
        for one in SCENARIOS.values()
        if one.provider and one.step not in COLLECTING_STEPS
    ]
    return _table(("scenario", "at", "try again?", "as said by", "reply", "when they say so"), rows)


def markdown_behaviours() -> str:
    """Scenarios that do something else, or more."""
    rows = [
        (f"`{one.name}`", _at(one), one.help, _rules(one))
        for one in SCENARIOS.values()
        if not one.provider and one.step not in COLLECTING_STEPS
    ]
    return _table(("scenario", "at", "what happens", "how often, unless told otherwise"), rows)


def markdown_collecting() -> str:
    """Scenarios of POP3 and IMAP."""
    rows = [
        (f"`{one.name}`", _at(one), one.provider, _said(one.effect), one.help, _rules(one))
        for one in SCENARIOS.values()
        if one.step in COLLECTING_STEPS
    ]
    return _table(("scenario", "at", "as said by", "answer", "what happens", "how often, unless told otherwise"), rows)


def markdown_placeholders() -> str:
    """What may stand in braces in a text."""
    return _table(("write", "to say"), [(f"`{{{name}}}`", help_) for name, help_ in PLACEHOLDERS.items()])


def markdown_tags() -> str:
    """What a sub-address may say."""
    return _table(("address", "what happens"), [(f"`ana+{tag}@…`", help_) for tag, help_ in TAGS.items()])


def markdown_services() -> str:
    """The test addresses of mail services."""
    rows = [
        (SERVICES[domain], f"`{mailbox}@{domain}`", told(rule))
        for domain, rules in DOMAINS.items()
        for mailbox, rule in rules.items()
    ]
    return _table(("service", "address", "here"), rows)


def told(rule: Fault) -> str:
    """What the delivery makes of a rule, in a few words."""
    effect = rule.effect
    if effect.scenario:
        return f"As scenario `{effect.scenario}`"
    if effect.reply is not None:
        code = f"{effect.reply.code} {effect.reply.status}"
        return f"Deferred once with {code}, then delivered" if rule.first else f"The delivery fails with {code}"
    if effect.unreachable:
        return f"The delivery fails: {effect.unreachable}"
    if effect.complaint is not None:
        return "Delivered; a complaint comes back"
    if effect.auto_reply is not None:
        return f"Delivered; an automatic reply comes back: “{effect.auto_reply.text}”"
    return "Delivered"


def _at(one: Scenario) -> str:
    return f"{one.step.value}, or anywhere" if one.anywhere else one.step.value


def _again(one: Scenario) -> str:
    return {True: "yes", False: "no", None: ""}[one.retryable]


def _said(effect: Effect) -> str:
    reply = effect.reply
    if reply is None:
        return f"`{effect.answer}`" if effect.answer else ""
    text = f"{reply.code} {reply.status} {reply.text}" if reply.status else f"{reply.code} {reply.text}"
    return f"`{' '.join(text.split())}`"


def _rules(one: Scenario) -> str:
    lines = []
    for rule in one.as_rules:
        often = [f"{name} {_value(value)}" for name in _HOW_OFTEN if (value := getattr(rule, name)) != _default(name)]
        said = ", ".join(often) or "always"
        lines.append(said if len(one.as_rules) == 1 else f"{rule.step.value}: {said}")
    return "; ".join(lines)


def _default(name: str) -> object:
    return getattr(Fault(Step.RCPT, Effect()), name)


def _value(value: object) -> str:
    if isinstance(value, msgspec.Struct):
        return ", ".join([f"{name} {_value(getattr(value, name))}" for name in value.__struct_fields__])
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "".join([f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines])
