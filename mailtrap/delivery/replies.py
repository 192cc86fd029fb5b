"""What people's programs send back: automatic replies (RFC 3834) and read receipts (RFC 8098), where they may."""

from __future__ import annotations

import re

from mailtrap import __version__
from mailtrap.delivery import report
from mailtrap.delivery.dsn import final_recipient, original_recipient
from mailtrap.delivery.record import Delivery
from mailtrap.delivery.report import Original, clean
from mailtrap.mail import header
from mailtrap.mail.mailboxes import read_mailboxes
from mailtrap.mail.message import Mailbox

AWAY = "I am out of the office and will read your message when I am back."

#: Senders that no person reads (RFC 3834 §2).
_MACHINE = re.compile(r"(?:mailer-daemon|owner-.*|.*-request|.*-owner|(?:no|do-?not)-?reply)", re.IGNORECASE)
_LISTS = (
    b"list-id",
    b"list-help",
    b"list-unsubscribe",
    b"list-post",
    b"list-owner",
    b"list-archive",
    b"list-subscribe",
)
_RECIPIENTS = (b"to", b"cc", b"bcc", b"resent-to", b"resent-cc", b"resent-bcc")


def why_no_reply(delivery: Delivery, original: Original) -> str:
    """Why no program may answer this message, in words; empty where it may (RFC 3834 §2)."""
    fields = _fields(original)
    if not delivery.sender:
        return "its reverse-path is null"
    if _MACHINE.fullmatch(delivery.sender.rpartition("@")[0] or delivery.sender):
        return "nobody reads mail at its sender's address"
    if _is_automatic(fields):
        return "Auto-Submitted says that a program sent it"
    if any(name in fields for name in _LISTS):
        return "it came by a mailing list"
    if _first(fields, b"precedence").lower() in ("bulk", "junk", "list"):
        return "its precedence is that of bulk mail"
    named = {mailbox.address.lower() for name in _RECIPIENTS for v in fields.get(name, ()) for mailbox in _boxes(v)}
    if delivery.recipient.lower() not in named:
        return "its header does not name the recipient"
    return ""


def auto_reply(delivery: Delivery, original: Original, *, at: int, host: str, text: str = "") -> bytes | None:
    """The recipient's automatic answer to the sender; None where RFC 3834 allows none."""
    if why_no_reply(delivery, original):
        return None
    utf8 = original.utf8 or not delivery.sender.isascii()
    written = "\n".join([clean(line) for line in text[:10_000].splitlines()[:100]])
    part = report.text_part((written or AWAY) + "\n", utf8)
    seeds = (str(at).encode(), delivery.recipient.encode("utf-8", "replace"), part.octets, original.section)
    fields = [
        ("Date", report.date(at)),
        ("From", report.path(delivery.recipient, utf8 or not delivery.recipient.isascii())),
        ("To", report.path(delivery.sender, utf8)),
        # RFC 3834 §3.1.5.
        ("Subject", report.subject("Auto:", original, utf8)),
        ("Message-ID", report.message_id(host, *seeds)),
        *report.thread(original),
        ("Auto-Submitted", "auto-replied"),
    ]
    return report.compose_text(fields, part)


def why_no_receipt(delivery: Delivery, original: Original) -> str:
    """Why nobody is told that the message was read, in words; empty where somebody is (RFC 8098 §2.1)."""
    fields = _fields(original)
    if not _asking(fields):
        return "its header has no Disposition-Notification-To"
    if not delivery.sender:
        return "its reverse-path is null"
    if _is_automatic(fields):
        return "Auto-Submitted says that a program sent it"
    if _first(fields, b"content-type").lower().replace(" ", "").startswith("multipart/report"):
        return "it is a report itself"
    if "required" in _first(fields, b"disposition-notification-options").lower():
        # By something that we do not know (RFC 8098 §2.2).
        return "Disposition-Notification-Options requires what is not known here"
    return ""


def _asking(fields: dict[bytes, list[bytes]]) -> str:
    boxes = [mailbox for v in fields.get(b"disposition-notification-to", ())[:1] for mailbox in _boxes(v)]
    return boxes[0].address if boxes else ""


def read_receipt(delivery: Delivery, original: Original, *, at: int, host: str) -> bytes | None:
    """A notice that the recipient has seen the message and let that be told; None where RFC 8098 allows none."""
    if why_no_receipt(delivery, original):
        return None
    address = _asking(_fields(original))
    utf8 = original.utf8 or not address.isascii()
    ours = clean(host, utf8, 255) or "localhost"
    told = [("Reporting-UA", f"{ours}; mailtrap {__version__}")]
    asked = original_recipient(delivery.original_recipient, utf8)
    if asked:
        told.append(("Original-Recipient", asked))
    told.append(("Final-Recipient", final_recipient(delivery.recipient, utf8)))
    thread = report.thread(original)
    if thread:
        told.append(("Original-Message-ID", thread[0][1]))
    # Somebody looked at it and agreed that this be told.
    told.append(("Disposition", "manual-action/MDN-sent-manually; displayed"))
    kind = "message/global-disposition-notification" if utf8 else "message/disposition-notification"
    disposition = report.fields_part(kind, [told], utf8)
    words = report.text_part(
        f"Your message to <{clean(delivery.recipient)}> was shown to its reader at {report.date(at)}.\n"
        "That does not mean that it was read or understood.\n",
        utf8,
    )
    returned = report.header_part(original, utf8)
    heading = [
        ("Date", report.date(at)),
        ("From", report.path(delivery.recipient, utf8 or not delivery.recipient.isascii())),
        ("To", report.path(address, utf8)),
        ("Subject", report.subject("Read:", original, utf8)),
        ("Message-ID", report.message_id(host, str(at).encode(), disposition.octets, returned.octets)),
        *thread,
        ("Auto-Submitted", "auto-replied"),
    ]
    return report.compose(heading, (words, disposition, returned), "disposition-notification")


def _fields(original: Original) -> dict[bytes, list[bytes]]:
    """The fields of the original: name in lower case → unfolded values."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in header.values(original.section):
        found.setdefault(name.lower(), []).append(value)
    return found


def _first(fields: dict[bytes, list[bytes]], name: bytes) -> str:
    return header.text(fields[name][0], 1000) if name in fields else ""


def _boxes(value: bytes) -> tuple[Mailbox, ...]:
    return read_mailboxes(value[: header.MAX_VALUE].decode("utf-8", "replace"))


def _is_automatic(fields: dict[bytes, list[bytes]]) -> bool:
    # A comment may follow (RFC 3834 §5).
    word = _first(fields, b"auto-submitted").partition(";")[0].partition("(")[0].strip().lower()
    return word not in ("", "no")
