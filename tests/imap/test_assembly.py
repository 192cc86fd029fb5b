"""Commands out of lines and literals, however the octets are cut; what is refused, and what that costs."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.imap.assembly import (
    EARLY,
    MAX_COUNT,
    MAX_LINE,
    MAX_LITERAL,
    MAX_LITERALS,
    MAX_TEXT,
    SKIPPED,
    Assembled,
    Continue,
    Refused,
)
from mailtrap.imap.commands import Literal
from tests.imap.grammar import Wire, assembled

CONVERSATIONS = [
    (b"a NOOP\r\nb NOOP\n", [Assembled(b"a NOOP"), Assembled(b"b NOOP")]),
    (
        b"a LOGIN {3}\r\nbob {0+}\r\n\r\n",
        [Continue(3), Assembled(b"a LOGIN {3}\r\n {0+}\r\n", (Literal(3, b"bob"), Literal(0)))],
    ),
    (b"a X {0}\r\n\r\n", [Continue(0), Assembled(b"a X {0}\r\n", (Literal(0),))]),
    # A literal may hold what looks like the end of a line, or like another literal.
    (b"a X {7+}\r\na\r\n{1}\r\r\n", [Assembled(b"a X {7+}\r\n", (Literal(7, b"a\r\n{1}\r"),))]),
    # Only at the end of a line is a literal announced.
    (b"a X {3} \r\n", [Assembled(b"a X {3} ")]),
    (b"\r\n", [Assembled(b"")]),
]


@pytest.mark.parametrize(("octets", "events"), CONVERSATIONS)
@pytest.mark.parametrize("size", [0, 1, 2, 7])
def test_commands_are_assembled(octets: bytes, events: list[object], size: int) -> None:
    assert assembled(octets, size) == events


def test_what_comes_behind_a_command_is_left_alone() -> None:
    wire = Wire()
    assert wire.assembly.take(b"a NOOP\r\nb NOOP\r\n") == (8, Assembled(b"a NOOP"))
    assert wire.assembly.take(b"a X {3}\r\nabc") == (9, Continue(3))
    assert wire.assembly.under_way
    wire.feed(b"abc\r\n")
    assert not wire.assembly.under_way


def test_a_bare_line_feed_is_noticed() -> None:
    wire = Wire()
    wire.feed(b"a NOOP\r\n")
    assert not wire.assembly.bare_lf
    wire.feed(b"a NOOP\n")
    assert wire.assembly.bare_lf


# APPEND.


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_message_of_append_goes_where_it_belongs(size: int) -> None:
    wire = Wire()
    octets = b"a APPEND {5+}\r\nDraft (\\Seen) {12+}\r\nhello\r\nworld\r\n"
    for start in range(0, len(octets), size):
        wire.feed(octets[start : start + size])
    [event] = wire.events
    assert isinstance(event, Assembled)
    assert event.literals[0] == Literal(5, b"Draft")
    assert event.literals[1].octets == b""
    assert event.literals[1].sink is wire.sinks[0]
    assert wire.sinks[0].octets == b"hello\r\nworld"
    event.discard()
    assert wire.sinks[0].discarded


def test_messages_come_one_after_the_other() -> None:
    wire = Wire()
    assert wire.feed(b"a APPEND x {3}\r\n") == [Continue(3)]
    assert wire.feed(b'abc (\\Seen) " 1-Feb-2026 12:00:00 +0000" ~{2}\r\n') == [Continue(2)]
    wire.feed(b"\0\n\r\n")
    assert [sink.octets for sink in wire.sinks] == [b"abc", b"\0\n"]


def test_an_empty_message_comes_too() -> None:
    wire = Wire()
    wire.feed(b"a APPEND x {0+}\r\n\r\n")
    assert [sink.octets for sink in wire.sinks] == [b""]
    assert isinstance(wire.events[-1], Assembled)


@pytest.mark.parametrize(
    "octets",
    [
        b"a APPEND x (\\Seen {3}\r\n",
        b'a APPEND x "yesterday" {3}\r\n',
        b"a APPEND x CATENATE (TEXT {3}\r\n",
        b"a APPEND x   {3}\r\n",
        b"a APPEND x UTF8 ({3}\r\n",
        b"a APPEND &x {3}\r\n",
        b"a APPEND x {3+}\r\nabcdef {3}\r\n",
    ],
)
def test_nobody_sends_a_message_in_vain(octets: bytes) -> None:
    wire = Wire()
    wire.feed(octets)
    refused = wire.events[-1]
    assert isinstance(refused, Refused)
    assert (refused.tag, refused.fatal, refused.no) == ("a", False, False)
    assert all(sink.discarded for sink in wire.sinks)
    # The client does not send it, and goes on.
    assert wire.feed(b"b NOOP\r\n") == [Assembled(b"b NOOP")]


def test_a_message_that_is_too_big_is_refused_before_it_is_sent() -> None:
    wire = Wire(max_message=100)
    [refused] = wire.feed(b"a APPEND x {101}\r\n")
    assert isinstance(refused, Refused)
    assert (refused.tag, refused.code, refused.no, refused.fatal) == ("a", "TOOBIG", True, False)
    assert not wire.sinks
    assert wire.feed(b"b NOOP\r\n") == [Assembled(b"b NOOP")]
    assert wire.feed(b"a APPEND x {100}\r\n") == [Continue(100)]


def test_a_message_that_is_too_big_and_comes_unasked_is_thrown_away() -> None:
    wire = Wire(max_message=100)
    [refused, after] = wire.feed(b"a APPEND x {500000+}\r\n" + b"a\r\n{1}" * 83333 + b"12\r\nb NOOP\r\n")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.no, refused.fatal) == ("TOOBIG", True, False)
    assert after == Assembled(b"b NOOP")


def test_any_size_will_do_where_there_is_no_limit() -> None:
    assert assembled(b"a APPEND x {4294967295}\r\n", max_message=0) == [Continue(4294967295)]
    [refused] = assembled(b"a APPEND x {99999999999999999999}\r\n", max_message=0)
    assert isinstance(refused, Refused)


def test_before_login_append_is_nothing_special() -> None:
    [refused] = assembled(b"a APPEND x {41000}\r\n", max_message=None)
    assert isinstance(refused, Refused)
    assert refused.code == "TOOBIG"


def test_what_was_under_way_is_discarded_with_the_connection() -> None:
    wire = Wire()
    wire.feed(b"a APPEND x {3+}\r\nabc {30+}\r\nabc")
    assert wire.assembly.sinks == wire.sinks
    wire.assembly.abandon()
    assert [sink.discarded for sink in wire.sinks] == [True, True]
    assert not wire.assembly.under_way


# What is refused.


def only(events: list[object]) -> Refused:
    [event] = events
    assert isinstance(event, Refused)
    return event


@pytest.mark.parametrize("announced", [b"{4294967295}", b"{99999999999999999999999}", b"{262145}", b"~{3}"])
def test_a_literal_that_is_waited_for_is_refused_at_once(announced: bytes) -> None:
    wire = Wire()
    refused = only(wire.feed(b"a SEARCH SUBJECT " + announced + b"\r\n"))
    assert (refused.tag, refused.no, refused.fatal) == ("a", False, False)
    assert refused.shown == b"a SEARCH SUBJECT " + announced + b"\r\n"
    assert wire.feed(b"b NOOP\r\n") == [Assembled(b"b NOOP")]


@pytest.mark.parametrize("announced", [b"{99999999+}", b"{99999999999999999999999+}"])
def test_a_huge_literal_that_comes_unasked_ends_it_all(announced: bytes) -> None:
    assert only(assembled(b"a SEARCH SUBJECT " + announced + b"\r\n")).fatal
    assert only(assembled(b"a APPEND x " + announced + b"\r\n")).fatal


def test_the_literals_behind_a_refused_one_are_thrown_away() -> None:
    octets = b"a X {300000+}\r\n" + b"x" * 300000 + b" {3+}\r\nabc {2+}\r\n\r\n\r\nb NOOP\r\n"
    [refused, after] = assembled(octets)
    assert isinstance(refused, Refused)
    assert refused.tag == "a"
    assert after == Assembled(b"b NOOP")
    # One that is waited for is not asked for.
    octets = b"a X {300000+}\r\n" + b"x" * 300000 + b" {3}\r\nb NOOP\r\n"
    assert assembled(octets)[1:] == [Assembled(b"b NOOP")]


@pytest.mark.parametrize("size", [0, 1000])
def test_a_long_line_is_refused_when_it_has_ended(size: int) -> None:
    assert assembled(b"a " + b"x" * (MAX_LINE - 3) + b"\r\n", size) == [Assembled(b"a " + b"x" * (MAX_LINE - 3))]
    [refused, after] = assembled(b"a " + b"(" * 100_000 + b"\r\nb NOOP\r\n", size)
    assert isinstance(refused, Refused)
    assert (refused.tag, refused.fatal, refused.shown[:4]) == ("a", False, b"a ((")
    assert len(refused.shown) < 200
    assert after == Assembled(b"b NOOP")


@pytest.mark.parametrize("size", [0, 1, 13, 1000])
def test_a_literal_behind_a_long_line_is_thrown_away(size: int) -> None:
    for length in (EARLY - 3, EARLY - 1, EARLY + 5):
        octets = b"a " + b"x" * length + b"{8+}\r\nb NOOP\r\n\r\nc NOOP\r\n"
        [refused, after] = assembled(octets, size, max_message=None)
        assert isinstance(refused, Refused)
        assert after == Assembled(b"c NOOP")


def test_a_line_without_end_ends_it_all() -> None:
    wire = Wire()
    for _ in range(SKIPPED // 1000 + MAX_LINE // 1000 + 2):
        if wire.feed(b"x" * 1000):
            break
    assert only(list(wire.events)).fatal


def test_before_login_less_is_held() -> None:
    assert isinstance(assembled(b"a " + b"x" * EARLY + b"\r\n", max_message=None)[0], Refused)
    assert isinstance(assembled(b"a LOGIN {%d}\r\n" % (EARLY + 1), max_message=None)[0], Refused)
    twice = b"a LOGIN {%d+}\r\n%b {%d+}\r\n" % (EARLY // 2, b"x" * (EARLY // 2), EARLY // 2 + 1)
    assert isinstance(assembled(twice + b"x" * (EARLY // 2 + 1) + b"\r\n", max_message=None)[0], Refused)


def test_all_literals_together_have_a_bound() -> None:
    octets = b"a X" + b"".join([b" {%d+}\r\n%b" % (MAX_LITERAL, b"x" * MAX_LITERAL)] * (MAX_LITERALS // MAX_LITERAL))
    [fits] = assembled(octets + b"\r\n")
    assert isinstance(fits, Assembled)
    assert only(assembled(octets + b" {1}\r\n")).code == "TOOBIG"


def test_all_lines_together_have_a_bound() -> None:
    line = b"x" * 60_000 + b"{0+}\r\n"
    refused = only(assembled(b"a " + line * (MAX_TEXT // 60_000 + 1) + b"\r\n"))
    assert (refused.tag, refused.fatal) == ("a", False)


def test_a_flood_of_empty_literals_is_refused() -> None:
    wire = Wire()
    wire.feed(b"a X")
    for _ in range(MAX_COUNT + 100):
        wire.feed(b" {0+}\r\n")
    refused = only(wire.feed(b"\r\n"))
    assert refused.tag == "a"


@pytest.mark.parametrize(
    "octets",
    [
        b"a X" + b" {0+}\r\n" * 20_000,
        b"a " + b"(" * 900_000,
        b"a X {1000000+}\r\n" + b"x" * 900_000,
        b"\0" * 900_000,
        b"{5+}\r\n" * 10_000,
    ],
)
def test_hostile_input_costs_no_memory(octets: bytes) -> None:
    wire = Wire()
    tracemalloc.start()
    try:
        for start in range(0, len(octets), 4096):
            wire.feed(octets[start : start + 4096])
            wire.events.clear()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MAX_TEXT


PIECES = [
    b"a X", b" ", b"{2}", b"{2+}", b"~{1+}", b"{99999999}", b"{300000+}", b"\r\n", b"\n", b"\r", b"APPEND x ", b"()",
    b'"', b"\0", b"\xff", b"x" * 70_000,
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)).map(b"".join), st.integers(1, 5000))
def test_how_octets_are_cut_makes_no_difference(octets: bytes, size: int) -> None:
    def comparable(events: list[object]) -> list[object]:
        # A sink is another one each time.
        return [
            (event.text, [(literal.size, literal.octets, literal.binary) for literal in event.literals])
            if isinstance(event, Assembled)
            else event
            for event in events
        ]

    assert comparable(list(assembled(octets, size))) == comparable(list(assembled(octets)))
