"""What does not fit its shape is told in sentences: which field, what was given, what is allowed."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from mailtrap.faults.rule import Fault
from mailtrap.mistakes import form, in_json, mistake


class Inner(Struct, forbid_unknown_fields=True):
    size: Annotated[float, Meta(gt=0, le=2.5)]


class Shape(Struct, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=200)] = 1
    count: Annotated[int, Meta(ge=0)] | None = None
    least: Annotated[int, Meta(le=0)] = 0
    id: Annotated[str, form("^[0-9]+$", "an id"), Meta(max_length=5)] | msgspec.UnsetType = msgspec.UNSET
    name: Annotated[str, Meta(min_length=1)] = "x"
    names: Annotated[list[Annotated[str, Meta(min_length=2)]], Meta(min_length=1, max_length=3)] | None = None
    code: bool | str | None = None
    kind: Literal["a", "b"] = "a"
    inner: list[Inner] = []
    numbers: dict[str, Annotated[int, Meta(ge=3)]] = {}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ('{"limit": 0}', "`limit` is 0, but must be a whole number from 1 to 200"),
        ('{"limit": 1.5}', "`limit` is 1.5, but must be a whole number from 1 to 200"),
        ('{"limit": "5"}', '`limit` is "5", but must be a whole number from 1 to 200'),
        ('{"limit": null}', "`limit` is null, but must be a whole number from 1 to 200"),
        ('{"limit": [1]}', "`limit` is a list of 1, but must be a whole number from 1 to 200"),
        ('{"limit": {}}', "`limit` is an object, but must be a whole number from 1 to 200"),
        ('{"limit": 1e999}', "`limit` must be a whole number from 1 to 200"),
        ('{"limit": 0, "limit": }', "`limit` must be a whole number from 1 to 200"),
        (f'{{"limit": {"9" * 100}}}', f"`limit` is {'9' * 39}…, but must be a whole number from 1 to 200"),
        ('{"count": -1}', "`count` is -1, but must be a whole number of at least 0"),
        ('{"least": 1}', "`least` is 1, but must be a whole number of at most 0"),
        ('{"id": "x"}', '`id` is "x", but must be an id, of at most 5 characters'),
        ('{"id": "123456"}', "`id` has 6 characters, but must be an id, of at most 5 characters"),
        ('{"id": "a\\nb\\u202e"}', '`id` is "a\\nb ", but must be an id, of at most 5 characters'),
        ('{"name": ""}', "`name` has 0 characters, but must be text of at least 1 character"),
        ('{"names": []}', "`names` has 0 items, but must be a list of 1 to 3 items"),
        ('{"names": ["ok", "x"]}', "`names[1]` has 1 character, but must be text of at least 2 characters"),
        ('{"code": 1}', "`code` is 1, but must be true, false or text"),
        ('{"kind": "c"}', '`kind` cannot be "c"; it takes a, b'),
        ('{"kind": 1}', "`kind` is 1, but must be one of a, b"),
        ('{"inner": [{"size": 0}]}', "`inner[0].size` is 0, but must be a number above 0 and at most 2.5"),
        ('{"inner": [{}]}', "`inner[0].size` is missing"),
        ('{"inner": [{"size": 1, "six": 1}]}', "There is no field `six` in `inner[0]`; it takes size"),
        ('{"inner": {}}', "`inner` is an object, but must be a list"),
        ('{"numbers": {"x": 1}}', "`numbers[...]` must be a whole number of at least 3"),
        ('{"lim\\nit": 1}', "There is no field `lim it`; it takes limit, count, "),
        ("[]", "The body is an empty list, but must be an object"),
    ],
)
def test_a_mistake_says_where_what_and_what_may_be(document: str, told: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(document, type=Shape)
    message, hint = in_json(caught.value, Shape, document.encode())
    assert (f"{message}; {hint}" if hint else message).startswith(told)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("limit", "0", "`limit` is 0, but must be a whole number from 1 to 200"),
        ("limit", "many", "`limit` is many, but must be a whole number from 1 to 200"),
        ("limit", "", "`limit` is empty, but must be a whole number from 1 to 200"),
        ("limit", "a b", '`limit` is "a b", but must be a whole number from 1 to 200'),
        ("count", "x", "`count` is x, but must be a whole number of at least 0"),
        ("kind", "c", "`kind` cannot be c"),
    ],
)
def test_parameters_are_told_as_they_were_typed(name: str, value: str, told: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({name: value}, Shape, strict=False)
    assert mistake(caught.value, Shape, {name: value}, typed=False).message == told


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"step": "rctp", "effect": {}}, "it takes connect, greeting, ehlo, "),
        ({"step": "rcpt", "effect": {"tls": "bad"}}, "it takes abort, expired, "),
        ({"step": "rcpt", "effect": {}, "per": "user"}, "it takes login, message, peer, recipient, "),
        ({"step": "rcpt", "effect": {"replay": {}}}, "it takes reply, scenario, delay, "),
        ({"step": "rcpt", "effect": {"reply": {"cod": 1}}}, "it takes code, status, text"),
        ({"stepp": "rcpt"}, "it takes step, effect, "),
        ({"step": "rcpt", "effect": {"delay": "5s"}}, ""),
        ({"step": "rcpt", "effect": {}, "nth": ["x"]}, ""),
        ([], ""),
    ],
)
def test_what_might_have_been_meant(document: object, told: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(document, Fault)
    words = mistake(caught.value, Fault, document).hint
    assert words.startswith(told)
    assert bool(words) is bool(told)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(Shape.__struct_fields__) | st.text(), inner),
)


@given(JSON)
def test_whatever_comes_it_is_one_sentence_of_bounded_length(document: object) -> None:
    octets = msgspec.json.encode(document)
    try:
        msgspec.json.decode(octets, type=Shape)
    except msgspec.ValidationError as error:
        message, hint = in_json(error, Shape, octets)
        assert message.isprintable()
        assert len(message) + len(hint) < 400
