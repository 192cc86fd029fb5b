"""Delivery status notifications: what is said of each recipient, to people and to programs (RFC 3461, 3464, 6533)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from mailtrap.delivery import report
from mailtrap.delivery.record import Attempt, Delivery, Outcome
from mailtrap.delivery.report import Original, Part, clean

Kind = Literal["failure", "delay", "success", "relayed", "expanded"]

#: Kind → the Action of RFC 3464 §2.3.3, the status where nobody gave one, the subject, what people are told.
_KINDS: dict[Kind, tuple[str, str, str, str]] = {
    "failure": ("failed", "5.0.0", "Delivery failed:", "could not be delivered to {whom}, and is not tried again"),
    "delay": ("delayed", "4.0.0", "Delivery delayed:", "has not been delivered to {whom} yet"),
    "success": ("delivered", "2.0.0", "Delivered:", "was delivered to {whom}"),
    "relayed": (
        "relayed",
        "2.0.0",
        "Relayed:",
        "was handed on for {whom} to a host that does not tell of deliveries, so that you will hear no more of it",
    ),
    "expanded": (
        "expanded",
        "2.0.0",
        "Delivered to a list:",
        "was handed on for {whom} to several others, of whom you will hear no more",
    ),
}
#: Lines of a reply that are repeated, and octets of one (RFC 5321 §4.5.3.1.5).
_MOST_LINES, _LONGEST_LINE = 20, 512
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


def wanted(kind: Kind, delivery: Delivery) -> bool:
    """Whether the sender is to be told (RFC 3461 §4.1, §6.2); nobody ever is for the null reverse-path (RFC 5321 §6.1).

    Where no NOTIFY was given failure and delay are told of, which RFC 3461 §4.1 leaves to us.
    """
    if not delivery.sender:
        return False
    word = {"failure": "FAILURE", "delay": "DELAY"}.get(kind, "SUCCESS")
    return word in (delivery.notify or ("FAILURE", "DELAY"))


def status_notice(
    kind: Kind,
    deliveries: Sequence[Delivery],
    original: Original,
    *,
    at: int,
    host: str,
    retry_until: int | None = None,
) -> bytes:
    """One notice about deliveries of one message, in octets; `host` reports. It goes out from the null path."""
    first = deliveries[0]
    utf8 = original.utf8 or not first.sender.isascii()
    host = clean(host, utf8, 255) or "localhost"
    returned = _returned(kind, first.ret, original, utf8)
    text = report.text_part(_text(kind, deliveries, host, returned, retry_until), utf8)
    message = [("Reporting-MTA", f"dns; {host}")]
    if first.envelope_id:
        message.insert(0, ("Original-Envelope-Id", clean(first.envelope_id, utf8)))
    message.append(("Arrival-Date", report.date(first.accepted_at)))
    blocks = [message, *[_recipient(kind, one, utf8, retry_until) for one in deliveries]]
    status = report.fields_part("message/global-delivery-status" if utf8 else "message/delivery-status", blocks, utf8)
    parts = (text, status, returned)
    header = [
        ("Date", report.date(at)),
        ("From", f"Mail Delivery System <MAILER-DAEMON@{host}>"),
        ("To", report.path(first.sender, utf8)),
        ("Subject", report.subject(_KINDS[kind][2], original, utf8)),
        ("Message-ID", report.message_id(host, str(at).encode(), status.octets, returned.octets)),
        *report.thread(original),
        ("Auto-Submitted", "auto-replied"),
    ]
    return report.compose(header, parts, "delivery-status")


def _returned(kind: Kind, ret: str, original: Original, utf8: bool) -> Part:
    """The whole message for failures only, unless nothing but its header is wanted or it is big (RFC 3461 §4.3)."""
    if kind == "failure" and ret != "HDRS" and (ret == "FULL" or original.size <= report.SMALL):
        whole = report.message_part(original, utf8)
        if whole is not None:
            return whole
    return report.header_part(original, utf8)


def _recipient(kind: Kind, delivery: Delivery, utf8: bool, retry_until: int | None) -> list[tuple[str, str]]:
    """The fields of one recipient (RFC 3464 §2.3)."""
    decided = delivery.decided_by
    fields = []
    asked = original_recipient(delivery.original_recipient, utf8)
    if asked:
        fields.append(("Original-Recipient", asked))
    fields.append(("Final-Recipient", final_recipient(delivery.recipient, utf8)))
    fields.append(("Action", _KINDS[kind][0]))
    fields.append(("Status", _status(kind, delivery)))
    if decided is not None:
        if decided.host and decided.code:
            fields.append(("Remote-MTA", f"dns; {clean(decided.host, utf8, 255)}"))
        diagnostic = _diagnostic(decided, utf8)
        if diagnostic:
            fields.append(("Diagnostic-Code", diagnostic))
    if delivery.attempts:
        fields.append(("Last-Attempt-Date", report.date(delivery.attempts[-1].at)))
    if kind == "delay" and retry_until is not None:
        fields.append(("Will-Retry-Until", report.date(retry_until)))
    return fields


def final_recipient(address: str, utf8: bool) -> str:
    """`rfc822; bob@b.test`; other than ASCII with the type utf-8, written in 7 bits unless `utf8` (RFC 6533 §3)."""
    if address.isascii():
        return f"rfc822; {clean(address, utf8)}"
    return f"utf-8; {clean(address if utf8 else _in_seven_bits(address), utf8)}"


def original_recipient(asked: str, utf8: bool) -> str:
    """`type;address` as ORCPT said, decoded, for a field; empty where it was something else."""
    type_, _, address = asked.partition(";")
    if not _TYPE.fullmatch(type_) or not address:
        return ""
    if type_.lower() == "utf-8" and not utf8:
        address = _in_seven_bits(address)
    return f"{type_}; {clean(address, utf8)}"


def _in_seven_bits(address: str) -> str:
    """utf-8-addr-xtext (RFC 6533 §3)."""
    return "".join([c if "!" <= c <= "~" and c not in "\\+=" else f"\\x{{{ord(c):02X}}}" for c in address])


def _status(kind: Kind, delivery: Delivery) -> str:
    """An enhanced status; one of success has class 2, one of delay class 4 (RFC 3464 §2.3.4)."""
    decided, usual = delivery.decided_by, _KINDS[kind][1]
    if decided is not None:
        classes = "45" if kind == "failure" else usual[0]
        if _STATUS.fullmatch(decided.status) and decided.status[0] in classes:
            return decided.status
        if decided.code and str(decided.code)[0] in classes:
            return f"{str(decided.code)[0]}.0.0"
    return "4.4.7" if delivery.outcome is Outcome.EXPIRED else usual


def _diagnostic(decided: Attempt, utf8: bool) -> str:
    """A reply as the host gave it, of several lines where it had them (RFC 3461 §9.2); our own words without one."""
    if not decided.code:
        text = clean(decided.text, utf8, _LONGEST_LINE)
        return f"x-mailtrap; {text}" if text else ""
    return "smtp; " + "\r\n ".join(_reply(decided, utf8))


def _reply(decided: Attempt, utf8: bool) -> list[str]:
    lines = decided.text.splitlines()[:_MOST_LINES] or [""]
    status = f"{decided.status} " if _STATUS.fullmatch(decided.status) else ""
    marks = ["-"] * (len(lines) - 1) + [" "]
    written = [f"{decided.code}{mark}{status}{line}" for mark, line in zip(marks, lines, strict=True)]
    return [clean(line, utf8, _LONGEST_LINE).rstrip() for line in written]


def _text(kind: Kind, deliveries: Sequence[Delivery], host: str, returned: Part, retry_until: int | None) -> str:
    """What people read."""
    whom = "this recipient" if len(deliveries) == 1 else f"these {len(deliveries)} recipients"
    lines = [f"This is the mail system at {host}.", "", f"Your message {_KINDS[kind][3].format(whom=whom)}:", ""]
    for delivery in deliveries:
        lines.append(f"<{clean(delivery.recipient)}>")
        decided = delivery.decided_by
        if decided is not None:
            said = f"{clean(decided.host, limit=255)} said:" if decided.code else "No host took it:"
            lines += (
                [f"    {said}", *[f"    {line}" for line in _reply(decided, True)]]
                if decided.code
                else [f"    {said} {clean(decided.text, limit=_LONGEST_LINE)}"]
            )
        lines.append("")
    if kind == "delay":
        until = f" until {report.date(retry_until)}" if retry_until is not None else ""
        lines += [f"It will be tried again{until}. You need not send it again.", ""]
    whole = returned.kind in ("message/rfc822", "message/global")
    lines.append("Your message is attached." if whole else "The header of your message is attached.")
    return "\n".join([*lines, ""])
