"""What is known of a message besides its octets, as it stands in `messages.jsonl` beside them."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from mailtrap.inboxes import is_name

FORMATS = ("eml", "mbox", "maildir", "zip")

#: Beside the messages: what their octets do not say, one JSON object a line.
NOTES = "messages.jsonl"

#: A huge message that compresses extremely well is taken for a bomb: from so many octets on, beyond this ratio.
RATIO_FROM, MAX_RATIO = 10 * 1024 * 1024, 100

#: Inboxes, tags and characters of a tag that a note is believed.
_MOST_INBOXES, _MOST_TAGS, _LONGEST_TAG = 100, 100, 200


@dataclass(frozen=True, slots=True)
class Note:
    """Of a message that is written. `received_at` is RFC 3339, `sender` "" the null reverse-path.

    `inbox` is the first of its `inboxes`.
    """

    id: str
    sha256: str
    received_at: str
    inbox: str
    seen: bool
    sender: str
    recipients: tuple[str, ...]
    inboxes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """`000012-1f2e3d4c`: nothing of it comes from the mail, so no mail chooses where a file is written."""
        return f"{int(self.id):06d}-{int(self.sha256[:8], 16):08x}"

    @property
    def seconds(self) -> int:
        """When it arrived, in whole seconds since the epoch."""
        return calendar.timegm(time.strptime(self.received_at[:19], "%Y-%m-%dT%H:%M:%S"))


@dataclass(frozen=True, slots=True)
class Found:
    """A message read from a file; `sender` and `recipients` are None where the file does not tell.

    `received_at` is RFC 3339 in UTC, empty where nobody noted when it arrived; `inboxes` are empty where nobody noted
    where it was.
    """

    name: str
    octets: bytes
    sender: str | None = None
    recipients: tuple[str, ...] | None = None
    received_at: str = ""
    inboxes: tuple[str, ...] = ()
    seen: bool = False
    tags: tuple[str, ...] = ()


def written(file: str, note: Note) -> str:
    """The line about the message in this file."""
    return json.dumps({"file": file} | asdict(note)) + "\n"


def read_notes(lines: Iterable[bytes]) -> dict[str, Any]:
    """Notes by file name; lines that make no sense are as good as missing."""
    notes: dict[str, Any] = {}
    for line in lines:
        try:
            note = json.loads(line)
            notes[str(note["file"])] = note
        except (ValueError, KeyError, TypeError):
            continue
    return notes


def noted(found: Found, note: Any) -> Found:
    """The same message with what a note says of it, as far as that makes sense."""
    if not isinstance(note, dict):
        return found
    sender, recipients = note.get("sender"), note.get("recipients")
    if isinstance(sender, str) and isinstance(recipients, list):
        found = replace(found, sender=sender, recipients=tuple(str(recipient) for recipient in recipients))
    # An older release noted only the first of its inboxes.
    inboxes = _texts(note.get("inboxes")) or _texts([note.get("inbox")])
    return replace(
        found,
        received_at=moment(str(note.get("received_at"))),
        inboxes=tuple([name for name in inboxes if is_name(name)][:_MOST_INBOXES]),
        seen=note.get("seen") is True,
        tags=tuple([tag for tag in _texts(note.get("tags")) if 0 < len(tag) <= _LONGEST_TAG][:_MOST_TAGS]),
    )


def moment(text: str) -> str:
    """RFC 3339 in UTC; empty for what is no time with a zone, or none that a calendar has."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z" if at.tzinfo else ""
    except (ValueError, OverflowError):
        return ""


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
