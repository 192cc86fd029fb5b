"""Effects that cannot both happen: whoever writes such a rule is told which of them would be left out; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from mailtrap.errors import Invalid
from mailtrap.faults.rule import DELIVERY_STEPS, Effect, Step

_NEVER_SAID = ("before-reply", "mid-data", "after-store")
_DELIVERY = frozenset(DELIVERY_STEPS)
_BEFORE_DELIVERED = frozenset((Step.ROUTE, Step.ATTEMPT))
_NOTICES = ("bounce", "complaint", "auto_reply", "read", "opens", "clicks")


class _Clash(Struct, frozen=True):
    """Where `holds`, something of the effect would never be seen; `hint` says what to write instead."""

    holds: Callable[[Effect, Step], bool]
    text: str
    hint: str


def _refuses(effect: Effect) -> bool:
    """Whether something is said that is no yes."""
    return bool(effect.answer) or (effect.reply is not None and effect.reply.code >= 400)


def _is_mute(effect: Effect) -> bool:
    """Whether nothing is said at all."""
    return effect.disconnect == "before-reply" or (effect.stall and not (effect.reply or effect.answer))


def _fails(effect: Effect) -> bool:
    """Whether an attempt to deliver comes to nothing."""
    return bool(
        _refuses(effect) or effect.unreachable or effect.stall or effect.disconnect or effect.reset or effect.tls
    )


def _comes_back(effect: Effect) -> bool:
    return effect.discard or any([getattr(effect, name) is not None for name in _NOTICES])


_CLASHES = (
    _Clash(
        lambda effect, step: effect.stall and bool(effect.disconnect or effect.reset),
        "`stall` keeps the connection, `disconnect` ends it",
        "leave one of them out; `delay` and `disconnect` make a client wait, then hang up",
    ),
    _Clash(
        lambda effect, step: (
            effect.reply is not None and step is not Step.IN_DATA and effect.disconnect == "before-reply"
        ),
        "`reply` is never said where `disconnect` is before-reply",
        "say disconnect: after-reply, or leave one of them out",
    ),
    _Clash(
        lambda effect, step: effect.reply is not None and step is Step.END_OF_DATA and effect.disconnect in _NEVER_SAID,
        "`reply` is never said where the connection ends before the reply to the content",
        "say disconnect: after-reply, or leave one of them out",
    ),
    _Clash(
        lambda effect, step: _refuses(effect) and step is not Step.IN_DATA and effect.disconnect in _NEVER_SAID[1:],
        "No content comes, or is kept, after a refusal; `disconnect` would wait for it",
        "say disconnect: after-reply, or leave `reply` or `answer` out",
    ),
    _Clash(
        lambda effect, step: bool(effect.answer) and effect.disconnect == "before-reply",
        "`answer` is never said where `disconnect` is before-reply",
        "say disconnect: after-reply, or leave one of them out",
    ),
    _Clash(
        lambda effect, step: bool(effect.answer and effect.after),
        "`answer` is said instead of the content, so `after` counts nothing",
        "leave one of them out",
    ),
    _Clash(
        lambda effect, step: bool(effect.answer) and effect.capabilities is not None,
        "`answer` is said instead of the capabilities",
        "leave one of them out",
    ),
    _Clash(
        lambda effect, step: effect.discard and _refuses(effect),
        "`discard` says 250 and keeps nothing; `reply` refuses",
        "leave one of them out: what is refused is not kept either",
    ),
    _Clash(
        lambda effect, step: effect.discard and effect.disconnect in _NEVER_SAID,
        "`discard` says 250 and keeps nothing; where `disconnect` comes before the reply nobody hears that",
        "say disconnect: after-reply, or leave one of them out",
    ),
    _Clash(
        lambda effect, step: effect.tls == "refuse" and effect.reply is not None and effect.reply.code < 400,
        "tls: refuse and a `reply` that says yes",
        "give a code of 400 or more, or leave one of them out",
    ),
    _Clash(
        lambda effect, step: effect.tls not in ("", "refuse") and step not in _DELIVERY and _refuses(effect),
        "There is no handshake to go wrong after a refusal",
        "leave `tls` out, or `reply` or `answer`",
    ),
    _Clash(
        lambda effect, step: bool(effect.tls) and (bool(effect.disconnect) or effect.stall),
        "`tls` is about a handshake that does not begin where the connection ends or stalls first",
        "leave one of them out; tls: abort breaks off within the handshake",
    ),
    _Clash(
        lambda effect, step: bool(effect.malformed) and _is_mute(effect),
        "`malformed` is about a reply that is never said",
        "say disconnect: after-reply, or leave one of them out",
    ),
    _Clash(
        lambda effect, step: effect.ehlo is not None and step is Step.EHLO and (_refuses(effect) or _is_mute(effect)),
        "`ehlo` alters an answer that is never given",
        "leave one of them out",
    ),
    _Clash(
        lambda effect, step: effect.capabilities is not None and _is_mute(effect),
        "`capabilities` alters an answer that is never given",
        "leave one of them out",
    ),
    _Clash(
        lambda effect, step: effect.early_talker > 0 and _is_mute(effect),
        "`early-talker` greets in two parts, and nothing is said here",
        "leave one of them out",
    ),
    _Clash(
        lambda effect, step: bool(effect.unreachable) and (effect.reply is not None or bool(effect.route)),
        "`unreachable` means that nobody is there to take the mail, or to reply",
        "leave `unreachable` out, or `reply` and `route`",
    ),
    _Clash(
        lambda effect, step: step in _BEFORE_DELIVERED and _fails(effect) and _comes_back(effect),
        "What is not delivered is neither read nor complained of, and its bounce follows from that",
        "say what comes back at step delivered, or leave it out",
    ),
)


def contradiction(step: Step, effect: Effect, given: Sequence[str]) -> None:
    """Complain of effects of which one leaves no room for another; `given` names all of them. Raises Invalid."""
    others = [name.replace("_", "-") for name in given if name not in ("passes", "scenario")]
    if effect.passes and others:
        raise Invalid(
            f"`pass` lets all go well, and `{others[0]}` would not", "leave one of them out, or make two rules of it"
        )
    for clash in _CLASHES:
        if clash.holds(effect, step):
            raise Invalid(clash.text, clash.hint)
