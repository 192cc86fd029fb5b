"""Codes that are of no use to a reader: spent, expired, replaced by another, or only shown; pure and bounded."""

from __future__ import annotations

import re

from mailtrap.mail.extraction.grammar import EXAMPLE
from mailtrap.mail.extraction.grammar import SPENT as SAYS_SPENT
from mailtrap.mail.extraction.labels import labels_in
from mailtrap.mail.extraction.lines import Line
from mailtrap.mail.extraction.spoken import FORMER, ON_CONDITION, SPENT, TYPE, sentence
from mailtrap.mail.extraction.wording import folded

#: Characters from a number to what says that it is spent, and between `former` and the word for a code.
_FAR, _NEAR = 60, 4
#: Characters before a number in which it is looked for source text.
_WINDOW = 140
_SNIPPET = re.compile(r"\w_\w+\(|\w\(\w|\)\s*\{|\w_\w+\s*=|</?\w+>|[!=]=|=>|::|^[+-]\s{2,}|->")


def is_stale(text: str, start: int, end: int) -> bool:
    """Whether the sentence of a number says that it was one: `the old code (482913) has expired`."""
    if SAYS_SPENT.match(text, end):
        return True
    before, after = (folded(part) for part in sentence(text, start, end))
    return _is_former(before[-60:]) or _is_spent(before, after[:_FAR])


def _is_former(before: str) -> bool:
    """Whether `the former code` is what comes before it."""
    for found in FORMER.finditer(before):
        if TYPE.search(before, found.end()) or FORMER.search(before, found.end()):
            continue
        for label in labels_in(before):
            beside = 0 <= label.start - found.end() <= _NEAR or 0 <= found.start() - label.end <= _NEAR
            if beside and label.kind != "other" and len(before) - max(label.end, found.end()) < 15:
                return True
    return False


def _is_spent(before: str, after: str) -> bool:
    found = SPENT.search(after)
    if found is None:
        return False
    between = after[: found.start()]
    if FORMER.search(between) or TYPE.search(between) or TYPE.search(before[-30:]):
        return False
    return not ON_CONDITION.search(between) and not ON_CONDITION.search(before[-40:])


def is_shown(lines: list[Line], number: int, start: int) -> bool:
    """Whether the lines above lead to what only shows how such messages look, or the line is source text."""
    above = next((lines[at].text for at in range(number - 1, max(number - 4, -1), -1) if lines[at].text), "")
    if EXAMPLE.search(above[-200:]):
        return True
    return _SNIPPET.search(lines[number].text, max(0, start - _WINDOW), start) is not None
