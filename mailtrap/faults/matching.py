"""The rules of one step, so arranged that those which cannot match cost a look-up for all of them; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct, field

from mailtrap.faults.conditions import Condition, in_question
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Effect, Fault, Step
from mailtrap.mail.arrival import address_of
from mailtrap.mail.message import Heading
from mailtrap.mail.words import fold, words
from mailtrap.query.tree import And, Exact, Glob, Node, Or, Words

#: Values whose rules are remembered, for each kind of value, and how long they may be.
REMEMBERED, LONGEST = 4096, 300


class Rule(Struct, frozen=True):
    """A fault made ready: its effect with the scenario resolved, its condition read. `place` is its turn."""

    place: int
    fault: Fault
    effect: Effect
    condition: Condition


#: What can be looked up in an occasion.
_SOURCES: dict[str, Callable[[Occasion], str]] = {
    "sender": lambda occasion: occasion.sender,
    "helo": lambda occasion: occasion.helo,
    "login": lambda occasion: occasion.login.user if occasion.login else "",
    "peer": lambda occasion: address_of(occasion.peer),
    "listener": lambda occasion: occasion.listener,
    "subject": lambda occasion: occasion.content().message.heading.subject if occasion.content else "",
    "author": lambda occasion: _author(occasion),
}
#: Field of the language → what to look it up in, as far as it is known without the message.
_FACTS = {
    "rcpt": "recipient",
    "domain": "recipient",
    "reverse-path": "sender",
    "from": "sender",
    "helo": "helo",
    "login": "login",
    "peer": "peer",
    "listener": "listener",
}
#: The same with it: its header says, too, who it is from.
_MESSAGE = {**_FACTS, "from": "author", "subject": "subject"}

#: What of these takes the message to look up.
_OF_CONTENT = frozenset(("subject", "author"))

#: One way to find a rule: in what, by which kind of key, which key.
Anchor = tuple[str, str, str]


def _author(occasion: Occasion) -> str:
    """Every name and address that `from` may mean, each of its forms a part of this."""
    heading = occasion.content().message.heading if occasion.content else Heading()
    mailboxes = [f"{mailbox.name} <{mailbox.address}>" for mailbox in heading.sender]
    return "\n".join([*mailboxes, occasion.sender])


def anchors(condition: Condition) -> list[Anchor]:
    """One of these is there whenever the condition holds; none if that cannot be said."""
    return _anchors(condition.facts, _FACTS) or _anchors(condition.content, _MESSAGE)


def _anchors(node: Node, fields: Mapping[str, str]) -> list[Anchor]:
    match node:
        case Words() if node.field in fields:
            source = fields[node.field]
            *whole, last = node.sequence.split(" ")
            if node.prefix:
                return [(source, "word", whole[0])] if whole else [(source, "part of words", last)]
            return [(source, "words", node.sequence)] if node.sequence else []
        case Exact() if node.field == "domain":
            return [("recipient", "domain", fold(node.value))]
        case Exact() if node.field in fields:
            source = fields[node.field]
            return [(source, "part" if source == "author" else "whole", fold(node.value))]
        case Glob() if node.field in fields:
            return [_of_pattern(node, fields[node.field])]
        case Or():
            found = [_anchors(inner, fields) for inner in node.nodes]
            alike = all(found) and len({anchor[0] for each in found for anchor in each}) == 1
            return [anchor for each in found for anchor in each] if alike else []
        case And():
            # The recipient tells most rules apart.
            found = sorted(filter(None, [_anchors(inner, fields) for inner in node.nodes]), key=_rank)
            return found[0] if found else []
    return []


def _rank(found: list[Anchor]) -> tuple[bool, bool]:
    return found[0][0] != "recipient", any([kind.startswith("part") for _, kind, _ in found])


def _of_pattern(node: Glob, source: str) -> Anchor:
    pattern = fold(node.pattern)
    if source == "recipient":
        domain = pattern if node.field == "domain" else pattern.rpartition("@")[2] if "@" in pattern else "*"
        if not set(domain) & set("*?"):
            return (source, "domain", domain)
    return (source, "part", max(pattern.replace("?", "*").split("*"), key=len))


class _Index(Struct):
    """Rules by what one value of an occasion must be like."""

    by: dict[str, dict[str, list[Rule]]] = field(default_factory=dict)
    parts: list[tuple[str, Rule]] = field(default_factory=list)
    parts_of_words: list[tuple[str, Rule]] = field(default_factory=list)
    memory: dict[str, tuple[Rule, ...]] = field(default_factory=dict)

    def add(self, kind: str, key: str, rule: Rule) -> None:
        """Have it found by that."""
        if kind == "part":
            self.parts.append((key, rule))
        elif kind == "part of words":
            self.parts_of_words.append((key, rule))
        else:
            self.by.setdefault(kind, {}).setdefault(key, []).append(rule)

    def find(self, value: str) -> tuple[Rule, ...]:
        """Those that may match, in their order."""
        found = self.memory.get(value)
        if found is None:
            found = self._search(value)
            if len(value) <= LONGEST:
                if len(self.memory) >= REMEMBERED:
                    self.memory.clear()
                self.memory[value] = found
        return found

    def _search(self, value: str) -> tuple[Rule, ...]:
        folded = fold(value)
        found = [rule for part, rule in self.parts if part in folded]
        found += self.by.get("whole", {}).get(folded, ())
        found += self.by.get("domain", {}).get(folded.rpartition("@")[2], ())
        by_word = self.by.get("word")
        if by_word or self.parts_of_words:
            there = words(value)
            if self.parts_of_words:
                spoken = " ".join(there)
                found += [rule for part, rule in self.parts_of_words if part in spoken]
            if by_word:
                found += [rule for word in set(there) for rule in by_word.get(word, ())]
        return in_order(found) if found else ()


def in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Each once, by its turn."""
    return tuple(sorted({rule.place: rule for rule in rules}.values(), key=lambda rule: rule.place))


