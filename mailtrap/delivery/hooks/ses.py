"""Amazon SES by way of SNS: a Notification whose Message is the event as JSON text, signed with RSA."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlencode

import msgspec

from mailtrap.delivery.hooks import reading
from mailtrap.delivery.hooks.target import Event, Post, Target, Way
from mailtrap.delivery.told import Told

#: Where our web serves the certificate that SigningCertURL names.
CERTIFICATE = "/api/webhooks/certificate.pem"

#: And the answer to whoever confirms a subscription, as receivers do before anything else.
CONFIRMATION = "/api/webhooks/subscription"
#: The kind of event that asks for it; only SNS knows such a thing.
SUBSCRIPTION = "subscription"

_TOPIC = "arn:aws:sns:us-east-1:000000000000:mailtrap"
_SIGNED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")

_EVENTS = {
    "captured": "Send",
    "refused": "Reject",
    "delivered": "Delivery",
    "deferred": "DeliveryDelay",
    "bounced": "Bounce",
    "complained": "Complaint",
    "opened": "Open",
    "clicked": "Click",
}
#: What an identity's notifications tell of; the others come from a configuration set's event destination.
_NOTIFIED = frozenset(("Bounce", "Complaint", "Delivery"))


def _bounce_type(told: Told) -> tuple[str, str]:
    if reading.is_full(told):
        return "Transient", "MailboxFull"
    if not reading.is_permanent(told):
        return "Transient", "General"
    return "Permanent", "General"


def _mail(told: Told) -> dict[str, Any]:
    whom = list(reading.recipients(told))
    fields = {"From": told.sender, "To": ", ".join(whom), "Subject": told.subject, "Message-ID": told.message_id}
    return {
        "timestamp": reading.time(told),
        "source": told.sender,
        "sourceArn": f"arn:aws:ses:us-east-1:000000000000:identity/{reading.domain(told.sender)}",
        "sendingAccountId": "000000000000",
        "messageId": str(reading.name(told)),
        "destination": whom,
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in fields.items() if value],
        "commonHeaders": {
            "from": [told.sender],
            "to": whom,
            "messageId": told.message_id,
            "subject": told.subject,
        },
        "tags": {},
    }


def _detail(event: Event) -> dict[str, Any]:
    told, at = event.told, reading.time(event.told)
    whom = reading.recipients(told)
    name = str(reading.event_name(event.id))
    if told.kind == "bounced":
        kind, sub = _bounce_type(told)
        bounced = [
            {
                "emailAddress": recipient,
                "action": "failed",
                "status": reading.status(told),
                "diagnosticCode": f"smtp; {reading.reply(told)}",
            }
            for recipient in whom
        ]
        return {
            "bounceType": kind,
            "bounceSubType": sub,
            "bouncedRecipients": bounced,
            "timestamp": at,
            "feedbackId": name,
            "reportingMTA": f"dns; {told.host or 'localhost'}",
        }
    if told.kind == "complained":
        return {
            "complainedRecipients": [{"emailAddress": recipient} for recipient in whom],
            "timestamp": at,
            "feedbackId": name,
            "complaintSubType": None,
            "complaintFeedbackType": "abuse",
            "userAgent": "mailtrap",
        }
    if told.kind == "delivered":
        return {
            "timestamp": at,
            "processingTimeMillis": 100,
            "recipients": list(whom),
            "smtpResponse": reading.reply(told) or "250 OK",
            "reportingMTA": told.host or "localhost",
        }
    if told.kind == "deferred":
        delayed = [
            {
                "emailAddress": recipient,
                "status": reading.status(told),
                "diagnosticCode": f"smtp; {reading.reply(told)}",
            }
            for recipient in whom
        ]
        kind = "MailboxFull" if reading.is_full(told) else "TransientCommunicationFailure"
        return {"timestamp": at, "delayType": kind, "delayedRecipients": delayed}
    if told.kind == "refused":
        return {"reason": reading.reply(told)}
    if told.kind in ("opened", "clicked"):
        read = {"ipAddress": reading.READER_ADDRESS, "timestamp": at, "userAgent": reading.READER_AGENT}
        return read | ({"link": told.url, "linkTags": None} if told.kind == "clicked" else {})
    return {}


def _message(event: Event) -> str:
    kind = _EVENTS[event.told.kind]
    detail = "deliveryDelay" if kind == "DeliveryDelay" else kind.lower()
    said: dict[str, Any] = {"eventType": kind, "mail": _mail(event.told), detail: _detail(event)}
    if kind in _NOTIFIED:
        said = {"notificationType": kind, **said}
    return msgspec.json.encode(said).decode()


def confirmed(token: str) -> str:
    """What SNS answers to a confirmation."""
    arn = escape(f"{_TOPIC}:{token}")
    return (
        '<ConfirmSubscriptionResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ConfirmSubscriptionResult>'
        f"<SubscriptionArn>{arn}</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>"
    )


def string_to_sign(notification: dict[str, str]) -> bytes:
    """The fields that are signed: each name and value on a line of its own, in the order of their names."""
    return "".join([f"{name}\n{notification[name]}\n" for name in _SIGNED if name in notification]).encode()


def _post(event: Event, target: Target) -> Post:
    from mailtrap.delivery.hooks.keys import sign_rsa

    name = str(reading.event_name(event.id))
    is_first = event.told.kind == SUBSCRIPTION
    said = {
        "Type": "SubscriptionConfirmation" if is_first else "Notification",
        "MessageId": name,
        "TopicArn": _TOPIC,
        "Message": f"Visit the SubscribeURL to confirm that {_TOPIC} may be told here."
        if is_first
        else _message(event),
        "Timestamp": reading.milliseconds(event.at * 1_000_000),
        "SignatureVersion": target.signature_version,
    }
    if is_first:
        said["Token"] = name.replace("-", "")
        asked = {"Action": "ConfirmSubscription", "TopicArn": _TOPIC, "Token": said["Token"]}
        said["SubscribeURL"] = f"{event.site}{CONFIRMATION}?{urlencode(asked)}"
    said["Signature"] = sign_rsa(target.key, string_to_sign(said), target.signature_version)
    said["SigningCertURL"] = event.site + CERTIFICATE
    if not is_first:
        said["UnsubscribeURL"] = f"{event.site}/api/webhooks"
    headers = {
        # SNS says so although it is JSON.
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": said["Type"],
        "x-amz-sns-message-id": said["MessageId"],
        "x-amz-sns-topic-arn": _TOPIC,
    }
    if not is_first:
        headers["x-amz-sns-subscription-arn"] = f"{_TOPIC}:{reading.event_name(-target.id)}"
    return Post(headers, msgspec.json.encode(said))


WAY = Way(_EVENTS, _post)
