"""A message as text that is the same whenever the same mail is sent: what differs each time has a name instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mailtrap.mail.content import Content
from mailtrap.mail.mime import Part

if TYPE_CHECKING:
    from mailtrap.client.message import Message

#: Header fields whose value says nothing about the mail but when, where and by whom it was sent.
_DIFFERENT = {
    "date": "{date}",
    "message-id": "{message-id}",
    "received": "{received}",
    "dkim-signature": "{signature}",
    "arc-seal": "{signature}",
    "arc-message-signature": "{signature}",
    "x-google-dkim-signature": "{signature}",
    "in-reply-to": "{message-id}",
    "references": "{message-ids}",
}

_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"

#: What differs wherever it stands, in the order in which it is looked for.
_VOLATILE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*")),
    ("uuid", re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")),
    ("time", re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")),
    ("time", re.compile(rf"\b(?:{_DAY}, )?\d{{1,2}} {_MONTH} \d{{4}} \d\d:\d\d(?::\d\d)?(?: [+-]\d{{4}}| GMT)?")),
    ("port", re.compile(r"(?<=\b127\.0\.0\.1:)\d{1,5}\b|(?<=\blocalhost:)\d{1,5}\b|(?<=\[::1\]:)\d{1,5}\b")),
    # Tokens: long, of the alphabet of hex or base64url, with letters and digits in it.
    ("token", re.compile(r"(?<![A-Za-z0-9_-])(?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[A-Za-z0-9_-]{20,}(?![A-Za-z0-9_-])")),
    # One in forty of 22 characters has no digit: then by how it goes up and down, which no word and no name does.
    (
        "token",
        re.compile(
            r"(?<![A-Za-z0-9_-])(?=(?:[A-Za-z_-]*?[a-z][A-Z]){3})(?=[A-Za-z_-]*[A-Z]{2})[A-Za-z_-]{20,}(?![A-Za-z0-9_-])"
        ),
    ),
    ("token", re.compile(r"(?<![A-Za-z0-9])[0-9a-f]{16,}(?![A-Za-z0-9])")),
)


class Mask:
    """Replaces what is volatile: the same value by the same name everywhere, another value by another name."""

    def __init__(self, known: Iterable[tuple[str, str]] = (), patterns: Sequence[str | re.Pattern[str]] = ()) -> None:
        """`known` are values and their names, such as `("483920", "code")`; `patterns` what else differs."""
        self._known = sorted({pair for pair in known if pair[0]}, key=lambda pair: (-len(pair[0]), pair))
        self._patterns = [("masked", re.compile(pattern)) for pattern in patterns]
        self._names: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def apply(self, text: str) -> str:
        """The text without what is volatile."""
        for kind, pattern in self._patterns:
            text = self._replace(kind, pattern, text)
        for value, kind in self._known:
            whole = re.compile(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])")
            text = self._replace(kind, whole, text)
        for kind, pattern in _VOLATILE:
            text = self._replace(kind, pattern, text)
        return text

    def _replace(self, kind: str, pattern: re.Pattern[str], text: str) -> str:
        return pattern.sub(lambda match: self._name(kind, match[0]), text)

    def _name(self, kind: str, value: str) -> str:
        key = kind, value
        if key not in self._names:
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[key] = f"{{{kind}}}" if number == 1 else f"{{{kind}-{number}}}"
        return self._names[key]


def masked(message: Message, mask: Mask) -> str:
    """Header, structure, text and HTML of a message, in lines."""
    boundaries = re.compile(r"(?i)(boundary=)(\"[^\"]*\"|[^;\s]+)")
    lines = []
    for name, value in message.headers:
        kept = _DIFFERENT.get(name.lower())
        shown = kept or mask.apply(boundaries.sub(r"\1{boundary}", value))
        lines.append(f"{name}: {shown}".rstrip())
    lines += ["", "--- structure", *_structure(message, mask)]
    if message.text.strip():
        lines += ["", "--- text", *_lines(mask.apply(message.text))]
    if message.html.strip():
        # One tag a line where they touch: a diff then shows the one that differs, whatever a minifier did.
        lines += ["", "--- html", *_lines(mask.apply(re.sub(r">\s*<", ">\n<", message.html)))]
    return "\n".join(lines) + "\n"


def _structure(message: Message, mask: Mask) -> Iterable[str]:
    depths: dict[Part, int] = {}
    for part in Content(message.raw).parts:
        depth = depths[part] = depths[part.parent] + 1 if part.parent else 0
        facts = [part.type, part.charset if part.is_text else "", part.disposition]
        facts += [mask.apply(repr(part.filename)) if part.filename else "", "with a content-id" * bool(part.content_id)]
        yield "  " * depth + " ".join(fact for fact in facts if fact)


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines
