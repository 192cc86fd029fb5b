"""Addresses that mean something: `anna+550-5.1.1@example.test` is refused without any rule."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from mailtrap.faults.rule import SESSION_STEPS, Effect, Fault, Notice, Said, Step
from mailtrap.faults.scenarios import SCENARIOS
from mailtrap.faults.testing_domains import ANY, DOMAINS

#: What may follow the last `+` of a local part → what it does; printed in the documentation.
TAGS: dict[str, str] = {
    "550-5.1.1": "RCPT is refused with this code and enhanced code; `550` alone takes the usual one",
    "451-2": "RCPT is refused so many times for a sender, then accepted; also `451-4.7.1-2`",
    "defer-2": "The same with 451 4.7.1; `defer` for ever",
    "deferred-2": "Accepted; the first two attempts to deliver it are deferred",
    "delay-5s": "RCPT is answered so much later: `500ms`, `5s`, `2m`, an hour at most",
    "drop": "The connection is closed at RCPT, without a reply",
    "stall": "RCPT is never answered",
    "discard": "Accepted and thrown away; the other recipients get the message",
    "bounce": "Accepted; the delivery fails with 550 5.1.1, or the enhanced code given: `bounce-5.2.2`",
    "complaint": "Accepted; a complaint comes back",
    "ooo": "Accepted; an out-of-office reply comes back",
    "read": "Accepted; a read receipt comes back, if one was asked for",
    "scenario-NAME": "The scenario of this name, if it can be told by a recipient",
}

#: Refuse or defer no more often than this before accepting; and the longest delay in seconds.
MOST_TIMES = 1000
LONGEST = 3600.0
#: Octets of a path are 256 at most (RFC 5321 §4.5.3.1.3); what is much longer is somebody's test of something else.
LONGEST_ADDRESS = 512

_STATUS = {
    "421": "4.3.2",
    "450": "4.2.0",
    "451": "4.3.0",
    "452": "4.3.1",
    "454": "4.7.0",
    "550": "5.1.1",
    "551": "5.1.6",
    "552": "5.2.2",
    "553": "5.1.3",
    "554": "5.7.1",
    "556": "5.1.10",
}
_WORDS = frozenset(tag.partition("-")[0] for tag in TAGS if not tag[0].isdigit())
_CODE = re.compile(r"([45][0-9][0-9])(?:-([45]\.[0-9]{1,3}\.[0-9]{1,3}))?(?:-([0-9]{1,4}))?", re.ASCII)
_DELAY = re.compile(r"delay-([0-9]{1,6})(ms|s|m)", re.ASCII)
_TIMES = re.compile(r"(defer|deferred)(?:-([0-9]{1,4}))?", re.ASCII)
_BOUNCE = re.compile(r"bounce(?:-(5\.[0-9]{1,3}\.[0-9]{1,3}))?", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}

_RCPT, _ATTEMPT, _DELIVERED = Step.RCPT, Step.ATTEMPT, Step.DELIVERED

_SIMPLE: dict[str, tuple[Step, Effect]] = {
    "drop": (_RCPT, Effect(disconnect="before-reply")),
    "stall": (_RCPT, Effect(stall=True)),
    "discard": (_RCPT, Effect(discard=True)),
    "complaint": (_DELIVERED, Effect(complaint=Notice())),
    "ooo": (_DELIVERED, Effect(auto_reply=Notice(text="I am out of the office until further notice."))),
    "read": (_DELIVERED, Effect(read=Notice())),
}


def may_mean(recipient: str) -> bool:
    """Whether to ask `meaning` at all: False for nearly every address, at the cost of a look."""
    return "+" in recipient or recipient[recipient.rfind("@") + 1 :].lower() in DOMAINS


def meaning(recipient: str) -> tuple[Fault, ...]:
    """The rules that this recipient brings along, nearly always none.

    Their id is 0 and their name the address in lower case, so that what is counted per rule, sender or message is
    counted for this recipient alone.
    """
    at = recipient.rfind("@")
    if at < 0 or len(recipient) > LONGEST_ADDRESS:
        return ()
    plus = recipient.rfind("+", 0, at)
    if plus >= 0:
        # A local part in quotes is the same as without them (RFC 5321 §4.1.2).
        tag = recipient[plus + 1 : at].removesuffix('"').lower()
        word = tag.partition("-")[0]
        if word in _WORDS or (len(word) == 3 and word[0] in "45"):
            return _tagged(recipient.lower(), tag)
    if recipient[at + 1 :].lower() in DOMAINS:
        return _of_provider(recipient.lower())
    return ()


@lru_cache(maxsize=4096)
def _tagged(address: str, tag: str) -> tuple[Fault, ...]:
    rule = _read(tag)
    if rule is None:
        # A tag that means nothing is somebody's label.
        return _of_provider(address) if address.rpartition("@")[2] in DOMAINS else ()
    return (msgspec.structs.replace(rule, name=address),)


@lru_cache(maxsize=4096)
def _of_provider(address: str) -> tuple[Fault, ...]:
    local, _, domain = address.rpartition("@")
    # All of them take labels, or at least do not forbid them; Postmark also takes Hard_Bounce for HardBounce.
    mailbox = local.strip('"').partition("+")[0]
    rules = DOMAINS[domain]
    found = rules.get(mailbox) or rules.get(mailbox.replace("_", "")) or rules.get(ANY)
    return (msgspec.structs.replace(found, name=address),) if found else ()


def _read(tag: str) -> Fault | None:
    if tag in _SIMPLE:
        return Fault(*_SIMPLE[tag])
    if (code := _CODE.fullmatch(tag)) is not None:
        return _refusal(*code.groups())
    if (delay := _DELAY.fullmatch(tag)) is not None:
        return Fault(_RCPT, Effect(delay=min(int(delay[1]) * _UNITS[delay[2]], LONGEST)))
    if (times := _TIMES.fullmatch(tag)) is not None:
        step, per = (_RCPT, "sender") if times[1] == "defer" else (_ATTEMPT, "message")
        said = Said(451, "4.7.1", "<{recipient}>: try again later")
        return _counted(Fault(step, Effect(reply=said), per=per), times[2])  # type: ignore[arg-type]
    if (bounce := _BOUNCE.fullmatch(tag)) is not None:
        said = Said(550, bounce[1] or "5.1.1", "<{recipient}>: delivery failed, as this address asks for")
        return Fault(_ATTEMPT, Effect(reply=said))
    word, _, name = tag.partition("-")
    return _scenario(name) if word == "scenario" else None


def _refusal(code: str, status: str | None, times: str | None) -> Fault | None:
    if status is None:
        status = _STATUS.get(code, f"{code[0]}.0.0")
    elif status[0] != code[0]:
        return None
    effect = Effect(
        reply=Said(int(code), status, "<{recipient}>: refused, as this address asks for"),
        disconnect="after-reply" if code == "421" else "",
    )
    return _counted(Fault(_RCPT, effect, per="sender"), times)


def _counted(rule: Fault, times: str | None) -> Fault | None:
    if times is None:
        return rule
    return msgspec.structs.replace(rule, first=int(times)) if 0 < int(times) <= MOST_TIMES else None


#: Steps at which the recipients of a message are known.
_WITH_RECIPIENT = frozenset((_RCPT, Step.DATA, Step.IN_DATA, Step.END_OF_DATA, Step.ROUTE, _ATTEMPT, _DELIVERED))


def _scenario(name: str) -> Fault | None:
    """A reply can be said to RCPT whatever step it belongs to; most of what else comes before RCPT cannot be told."""
    found = SCENARIOS.get(name)
    if found is None:
        return None
    rules = found.faults()
    if len(rules) == 1 and rules[0].step in _WITH_RECIPIENT:
        # Counted by recipient or for the rule it comes to the same: the rule is of one recipient.
        return rules[0]
    if found.step in SESSION_STEPS and (found.effect.reply is not None or found.anywhere):
        return Fault(_RCPT, Effect(scenario=name))
    return None
