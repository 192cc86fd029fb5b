"""Which rule would answer, and why each of the others would not; counts nothing."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mailtrap.clock import rfc3339
from mailtrap.faults.conditions import Evidence, failing
from mailtrap.faults.counting import Counting
from mailtrap.faults.matching import Rule
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Fault
from mailtrap.inboxes import is_in
from mailtrap.query import Searchable
from mailtrap.query.terms import FIELDS, Kind
from mailtrap.query.tree import And, Everything, Exact, Glob, Node, Not, Number, Or, Size, Time, Words

#: Characters of a value that are told.
_LONGEST = 200


class Explanation(Struct, frozen=True):
    """Whether a rule would answer, and if not, why (`why` says what stood in the way, in words).

    At most one of a list answers. `fault` has id 0 where an address means something.
    """

    fault: Fault
    answers: bool
    why: str


def explain(rules: Sequence[Rule], occasion: Occasion, counting: Counting, suspended: bool) -> list[Explanation]:
    """One for each rule, in order."""
    evidence = Evidence(occasion)
    found: list[Explanation] = []
    answering: Fault | None = None
    for rule in rules:
        why = "all rules are switched off" if suspended else _against(rule, occasion, evidence, counting)
        if why:
            found.append(Explanation(rule.fault, False, why))
        elif answering is not None:
            found.append(Explanation(rule.fault, False, f"it matches, but {_called(answering)} comes first"))
        else:
            answering = rule.fault
            passes = "it lets this pass, and no later rule is asked" if rule.effect.passes else "it answers"
            found.append(Explanation(rule.fault, True, passes))
    return found


def _called(fault: Fault) -> str:
    if not fault.id:
        return f"the address {fault.name}"
    return f"rule {fault.id} ({fault.name})" if fault.name else f"rule {fault.id}"


def _against(rule: Rule, occasion: Occasion, evidence: Evidence, counting: Counting) -> str:
    fault = rule.fault
    if not fault.enabled:
        return "it is switched off"
    if fault.step is not occasion.step:
        return f"it waits for step {fault.step.value}; this is {occasion.step.value}"
    if fault.inbox and not is_in(fault.inbox, occasion.inbox):
        return f"it belongs to inbox {fault.inbox[:_LONGEST]}; this is {occasion.inbox[:_LONGEST]}"
    condition = rule.condition
    if not condition.facts.matches(evidence.facts):
        return _unmet(condition.facts, evidence.facts)
    if not isinstance(condition.content, Everything):
        whole = evidence.whole
        if whole is None:
            return f"`{_cut(str(condition.content))}` needs the content of the message, which is not known here"
        if not condition.content.matches(whole):
            return _unmet(condition.content, whole)
    return counting.passes(fault, occasion)


def _unmet(node: Node, record: Searchable) -> str:
    node = failing(node, lambda inner: inner.matches(record))
    if isinstance(node, Not):
        return f"`{_cut(str(node))}` does not hold, for `{_cut(str(node.node))}` does{_there(node.node, record)}"
    return f"`{_cut(str(node))}` does not hold{_there(node, record)}"


def _there(node: Node, record: Searchable) -> str:
    """What was there instead, if that can be said in a few words."""
    if isinstance(node, Or | And):
        fields = {inner.field for inner in node.nodes if isinstance(inner, Words | Exact | Glob)}
        first = node.nodes[0]
        return _there(first, record) if len(fields) == 1 and all(map(_is_plain, node.nodes)) else ""
    match node:
        case Size():
            return f": it has {record.message.size} octets"
        case Time():
            return f": it is {rfc3339(record.message.arrival.at)}"
        case Number():
            return f": it is {record.message.id if node.field == 'id' else record.message.arrival.session}"
        case Words(field="subject") | Exact(field="subject"):
            return f": it is {_cut(record.message.heading.subject) or 'empty'}"
        case Words() | Exact() | Glob() if node.field in FIELDS:
            return _listed(node.field, record)
    return ""


def _is_plain(node: Node) -> bool:
    return isinstance(node, Words | Exact | Glob)


def _listed(field: str, record: Searchable) -> str:
    kind = FIELDS[field].kind
    if kind is Kind.ADDRESS:
        values = [mailbox.address or mailbox.name for mailbox in record.mailboxes(field)]
    elif kind is Kind.WHOLE:
        values = list(record.values(field))
    else:
        return ""
    told = ", ".join([value for value in dict.fromkeys(values) if value][:10])
    return f": it is {_cut(told) or 'empty'}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
