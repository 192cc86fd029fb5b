"""SendGrid's Event Webhook: an array of events, signed with ECDSA over timestamp and payload."""

from __future__ import annotations

from typing import Any

import msgspec

from mailtrap.delivery.hooks import reading
from mailtrap.delivery.hooks.target import Event, Post, Target, Way
from mailtrap.delivery.told import Told

_EVENTS = {
    "captured": "processed",
    "refused": "dropped",
    "delivered": "delivered",
    "deferred": "deferred",
    "bounced": "bounce",
    "complained": "spamreport",
    "opened": "open",
    "clicked": "click",
}


def _classification(told: Told) -> str:
    if reading.is_unknown(told):
        return "Invalid Address"
    if reading.is_full(told):
        return "Mailbox Unavailable"
    if reading.is_policy(told):
        return "Reputation"
    return "Technical" if told.code else "Unclassified"


def _one(event: Event, recipient: str, number: int) -> dict[str, Any]:
    told = event.told
    said: dict[str, Any] = {
        "email": recipient,
        "timestamp": reading.seconds(told),
        "smtp-id": told.message_id,
        "event": _EVENTS[told.kind],
        "category": [],
        "sg_event_id": f"{reading.event_name(event.id).hex[:20]}{number:04d}",
        "sg_message_id": f"{reading.name(told).hex}.recvd-mailtrap-0",
    }
    if told.kind == "delivered":
        said |= {"response": reading.reply(told) or "250 OK", "tls": 1}
    elif told.kind == "deferred":
        said |= {
            "response": reading.reply(told),
            "attempt": str(told.attempt or 1),
            "domain": reading.domain(recipient),
        }
    elif told.kind == "bounced":
        said |= {
            "reason": reading.reply(told),
            "status": reading.status(told),
            "type": "blocked" if reading.is_policy(told) or not reading.is_permanent(told) else "bounce",
            "bounce_classification": _classification(told),
            "tls": 1,
        }
    elif told.kind == "refused":
        said |= {"reason": reading.reply(told), "status": reading.status(told)}
    elif told.kind in ("opened", "clicked"):
        said |= {"useragent": reading.READER_AGENT, "ip": reading.READER_ADDRESS}
        if told.kind == "opened":
            said |= {"sg_machine_open": False}
        else:
            said |= {"url": told.url, "url_offset": {"index": 0, "type": "html"}}
    return said


def _post(event: Event, target: Target) -> Post:
    from mailtrap.delivery.hooks.keys import sign_ecdsa

    whom = reading.recipients(event.told) or ("",)
    body = msgspec.json.encode([_one(event, recipient, number) for number, recipient in enumerate(whom)])
    stamp = str(event.at)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "SendGrid Event API",
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        "X-Twilio-Email-Event-Webhook-Signature": sign_ecdsa(target.key, stamp.encode() + body),
    }
    return Post(headers, body)


WAY = Way(_EVENTS, _post)
