"""Whether a rule makes sense, said when it is made; pure."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from mailtrap.errors import Invalid, QueryError
from mailtrap.faults import answers, scenarios
from mailtrap.faults.conditions import Condition, read, terms
from mailtrap.faults.contradictions import contradiction
from mailtrap.faults.rule import COLLECTING_STEPS, DELIVERY_STEPS, SESSION_STEPS, Effect, Fault, Step
from mailtrap.faults.scenario import Scenario
from mailtrap.inboxes import NAME_IN_WORDS, is_name
from mailtrap.mistakes import mistake
from mailtrap.query.tree import Exact, Glob

_SESSION = frozenset(SESSION_STEPS)
_DELIVERY = frozenset(DELIVERY_STEPS)
_COLLECTING = frozenset(COLLECTING_STEPS)
_BEFORE_CONTENT = frozenset((Step.MAIL, Step.RCPT, Step.DATA))
_END = frozenset((Step.END_OF_DATA,))
_BEFORE_SENDER = frozenset((Step.CONNECT, Step.GREETING, Step.EHLO, Step.STARTTLS, Step.AUTH))
_BEFORE_RECIPIENT = _BEFORE_SENDER | {Step.MAIL}
_OUT_OF_TRANSACTION = frozenset((Step.QUIT,))
_BEFORE_LOGIN = frozenset(
    (
        *(Step.CONNECT, Step.GREETING, Step.EHLO, Step.STARTTLS, Step.POP3_CONNECT, Step.POP3_GREETING, Step.POP3_STLS),
        *(Step.IMAP_CONNECT, Step.IMAP_GREETING, Step.IMAP_STARTTLS),
    )
)
#: A handshake is that of a session, or of the attempt to deliver.
_HANDSHAKES = frozenset(
    (
        *(Step.CONNECT, Step.STARTTLS, Step.ATTEMPT),
        *(Step.POP3_CONNECT, Step.POP3_STLS, Step.IMAP_CONNECT, Step.IMAP_STARTTLS),
    )
)
#: Where a client is given what may be long.
CONTENTS = frozenset((Step.POP3_RETR, Step.POP3_TOP, Step.IMAP_FETCH))
#: Where something is kept or changed, of which the client may not hear.
CHANGES = frozenset((Step.POP3_QUIT, Step.IMAP_APPEND, Step.IMAP_STORE, Step.IMAP_COPY, Step.IMAP_EXPUNGE))
#: Where a single message is in question.
_SINGLE = frozenset((Step.POP3_RETR, Step.POP3_TOP, Step.POP3_DELE))

#: Field of an effect → the steps at which it means something; those not named mean something at each.
AT: dict[str, frozenset[Step]] = {
    "reply": _SESSION | _DELIVERY,
    "throttle": _SESSION | _COLLECTING,
    "after": frozenset((Step.IN_DATA, *_BEFORE_CONTENT)) | CONTENTS,
    "early_talker": frozenset((Step.GREETING,)),
    "ehlo": frozenset((Step.EHLO, *DELIVERY_STEPS)),
    "tls": _HANDSHAKES,
    "malformed": _SESSION - {Step.IN_DATA},
    "discard": _BEFORE_CONTENT | _END | _DELIVERY,
    "answer": _COLLECTING,
    "capabilities": frozenset((Step.POP3_CAPA, Step.IMAP_CAPABILITY)),
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
    "mid-data": _BEFORE_CONTENT | {Step.IN_DATA} | CONTENTS,
    "after-store": _BEFORE_CONTENT | _END | CHANGES,
}
#: What to write instead, at the steps of the others.
_INSTEAD = {
    "reply": "where mail is collected it is `answer`: -ERR [IN-USE] …, NO [OVERQUOTA] …",
    "answer": 'there it is `reply`: {"code": 550, "status": "5.1.1", "text": "…"}',
    "ehlo": "where mail is collected it is `capabilities`, at pop3.capa or imap.capability",
    "capabilities": "it does at pop3.capa and imap.capability; of SMTP it is `ehlo`, at step ehlo",
}

#: Where `after` is when all of a rule happens.
_STRIKES = CONTENTS | {Step.IN_DATA}
_NOTHING = Effect()
_REFERENCE = "see the reference of rules: `mailtrap faults --help`, or docs/failures.md"
_Shape = TypeVar("_Shape", bound=msgspec.Struct)


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
    if effect.after and fault.step not in _STRIKES and effect.disconnect != "mid-data":
        raise Invalid(
            f"`after` counts octets of content, and nothing waits for them at {fault.step.value}",
            "use it at in-data, pop3.retr, pop3.top or imap.fetch, or with disconnect: mid-data",
        )
    if given == ["after"]:
        raise Invalid("`after` says when, but not what happens", "add disconnect, delay, throttle, stall or reply")
    if effect.answer:
        answers.spoken(effect.answer, fault.step)
    contradiction(fault.step, effect, given)
    _countable(fault)
    _nameable(condition_of(fault))
    return fault


def condition_of(fault: Fault) -> Condition:
    """Its `when`, read. Raises QueryError or Invalid."""
    return read(fault.when, fault.step)


def resolved(fault: Fault) -> Effect:
    """Its effect with the scenario it names put in its place, and a bare `reset` at its moment. Raises Invalid."""
    effect = scenarios.resolve(fault.effect)
    if effect.reset and not effect.disconnect and not effect.stall and fault.step not in _DELIVERY:
        midway = fault.step is Step.IN_DATA or effect.after
        moment = "mid-data" if midway else "after-reply" if effect.reply or effect.answer else "before-reply"
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
        given = msgspec.to_builtins(fault)
    except TypeError as error:
        raise Invalid(str(error), _REFERENCE) from None
    return of(given, Fault)


def of(given: object, shape: type[_Shape]) -> _Shape:
    """A rule, or what stands for some, made of the types of JSON. Raises Invalid."""
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        message, hint = mistake(error, shape, given)
        raise Invalid(message, hint or _REFERENCE) from None


def _fits(step: Step, name: str, steps: frozenset[Step] | None) -> None:
    if steps is not None and step not in steps:
        allowed = f"it does at {', '.join([other.value for other in Step if other in steps])}"
        if (step in _COLLECTING) != (name == "answer"):
            allowed = _INSTEAD.get(name, allowed)
        raise Invalid(f"`{name.replace('_', '-')}` means nothing at step {step.value}", allowed)


def _nameable(condition: Condition) -> None:
    """What no inbox can be called is surely a mistake: nothing would ever meet the rule, and nobody knew why."""
    for term in terms(condition.query.root):
        if isinstance(term, Exact) and term.field == "inbox":
            name, hint = term.value, f"a name is {NAME_IN_WORDS}"
        elif isinstance(term, Glob) and term.field == "inbox":
            name = term.pattern.replace("*", "").replace("?", "x") or "x"
            hint = f"a name is {NAME_IN_WORDS}; `*` is any of it, `?` one character"
        else:
            continue
        if not is_name(name):
            raise Invalid(f"No inbox can be called what `{str(term)[:100]}` asks for", hint)


def _countable(fault: Fault) -> None:
    unknown = {
        "recipient": _BEFORE_RECIPIENT | _OUT_OF_TRANSACTION | _COLLECTING,
        "sender": _BEFORE_SENDER | _OUT_OF_TRANSACTION | _COLLECTING,
        "message": _BEFORE_SENDER | _OUT_OF_TRANSACTION | (_COLLECTING - _SINGLE),
        "login": _BEFORE_LOGIN,
    }.get(fault.per, frozenset())
    if fault.step in unknown:
        steps = ", ".join([other.value for other in Step if other not in unknown])
        raise Invalid(f"There is no {fault.per} to count by at step {fault.step.value}", f"there is at {steps}")
    if fault.greylist is not None and fault.step in _BEFORE_RECIPIENT | _OUT_OF_TRANSACTION | _COLLECTING:
        raise Invalid(
            f"`greylist` needs the recipient, who is not known at step {fault.step.value}", "use it at step rcpt"
        )
    if fault.concurrent and fault.step in _DELIVERY:
        raise Invalid("`concurrent` counts open sessions, and there is none in a delivery", "use it at step connect")
    if fault.concurrent and fault.per in ("session", "message"):
        raise Invalid(f"`concurrent` per {fault.per} is always one", "count per rule, peer, sender or recipient")
