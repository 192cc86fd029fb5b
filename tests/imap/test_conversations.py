"""The IMAP conversations of tests/conversations, played without a socket in several ways of cutting the octets."""

from __future__ import annotations

import contextlib

import pytest

from mailtrap.settings import TABLE, Settings
from tests.imap.played import Played, Stage
from tests.smtp.scripts import FOLDER, Script, check, read

SCRIPTS = [read(path) for path in sorted(FOLDER.glob("imap-*.txt"))]


def settings(script: Script) -> Settings:
    rows = {row.key: row for row in TABLE}
    return Settings(**{rows[key].name: rows[key].read(value, script.name) for key, value in script.settings.items()})


@pytest.mark.parametrize("size", [0, 1, 7], ids=lambda size: f"pieces of {size or 'any size'}")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_conversation_goes_as_written(script: Script, size: int) -> None:
    with contextlib.closing(Stage(settings(script))) as stage:
        played = Played(stage)
        for turn in script.turns:
            said = played.send(turn.octets, size)
            check(turn.expected, said.decode().split("\r\n")[:-1])
        played.session.over()
        if script.outcome:
            assert played.closed
            assert played.session.transcript.outcome == script.outcome
