"""The wire shapes of rules and scenarios: what is sent to the API about failures, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from mailtrap.faults.checking import switched_on
from mailtrap.faults.explaining import Explanation
from mailtrap.faults.rule import (
    Bucket,
    Count,
    Effect,
    Fault,
    Greylist,
    InboxName,
    Nth,
    Per,
    Probability,
    Seconds,
    Seed,
    Step,
    When,
)
from mailtrap.faults.scenario import Scenario
from mailtrap.faults.scenarios import resolve
from mailtrap.mistakes import form
from mailtrap.web.wire import Id, id_or_none

_Line = Annotated[str, form(r"^[^\x00-\x1f\x7f]*$", "one line without control characters"), Meta(max_length=200)]
_Address = Annotated[str, Meta(max_length=1000)]
_Given = msgspec.UnsetType


class FaultBody(Fault, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="kebab"):
    """One rule: at `step`, for what `when` (a query) matches, `effect` happens; how often, the other fields say.

    `id`, `hits` and `origin` are not taken from here, so that what was answered can be changed and sent back.
    """

    id: Annotated[str | int, Meta(description="Ignored: the address says which rule")] = ""  # type: ignore[assignment]
    hits: Annotated[int, Meta(description="Ignored")] = 0
    origin: Annotated[str, Meta(description="Ignored")] = ""

    def fault(self) -> Fault:
        """The rule, as yet without an id."""
        return Fault(**{name: getattr(self, name) for name in Fault.__struct_fields__ if name != "id"})


class FaultShape(Fault, frozen=True, forbid_unknown_fields=False, omit_defaults=False, rename="kebab"):
    """One rule as it stands. `hits` counts how often it has answered since it was made, changed or rewound.

    `origin` is the file it comes from, where it has to be changed; empty for one that can be changed here.
    """

    id: Id = ""  # type: ignore[assignment]  # on the wire ids are text
    hits: Annotated[int, Meta(ge=0)] = 0
    origin: str = ""


class FaultList(Struct):
    """Rules in the order in which they are asked. While `on` is false none of them answers."""

    faults: list[FaultShape]
    on: bool


class FaultChange(Struct, forbid_unknown_fields=True):
    """What to change about a rule; what is left out stays as it is."""

    enabled: bool | _Given = msgspec.UNSET
    place: Annotated[int, Meta(ge=0, le=1_000_000, description="Where it stands, from 0")] | _Given = msgspec.UNSET


class Switch(Struct, forbid_unknown_fields=True):
    """Whether rules answer at all."""

    on: bool


class Removed(Struct):
    """How many rules went."""

    count: int


class Import(Struct, forbid_unknown_fields=True):
    """Rules as others write them: `mailpit` (chaos triggers), `mailhog` (Jim), or our own file (`toml`)."""

    format: Annotated[str, form("^(toml|mailpit|mailhog)$", "toml, mailpit or mailhog")]
    document: Annotated[
        str | dict[str, Any], Meta(description="The text of the file, or the object it holds where it is JSON")
    ]
    inbox: Annotated[InboxName, Meta(description="Confine the rules to this inbox")] = ""


class ScenarioShape(Struct):
    """A failure with a name. `retryable` says whether a client should try again; null where no reply says so.

    `faults` are the rules that switch it on; where it is `anywhere` they make as much sense at other steps.
    """

    name: str
    step: Step
    provider: str
    help: str
    retryable: bool | None
    anywhere: bool
    effect: Effect
    faults: list[Fault]


class ScenarioList(Struct):
    """Every scenario there is."""

    scenarios: list[ScenarioShape]


class ScenarioOn(Struct, forbid_unknown_fields=True):
    """For whom to switch a scenario on, and how often, as a rule says it; what is left out is as the scenario has it.

    Without `step` it is where the scenario belongs, or RCPT where `when` asks for what is not known before.
    """

    when: Annotated[When, Meta(description="A query; empty for everyone")] = ""
    inbox: InboxName = ""
    step: Step | _Given = msgspec.UNSET
    name: _Line | _Given = msgspec.UNSET
    first: Count | _Given = msgspec.UNSET
    skip: Count | _Given = msgspec.UNSET
    every: Count | _Given = msgspec.UNSET
    nth: Nth | _Given = msgspec.UNSET
    lasting: Seconds | _Given = msgspec.UNSET
    probability: Probability | _Given = msgspec.UNSET
    seed: Seed | _Given = msgspec.UNSET
    per: Per | _Given = msgspec.UNSET
    bucket: Bucket | _Given = msgspec.UNSET
    concurrent: Count | _Given = msgspec.UNSET
    greylist: Greylist | _Given = msgspec.UNSET
    enabled: bool | _Given = msgspec.UNSET

    def rules(self, scenario: Scenario) -> list[Fault]:
        """The rules to add."""
        rules = switched_on(scenario, self.when, self.inbox)
        given = {
            name: value
            for name in self.__struct_fields__
            if name not in ("when", "inbox") and (value := getattr(self, name)) is not msgspec.UNSET
        }
        return [msgspec.structs.replace(rule, **given) for rule in rules]


class Asking(Struct, forbid_unknown_fields=True):
    """An occasion to explain. With `message` everything not given is as with that message."""

    step: Step
    sender: _Address | _Given = msgspec.UNSET
    recipient: Annotated[_Address, Meta(description="The one in question")] | _Given = msgspec.UNSET
    recipients: Annotated[list[_Address], Meta(max_length=1000)] | _Given = msgspec.UNSET
    inbox: _Line | _Given = msgspec.UNSET
    listener: Annotated[str, Meta(max_length=100)] | _Given = msgspec.UNSET
    peer: Annotated[str, Meta(max_length=100)] | _Given = msgspec.UNSET
    helo: _Address | _Given = msgspec.UNSET
    login: Annotated[_Address, Meta(description="Who has logged in")] | _Given = msgspec.UNSET
    subject: Annotated[_Address, Meta(description="Of a message that is not stored")] | _Given = msgspec.UNSET
    tls: bool | _Given = msgspec.UNSET
    size: Annotated[int, Meta(ge=0, le=2**53)] | _Given = msgspec.UNSET
    attempt: Annotated[int, Meta(ge=0, le=1_000_000)] = 1
    host: _Address = ""
    message: Annotated[Id, Meta(max_length=18)] | _Given = msgspec.UNSET


class AnswerShape(Struct):
    """What would happen. `fault` is null where an address that means something would speak; `name` says which."""

    fault: Id | None
    name: str
    effect: Effect


class RuleExplained(Struct):
    """Whether one rule would answer, and if not why; `fault` is null for an address that means something."""

    fault: Id | None
    name: str
    answers: bool
    why: str


class Explained(Struct):
    """Which rule would answer, null if none; and for each rule, in order, why or why not. Nothing is counted."""

    answer: AnswerShape | None
    rules: list[RuleExplained]


def fault(rule: Fault, hits: int, origin: str = "") -> FaultShape:
    """A rule as it is told."""
    values = {name: getattr(rule, name) for name in Fault.__struct_fields__ if name != "id"}
    return FaultShape(**values, id=str(rule.id), hits=hits, origin=origin)


def explained(found: Iterable[Explanation]) -> Explained:
    """Which rule would answer, and why the others would not."""
    answer: AnswerShape | None = None
    rules: list[RuleExplained] = []
    for one in found:
        rules.append(RuleExplained(id_or_none(one.fault.id), one.fault.name, one.answers, one.why))
        if one.answers:
            answer = AnswerShape(id_or_none(one.fault.id), one.fault.name, resolve(one.fault.effect))
    return Explained(answer, rules)


def scenario(one: Scenario) -> ScenarioShape:
    """A scenario as it is told."""
    return ScenarioShape(
        one.name, one.step, one.provider, one.help, one.retryable, one.anywhere, one.effect, list(one.faults())
    )
