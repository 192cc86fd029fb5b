"""A refusal of a word says which words there are."""

from __future__ import annotations

import msgspec
import pytest

from mailtrap.faults.choices import choices
from mailtrap.faults.rule import Fault


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
    words = choices(caught.value, Fault)
    assert words.startswith(told)
    assert bool(words) is bool(told)
