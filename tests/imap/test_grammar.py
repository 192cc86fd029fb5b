"""Whatever is written is read back, and whatever is sent is read or refused: nothing else ever happens."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailtrap.imap import names, protocol, responses
from mailtrap.imap.assembly import Assembled
from mailtrap.imap.commands import Command, CommandError, Copy, Fetch, Login, Mailbox, Section, SequenceSet
from mailtrap.imap.cursor import Cursor
from tests.imap.grammar import Wire, assembled, command

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
OCTETS = st.binary(max_size=60).map(lambda octets: octets.replace(b"\0", b"0"))
NUMBERS = st.integers(1, 2**32 - 1)
RANGES = st.lists(st.tuples(st.one_of(NUMBERS, st.just(0)), st.one_of(NUMBERS, st.just(0))), min_size=1, max_size=20)


@given(NAMES)
@example("&")
@example("R&D &- ~peter/日本語/𝄞")
def test_names_survive_modified_utf7(name: str) -> None:
    written = names.encode(name)
    assert written.isascii()
    assert names.decode(written) == name


@given(st.binary(max_size=30))
def test_a_name_that_is_read_has_one_spelling(octets: bytes) -> None:
    try:
        name = names.decode(octets)
    except names.NotUtf7Error:
        return
    assert names.encode(name) == octets


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("INBOX", b"INBOX"),
        ("Tom & Jerry", b"Tom &- Jerry"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("\U0001f600", b"&2D3eAA-"),
        ("\ud800", b"&,,0-"),
    ],
)
def test_names_in_modified_utf7(name: str, written: bytes) -> None:
    assert names.encode(name) == written


@given(NAMES, st.booleans())
def test_names_survive_a_command(name: str, utf8: bool) -> None:
    written = responses.mailbox(name, utf8)
    assert command(b"t DELETE " + written.replace(b"}\r\n", b"+}\r\n"), utf8).arguments == Mailbox(name)


@given(OCTETS, st.booleans())
def test_strings_survive(octets: bytes, utf8: bool) -> None:
    for written in (responses.string(octets, utf8), responses.astring(octets, utf8)):
        assert not (written[:1] == b'"' and not utf8 and not written.isascii())
        read = command(b"t LOGIN x " + written.replace(b"}\r\n", b"+}\r\n", 1), utf8).arguments
        assert read == Login("x", octets)


@given(st.binary(max_size=40))
def test_a_string_is_never_something_else(octets: bytes) -> None:
    # No NUL goes over the wire, nor the end of a line but in a literal.
    for written in (responses.string(octets), responses.nstring(octets, utf8=True), responses.astring(octets)):
        assert b"\0" not in written
        if not written.startswith(b"{"):
            assert b"\r" not in written
            assert b"\n" not in written
    assert responses.nstring(None) == b"NIL"
    assert responses.nstring(b"NIL") == responses.astring(b"NIL") == b'"NIL"'


@given(RANGES)
def test_sets_survive(ranges: list[tuple[int, int]]) -> None:
    written = str(SequenceSet(tuple(ranges)))
    assert command(f"t COPY {written} x".encode()).arguments == Copy(SequenceSet(tuple(ranges)), "x")


@given(RANGES, st.integers(1, 2**32 - 1), st.integers(1, 2**32 - 1))
def test_a_set_has_the_same_numbers_once_it_is_resolved(ranges: list[tuple[int, int]], largest: int, one: int) -> None:
    resolved = SequenceSet(tuple(ranges)).resolved(largest)
    meant = [(first or largest, last or largest) for first, last in ranges]
    assert any(min(pair) <= one <= max(pair) for pair in meant) == any(first <= one <= last for first, last in resolved)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(resolved))


@given(
    st.lists(st.integers(1, 999), max_size=4).map(tuple),
    st.sampled_from(["", "HEADER", "TEXT", "MIME"]),
    st.none() | st.tuples(st.integers(0, 2**63 - 1), st.integers(1, 2**63 - 1)),
)
def test_sections_survive(part: tuple[int, ...], text: str, partial: tuple[int, int] | None) -> None:
    section = Section(part, text if part or text != "MIME" else "", partial=partial)
    written = section.label if partial is None else section.label[:-1] + b".%d>" % partial[1]
    assert command(b"t FETCH 1 " + written).arguments == Fetch(SequenceSet(((1, 1),)), (section,))


@given(st.integers(0, 253_402_300_799))
def test_dates_survive(seconds: int) -> None:
    assert Cursor(responses.internal_date(seconds * 1_000_000)).date_time() == seconds * 1_000_000


@given(
    st.sampled_from([b"01-Jan-0001", b"31-Dec-9999", b"28-Feb-2026"]),
    st.integers(0, 23),
    st.sampled_from([b"+0000", b"-1200", b"+1400", b"-0130"]),
)
@example(b"31-Dec-9999", 23, b"-1200")
@example(b"01-Jan-0001", 0, b"+1400")
def test_a_date_that_is_taken_can_be_told(day: bytes, hour: int, zone: bytes) -> None:
    try:
        at = Cursor(b'"%b %02d:30:00 %b"' % (day, hour, zone)).date_time()
    except CommandError:
        assert day != b"28-Feb-2026"
    else:
        assert Cursor(responses.internal_date(at)).date_time() == at


WORDS = [
    b"a ", b"UID ", b"FETCH ", b"STORE ", b"SEARCH ", b"SORT ", b"THREAD ", b"APPEND ", b"LIST ", b"SELECT ",
    b"LOGIN ", b"AUTHENTICATE ", b"ID ", b"CREATE ", b"SETQUOTA ", b"NOT ", b"OR ", b"SUBJECT ", b"HEADER ", b"ON ",
    b"RETURN ", b"CHARSET ", b"UTF-8 ", b"REFS ", b"(", b")", b"((((", b"))", b" ", b"1", b"1:*", b"$", b",", b"0",
    b"4294967296", b"99999999999999999999999", b'"', b"\\", b'"x"', b"x", b"[", b"]", b"<0.1>", b"BODY[", b"FLAGS",
    b"+FLAGS ", b"\\Seen", b"QRESYNC ", b"CONDSTORE", b"USE ", b"STATUS ", b"{1+}\r\n", b"{0+}\r\n", b"{3}\r\n",
    b"~{2+}\r\n", b"{99999999+}\r\n", b"\r\n", b"\n", b"\r", b"\0", b"\xff", "ü".encode(), b"&AOQ-", b"&", b"*", b"%",
    b'" 1-Feb-2026 12:00:00 +0000"', b"1-Feb-2026", b"NIL", b"DATE", b"REVERSE ", b"CHANGEDSINCE ", b"HEADER.FIELDS ",
]  # fmt: skip


def perform(octets: bytes, utf8: bool) -> None:
    """Do to octets what a session does."""
    for event in assembled(octets):
        if isinstance(event, Assembled):
            shown = protocol.masked(event.text)
            assert isinstance(shown, bytes)
            try:
                found = protocol.read(event.text, event.literals, utf8)
            except CommandError as error:
                text = str(error)
                assert text.isascii()
                assert text.isprintable()
            else:
                assert isinstance(found, Command)
                hash(found)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS), max_size=30).map(b"".join), st.booleans())
@example(b"a SEARCH " + b"(" * 60_000 + b"\r\n", False)
@example(b"a SEARCH " + b"NOT " * 15_000 + b"\r\n", False)
@example(b"a SEARCH " + b"OR " * 20_000 + b"\r\n", False)
@example(b"a FETCH " + b"1," * 30_000 + b"1 FLAGS\r\n", False)
@example(b"a FETCH " + b"9" * 60_000 + b" FLAGS\r\n", False)
@example(b"a FETCH 1 BODY[" + b"1." * 30_000 + b"1]\r\n", False)
@example(b'a LIST "" (' + b"x " * 30_000 + b")\r\n", False)
@example(b'a LOGIN "' + b'\\"' * 30_000 + b"\r\n", False)
@example(b'a ID ("' + b'x" "' * 15_000 + b"\r\n", False)
@example(b"a DELETE " + b"&-" * 30_000 + b"\r\n", False)
@example(b"a DELETE " + b"&" * 60_000 + b"\r\n", False)
def test_any_input_is_read_or_refused(octets: bytes, utf8: bool) -> None:
    perform(octets + b"\r\n", utf8)


@given(st.binary(max_size=200), st.booleans())
def test_any_octets_are_read_or_refused(octets: bytes, utf8: bool) -> None:
    perform(b"a " + octets + b"\r\n", utf8)


@given(st.lists(st.sampled_from(WORDS), max_size=20).map(b"".join))
def test_sinks_are_handed_over_or_discarded(octets: bytes) -> None:
    wire = Wire()
    wire.feed(b"a APPEND x " + octets + b"\r\n")
    handed = {
        id(literal.sink) for event in wire.events if isinstance(event, Assembled) for literal in event.literals
    } | {id(sink) for sink in wire.assembly.sinks}
    for sink in wire.sinks:
        assert (id(sink) in handed) != sink.discarded
