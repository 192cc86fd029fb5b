"""What schemathesis cannot know by itself: how a query is written, and what a message looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import schemathesis
from hypothesis import strategies as st

from mailtrap.delivery.hooks.ways import told_of
from mailtrap.errors import Invalid
from mailtrap.faults.checking import checked
from mailtrap.faults.importing import read_rules
from mailtrap.faults.scenarios import SCENARIOS
from mailtrap.query import parse
from mailtrap.waiting.asserting import TOGETHER
from mailtrap.waiting.expectation import prepared
from mailtrap.web.fault_shapes import FaultBody, Import, ScenarioOn
from mailtrap.web.wait_shapes import AssertBody
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
    """What fits the schema makes sense, too: no schema says what a rule may do at which step."""
    case.body = _whole_numbers(case.body)
    place = case.method.upper(), case.operation.path
    if place in (("GET", "/api/wait"), ("GET", "/api/wait/refused")):
        _short(case)
    elif place == ("POST", "/api/messages") and (case.query or {}).get("received-at") is not None:
        case.query["imported"] = "true"
    elif place == ("POST", "/api/assert"):
        _expected(case)
    elif place == ("POST", "/api/webhooks"):
        _consistent_wish(case)
    elif place in (("POST", "/api/faults"), ("PUT", "/api/faults/{id}")):
        _instead(case, FaultBody, lambda body: checked(body.fault()), {"step": "rcpt", "effect": {"stall": True}})
    elif place == ("POST", "/api/scenarios/{name}"):
        found = SCENARIOS.get(case.path_parameters.get("name", ""), SCENARIOS["greylist"])
        _instead(case, ScenarioOn, lambda body: [checked(rule) for rule in body.rules(found)], {})
    elif place == ("POST", "/api/faults/import"):
        _instead(case, Import, lambda body: read_rules(body.format, body.document), {"format": "toml", "document": ""})


def _short(case: Any) -> None:
    """Wait for what nothing comes of only for a moment: where a 408 or 409 is the answer, no schema can say so."""
    if isinstance(case.query, dict):
        for name in ("none", "within", "timeout", "after", "inbox", "query", "count"):
            case.query.pop(name, None)
        case.query["none"], case.query["within"], case.query["query"] = "true", 0.01, "subject:nobodywritesthis"
        case.query.pop("unit", None)


def _expected(case: Any) -> None:
    """Expectations of one key each, whose patterns and queries can be read."""
    if isinstance(case.body, dict) and isinstance(case.body.get("timeout"), int | float):
        case.body["timeout"] = min(case.body["timeout"], 0.02)
    _instead(case, AssertBody, _read, {"expectations": [{"subject": "x"}]})


def _read(body: AssertBody) -> None:
    for one in body.expectations:
        [(name, value), *others] = one.given() or [("", None)]
        if others or not name:
            raise Invalid("not one key")
        if name == "order":
            for query in value:
                parse(query)
        elif name not in TOGETHER:
            prepared(name, value)


def _instead(case: Any, shape: Any, makes_sense: Callable[[Any], Any], sensible: dict[str, Any]) -> None:
    """Send something sensible where what fits the schema makes no sense."""
    try:
        makes_sense(msgspec.convert(case.body, shape))
    except msgspec.ValidationError:
        return
    except Invalid:
        case.body = sensible


def _whole_numbers(value: Any) -> Any:
    """JSON Schema takes 1.0 for an integer; we take it for what it looks like."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    if isinstance(value, dict):
        return {name: _whole_numbers(item) for name, item in value.items()}
    return value


def _consistent_wish(case: Any) -> None:
    """A webhook's wish is consistent: no schema says which kinds of events which provider has a word for."""
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
