"""A scenario as a value: a failure with a name, and the rules that switch it on."""

from __future__ import annotations

import msgspec

from mailtrap.faults.rule import Effect, Fault, Said, Step


class Scenario(msgspec.Struct, frozen=True, omit_defaults=True):
    """`step` is where it belongs; one that is `anywhere` makes as much sense at other steps of a session.

    `as_rules` is for what one effect alone cannot say: how often, or several effects that belong together.
    """

    name: str
    step: Step
    effect: Effect
    help: str
    provider: str = ""
    anywhere: bool = False
    as_rules: tuple[Fault, ...] = ()

    @property
    def retryable(self) -> bool | None:
        """Whether the client should try again (RFC 5321 §4.2.1); None where it gets no reply that says so."""
        reply = self.effect.reply
        if reply is None or reply.code < 400:
            return None
        return reply.code < 500

    def faults(self, when: str = "", inbox: str = "") -> tuple[Fault, ...]:
        """The rules that switch it on for what `when` matches, in the order in which they must stand."""
        rules = self.as_rules or (Fault(self.step, Effect(scenario=self.name)),)
        return tuple(
            [msgspec.structs.replace(rule, name=self.name, when=_both(rule.when, when), inbox=inbox) for rule in rules]
        )


def _both(own: str, when: str) -> str:
    """What a rule needs by itself, and what is asked for besides."""
    return f"{own} ({when})" if own and when else own or when


#: Name, step, code, enhanced status, text, one line of help: see `answering`.
Row = tuple[str, Step, int, str, str, str]


def answering(
    provider: str, name: str, step: Step, code: int, status: str, text: str, help_: str, *, anywhere: bool = False
) -> Scenario:
    """A scenario that is one reply; after a 421, and after a refusal to talk at all, the connection is closed."""
    closes = code == 421 or step is Step.CONNECT
    effect = Effect(reply=Said(code, status, text), disconnect="after-reply" if closes else "")
    return Scenario(name, step, effect, help_, provider, anywhere)
