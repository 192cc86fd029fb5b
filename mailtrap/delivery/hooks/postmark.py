"""Postmark's webhooks: one flat record for each event, told apart by RecordType; the URL carries credentials."""

from __future__ import annotations

from typing import Any

import msgspec

from mailtrap.delivery.hooks import reading
from mailtrap.delivery.hooks.target import Event, Post, Target, Way
from mailtrap.delivery.told import Told

_WORDS = {
    "delivered": "Delivery",
    "deferred": "Bounce (Transient)",
    "bounced": "Bounce",
    "complained": "SpamComplaint",
    "opened": "Open",
    "clicked": "Click",
}

_HARD = ("HardBounce", 1, "Hard bounce", "No mail will ever reach this mailbox, such as one that does not exist.")
_TRANSIENT = ("Transient", 2, "Message delayed", "The server could not take the message for now.")
_SOFT = ("SoftBounce", 4096, "Soft bounce", "The mailbox could not take the message, such as one that is full.")
_BLOCKED = ("Blocked", 100006, "ISP block", "The provider did not want the message for what it says or who sends it.")
_SPAM = ("SpamComplaint", 100001, "Spam complaint", "The recipient said that the message is spam.")


def _class(told: Told) -> tuple[str, int, str, str]:
    if told.kind == "complained":
        return _SPAM
    if told.kind == "deferred":
        return _TRANSIENT
    if reading.is_policy(told):
        return _BLOCKED
    return _HARD if reading.is_permanent(told) else _SOFT


def _bounce(event: Event) -> dict[str, Any]:
    told = event.told
    kind, code, name, description = _class(told)
    return {
        "RecordType": "SpamComplaint" if told.kind == "complained" else "Bounce",
        "ID": event.id,
        "Type": kind,
        "TypeCode": code,
        "Name": name,
        "Description": description,
        "Details": reading.reply(told),
        "Email": told.recipient,
        "From": told.sender,
        "BouncedAt": reading.time(told),
        "DumpAvailable": False,
        "Inactive": kind in ("HardBounce", "SpamComplaint"),
        "CanActivate": kind != "SpamComplaint",
        "Subject": told.subject,
        "Content": "",
    }


def _reader(told: Told) -> dict[str, Any]:
    return {
        "Recipient": told.recipient,
        "ReceivedAt": reading.time(told),
        "Client": {"Name": "mailtrap", "Company": "mailtrap", "Family": "mailtrap"},
        "OS": {"Name": "Unknown", "Company": "Unknown", "Family": "Unknown"},
        "Platform": "Desktop",
        "UserAgent": reading.READER_AGENT,
        "Geo": {},
    }


def _record(event: Event) -> dict[str, Any]:
    told = event.told
    common = {
        "MessageID": str(reading.name(told)),
        "ServerID": 1,
        "MessageStream": "outbound",
        "Tag": "",
        "Metadata": {},
    }
    if told.kind == "delivered":
        own: dict[str, Any] = {
            "RecordType": "Delivery",
            "Recipient": told.recipient,
            "DeliveredAt": reading.time(told),
            "Details": reading.reply(told),
        }
    elif told.kind == "opened":
        own = {"RecordType": "Open", "FirstOpen": True, **_reader(told)}
    elif told.kind == "clicked":
        own = {"RecordType": "Click", "ClickLocation": "HTML", "OriginalLink": told.url, **_reader(told)}
    else:
        own = _bounce(event)
    return own | common


def _post(event: Event, target: Target) -> Post:
    return Post({"Content-Type": "application/json", "User-Agent": "Postmark"}, msgspec.json.encode(_record(event)))


#: Postmark stops after 403 (https://postmarkapp.com/developer/webhooks/webhooks-overview).
WAY = Way(_WORDS, _post, single=True, final=frozenset((403,)))
