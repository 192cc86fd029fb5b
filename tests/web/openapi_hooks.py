"""What schemathesis cannot know by itself: how a query is written, and what a message looks like."""

from __future__ import annotations

from typing import Any

import msgspec
import schemathesis
from hypothesis import strategies as st

from mailtrap.delivery.hooks.ways import told_of
from mailtrap.web.webhooks import TargetWish

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
schemathesis.openapi.format("mailtrap-webhook-url", _WORDS.map("http://{}.invalid/hook".format))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A webhook's wish is consistent: no schema says which kinds of events which provider has a word for."""
    if (case.method.upper(), case.operation.path) != ("POST", "/api/webhooks"):
        return
    try:
        wish = msgspec.convert(case.body, TargetWish)
    except msgspec.ValidationError:
        return
    shape = "mailtrap" if wish.shape == "smtp" else wish.shape
    kinds = [kind for kind in wish.kinds if kind in told_of(shape)]
    case.body = {name: value for name, value in case.body.items() if name != "secret"} | {
        "shape": shape,
        "kinds": kinds,
    }
