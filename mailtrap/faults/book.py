"""The ordered rules in force: asked at every step, changed at any time, counting as they go."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from mailtrap.clock import Clock
from mailtrap.errors import Invalid, NotFound
from mailtrap.faults import addresses, scenarios
from mailtrap.faults.checking import checked, condition_of, resolved
from mailtrap.faults.conditions import Evidence, in_question
from mailtrap.faults.counting import Counting
from mailtrap.faults.explaining import Explanation, explain
from mailtrap.faults.matching import Arrangement, Rule
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import Fault, Step
from mailtrap.mail.message import Heading
from mailtrap.mail.words import fold

#: Rules beyond which no more are taken.
MOST_RULES = 2000
#: Rules of a file have ids from here on, in its order, so that they are the same after every start.
OF_FILE = 1_000_000_000

#: Steps at which an address may mean something, and those at which all recipients are looked at.
_ADDRESSED = frozenset((Step.RCPT, Step.DATA, Step.IN_DATA, Step.END_OF_DATA, Step.ROUTE, Step.ATTEMPT, Step.DELIVERED))

#: What decides whether counters go on when a rule is edited.
_COUNTS_BY = (
    *("step", "when", "inbox", "first", "skip", "every", "nth", "lasting", "probability", "seed", "per", "bucket"),
    *("concurrent", "greylist"),
)


class Book:
    """Thread-safe. Rules of a file (`fixed`) come first and cannot be changed; `origin` is its name.

    `keep` is called with all other rules, in their order, whenever they change, so that they outlive the process;
    `new_id` gives ids never given out before. `addresses` says whether a recipient's address may mean something.
    """

    def __init__(
        self,
        clock: Clock,
        rules: Sequence[Fault] = (),
        keep: Callable[[Sequence[Fault]], None] | None = None,
        addresses: bool = True,
        fixed: Sequence[Fault] = (),
        origin: str = "",
        new_id: Callable[[], int] | None = None,
    ) -> None:
        #: The steps at which a rule may answer: whoever comes to another one need not ask.
        self.steps: frozenset[Step] = frozenset()
        self._clock = clock
        self._keep = keep
        self._origin = origin
        ids = itertools.count(max([rule.id for rule in rules], default=0) + 1)
        self._new_id = new_id or ids.__next__
        self._addressed = addresses
        self._suspended = False
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._editing = threading.RLock()
        self._counting = Counting()
        self._fixed = tuple([replace(checked(rule), id=OF_FILE + place) for place, rule in enumerate(fixed, 1)])
        self._rules = tuple([rule if rule.id else replace(rule, id=self._new_id()) for rule in map(checked, rules)])
        self._ready: dict[int, Rule] = {}
        self._arrange()

    # Asking.

    def may_answer(self, step: Step, recipient: str = "") -> bool:
        """Whether to ask at all; costs next to nothing where there is no rule for the step."""
        steps = self.steps
        if steps and step in steps:
            return True
        return bool(recipient) and self.means(recipient)

    def divides(self, step: Step) -> bool:
        """Whether any rule for the step belongs to one inbox, so that it matters which one a message goes into."""
        return self._arrangement.divides(step)

    def means(self, address: str) -> bool:
        """Whether an address may mean something by itself."""
        return self._addressed and not self._suspended and addresses.may_mean(address)

    def rules_out(self, step: Step, sender: str, recipients: Sequence[str], heading: Heading | None = None) -> bool:
        """Whether surely nothing answers, at the cost of a few look-ups: no occasion has to be made. Counts nothing.

        Without `heading` what depends on the content cannot be ruled out.
        """
        if self._suspended:
            return True
        if step in self.steps and not self._arrangement.rules_out(step, sender, recipients, heading):
            return False
        return not (self._addressed and step in _ADDRESSED and any(map(addresses.may_mean, recipients)))

    def might_answer(self, occasion: Occasion) -> bool:
        """Whether a rule may match, at the cost of a look-up; False is certain, without content too. Counts nothing."""
        if self._suspended:
            return False
        if self._arrangement.candidates(occasion):
            return True
        return self._addressed and occasion.step in _ADDRESSED and _may_mean(occasion)

    def answer(self, occasion: Occasion) -> Answer | None:
        """What the first rule that matches says; counts. None where nothing goes wrong."""
        if self._suspended:
            return None
        candidates = self._arrangement.candidates(occasion)
        if candidates:
            evidence = Evidence(occasion)
            for rule in candidates:
                if rule.condition.matches(evidence) and self._counting.meets(rule.fault, occasion):
                    return _said(rule, occasion)
        if self._addressed and occasion.step in _ADDRESSED and _may_mean(occasion):
            for rule in self._meant(occasion):
                if self._counting.meets(rule.fault, occasion):
                    # Of several recipients it is this one who is spoken of.
                    asking = occasion if occasion.recipient else replace(occasion, recipient=rule.fault.name)
                    return _said(rule, asking)
        return None

    def explain(self, occasion: Occasion) -> list[Explanation]:
        """For each rule in order, then for addresses that mean something, whether it would answer; never counts."""
        ready = self._ready
        rules = [ready[fault.id] for fault in self.rules()]
        if self._addressed:
            rules += self._meant(occasion)
        return explain(rules, occasion, self._counting, self._suspended)

    def ended(self, session: int) -> None:
        """A session is over: its places among those that may be open at once are free."""
        self._counting.ended(session)

    def take_back(self, answer: Answer, occasion: Occasion) -> None:
        """What a rule ordered for later never came: it counts as if it had not been asked."""
        self._counting.take_back(answer.fault, occasion)

    def _meant(self, occasion: Occasion) -> list[Rule]:
        """The rules that recipients bring along."""
        if occasion.step not in _ADDRESSED:
            return []
        found = []
        for address in in_question(occasion):
            if addresses.may_mean(address):
                meant = [fault for fault in addresses.meaning(address) if fault.step is occasion.step]
                found += [_ready(place, fault) for place, fault in enumerate(meant)]
        return found

    # The rules.

    def rules(self, inbox: str | None = None) -> list[Fault]:
        """All in their order, or those that may answer in one inbox."""
        rules = [*self._fixed, *self._rules]
        if inbox is None:
            return rules
        return [rule for rule in rules if not rule.inbox or fold(rule.inbox) == fold(inbox)]

    def get(self, id: int) -> Fault | None:
        """The rule of this id."""
        rule = self._ready.get(id)
        return rule.fault if rule else None

    def origin(self, id: int) -> str:
        """The file a rule is from, which has to be edited instead; empty where it can be changed here."""
        return self._origin if id > OF_FILE else ""

    def hits(self, id: int) -> int:
        """How often it has answered since it was made, changed in what it counts, or rewound."""
        return self._counting.hits(id)

    @property
    def forgotten(self) -> int:
        """How many values the rules had counted for and forgot, because they were too many."""
        return self._counting.forgotten

    # Changing them.

    def add(self, fault: Fault, before: int | None = None) -> Fault:
        """A new rule, the last one or before that of an id. Returns it with its id. Raises Invalid, NotFound."""
        return self.extend((fault,), before)[0]

    def extend(self, faults: Sequence[Fault], before: int | None = None) -> list[Fault]:
        """New rules in this order, all or, where one makes no sense, none. Returns them with their ids."""
        new = [checked(fault) for fault in faults]
        with self._editing:
            if len(self._fixed) + len(self._rules) + len(new) > MOST_RULES:
                raise Invalid(f"There cannot be more than {MOST_RULES} rules", "remove some, or let one match more")
            place = len(self._rules) if before is None else self._place(before)
            new = [replace(fault, id=self._new_id()) for fault in new]
            if new:
                self._change([*self._rules[:place], *new, *self._rules[place:]])
        return new

    def put(self, id: int, fault: Fault) -> Fault:
        """Another rule in the place of this one. Counters go on where what is counted is the same."""
        fault = replace(checked(fault), id=id)
        with self._editing:
            place = self._place(id)
            old = self._rules[place]
            if any([getattr(fault, name) != getattr(old, name) for name in _COUNTS_BY]):
                self._counting.forget(id)
            self._change([*self._rules[:place], fault, *self._rules[place + 1 :]])
        return fault

    def remove(self, id: int) -> None:
        """Forget a rule. Raises NotFound."""
        with self._editing:
            place = self._place(id)
            self._change([*self._rules[:place], *self._rules[place + 1 :]])
            self._counting.forget(id)

    def move(self, id: int, place: int) -> None:
        """Give a rule another turn, from 0; those of a file stay first."""
        with self._editing:
            now = self._place(id)
            rules = list(self._rules)
            moved = rules.pop(now)
            rules.insert(max(0, place - len(self._fixed)), moved)
            self._change(rules)

    def clear(self, inbox: str | None = None) -> None:
        """Forget all rules that are not of a file, or those confined to one inbox."""
        with self._editing:
            stay = [rule for rule in self._rules if inbox is not None and fold(rule.inbox) != fold(inbox)]
            gone = set(self._rules) - set(stay)
            if gone:
                self._change(stay)
                for rule in gone:
                    self._counting.forget(rule.id)

    @property
    def suspended(self) -> bool:
        """Whether nothing answers, rules and addresses, until that is taken back or the process starts again."""
        return self._suspended

    def suspend(self, on: bool = True) -> None:
        """Let nothing answer, or everything again. Counters stay."""
        with self._editing:
            self._suspended = on
            self._arrange()
            self._tell()

    def rewind(self, id: int | None = None) -> None:
        """Count anew, one rule or everything. Raises NotFound."""
        if id is not None and id not in self._ready:
            raise _missing(id)
        self._counting.rewind(id)
        self._tell()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after every change, by whoever made it."""
        with self._editing:
            self._listeners = (*self._listeners, listener)

    def _place(self, id: int) -> int:
        for place, rule in enumerate(self._rules):
            if rule.id == id:
                return place
        if any([rule.id == id for rule in self._fixed]):
            raise Invalid(f"Rule {id} comes from {self._origin or 'a file'}", "edit it there and start again")
        raise _missing(id)

    def _change(self, rules: Sequence[Fault]) -> None:
        self._rules = tuple(rules)
        self._arrange()
        if self._keep is not None:
            self._keep(self._rules)
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _arrange(self) -> None:
        """Make ready what `answer` reads without a lock: each name is bound to something finished."""
        before = self._ready
        ready: dict[int, Rule] = {}
        for place, fault in enumerate(self.rules()):
            known = before.get(fault.id)
            # What stays as it was need not be read again.
            unchanged = known is not None and known.fault == fault
            ready[fault.id] = replace(known, place=place) if known and unchanged else _ready(place, fault)
        asked = [] if self._suspended else [rule for rule in ready.values() if rule.fault.enabled]
        self._ready = ready
        self._arrangement = Arrangement(asked)
        self.steps = self._arrangement.steps


def _may_mean(occasion: Occasion) -> bool:
    if occasion.recipient:
        return addresses.may_mean(occasion.recipient)
    return any(map(addresses.may_mean, occasion.recipients))


def _ready(place: int, fault: Fault) -> Rule:
    return Rule(place, fault, resolved(fault), condition_of(fault))


def _said(rule: Rule, occasion: Occasion) -> Answer | None:
    if rule.effect.passes:
        return None
    if not occasion.recipient and len(occasion.recipients) > 1 and scenarios.names_recipient(rule.effect):
        # Of several recipients it is the one the rule is about who is spoken of.
        occasion = replace(occasion, recipient=rule.condition.about(occasion))
    return Answer(scenarios.fill(rule.effect, occasion), rule.fault)


def _missing(id: int) -> NotFound:
    return NotFound(f"There is no rule {id}", "it may have been removed; list the rules")
