"""The conversations of tests/conversations, played without a socket in several ways of cutting the octets."""

from __future__ import annotations

from typing import Any

import pytest

from mailtrap.settings import TABLE, Settings
from mailtrap.smtp.listener import policy
from tests.smtp.scripts import Script, check, scripts
from tests.smtp.stand_ins import Played


def settings(script: Script) -> dict[str, Any]:
    rows = {row.key: row for row in TABLE}
    return {rows[key].name: rows[key].read(value, script.name) for key, value in script.settings.items()}


@pytest.mark.parametrize("size", [0, 1, 7], ids=lambda size: f"pieces of {size or 'any size'}")
@pytest.mark.parametrize("script", scripts(), ids=lambda script: script.name)
def test_a_conversation_goes_as_written(script: Script, size: int) -> None:
    played = Played(policy(Settings(**settings(script))))
    for turn in script.turns:
        said = played.send(turn.octets, size)
        check(turn.expected, said.decode().split("\r\n")[:-1])
    assert [played.store.content(number) for number in range(len(played.store.kept))] == script.kept
    if script.outcome:
        assert played.closed
        assert played.session.transcript.outcome == script.outcome
