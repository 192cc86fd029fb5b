"""The POP3 conversations of tests/conversations, played without a socket in several ways of cutting the octets."""

from __future__ import annotations

import pytest

from mailtrap.settings import TABLE, Settings
from tests.pop3.stand_ins import Played
from tests.smtp.scripts import FOLDER, Script, check, read

SCRIPTS = [read(path) for path in sorted(FOLDER.glob("pop3-*.txt"))]


def settings(script: Script) -> Settings:
    rows = {row.key: row for row in TABLE}
    return Settings(**{rows[key].name: rows[key].read(value, script.name) for key, value in script.settings.items()})


@pytest.mark.parametrize("size", [0, 1, 7], ids=lambda size: f"pieces of {size or 'any size'}")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_conversation_goes_as_written(script: Script, size: int) -> None:
    played = Played(settings(script))
    for turn in script.turns:
        said = played.send(turn.octets, size)
        check(turn.expected, said.decode().split("\r\n")[:-1])
    if script.kept:
        assert list(played.shelf.contents.values()) == script.kept
    if script.outcome:
        assert played.closed
        assert played.session.transcript.outcome == script.outcome
