"""Mailgun's webhooks: `event-data` beside a `signature` that is made of a timestamp and a token."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec

from mailtrap.delivery.hooks import reading
from mailtrap.delivery.hooks.target import Event, Post, Target, Way
from mailtrap.delivery.told import Told

_EVENTS = {
    "captured": "accepted",
    "refused": "rejected",
    "delivered": "delivered",
    "deferred": "failed",
    "bounced": "failed",
    "complained": "complained",
    "opened": "opened",
    "clicked": "clicked",
}
_WORDS = _EVENTS | {"deferred": "failed (temporary)", "bounced": "failed (permanent)"}
_LEVELS = {"refused": "warn", "deferred": "warn", "bounced": "error", "complained": "warn"}


def _delivery_status(told: Told) -> dict[str, Any]:
    said = {
        "attempt-no": told.attempt or 1,
        "certificate-verified": True,
        "code": told.code or (250 if told.kind == "delivered" else 0),
        "description": "",
        "enhanced-code": told.status,
        "message": " ".join(told.text.split()),
        "mx-host": told.host,
        "session-seconds": 0.1,
        "tls": True,
        "utf8": True,
    }
    if told.kind == "deferred":
        said["retry-seconds"] = 600
    return said


def _data(event: Event) -> dict[str, Any]:
    told = event.told
    said: dict[str, Any] = {
        "event": _EVENTS[told.kind],
        "id": reading.event_name(event.id).hex,
        "timestamp": told.at / 1_000_000,
        "log-level": _LEVELS.get(told.kind, "info"),
        "recipient": told.recipient,
        "recipient-domain": reading.domain(told.recipient),
        "envelope": {"sender": told.sender, "targets": told.recipient, "transport": "smtp"},
        "flags": {"is-authenticated": True, "is-test-mode": False, "is-routed": False, "is-system-test": False},
        "message": {
            "attachments": [],
            "headers": {
                "from": told.sender,
                "message-id": reading.bare(told.message_id),
                "subject": told.subject,
                "to": told.recipient,
            },
            "size": 0,
        },
        "campaigns": [],
        "tags": [],
        "user-variables": {},
    }
    if told.kind in ("delivered", "deferred", "bounced"):
        said["delivery-status"] = _delivery_status(told)
    if told.kind == "deferred":
        said |= {"severity": "temporary", "reason": "generic"}
    elif told.kind == "bounced":
        # Mailgun calls it temporary only while it goes on trying; a bounce is where it has stopped.
        said |= {"severity": "permanent", "reason": "bounce" if reading.is_unknown(told) else "generic"}
    elif told.kind == "refused":
        said["reject"] = {"reason": reading.reply(told), "description": ""}
    elif told.kind in ("opened", "clicked"):
        said |= {
            "ip": reading.READER_ADDRESS,
            "client-info": {
                "client-name": "mailtrap",
                "client-os": "unknown",
                "client-type": "email client",
                "device-type": "desktop",
                "user-agent": reading.READER_AGENT,
            },
            "geolocation": {"city": "", "country": "", "region": ""},
        }
        if told.kind == "clicked":
            said["url"] = told.url
    return said


def _post(event: Event, target: Target) -> Post:
    stamp = str(event.at)
    # A token of one's own for each try: receivers are told to remember them against replay.
    token = hashlib.sha256(f"{target.secret} {event.id} {event.at} {event.attempt}".encode()).hexdigest()[:50]
    signature = hmac.new(target.secret.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    said = {
        "signature": {"timestamp": stamp, "token": token, "signature": signature},
        "event-data": _data(event),
    }
    return Post({"Content-Type": "application/json", "User-Agent": "mailgun/treq"}, msgspec.json.encode(said))


#: 406 is how a receiver tells Mailgun to give up on an event.
WAY = Way(_WORDS, _post, single=True, final=frozenset((406,)))
