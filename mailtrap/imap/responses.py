"""How IMAP responses are written: strings, lists, and every fixed response by name (RFC 9051 §4, §7)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from mailtrap.imap import names
from mailtrap.net.frame import Words

#: What may stand without quotes where an astring is expected (RFC 9051 §9, ASTRING-CHAR).
_ASTRING = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+")
#: What may stand between quotes without UTF-8; longer than this is better sent as a literal.
_QUOTABLE = re.compile(rb"[^\x00\r\n\x80-\xff]{0,1000}")
_QUOTABLE_UTF8 = re.compile(rb"[^\x00\r\n]{0,1000}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def quoted(value: bytes) -> bytes:
    """Between quotes. It must have no NUL, CR or LF, and no octet above 127 but as UTF-8 where that is enabled."""
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def literal(value: bytes) -> bytes:
    """As a literal. It must have no NUL."""
    return b"{%d}\r\n%b" % (len(value), value)


def string(value: bytes, utf8: bool = False) -> bytes:
    """Quoted where it can be, otherwise a literal; 128 stands for a NUL.

    With `utf8` the client reads UTF-8 between quotes (RFC 6855 §3).
    """
    if _QUOTABLE.fullmatch(value):
        return quoted(value)
    if utf8 and _QUOTABLE_UTF8.fullmatch(value) and _is_utf8(value):
        return quoted(value)
    # No string has room for a NUL (RFC 9051 §4.3); what was sent with one is told with something else in its place.
    return literal(value.replace(b"\0", b"\x80"))


def nstring(value: bytes | None, utf8: bool = False) -> bytes:
    """A string, or NIL."""
    return b"NIL" if value is None else string(value, utf8)


def astring(value: bytes, utf8: bool = False) -> bytes:
    """As an atom where it can be, otherwise a string."""
    return value if _ASTRING.fullmatch(value) and value.upper() != b"NIL" else string(value, utf8)


def mailbox(name: str, utf8: bool = False) -> bytes:
    """A folder's name, in modified UTF-7 unless UTF-8 is enabled (RFC 9051 §5.1)."""
    return astring(name.encode("utf-8", "replace") if utf8 else names.encode(name), utf8)


def flags(values: Iterable[str]) -> bytes:
    """A list of flags."""
    return b"(" + " ".join(values).encode("utf-8", "replace") + b")"


def internal_date(at: int) -> bytes:
    """Microseconds since the epoch as a date-time, in quotes."""
    day, seconds = divmod(at // 1_000_000, 86_400)
    minutes, second = divmod(seconds, 60)
    return b'"%b %02d:%02d:%02d +0000"' % (_day(day), minutes // 60, minutes % 60, second)


@lru_cache(maxsize=1000)
def _day(days: int) -> bytes:
    day = date(1970, 1, 1) + timedelta(days)
    return b"%2d-%b-%04d" % (day.day, _MONTHS[day.month - 1].encode(), day.year)


def tagged(tag: str, condition: str, text: str, code: str = "") -> bytes:
    """The response that ends a command; `condition` is OK, NO or BAD. No tag: `*` stands for it."""
    return f"{tag or '*'} {condition} {f'[{code}] ' if code else ''}{text}\r\n".encode()


def untagged(text: bytes) -> bytes:
    """`* text`."""
    return b"* " + text + b"\r\n"


def continuation(text: str = "Ready for it") -> bytes:
    """The client is to go on."""
    return f"+ {text}\r\n".encode()


def challenge(base64: bytes) -> bytes:
    """What a SASL mechanism says (RFC 9051 §6.2.2)."""
    return b"+ " + base64 + b"\r\n"


def plain(text: str) -> str:
    """Text for a response: one line of printable ASCII (RFC 9051 §9, text)."""
    return "".join([c if " " <= c <= "~" else " " if c.isspace() else "?" for c in text])


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


NOT_HTTP = b"* BYE This is IMAP, not HTTP\r\n"
NOT_TLS = b"* BYE TLS begins with STARTTLS here, or on the IMAPS port\r\n"

WORDS = Words(
    too_many_connections=b"* BYE [UNAVAILABLE] Too many connections (max-connections)\r\n",
    too_many_from_peer=b"* BYE [UNAVAILABLE] Too many connections from your address (max-connections-per-peer)\r\n",
    line_too_long=b"* BAD Line too long\r\n",
    line_endless=b"* BYE A line without end; closing\r\n",
    idle=b"* BYE [UNAVAILABLE] Nothing heard for too long; closing\r\n",
    session_over=b"* BYE [UNAVAILABLE] The session has lasted too long; closing\r\n",
    too_many_errors=b"* BYE Too many errors; closing\r\n",
    failed=b"* BYE [SERVERBUG] An error of our own; closing\r\n",
    shutting_down=b"* BYE [UNAVAILABLE] Shutting down\r\n",
)
