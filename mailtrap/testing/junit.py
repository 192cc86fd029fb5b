"""A run as JUnit XML, the way continuous integration reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

#: What XML 1.0 §2.2 has no place for, not even as a reference.
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test case: `failure` says what went wrong, empty where nothing did."""

    name: str
    group: str
    seconds: float = 0.0
    failure: str = ""
    output: str = ""


def junit(name: str, outcomes: Sequence[Outcome], facts: Sequence[tuple[str, str]] = ()) -> str:
    """One suite with these cases; `facts` are its properties."""
    failures = sum(1 for one in outcomes if one.failure)
    seconds = sum(one.seconds for one in outcomes)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name={_attribute(name)} tests="{len(outcomes)}" failures="{failures}" errors="0">',
        f'<testsuite name={_attribute(name)} tests="{len(outcomes)}" failures="{failures}" errors="0" skipped="0"'
        f' time="{seconds:.3f}">',
    ]
    if facts:
        rows = [f"<property name={_attribute(key)} value={_attribute(value)}/>" for key, value in facts]
        lines.append(f"<properties>{''.join(rows)}</properties>")
    for one in outcomes:
        lines.append(
            f'<testcase classname={_attribute(one.group)} name={_attribute(one.name)} time="{one.seconds:.3f}">'
        )
        if one.failure:
            lines.append(f"<failure message={_attribute(one.failure.splitlines()[0])}>{_text(one.failure)}</failure>")
        if one.output:
            lines.append(f"<system-out>{_text(one.output)}</system-out>")
        lines.append("</testcase>")
    return "\n".join([*lines, "</testsuite>", "</testsuites>", ""])


def _text(text: str) -> str:
    return escape(_NO_CHARACTER.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NO_CHARACTER.sub("\ufffd", text).replace("\n", " ")[:500])
