"""What clients ask in odd ways, and what they are answered, in whole sessions (RFC 9051 and its extensions)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.imap.played import Played, Stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with contextlib.closing(Stage()) as made:
        yield made


@pytest.fixture
def played(stage: Stage) -> Played:
    """A client that has three messages before it."""
    played = Played(stage)
    played.send(b"a LOGIN default any\r\nb SELECT INBOX\r\n")
    return played


def say(played: Played, text: str) -> list[str]:
    return played.send(text.encode() + b"\r\n").decode().split("\r\n")[:-1]


def found(played: Played, program: str) -> str:
    """What SEARCH answers, the tagged response left out."""
    return say(played, f"s SEARCH {program}")[0].removeprefix("* SEARCH").strip()


def test_a_search_that_is_refused_leaves_nothing_saved(played: Played) -> None:
    assert say(played, "c SEARCH RETURN (SAVE) 2:3") == ["c OK Done"]
    assert found(played, "$") == "2 3"
    # BAD changes nothing, NO empties it (RFC 5182 §2.1).
    assert say(played, "d SEARCH RETURN (SAVE) NOTHING")[0].startswith("d BAD ")
    assert found(played, "$") == "2 3"
    refused = ["NO [BADCHARSET (US-ASCII UTF-8)] Searches here are in US-ASCII or UTF-8"]
    assert [line[2:] for line in say(played, "e SEARCH CHARSET X-NONE SUBJECT one")] == refused
    assert found(played, "$") == "2 3"
    assert [line[2:] for line in say(played, "f SEARCH RETURN (SAVE) CHARSET X-NONE SUBJECT one")] == refused
    assert found(played, "$") == ""


def test_the_charset_matters_only_where_there_is_something_to_search(stage: Stage) -> None:
    played = Played(stage)
    played.send(b"a LOGIN default any\r\n")
    assert say(played, "b SEARCH CHARSET X-NONE SUBJECT one") == ["b BAD Open a folder first"]
