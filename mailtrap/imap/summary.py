"""What SORT, THREAD and SENTSINCE look at in a header section, read once for each message (RFC 5256 §2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_tz

from mailtrap.imap.envelope import read_addresses
from mailtrap.mail import header
from mailtrap.mail.heading import header_end
from mailtrap.mail.parameters import uncommented

#: Messages whose summaries are kept, and how many are read at once.
KEPT = 50_000
BATCH = 500
#: Octets of a value that are looked at, characters of a key, octets of a date, ids in References.
MAX_VALUE = 12 * 1024
MAX_KEY = 2000
MAX_DATE = 200
MAX_REFERENCES = 200

_WANTED = frozenset((b"subject", b"date", b"from", b"to", b"cc", b"message-id", b"references", b"in-reply-to"))
_BLANKS = re.compile(r"[ \t\r\n]+")
# subj-trailer, subj-leader, subj-blob and subj-fwd (RFC 5256 §5).
_TRAILER = re.compile(r"(?:[ \t]|(\(fwd\)))\Z", re.IGNORECASE)
_LEADER = re.compile(
    r"(?:[ \t]|(?>(?:\[[^\[\]]*+\][ \t]*+)*)(re|fwd?)[ \t]*+(?:\[[^\[\]]*+\][ \t]*+)?:)", re.IGNORECASE
)
_BLOB = re.compile(r"\[[^\[\]]*+\][ \t]*+")
_ID = re.compile(rb'<[ \t]*+(?:"((?>(?:[^"\\]|\\.)*))"|([^<>@"\s]++))@([^<>\s]++)[ \t]*+>', re.DOTALL)
_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_COLON = re.compile(r"[ \t\r\n]*+:[ \t\r\n]*+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Summary:
    """Keys for comparison, letters folded. `sent` in microseconds since the epoch, None where there is no date.

    `day` is that of the Date field as it stands there, whatever its zone. `is_reply`: so the subject says.
    """

    subject: str = ""
    is_reply: bool = False
    sent: int | None = None
    day: date | None = None
    sender: str = ""
    to: str = ""
    cc: str = ""
    shown_sender: str = ""
    shown_to: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()


def read(octets: bytes) -> Summary:
    """Summarise a message, of which the beginning suffices. Never raises."""
    found: dict[bytes, bytes] = {}
    for name, value in header.values(octets[: header_end(octets)]):
        lower = name.lower()
        if lower in _WANTED:
            found.setdefault(lower, value[:MAX_VALUE])
    get = found.get
    subject, is_reply = base_subject(header.text(get(b"subject", b"")))
    sent, day = _sent(get(b"date", b""))
    sender, shown_sender = _first(get(b"from", b""))
    to, shown_to = _first(get(b"to", b""))
    cc, _ = _first(get(b"cc", b""))
    own = next(_ids(get(b"message-id", b"")), "")
    references = tuple(_ids(get(b"references", b"")))[-MAX_REFERENCES:]
    if not references:
        references = tuple(_ids(get(b"in-reply-to", b"")))[:1]
    return Summary(folded(subject), is_reply, sent, day, sender, to, cc, shown_sender, shown_to, own, references)


def folded(text: str) -> str:
    """Text so that comparing it makes nothing of case (RFC 5051)."""
    return text.upper() if text.isascii() else unicodedata.normalize("NFKD", text.upper())


def base_subject(subject: str) -> tuple[str, bool]:
    """A subject without what replies and forwards put around it, and whether they did (RFC 5256 §2.1)."""
    text = _BLANKS.sub(" ", subject[:MAX_KEY])
    is_reply = False
    while True:
        while trailer := _TRAILER.search(text, max(0, len(text) - 5)):
            is_reply = is_reply or trailer[1] is not None
            text = text[: trailer.start()]
        start = 0
        while True:
            leader = _LEADER.match(text, start)
            if leader is not None:
                is_reply = is_reply or leader[1] is not None
                start = leader.end()
                continue
            blob = _BLOB.match(text, start)
            if blob is None or blob.end() == len(text):
                break
            start = blob.end()
        text = text[start:]
        if text[:5].lower() != "[fwd:" or not text.endswith("]"):
            return text, is_reply
        is_reply = True
        text = text[5:-1]


def _first(value: bytes) -> tuple[str, str]:
    """What the first address of a list is sorted by: its mailbox, and what is shown of it (RFC 5957)."""
    addresses = read_addresses(value)
    if not addresses:
        return "", ""
    first = addresses[0]
    mailbox = header.text(first.mailbox or b"", MAX_KEY)
    name = header.text(first.name or b"", MAX_KEY).strip()
    host = header.text(first.host or b"", MAX_KEY)
    return folded(mailbox), folded(name or (f"{mailbox}@{host}" if host else mailbox))


def _ids(value: bytes) -> Iterator[str]:
    for quoted, plain, domain in _ID.findall(value):
        yield ((_PAIR.sub(rb"\1", quoted) if quoted else plain) + b"@" + domain).decode("utf-8", "backslashreplace")


def _sent(value: bytes) -> tuple[int | None, date | None]:
    """When a Date field says a message was sent; a zone that cannot be is UTC, a time 00:00 (RFC 5256 §2.2)."""
    try:
        # Comments, and blanks beside colons, may stand in old dates (RFC 5322 §4.3).
        found = parsedate_tz(_COLON.sub(":", uncommented(value[:MAX_DATE].decode("ascii", "replace"))).strip())
        if found is None:
            return None, None
        year, month, day, hour, minute, second = found[:6]
        on = date(year, month, day)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None, None
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        moment = datetime(year, month, day, tzinfo=UTC)
    ahead = found[9] or 0
    if abs(ahead) >= 86_400:
        ahead = 0
    return (moment - _EPOCH) // timedelta(microseconds=1) - ahead * 1_000_000, on


class Summaries:
    """Those of many messages, about the last `kept` of them at hand: what a message says never changes. Thread-safe.

    `contents` gives the octets of messages, or of their beginnings, by id.
    """

    def __init__(self, contents: Callable[[Collection[int]], dict[int, bytes]], kept: int = KEPT) -> None:
        self._contents = contents
        self._kept = kept
        # Two generations: nothing has to be moved when one is looked up, by whatever thread.
        self._recent: dict[int, Summary] = {}
        self._older: dict[int, Summary] = {}

    def of(self, messages: Collection[int]) -> dict[int, Summary]:
        """By message; those that are gone are missing."""
        recent, older = self._recent, self._older
        found: dict[int, Summary] = {}
        missing: list[int] = []
        for message in messages:
            summary = recent.get(message) or older.get(message)
            if summary is None:
                missing.append(message)
            else:
                found[message] = summary
        for start in range(0, len(missing), BATCH):
            for message, octets in self._contents(missing[start : start + BATCH]).items():
                found[message] = self._keep(message, read(octets))
        return found

    def _keep(self, message: int, summary: Summary) -> Summary:
        if len(self._recent) >= max(1, self._kept // 2):
            self._older, self._recent = self._recent, {}
        self._recent[message] = summary
        return summary
