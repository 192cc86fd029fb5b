"""Complaints: what a provider sends when somebody calls a message spam (RFC 5965)."""

from __future__ import annotations

from mailtrap import __version__
from mailtrap.delivery import report
from mailtrap.delivery.record import Delivery
from mailtrap.delivery.report import Original, clean


def complaint(
    delivery: Delivery, original: Original, *, at: int, host: str, source: str = "", text: str = ""
) -> bytes | None:
    """An abuse report about a delivered message; None for the null reverse-path. `source` is the client's address."""
    if not delivery.sender:
        return None
    utf8 = original.utf8 or not delivery.sender.isascii()
    host = clean(host, utf8, 255) or "localhost"
    said = clean(text, limit=500) or "The recipient called it spam."
    fields = [
        ("Feedback-Type", "abuse"),
        ("User-Agent", f"mailtrap/{__version__}"),
        ("Version", "1"),
        ("Original-Mail-From", f"<{clean(delivery.sender, utf8)}>"),
        ("Original-Rcpt-To", f"<{clean(delivery.recipient, utf8)}>"),
        ("Arrival-Date", report.date(delivery.accepted_at)),
        ("Reporting-MTA", f"dns; {host}"),
    ]
    if delivery.envelope_id:
        fields.append(("Original-Envelope-Id", clean(delivery.envelope_id, utf8)))
    if source:
        fields.append(("Source-IP", clean(source, False, 100)))
    domain = delivery.sender.rpartition("@")[2]
    if "@" in delivery.sender:
        fields.append(("Reported-Domain", clean(domain, utf8, 255)))
    words = report.text_part(
        f"This is a report of abuse from {host}.\n\nA message to <{clean(delivery.recipient)}> was complained of:\n"
        f"    {said}\n\nSend no more of the kind to this recipient. The message is attached.\n",
        utf8,
    )
    whole = report.message_part(original, utf8) if original.size <= report.SMALL else None
    returned = whole or report.header_part(original, utf8)
    feedback = report.fields_part("message/feedback-report", [fields], utf8)
    header = [
        ("Date", report.date(at)),
        ("From", f"Feedback Loop <feedback@{host}>"),
        ("To", report.path(delivery.sender, utf8)),
        # RFC 5965 §2: the subject of the message, which may be marked as passed on.
        ("Subject", report.subject("FW:", original, utf8)),
        ("Message-ID", report.message_id(host, str(at).encode(), feedback.octets, returned.octets)),
        *report.thread(original),
        ("Auto-Submitted", "auto-generated"),
    ]
    return report.compose(header, (words, feedback, returned), "feedback-report")
