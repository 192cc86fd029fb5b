"""Turns addresses in plain text into links; everything is escaped, and no text can break out of a link."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

#: An address ends where RFC 3986 allows no character, and is cut at this length.
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9])(?:https?://|mailto:)[^\s<>\"'`\\^{}|\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069]{1,2000}",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?*_~"
_BRACKETS = {")": "(", "]": "["}
MAX_LINKS = 5000
#: Characters after an address that may be taken for punctuation.
MAX_TRAILING = 64


def linkify(text: str) -> Markup:
    """The text as HTML with its http, https and mailto addresses as links. Linear; at most 5000 links."""
    out: list[str] = []
    position = 0
    for count, match in enumerate(_ADDRESS.finditer(text)):
        if count >= MAX_LINKS:
            break
        address = _trimmed(match[0])
        if address.partition(":")[2].strip("/") == "":
            continue
        href = escape(address)
        out.append(str(escape(text[position : match.start()])))
        out.append(f'<a href="{href}" target="_blank" rel="noopener noreferrer nofollow">{href}</a>')
        position = match.start() + len(address)
    out.append(str(escape(text[position:])))
    return Markup("".join(out))  # noqa: S704  every piece was escaped above


def _trimmed(address: str) -> str:
    """Without the punctuation of the sentence it stands in, and without a bracket that was not opened in it."""
    spare = {closing: address.count(closing) - address.count(opening) for closing, opening in _BRACKETS.items()}
    end = len(address)
    stop = max(0, end - MAX_TRAILING)
    while end > stop:
        last = address[end - 1]
        if last in _BRACKETS and spare[last] > 0:
            spare[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return address[:end]
