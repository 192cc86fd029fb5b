"""Failures with a name: `{"scenario": "gmail-nosuchuser"}` stands for what it says there."""

from __future__ import annotations

import difflib
import re

import msgspec

from mailtrap.errors import Invalid
from mailtrap.faults.behaviours import BEHAVIOURS
from mailtrap.faults.collecting import COLLECTING
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.providers import PROVIDERS
from mailtrap.faults.rule import Effect, Notice, Said
from mailtrap.faults.scenario import Scenario
from mailtrap.faults.servers import SERVERS
from mailtrap.mail.arrival import address_of

#: Every scenario by its name, in the order in which people may want to read them.
SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario for scenario in (*PROVIDERS, *SERVERS, *BEHAVIOURS, *COLLECTING)
}

#: What may stand in a text in braces.
PLACEHOLDERS: dict[str, str] = {
    "peer": "The client's address",
    "recipient": "The recipient in question, else the first one",
    "domain": "The recipient's domain",
    "sender": "The reverse-path, empty for the null one",
    "sender-domain": "Its domain",
    "host": "The server that speaks",
    "login": "The user name",
}

#: Values longer than this are cut: a reply line has 512 octets (RFC 5321 §4.5.3.1.5).
FILLED = 200

_PLACEHOLDER = re.compile(rf"\{{({'|'.join(PLACEHOLDERS)})\}}")
_NOTICES = ("bounce", "complaint", "auto_reply", "read", "opens", "clicks")
_DEFAULTS = Effect()


def scenario(name: str) -> Scenario:
    """The one of this name. Raises Invalid."""
    found = SCENARIOS.get(name)
    if found is None:
        close = difflib.get_close_matches(name[:80].lower(), SCENARIOS, n=3)
        meant = f"did you mean {' or '.join(close)}? " if close else ""
        raise Invalid("There is no such scenario", f"{meant}`mailtrap faults scenarios` lists them all")
    return found


def resolve(effect: Effect) -> Effect:
    """The same with the scenario it names put in its place; what it says besides that stands. Raises Invalid."""
    if not effect.scenario:
        return effect
    given = {
        name: value
        for name in Effect.__struct_fields__
        if name != "scenario" and (value := getattr(effect, name)) != getattr(_DEFAULTS, name)
    }
    return msgspec.structs.replace(scenario(effect.scenario).effect, **given)


def fill(effect: Effect, occasion: Occasion) -> Effect:
    """The same with the placeholders in its texts filled from the occasion; costs nothing where there are none."""
    filled: dict[str, Said | Notice | str] = {}
    if effect.reply is not None and "{" in effect.reply.text:
        filled["reply"] = msgspec.structs.replace(effect.reply, text=fill_text(effect.reply.text, occasion))
    if "{" in effect.answer:
        filled["answer"] = fill_text(effect.answer, occasion)
    for name in _NOTICES:
        notice = getattr(effect, name)
        if notice is not None and "{" in notice.text:
            filled[name] = msgspec.structs.replace(notice, text=fill_text(notice.text, occasion))
    return msgspec.structs.replace(effect, **filled) if filled else effect


def names_recipient(effect: Effect) -> bool:
    """Whether what is said depends on who is in question."""
    text = effect.reply.text if effect.reply is not None else ""
    return "{recipient}" in text or "{domain}" in text


def fill_text(text: str, occasion: Occasion) -> str:
    """Other braces stay as they are, and nothing that is filled in is looked at again."""
    return _PLACEHOLDER.sub(lambda found: _value(found[1], occasion), text)


def _value(name: str, occasion: Occasion) -> str:
    recipient = occasion.recipient or (occasion.recipients[0] if occasion.recipients else "")
    value = {
        "peer": address_of(occasion.peer) or "unknown",
        "recipient": recipient or "unknown",
        "domain": _domain(recipient) or "unknown",
        "sender": occasion.sender,
        "sender-domain": _domain(occasion.sender) or "unknown",
        "host": occasion.host or "localhost",
        "login": occasion.login.user if occasion.login else "unknown",
    }[name]
    # No value may begin a line of its own.
    return value[:FILLED].replace("\r", " ").replace("\n", " ")


def _domain(address: str) -> str:
    return address.rpartition("@")[2] if "@" in address else ""
