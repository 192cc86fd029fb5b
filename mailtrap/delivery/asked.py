"""What the sender asked to be told (RFC 3461): from the envelope of a message to the deliveries that follow; pure."""

from __future__ import annotations

import re

from mailtrap.delivery.record import RECIPIENT_BITS, Attempt, Delivery, Happening, Outcome, Pending
from mailtrap.delivery.routes import default_route
from mailtrap.mail.envelope import Envelope, Parameters

_HEX = re.compile(r"\+([0-9A-F]{2})")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_NOTIFY = frozenset(("SUCCESS", "FAILURE", "DELAY"))
#: Octets of a parameter that are read; what is longer is nobody's honest request (RFC 3461 §4.2, §4.4).
_LONGEST = 500


def deliveries(message: int, envelope: Envelope, at: int, inbox: str) -> list[Delivery]:
    """One for each recipient, the first try due at once."""
    ret = _value(envelope.parameters, "RET").upper()
    envelope_id = xtext(_value(envelope.parameters, "ENVID"))
    made = []
    for index, recipient in enumerate(envelope.recipients[: 1 << RECIPIENT_BITS]):
        delivery = Delivery(
            message,
            _text(recipient.address),
            accepted_at=at,
            due=at,
            sender=_text(envelope.reverse_path),
            inbox=inbox,
            index=index,
            ret=ret if ret in ("FULL", "HDRS") else "",
            envelope_id=envelope_id,
            happenings=[Happening(at, "accepted")],
            pending=[Pending(at, "attempt")],
        )
        if recipient.parameters:
            delivery.notify = notify(_value(recipient.parameters, "NOTIFY"))
            delivery.original_recipient = original_recipient(_value(recipient.parameters, "ORCPT"))
        made.append(delivery)
    return made


def delivered_at_once(delivery: Delivery) -> Delivery:
    """The delivery of a message with which nothing went wrong, which nobody wrote down."""
    at = delivery.accepted_at
    delivery.route = default_route(delivery.recipient)
    delivery.attempts = [Attempt(at, delivery.route[0], 250, "2.0.0", "OK")]
    delivery.tries = 1
    delivery.happened(at, "routed", ", ".join(delivery.route))
    delivery.happened(at, "delivered", delivery.route[0])
    delivery.outcome, delivery.pending, delivery.due = Outcome.DELIVERED, [], None
    return delivery


def wants_success(parameters: Parameters) -> bool:
    """Whether the parameters of a RCPT ask for a notice of success."""
    return "SUCCESS" in notify(_value(parameters, "NOTIFY"))


def notify(value: str) -> tuple[str, ...]:
    """`SUCCESS,delay` → `("SUCCESS", "DELAY")`; `NEVER` stands alone, what is unknown is left out (RFC 3461 §4.1)."""
    words = value.upper().split(",") if value else []
    if "NEVER" in words:
        return ("NEVER",)
    return tuple([word for word in dict.fromkeys(words) if word in _NOTIFY])


def original_recipient(value: str) -> str:
    """`rfc822;Bob+2BA@b.test` → `rfc822;Bob+A@b.test`; empty where the value is none (RFC 3461 §4.2, RFC 6533 §3)."""
    kind, semicolon, address = value.partition(";")
    if not semicolon or not kind or not address:
        return ""
    plain = xtext(address)
    if kind.lower() == "utf-8":
        plain = _UNICODE.sub(lambda found: _character(int(found[1], 16)), plain)
    return f"{kind};{plain}"


def xtext(value: str) -> str:
    """The text that `+XX` pairs stand for (RFC 3461 §4); what would not be printable stays encoded."""
    return _HEX.sub(lambda found: chr(code) if 32 < (code := int(found[1], 16)) < 127 else found[0], value)


def _text(text: str) -> str:
    """An address as JSON can hold it: lone surrogates become question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _character(code: int) -> str:
    character = chr(code) if code < 0x110000 else "\ufffd"
    return character if character.isprintable() else "\ufffd"


def _value(parameters: Parameters, keyword: str) -> str:
    for name, value in parameters:
        if name.upper() == keyword:
            return (value or "")[:_LONGEST]
    return ""
