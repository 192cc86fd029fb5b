"""What was read a moment ago: whoever waits for a message looks at it next, and waits for another one meanwhile.

Octets never change, so what they say does not either; small messages are kept here by their octets.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec.structs import replace

from mailtrap.mail.content import Content, understand
from mailtrap.mail.message import Understanding

#: How many are kept, and the octets of the largest.
MOST, LARGEST = 32, 16 * 1024


def content_of(octets: bytes) -> Content:
    """The content, which may have been looked at before."""
    return _content(octets) if len(octets) <= LARGEST else Content(octets)


def understood(id: int, octets: bytes, flags: tuple[str, ...]) -> Understanding:
    """As `understand` does, of a message that may have been understood before."""
    if len(octets) > LARGEST:
        return understand(id, octets, flags)
    return replace(_understood(octets, flags), id=id)


@lru_cache(MOST)
def _content(octets: bytes) -> Content:
    return Content(octets)


@lru_cache(MOST)
def _understood(octets: bytes, flags: tuple[str, ...]) -> Understanding:
    return understand(0, _content(octets), flags)
