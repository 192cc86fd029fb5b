"""Rules from what others write: Mailpit's chaos triggers, MailHog's Jim, and our own TOML; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from mailtrap.errors import Invalid
from mailtrap.faults import toml
from mailtrap.faults.rule import Effect, Fault, Said, Step
from mailtrap.mistakes import mistake

_Code = Annotated[int, Meta(ge=400, le=599)]
_Percent = Annotated[float, Meta(ge=0, le=100)]
_Chance = Annotated[float, Meta(ge=0, le=1)]
_Speed = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class _Trigger(msgspec.Struct, rename="lower"):
    errorcode: _Code | None = None
    probability: _Percent = 0


class _Chaos(msgspec.Struct, rename="lower", forbid_unknown_fields=True):
    """Mailpit's `PUT /api/v1/chaos`: a trigger that is left out never fires."""

    sender: _Trigger = msgspec.field(default_factory=_Trigger)
    recipient: _Trigger = msgspec.field(default_factory=_Trigger)
    authentication: _Trigger = msgspec.field(default_factory=_Trigger)


class _Jim(msgspec.Struct, rename="lower", forbid_unknown_fields=True):
    """MailHog's `/api/v2/jim`. There an accept chance that is left out refuses everybody; here nobody."""

    acceptchance: _Chance = 1
    disconnectchance: _Chance = 0
    linkspeedaffect: _Chance = 0
    linkspeedmin: _Speed = 1024
    linkspeedmax: _Speed = 10240
    rejectsenderchance: _Chance = 0
    rejectrecipientchance: _Chance = 0
    rejectauthchance: _Chance = 0


_Shape = TypeVar("_Shape", _Chaos, _Jim)

#: Steps at which Jim may hang up: whenever the client has said something.
_SPOKEN = (Step.EHLO, Step.AUTH, Step.MAIL, Step.RCPT, Step.DATA, Step.RSET, Step.QUIT)
#: By whom luck goes at a step, so that it does not depend on what others do in the meantime.
_PER = {Step.MAIL: "sender", Step.RCPT: "recipient"}


def read_rules(format: str, document: str | dict[str, Any]) -> list[Fault]:
    """The rules of a document in one of `FORMATS`, in the order in which they must stand. Raises Invalid."""
    reader = FORMATS.get(format)
    if reader is None:
        raise Invalid(f"There is no format {format[:40]}", f"it is one of {', '.join(FORMATS)}")
    return reader(document)


def _of_toml(document: str | dict[str, Any]) -> list[Fault]:
    if not isinstance(document, str):
        raise Invalid("A TOML document is text", "send the text of the file")
    return toml.read(document)


def _of_mailpit(document: str | dict[str, Any]) -> list[Fault]:
    if isinstance(document, str) and not document.lstrip().startswith("{"):
        document = _flags(document)
    chaos = _read(document, _Chaos)
    return [
        _rule(f"mailpit {what}", step, _refusal(trigger.errorcode or usual, what), trigger.probability / 100)
        for what, step, usual, trigger in (
            ("authentication", Step.AUTH, 535, chaos.authentication),
            ("sender", Step.MAIL, 451, chaos.sender),
            ("recipient", Step.RCPT, 451, chaos.recipient),
        )
        if trigger.probability
    ]


def _flags(text: str) -> dict[str, Any]:
    """`Sender:451:10,Recipient:451:20`, as Mailpit's command line has it."""
    triggers: dict[str, Any] = {}
    for one in filter(None, map(str.strip, text.split(",", 10))):
        pieces = one.split(":")
        if len(pieces) != 3 or not all([piece.isascii() and piece.isdecimal() for piece in pieces[1:]]):
            raise Invalid(f"`{one[:60]!r}` is no trigger of Mailpit", "write Sender:451:10,Recipient:451:20")
        triggers[pieces[0]] = {"ErrorCode": int(pieces[1][:6]), "Probability": int(pieces[2][:6])}
    return triggers


def _of_mailhog(document: str | dict[str, Any]) -> list[Fault]:
    jim = _read(document, _Jim)
    if jim.linkspeedmin > jim.linkspeedmax:
        raise Invalid("LinkSpeedMin is above LinkSpeedMax", "exchange them")
    rules = []
    if jim.acceptchance < 1:
        rules.append(_rule("jim accept", Step.CONNECT, Effect(disconnect="before-reply"), 1 - jim.acceptchance))
    if jim.linkspeedaffect:
        rules += _slow(jim)
    if jim.disconnectchance:
        rules += [
            _rule("jim disconnect", step, Effect(disconnect="before-reply"), jim.disconnectchance) for step in _SPOKEN
        ]
    for what, step, code, chance in (
        ("authentication", Step.AUTH, 535, jim.rejectauthchance),
        ("sender", Step.MAIL, 550, jim.rejectsenderchance),
        ("recipient", Step.RCPT, 550, jim.rejectrecipientchance),
    ):
        if chance:
            rules.append(_rule(f"jim {what}", step, _refusal(code, what), chance))
    return rules


def _slow(jim: _Jim) -> list[Fault]:
    """Jim draws a speed for each connection; here it is one of three, each as likely as the others."""
    speeds = (jim.linkspeedmin, (jim.linkspeedmin + jim.linkspeedmax) // 2, jim.linkspeedmax)
    rules, left = [], 1.0
    for speed in speeds:
        share = jim.linkspeedaffect / len(speeds)
        rules.append(_rule(f"jim speed {speed}", Step.GREETING, Effect(throttle=speed), min(1.0, share / left)))
        left -= share
    return rules


def _refusal(code: int, what: str) -> Effect:
    status = "4.7.0" if code < 500 else "5.7.8" if code == 535 else "5.7.1"
    return Effect(reply=Said(code, status, f"Simulated failure of the {what}"))


def _rule(name: str, step: Step, effect: Effect, chance: float) -> Fault:
    probability = None if chance >= 1 else chance
    return Fault(step, effect, name=name, probability=probability, per=_PER.get(step, "rule"))  # type: ignore[arg-type]


def _read(document: str | dict[str, Any], shape: type[_Shape]) -> _Shape:
    """Keys are read without case, as Go does it."""
    try:
        if isinstance(document, str):
            document = msgspec.json.decode(document, type=dict[str, Any])
        given = _lower(document)
        try:
            return msgspec.convert(given, shape)
        except msgspec.ValidationError as error:
            message, hint = mistake(error, shape, given)
            raise Invalid(message, hint or "send the JSON that GET gives there") from None
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise Invalid(f"It cannot be read: {str(error)[:300]}", "send the JSON that GET gives there") from None


def _lower(value: Any) -> Any:
    return {str(key).lower(): _lower(inner) for key, inner in value.items()} if isinstance(value, dict) else value


#: What can be imported.
FORMATS: dict[str, Callable[[str | dict[str, Any]], list[Fault]]] = {
    "toml": _of_toml,
    "mailpit": _of_mailpit,
    "mailhog": _of_mailhog,
}
