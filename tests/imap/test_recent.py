"""Recent messages: those that no session has heard of before (RFC 3501 §2.3.2)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.imap.recent import Recents, Unheard
from tests.imap.played import Played, Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    with contextlib.closing(Stage(news=True)) as stage:
        yield stage


Begin = Callable[[], Played]


@pytest.fixture
def begin(stage: Stage) -> Iterator[Begin]:
    with contextlib.ExitStack() as stack:

        def start() -> Played:
            played = Played(stage)
            stack.callback(played.session.over)
            played.send(b"l LOGIN default x\r\n")
            return played

        yield start


def test_the_first_who_may_change_a_folder_takes_what_is_recent(begin: Begin, stage: Stage) -> None:
    one, other = begin(), begin()
    assert b"(RECENT 3)" in one.send(b"a STATUS INBOX (RECENT)\r\n")
    assert b"* 3 RECENT\r\n" in one.send(b"a EXAMINE INBOX\r\n")
    assert b"(RECENT 3)" in other.send(b"a STATUS INBOX (RECENT)\r\n")
    assert b"* 3 RECENT\r\n" in other.send(b"a SELECT INBOX\r\n")
    assert b"(RECENT 0)" in one.send(b"b STATUS INBOX (RECENT)\r\n")
    assert b"* 0 RECENT\r\n" in one.send(b"c SELECT INBOX\r\n")
    assert b"FLAGS (\\Recent)" in other.send(b"b FETCH 1 FLAGS\r\n")
    assert b"FLAGS ()" in one.send(b"d FETCH 1 FLAGS\r\n")


def test_one_of_those_who_are_there_is_told_that_what_comes_is_recent(begin: Begin, stage: Stage) -> None:
    one, other = begin(), begin()
    one.send(b"a SELECT INBOX\r\n")
    other.send(b"a SELECT INBOX\r\n")
    stage.capture(b"Subject: four\r\n\r\n")
    assert other.send(b"b NOOP\r\n").startswith(b"* 4 EXISTS\r\n* 1 RECENT\r\n")
    assert one.send(b"b NOOP\r\n") == b"* 4 EXISTS\r\nb OK Nothing done\r\n"
    assert b"(RECENT 0)" in one.send(b"c STATUS INBOX (RECENT)\r\n")
    assert b"\\Recent" in other.send(b"c FETCH 4 FLAGS\r\n")
    assert b"\\Recent" not in one.send(b"d FETCH 4 FLAGS\r\n")
    assert b"(\\Flagged \\Recent)" in other.send(b"d STORE 4 +FLAGS (\\Flagged)\r\n")
    assert b"* 4 FETCH (FLAGS (\\Flagged))" in one.send(b"e NOOP\r\n")
    one.send(b"f STORE 4 +FLAGS (\\Answered)\r\n")
    assert b"* 4 FETCH (FLAGS (\\Answered \\Flagged \\Recent))" in other.send(b"e NOOP\r\n")


def test_searches_know_what_is_recent(begin: Begin, stage: Stage) -> None:
    begin().send(b"a SELECT INBOX\r\n")
    client = begin()
    client.send(b"a SELECT INBOX\r\n")
    stage.capture(b"Subject: four\r\n\r\n")
    stage.capture(b"Subject: five\r\n\r\n")
    client.send(b"b STORE 5 +FLAGS (\\Seen)\r\nc NOOP\r\nd STORE 5 +FLAGS (\\Seen)\r\n")
    assert client.send(b"e SEARCH RECENT\r\n").startswith(b"* SEARCH 4 5\r\n")
    assert client.send(b"f SEARCH NEW\r\n").startswith(b"* SEARCH 4\r\n")
    assert client.send(b"g SEARCH OLD\r\n").startswith(b"* SEARCH 1 2 3\r\n")
    assert client.send(b"h SEARCH NOT (RECENT SEEN)\r\n").startswith(b"* SEARCH 1 2 3 4\r\n")


def test_imap4rev2_knows_no_such_thing(begin: Begin, stage: Stage) -> None:
    client = begin()
    client.send(b"a ENABLE IMAP4rev2\r\n")
    assert b"RECENT" not in client.send(b"b SELECT INBOX\r\n")
    stage.capture(b"Subject: four\r\n\r\n")
    assert b"RECENT" not in client.send(b"c NOOP\r\n")
    assert b"ecent" not in client.send(b"d FETCH 1:* FLAGS\r\n")


def test_what_is_put_in_is_recent_to_who_hears_of_it_first(begin: Begin, stage: Stage) -> None:
    one, other = begin(), begin()
    one.send(b"a CREATE x\r\nb SELECT x\r\n")
    other.send(b"a APPEND x {1+}\r\n1\r\nb APPEND x {1+}\r\n2\r\n")
    assert b"(RECENT 2)" in other.send(b"c STATUS x (RECENT)\r\n")
    assert one.send(b"c NOOP\r\n").startswith(b"* 2 EXISTS\r\n* 2 RECENT\r\n")
    assert b"* 1 RECENT" not in other.send(b"d SELECT x\r\n")
    assert b"* 3 EXISTS\r\n* 3 RECENT\r\n" in one.send(b"d APPEND x {1+}\r\n3\r\n")
    one.send(b"e STORE 1 +FLAGS (\\Deleted)\r\nf EXPUNGE\r\n")
    assert b"\\Recent" in one.send(b"g FETCH 1 FLAGS\r\n")


def test_nobody_hears_twice() -> None:
    unheard = Unheard()
    assert unheard.hear(4) == 1
    assert unheard.hear(4) == 4
    assert unheard.hear(2) == 4
    assert unheard.first == 4


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
def test_ranges_are_what_they_are(steps: list[tuple[int, int]]) -> None:
    recents, at = Recents(), 1
    plain: set[int] = set()
    for gap, length in steps:
        start = at + gap
        at = start + length
        recents.add(start, at)
        plain.update(range(start, at))
    uids = list(range(1, 100))
    assert [uid for uid in uids if uid in recents] == sorted(plain)
    assert recents.count(uids) == len(plain)
    assert bool(recents) == bool(plain)
