"""The header summary that is kept with a message before its 250: a few fields, bounded, in microseconds."""

from __future__ import annotations

import re

from mailtrap.mail import charsets, encoded_words
from mailtrap.mail.mailboxes import read_mailboxes
from mailtrap.mail.message import Heading, Mailbox

#: How much of the content is looked at, and how many header fields.
HEAD = 256 * 1024
MAX_FIELDS = 1000
#: Octets of one value that are read, and of all values together: bounds the time for hostile input.
MAX_VALUE = 12 * 1024
MAX_TOTAL = 20 * 1024
MAX_SUBJECT = 2000
MAX_TOKEN = 1000

_WANTED = {
    b"subject": "subject",
    b"from": "sender",
    b"to": "to",
    b"cc": "cc",
    b"bcc": "bcc",
    b"reply-to": "reply_to",
    b"message-id": "message_id",
    b"date": "date",
    b"x-mail-inbox": "inbox",
}
_LISTS = frozenset(("to", "cc", "bcc", "inbox"))
_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_ESCAPE = 0x1B


def header_end(octets: bytes, limit: int = HEAD) -> int:
    """Where the header section stops: at its empty line, or after `limit` octets where there is none before."""
    limit = min(limit, len(octets))
    if octets[:1] == b"\n" or octets[:2] == b"\r\n":
        return 0
    end = octets.find(b"\n\r\n", 0, limit)
    if end < 0:
        end = limit
    bare = octets.find(b"\n\n", 0, end)
    return bare if bare >= 0 else end


def unfold(section: bytes) -> bytes:
    """A header section with each field on one line (RFC 5322 §2.2.3)."""
    if b"\n " in section:
        section = section.replace(b"\r\n ", b" ").replace(b"\n ", b" ")
    if b"\n\t" in section:
        section = section.replace(b"\r\n\t", b" ").replace(b"\n\t", b" ")
    return section


def read_heading(octets: bytes) -> Heading:
    """The fields a list shows, from at most the first `HEAD` octets; empty where there is none. Never raises."""
    values: dict[str, bytes] = {}
    left = MAX_TOTAL
    end = header_end(octets)
    section = unfold(octets[:end])
    # None: there is nothing to guess, as with nearly all mail.
    charset = None if section.isascii() and _ESCAPE not in section else charsets.in_header(octets, 0, end)
    for line in section.split(b"\n", MAX_FIELDS)[:MAX_FIELDS]:
        colon = line.find(b":", 0, 80)
        name = _WANTED.get(line[:colon].rstrip().lower()) if colon > 0 else None
        if name is None or left <= 0:
            continue
        value = line[colon + 1 : colon + 1 + min(left, MAX_VALUE)].strip()
        if name not in values:
            values[name] = value
        elif name in _LISTS:
            values[name] += b", " + value
        left -= len(value)
    get = values.get
    return Heading(
        _text(get("subject", b""), MAX_SUBJECT, charset),
        _mailboxes(get("sender"), charset),
        _mailboxes(get("to"), charset),
        _mailboxes(get("cc"), charset),
        _mailboxes(get("bcc"), charset),
        _mailboxes(get("reply_to"), charset),
        _text(get("message_id", b"")[:MAX_TOKEN], MAX_TOKEN, charset),
        _text(get("date", b"")[:MAX_TOKEN], MAX_TOKEN, charset),
        _text(values["inbox"], MAX_SUBJECT, charset) if "inbox" in values else "",
    )


def _text(value: bytes, limit: int, charset: str | None) -> str:
    text = value.decode("ascii") if charset is None else charsets.raw(value, charset)
    if "=?" in text:
        text = encoded_words.decode(text, limit)
    text = text[:limit]
    return text if text.isprintable() else _CONTROLS.sub(" ", text).strip()


def _mailboxes(value: bytes | None, charset: str | None) -> tuple[Mailbox, ...]:
    if not value:
        return ()
    return read_mailboxes(value.decode("ascii") if charset is None else charsets.raw(value, charset))
