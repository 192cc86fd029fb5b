"""Rules as a TOML file writes them: `[[fault]]` tables with the keys that rules have everywhere; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mailtrap.errors import Invalid, QueryError
from mailtrap.faults.checking import checked, of, switched_on
from mailtrap.faults.rule import Fault
from mailtrap.faults.scenarios import scenario

#: Tables of one file that are read.
MOST_RULES = 2000

_EXAMPLE = 'write [[fault]], and below it step = "rcpt", when = "rcpt:bob" and effect = { reply = { code = 550 } }'


def read(text: str, name: str = "") -> list[Fault]:
    """The rules in `text`, in order, without ids. Raises Invalid, which says in which table and at which key.

    Each table is a rule, or with a `scenario` instead of step and effect all the rules that one is made of. `name` is
    that of the file, for what is said.
    """
    lead = f"{name}: " if name else ""
    import tomllib  # which takes longer to import than all that is needed to read rules

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or a number of thousands of digits
        raise Invalid(f"{lead}it is not TOML: {_line(error)}", _EXAMPLE) from None
    strangers = sorted(set(document) - {"fault"})
    if strangers:
        raise Invalid(f"{lead}there is no key `{_line(strangers[0])}` here", _EXAMPLE)
    tables = document.get("fault", [])
    if not isinstance(tables, list):
        raise Invalid(f"{lead}`fault` must be a list of tables", "write [[fault]] with two brackets")
    if len(tables) > MOST_RULES:
        raise Invalid(f"{lead}it has {len(tables)} tables, more than {MOST_RULES}", "let one rule match more")
    rules: list[Fault] = []
    for number, table in enumerate(tables, 1):
        rules += _rules(table, f"{lead}[[fault]] number {number}: ")
    return rules


class _Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """A table that switches a scenario on."""

    scenario: str
    when: str = ""
    inbox: str = ""


def _rules(table: Any, lead: str) -> Sequence[Fault]:
    if isinstance(table, dict) and "id" in table:
        raise Invalid(f"{lead}key `id`: ids are given, not chosen", "leave it out; `name` is for people")
    try:
        if isinstance(table, dict) and "scenario" in table:
            named = of(table, _Scenario)
            return [checked(rule) for rule in switched_on(scenario(named.scenario), named.when, named.inbox)]
        return (checked(of(table, Fault)),)
    except QueryError as error:
        raise Invalid(f"{lead}key `when`: {error}", error.hint) from None
    except Invalid as error:
        raise Invalid(f"{lead}{error}", error.hint) from None


def _line(text: object) -> str:
    """On one line, and not too long: it may quote what was sent."""
    return "".join([c if c.isprintable() else " " for c in str(text)[:300]])
