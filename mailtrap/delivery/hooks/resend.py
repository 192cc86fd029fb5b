"""Resend's webhooks, which Svix sends and signs: `svix-id`, `svix-timestamp`, `svix-signature`."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode, urlsafe_b64decode
from typing import Any

import msgspec

from mailtrap.clock import Clock
from mailtrap.delivery.hooks import reading
from mailtrap.delivery.hooks.target import Event, Post, Target, Way
from mailtrap.errors import Invalid

PREFIX = "whsec_"

_EVENTS = {
    "captured": "email.sent",
    "refused": "email.failed",
    "delivered": "email.delivered",
    "deferred": "email.delivery_delayed",
    "bounced": "email.bounced",
    "complained": "email.complained",
    "opened": "email.opened",
    "clicked": "email.clicked",
}


def new_secret() -> str:
    """A fresh `whsec_…`, of 24 octets as Svix makes them."""
    return PREFIX + b64encode(urlsafe_b64decode(Clock().token(24))).decode()


def key_of(secret: str) -> bytes:
    """The octets that a `whsec_…` secret stands for. Raises Invalid."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 16:
        raise Invalid("That is no secret for this shape", f"{PREFIX} and at least 16 octets in base64")
    return key


def _data(event: Event) -> dict[str, Any]:
    told = event.told
    said: dict[str, Any] = {
        "created_at": reading.time(told),
        "email_id": str(reading.name(told)),
        "message_id": told.message_id,
        "from": told.sender,
        "to": list(reading.recipients(told)),
        "subject": told.subject,
        "tags": {},
    }
    if told.kind == "bounced":
        hard = reading.is_permanent(told)
        said["bounce"] = {
            "diagnosticCode": [f"smtp; {reading.reply(told)}"],
            "message": reading.reply(told),
            "subType": "MailboxFull" if reading.is_full(told) else "General",
            "type": "Permanent" if hard else "Transient",
        }
    elif told.kind == "refused":
        said["failed"] = {"reason": reading.reply(told)}
    elif told.kind in ("opened", "clicked"):
        did = {
            "ipAddress": reading.READER_ADDRESS,
            "timestamp": reading.time(told),
            "userAgent": reading.READER_AGENT,
        }
        if told.kind == "clicked":
            said["click"] = did | {"link": told.url}
        else:
            said["open"] = did
    return said


def _post(event: Event, target: Target) -> Post:
    told = event.told
    name = f"msg_{reading.event_name(event.id).hex}"
    body = msgspec.json.encode({"type": _EVENTS[told.kind], "created_at": reading.time(told), "data": _data(event)})
    signed = f"{name}.{event.at}.".encode() + body
    signature = b64encode(hmac.new(key_of(target.secret), signed, hashlib.sha256).digest()).decode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Svix-Webhooks",
        "svix-id": name,
        "svix-timestamp": str(event.at),
        "svix-signature": f"v1,{signature}",
    }
    return Post(headers, body)


WAY = Way(_EVENTS, _post)
