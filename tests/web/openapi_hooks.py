"""What schemathesis cannot know by itself: how a query is written, and what a message looks like."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

_WORDS = st.from_regex(r"[a-z0-9äß漢]{1,8}", fullmatch=True)
_TERMS = st.one_of(
    _WORDS,
    _WORDS.map("{}*".format),
    _WORDS.map('"{} b"'.format),
    _WORDS.map("-{}".format),
    _WORDS.map("subject:{}".format),
    _WORDS.map("from:{}@a.test".format),
    _WORDS.map("rcpt:*@{}.test".format),
    _WORDS.map('header:X-A="{}"'.format),
    st.sampled_from(["is:seen", "has:attachment", "larger:10KB", "after:2h", "before:2026-01-31", "(a OR -b)", ""]),
)

schemathesis.openapi.format("mailtrap-query", st.lists(_TERMS, min_size=1, max_size=4).map(" ".join))
