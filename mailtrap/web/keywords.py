"""Tags that mail programs set for themselves: IMAP keywords for machines, which are shown quietly."""

from __future__ import annotations

from collections.abc import Iterable

#: As these programs spell them; who writes `junk` as a tag has another one. Those of IANA and Thunderbird have a `$`.
FLAGS = ("Old", "Junk", "NonJunk", "NotJunk", "JunkRecorded", "Forwarded", "Redirected", "MDNSent")


def is_flag(tag: str) -> bool:
    """Whether it tells a program something, and no person: `$MDNSent`, `$label1`, mutt's `Old`."""
    return tag.startswith("$") or tag in FLAGS


def flags(tags: Iterable[str]) -> list[str]:
    """Those of programs."""
    return [tag for tag in tags if is_flag(tag)]


def people(tags: Iterable[str]) -> list[str]:
    """Those of people."""
    return [tag for tag in tags if not is_flag(tag)]
