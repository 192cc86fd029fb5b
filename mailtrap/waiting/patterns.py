"""Regular expressions that somebody sends us, run so that none of them can hold the sandbox up."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from mailtrap.errors import Invalid

#: Characters of a pattern, and of the text it is searched in.
LONGEST, SEARCHED = 500, 200_000
#: How long one search may take, in seconds.
PATIENCE = 2.0

#: A search in which nothing repeats, or one thing in so short a text, ends soon whatever it is.
_SHORT = 2000
_REPEATS = re.compile(r"[*+{]")

_CHILD = """
import json, re, sys
pattern, text = json.load(sys.stdin)
sys.exit(0 if re.search(pattern, text) else 10)
"""


def checked(pattern: str) -> str:
    """The same pattern. Raises Invalid where it is none, or too long."""
    if len(pattern) > LONGEST:
        raise Invalid(f"The pattern is longer than {LONGEST} characters", "look for less at once")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        message = f"{pattern[:100]!r} is no regular expression: {error}"
        raise Invalid(message, "it is Python's syntax: escape . ? * ( ) where they stand for themselves") from None
    return pattern


def found(pattern: str, text: str) -> bool:
    """Whether a checked pattern matches somewhere in the text. Raises Invalid where that takes too long."""
    text = text[:SEARCHED]
    repeats = len(_REPEATS.findall(pattern))
    if repeats == 0 or (repeats == 1 and len(text) <= _SHORT):
        return re.search(pattern, text) is not None
    # Nothing can stop a search once it runs, nor does anything else run meanwhile: so it runs elsewhere.
    try:
        done = subprocess.run(  # noqa: S603 - the pattern is data to it
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=json.dumps([pattern, text]).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise Invalid(
            f"To search for {pattern[:100]!r} takes longer than {PATIENCE:g} s", "nest no repetition in another"
        ) from None
    return done.returncode == 0
