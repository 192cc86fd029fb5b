"""The ordered rules in force: asked at every step, changed at any time, counting as they go."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailtrap.clock import Clock
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import Fault, Step


class Book:
    """Thread-safe. `keep` is called with all rules whenever they change, so that they outlive the process."""

    def __init__(
        self,
        clock: Clock,
        rules: Sequence[Fault] = (),
        keep: Callable[[Sequence[Fault]], None] | None = None,
        addresses: bool = True,
    ) -> None:
        #: The steps at which a rule may answer: whoever comes to another one need not ask.
        self.steps: frozenset[Step] = frozenset()
        self._clock = clock
        self._rules = tuple(rules)
        self._keep = keep

    def may_answer(self, step: Step, recipient: str = "") -> bool:
        """Whether to ask at this step at all."""
        return step in self.steps

    def answer(self, occasion: Occasion) -> Answer | None:
        """What the first rule that matches says; counts. None where nothing goes wrong."""
        return None
