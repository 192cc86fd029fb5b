"""Our own shape: the event as it is, signed with HMAC-SHA256."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from mailtrap.clock import rfc3339
from mailtrap.delivery.hooks import reading
from mailtrap.delivery.hooks.target import Event, Post, Target, Way
from mailtrap.delivery.told import Told

KINDS = ("captured", "refused", "delivered", "deferred", "bounced", "complained", "opened", "clicked", "notice")


class _Body(msgspec.Struct, frozen=True):
    id: str
    event: str
    at: str
    message: str
    message_id: str
    inbox: str
    sender: str = msgspec.field(name="from")
    recipients: tuple[str, ...]
    subject: str
    code: int
    status: str
    text: str
    host: str
    session: str
    attempt: int
    url: str


def _body(id: int, told: Told) -> bytes:
    return msgspec.json.encode(
        _Body(
            str(id),
            told.kind,
            rfc3339(told.at),
            str(told.message) if told.message else "",
            told.message_id,
            told.inbox,
            told.sender,
            reading.recipients(told),
            told.subject,
            told.code,
            told.status,
            told.text,
            told.host,
            str(told.session) if told.session else "",
            told.attempt,
            told.url,
        )
    )


def sign(secret: str, at: int, body: bytes) -> str:
    """HMAC-SHA256 with `secret` over `timestamp.body`, in hexadecimal."""
    return hmac.new(secret.encode(), b"%d.%s" % (at, body), hashlib.sha256).hexdigest()


def _post(event: Event, target: Target) -> Post:
    body = _body(event.id, event.told)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "mailtrap",
        "Mailtrap-Event": event.told.kind,
        "Mailtrap-Event-Id": str(event.id),
        "Mailtrap-Attempt": str(event.attempt),
        "Mailtrap-Timestamp": str(event.at),
        "Mailtrap-Signature": f"v1={sign(target.secret, event.at, body)}",
    }
    return Post(headers, body)


WAY = Way({kind: kind for kind in KINDS}, _post)
