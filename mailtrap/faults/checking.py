"""Whether a rule makes sense, said when it is made; pure."""

from __future__ import annotations

import msgspec

from mailtrap.errors import Invalid, QueryError
from mailtrap.faults import scenarios
from mailtrap.faults.choices import choices
from mailtrap.faults.conditions import Condition, read
from mailtrap.faults.rule import DELIVERY_STEPS, FORMS, SESSION_STEPS, Effect, Fault, Step
from mailtrap.faults.scenario import Scenario

_SESSION = frozenset(SESSION_STEPS)
_DELIVERY = frozenset(DELIVERY_STEPS)
_BEFORE_CONTENT = frozenset((Step.MAIL, Step.RCPT, Step.DATA))
_END = frozenset((Step.END_OF_DATA,))
_BEFORE_SENDER = frozenset((Step.CONNECT, Step.GREETING, Step.EHLO, Step.STARTTLS, Step.AUTH))
_BEFORE_RECIPIENT = _BEFORE_SENDER | {Step.MAIL}
_OUT_OF_TRANSACTION = frozenset((Step.QUIT,))
#: A handshake is that of a session, or of the attempt to deliver.
_HANDSHAKES = frozenset((Step.CONNECT, Step.STARTTLS, Step.ATTEMPT))

#: Field of an effect → the steps at which it means something; those not named mean something at each.
AT: dict[str, frozenset[Step]] = {
    "throttle": _SESSION,
    "after": frozenset((Step.IN_DATA, *_BEFORE_CONTENT)),
    "early_talker": frozenset((Step.GREETING,)),
    "ehlo": frozenset((Step.EHLO, *DELIVERY_STEPS)),
    "tls": _HANDSHAKES,
    "malformed": _SESSION - {Step.IN_DATA},
    "discard": _BEFORE_CONTENT | _END | _DELIVERY,
    "route": frozenset((Step.ROUTE,)),
    "unreachable": frozenset((Step.ROUTE, Step.ATTEMPT)),
    "bounce": _DELIVERY,
    "complaint": _DELIVERY,
    "auto_reply": _DELIVERY,
    "read": _DELIVERY,
    "opens": _DELIVERY,
    "clicks": _DELIVERY,
}
#: The same for the values of `disconnect`.
DISCONNECT_AT: dict[str, frozenset[Step]] = {
    "mid-data": _BEFORE_CONTENT | {Step.IN_DATA},
    "after-store": _BEFORE_CONTENT | _END,
}

_NOTHING = Effect()


def checked(fault: Fault) -> Fault:
    """The same rule, if it makes sense. Raises Invalid, or QueryError for a `when` that cannot be read."""
    fault = _in_shape(fault)
    effect = resolved(fault)
    given = [name for name in Effect.__struct_fields__ if getattr(effect, name) != getattr(_NOTHING, name)]
    if not given:
        raise Invalid("`effect` says nothing", 'say what happens: {"reply": {"code": 550}}, or {"pass": true}')
    for name in given:
        _fits(fault.step, name, AT.get(name))
    if effect.disconnect:
        _fits(fault.step, f"disconnect: {effect.disconnect}", DISCONNECT_AT.get(effect.disconnect))
    if effect.after and fault.step is not Step.IN_DATA and effect.disconnect != "mid-data":
        raise Invalid(
            f"`after` counts octets of content, and nothing waits for them at {fault.step.value}",
            "use it at in-data, or with disconnect: mid-data",
        )
    if given == ["after"]:
        raise Invalid("`after` says when, but not what happens", "add disconnect, delay, throttle, stall or reply")
    _countable(fault)
    condition_of(fault)
    return fault


def condition_of(fault: Fault) -> Condition:
    """Its `when`, read. Raises QueryError or Invalid."""
    return read(fault.when, fault.step)


def resolved(fault: Fault) -> Effect:
    """Its effect with the scenario it names put in its place, and a bare `reset` at its moment. Raises Invalid."""
    effect = scenarios.resolve(fault.effect)
    if effect.reset and not effect.disconnect and not effect.stall and fault.step in _SESSION:
        moment = "mid-data" if fault.step is Step.IN_DATA else "after-reply" if effect.reply else "before-reply"
        effect = msgspec.structs.replace(effect, disconnect=moment)
    return effect


def switched_on(scenario: Scenario, when: str = "", inbox: str = "") -> list[Fault]:
    """The rules that make it happen: at RCPT where it is a reply, and `when` asks for what is not known before.

    Raises QueryError.
    """
    rules = list(scenario.faults(when, inbox))
    is_said = scenario.step in _SESSION and scenario.effect.reply is not None
    if len(rules) == 1 and is_said and not _is_known(when, rules[0].step):
        rules = [msgspec.structs.replace(rules[0], step=Step.RCPT)]
    return rules


def _is_known(when: str, step: Step) -> bool:
    try:
        read(when, step)
    except QueryError:
        raise
    except Invalid:
        return False
    return True


def _in_shape(fault: Fault) -> Fault:
    """What is made in Python has been through no decoder, which would have kept the limits."""
    try:
        return msgspec.convert(msgspec.to_builtins(fault), Fault)
    except (msgspec.ValidationError, TypeError) as error:
        raise Invalid(*told(error)) from None


def told(error: Exception) -> tuple[str, str]:
    """What a decoder complains about in people's words, and a hint."""
    text = str(error)
    for pattern, words in FORMS.items():
        text = text.replace(f"`str` matching regex {pattern!r}", words)
    named = choices(error, Fault) if isinstance(error, msgspec.ValidationError) else ""
    return text, named or "see the reference of rules: `mailtrap faults --help`, or docs/failures.md"


def _fits(step: Step, name: str, steps: frozenset[Step] | None) -> None:
    if steps is not None and step not in steps:
        allowed = ", ".join([other.value for other in Step if other in steps])
        raise Invalid(f"`{name.replace('_', '-')}` means nothing at step {step.value}", f"it does at {allowed}")


def _countable(fault: Fault) -> None:
    unknown = {
        "recipient": _BEFORE_RECIPIENT | _OUT_OF_TRANSACTION,
        "sender": _BEFORE_SENDER | _OUT_OF_TRANSACTION,
        "message": _BEFORE_SENDER | _OUT_OF_TRANSACTION,
    }.get(fault.per, frozenset())
    if fault.step in unknown:
        steps = ", ".join([other.value for other in Step if other not in unknown])
        raise Invalid(f"There is no {fault.per} to count by at step {fault.step.value}", f"there is at {steps}")
    if fault.greylist is not None and fault.step in _BEFORE_RECIPIENT | _OUT_OF_TRANSACTION:
        raise Invalid(
            f"`greylist` needs the recipient, who is not known at step {fault.step.value}", "use it at step rcpt"
        )
    if fault.concurrent and fault.step in _DELIVERY:
        raise Invalid("`concurrent` counts open sessions, and there is none in a delivery", "use it at step connect")
    if fault.concurrent and fault.per in ("session", "message"):
        raise Invalid(f"`concurrent` per {fault.per} is always one", "count per rule, peer, sender or recipient")