class Matcher:
    """The rules of one step that may answer in one inbox. Safe for any number of threads at once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._always: list[Rule] = []
        self._recipient: _Index | None = None
        indexes: dict[str, _Index] = {}
        chosen = [(rule, anchors(rule.condition)) for rule in rules]
        # A phrase is found by the one of its words that the fewest rules share.
        shared = Counter(
            [word for _, found in chosen for _, kind, key in found if kind == "words" for word in key.split()]
        )
        for rule, found in chosen:
            if not found:
                self._always.append(rule)
            for source, kind, key in found:
                index = indexes.setdefault(source, _Index())
                if kind == "words":
                    kind, key = "word", min(key.split(), key=lambda word: shared[word])
                index.add(kind, key, rule)
        self._of_content = [rule for rule, found in chosen if any(source in _OF_CONTENT for source, _, _ in found)]
        self._recipient = indexes.pop("recipient", None)
        self._indexes = [(_SOURCES[source], index) for source, index in indexes.items()]
        self._sender, self._subject = indexes.pop("sender", None), indexes.pop("subject", None)
        self._needs_more = bool(self._always or indexes)
        self._nothing_else = not self._always and not self._indexes

    def rules_out(self, sender: str, recipients: Sequence[str], heading: Heading | None) -> bool:
        """Whether none can match by what these say; False, too, where it takes more to tell."""
        if self._needs_more or (self._sender is not None and self._sender.find(sender)):
            return False
        if self._recipient is not None:
            for address in recipients:
                if self._recipient.find(address):
                    return False
        return self._subject is None or (heading is not None and not self._subject.find(heading.subject))

    def candidates(self, occasion: Occasion) -> Sequence[Rule]:
        """All that match, and perhaps a few that do not, in their order; without the content all that depend on it."""
        found: Sequence[Rule] = ()
        if self._recipient is not None:
            if occasion.recipient:
                found = self._recipient.find(occasion.recipient)
            else:
                addresses = in_question(occasion)
                found = [rule for address in addresses for rule in self._recipient.find(address)]
                if len(addresses) > 1:
                    found = in_order(found)
        if self._nothing_else:
            return found
        several = [*found, *self._always]
        if occasion.content is None:
            several += self._of_content
        for source, index in self._indexes:
            several += index.find(source(occasion))
        return in_order(several) if several else ()


class Arrangement:
    """The rules of every step, for one inbox and another. Safe for any number of threads at once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules: dict[Step, dict[str, list[Rule]]] = {}
        for rule in rules:
            self._rules.setdefault(rule.fault.step, {}).setdefault(fold(rule.fault.inbox), []).append(rule)
        self.steps = frozenset(self._rules)
        # Made when first asked for: there may be many inboxes, and rules change while tests come and go.
        self._matchers: dict[tuple[Step, str], Matcher] = {}
        self._of_all: dict[Step, Matcher] = {}

    def divides(self, step: Step) -> bool:
        """Whether any rule for the step belongs to one inbox."""
        return any(self._rules.get(step, ()))

    def rules_out(self, step: Step, sender: str, recipients: Sequence[str], heading: Heading | None) -> bool:
        """Whether surely no rule of the step matches, in whatever inbox; see `Matcher.rules_out`."""
        matcher = self._of_all.get(step)
        if matcher is None:
            rules = [rule for some in self._rules.get(step, {}).values() for rule in some]
            matcher = self._of_all[step] = Matcher(in_order(rules))
        return matcher.rules_out(sender, recipients, heading)

    def candidates(self, occasion: Occasion) -> Sequence[Rule]:
        """All rules that match, and perhaps a few that do not, in their order."""
        step = occasion.step
        by_inbox = self._rules.get(step)
        if by_inbox is None:
            return ()
        inbox = ""
        if len(by_inbox) > 1 or "" not in by_inbox:
            inbox = fold(occasion.inbox)
            if " " in inbox:
                return self._of_several([name for name in inbox.split(" ") if name in by_inbox], occasion)
            if inbox not in by_inbox:
                inbox = ""
        return self._matcher(step, inbox).candidates(occasion)

    def _of_several(self, inboxes: list[str], occasion: Occasion) -> Sequence[Rule]:
        """For a message that goes into more than one inbox."""
        return in_order(
            [rule for name in inboxes or [""] for rule in self._matcher(occasion.step, name).candidates(occasion)]
        )

    def _matcher(self, step: Step, inbox: str) -> Matcher:
        matcher = self._matchers.get((step, inbox))
        if matcher is None:
            by_inbox = self._rules[step]
            of_all = by_inbox.get("", [])
            matcher = Matcher(in_order([*of_all, *by_inbox[inbox]]) if inbox else of_all)
            self._matchers[step, inbox] = matcher
        return matcher
