"""Which folders a listing tells of: patterns, levels, subscriptions, special uses."""

from __future__ import annotations

import fnmatch
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.imap.listing import Choice, Pattern, rows, subscribed_rows
from mailtrap.store.folder import Folder


def folder(name: str, use: str = "", *, selectable: bool = True) -> Folder:
    return Folder(len(name), "a", name, 1, 1, 1, use=use, selectable=selectable)


FOLDERS = [
    folder("INBOX"),
    folder("INBOX/later"),
    folder("All", "\\All"),
    folder("Work"),
    folder("Work/2026", selectable=False),
    folder("Work/2026/May"),
    folder("Sent", "\\Sent"),
]
NAMES = ["INBOX", "Work/2026/May", "Gone/away", "Sent"]


def told(patterns: list[str], choice: Choice = Choice()) -> dict[str, str]:  # noqa: B008 - it is frozen
    found = rows(FOLDERS, NAMES, patterns, choice)
    assert len({row.name for row in found}) == len(found)
    return {row.name: " ".join(row.attributes) + (" below" if row.below else "") for row in found}


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "a/b/c", True),
        ("%", "a/b", False),
        ("%", "a", True),
        ("%/%", "a/b", True),
        ("a%", "a", True),
        ("a*c", "a/b/c", True),
        ("a%c", "a/b/c", False),
        ("%*", "a/b", True),
        ("", "", True),
        ("a", "A", False),
        ("inbox", "INBOX", True),
        ("inb*", "INBOX", True),
        ("InBoX/%", "INBOX/Later", True),
        ("inbox/later", "INBOX/Later", False),
        ("inbox", "Inboxes", False),
        ("*b*b*", "abb", True),
    ],
)
def test_a_pattern_matches_whole_names(pattern: str, name: str, matches: bool) -> None:
    assert Pattern(pattern).matches(name) is matches


@given(st.text("ab/*%", max_size=12), st.text("ab/", max_size=12))
def test_patterns_match_what_an_expression_does(pattern: str, name: str) -> None:
    parts = [".*" if c == "*" else "[^/]*" if c == "%" else re.escape(c) for c in pattern]
    assert Pattern(pattern).matches(name) is bool(re.fullmatch("".join(parts), name))


@given(st.text("ab*", max_size=12), st.text("ab", max_size=12))
def test_a_star_is_what_it_is_elsewhere(pattern: str, name: str) -> None:
    assert Pattern(pattern).matches(name) is fnmatch.fnmatchcase(name, pattern)


def test_many_wildcards_take_no_longer() -> None:
    name = "a" * 499
    begun = time.process_time()
    for _ in range(20):
        assert not Pattern("*a%" * 300 + "z").matches(name)
    assert time.process_time() - begun < 10


def test_every_folder_is_told_of_with_its_attributes() -> None:
    assert told(["*"]) == {
        "INBOX": "\\HasChildren",
        "INBOX/later": "\\HasNoChildren",
        "All": "\\HasNoChildren \\All",
        "Sent": "\\HasNoChildren \\Sent",
        "Work": "\\HasChildren",
        "Work/2026": "\\Noselect \\HasChildren",
        "Work/2026/May": "\\HasNoChildren",
    }
    assert list(told(["*"]))[:2] == ["INBOX", "INBOX/later"]


def test_a_level_at_a_time() -> None:
    assert list(told(["%"])) == ["INBOX", "All", "Sent", "Work"]
    assert list(told(["Work/%"])) == ["Work/2026"]
    assert list(told(["Work/%", "S%"])) == ["Sent", "Work/2026"]


def test_subscriptions_may_be_to_what_is_not_there() -> None:
    assert told(["*"], Choice(subscribed=True)) == {
        "INBOX": "\\HasChildren \\Subscribed",
        "Gone/away": "\\NonExistent \\HasNoChildren \\Subscribed",
        "Sent": "\\HasNoChildren \\Sent \\Subscribed",
        "Work/2026/May": "\\HasNoChildren \\Subscribed",
    }
    assert told(["W%"], Choice(subscribed=True)) == {}
    assert told(["INBOX"], Choice(says_subscribed=True)) == {"INBOX": "\\HasChildren \\Subscribed"}


def test_levels_above_what_was_chosen() -> None:
    assert told(["%"], Choice(subscribed=True, recursive=True)) == {
        "INBOX": "\\HasChildren \\Subscribed",
        "Gone": "\\NonExistent \\HasNoChildren below",
        "Sent": "\\HasNoChildren \\Sent \\Subscribed",
        "Work": "\\HasChildren below",
    }


def test_a_level_is_not_told_of_for_what_is_listed_itself() -> None:
    choice = Choice(subscribed=True, recursive=True)
    assert list(told(["Work", "Work/2026", "Work/2026/May"], choice)) == ["Work/2026/May"]
    assert list(told(["Work"], choice)) == ["Work"]
    assert list(told(["*"], choice)) == ["INBOX", "Gone/away", "Sent", "Work/2026/May"]


def test_what_is_listed_itself_says_that_there_is_more_below() -> None:
    names = ["Work", "Work/2026/May", "INBOX"]
    for patterns in (["*"], ["%"]):
        found = rows(FOLDERS, names, patterns, Choice(subscribed=True, recursive=True))
        assert {row.name for row in found if row.below} == {"Work"}
        assert not any(row.below for row in rows(FOLDERS, names, patterns, Choice(subscribed=True)))


def test_special_uses() -> None:
    assert list(told(["*"], Choice(special_use=True))) == ["All", "Sent"]
    assert list(told(["*"], Choice(special_use=True, subscribed=True))) == ["Sent"]


def test_lsub_tells_of_levels_above() -> None:
    def lsub(pattern: str) -> dict[str, tuple[str, ...]]:
        return {row.name: row.attributes for row in subscribed_rows(FOLDERS, NAMES, pattern)}

    assert lsub("*") == {"INBOX": (), "Gone/away": ("\\Noselect",), "Sent": (), "Work/2026/May": ()}
    assert lsub("%") == {"INBOX": (), "Gone": ("\\Noselect",), "Sent": (), "Work": ("\\Noselect",)}
    assert lsub("Work/%") == {"Work/2026": ("\\Noselect",)}
