"""In which order messages are sorted, by what their header sections say."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.imap import sorting, summary
from mailtrap.imap.summary import Summaries, Summary, base_subject
from tests.imap.grammar import command
from tests.imap.test_searching import NOW, Folder


@pytest.mark.parametrize(
    ("subject", "base", "is_reply"),
    [
        ("", "", False),
        ("hello", "hello", False),
        ("  hello \t world ", "hello world", False),
        ("Re: hello", "hello", True),
        ("RE:hello", "hello", True),
        ("re : re: Fwd: FW: hello", "hello", True),
        ("Re[2]: hello", "hello", True),
        ("Re [x] : hello", "hello", True),
        ("[list] Re: [list] hello", "hello", True),
        ("[a] [b] hello", "hello", False),
        ("[list]", "[list]", False),
        ("[a][b]", "[b]", False),
        ("Re: [list]", "[list]", True),
        ("hello (fwd)", "hello", True),
        ("hello (FWD) (fwd) ", "hello", True),
        ("[Fwd: hello]", "hello", True),
        ("[fwd: [fwd: Re: hello (fwd)]]", "hello", True),
        ("Re:", "", True),
        ("Regarding: hello", "Regarding: hello", False),
        ("Fwdhello", "Fwdhello", False),
        ("hello [x]", "hello [x]", False),
        ("[x", "[x", False),
        ("hello\r\n world", "hello world", False),
    ],
)
def test_base_subjects(subject: str, base: str, is_reply: bool) -> None:
    assert base_subject(subject) == (base, is_reply)


@given(st.lists(st.sampled_from(["re", ":", " ", "[", "]", "fwd", "(fwd)", "[fwd:", "x", "\t"])).map("".join))
def test_a_base_subject_has_nothing_left_to_take_away(subject: str) -> None:
    base, _ = base_subject(subject)
    assert base_subject(base)[0] == base
    assert base in subject.replace("\t", " ") or "  " in subject.replace("\t", " ")


@pytest.mark.parametrize("piece", ["[", "[]", "re:", "re", "[x] ", "(fwd)", " ", "[fwd:"])
def test_hostile_subjects_take_no_time(piece: str) -> None:
    base, _ = base_subject(piece * 200_000)
    assert len(base) <= summary.MAX_KEY


@pytest.mark.parametrize(
    ("value", "sent", "day"),
    [
        ("Thu, 1 Jan 1970 00:00:10 +0000", 10, date(1970, 1, 1)),
        ("1 Jan 1970 01:00:10 +0100", 10, date(1970, 1, 1)),
        ("Thu, 01 Jan 1970 00:00 GMT (comment)", 0, date(1970, 1, 1)),
        ("(so it\r\n says) Thu, 1 (first) Jan 1970 00 : 00 : 07 +0000", 7, date(1970, 1, 1)),
        ("Thu, 1 Jan 1970 23:59:60 +0000", 86_399, date(1970, 1, 1)),
        ("1 Jan 1970 99:00:00 +0000", 0, date(1970, 1, 1)),
        ("31 Feb 2026 10:00:00 +0000", None, None),
        ("yesterday", None, None),
        ("", None, None),
        ("1 Jan 99999999 10:00:00 +0000", None, None),
        ("\xff", None, None),
    ],
)
def test_sent_dates(value: str, sent: int | None, day: date | None) -> None:
    found = summary.read(f"Date: {value}\r\n\r\n".encode("latin-1"))
    assert found.sent == (None if sent is None else sent * 1_000_000)
    assert found.day == day


def test_what_is_read_of_a_header_section() -> None:
    found = summary.read(
        b'From: =?utf-8?q?J=C3=BCrgen?= <"j x"@a.example>, other@b.example\r\n'
        b"To: undisclosed: friend@c.example;\r\nCC: bare@D.example\r\nSubject: Re: \xc3\xbcber\r\n all\r\n"
        b'Message-ID: <"a\\"b"@x.example>\r\nReferences: <1@x> junk\r\n\t< 2@x >\r\nIn-Reply-To: <3@x>\r\n\r\nFrom: y'
    )
    assert found == Summary(
        subject=summary.folded("über all"),
        is_reply=True,
        sender="J X",
        to="UNDISCLOSED",
        cc="BARE",
        shown_sender=summary.folded("jürgen"),
        shown_to="UNDISCLOSED",
        message_id='a"b@x.example',
        references=("1@x", "2@x"),
    )
    assert summary.read(b"In-Reply-To: <3@x> <4@x>\r\n\r\n").references == ("3@x",)
    assert summary.read(b"References: none\r\nIn-Reply-To: <3@x>\r\n\r\n").references == ("3@x",)
    assert summary.read(b"From: <a@b.example>\r\n\r\n").shown_sender == "A@B.EXAMPLE"


@given(st.binary(max_size=200), st.sampled_from([b"From", b"Date", b"Subject", b"References", b"Message-ID"]))
def test_any_octets_are_summarised(octets: bytes, name: bytes) -> None:
    assert isinstance(summary.read(name + b": " + octets), Summary)
    assert isinstance(summary.read(octets), Summary)


@pytest.mark.parametrize("piece", [b"<", b"<a@", b'<"', b'<"\\', b"<a@b>", b'<"a"'])
def test_hostile_references_take_no_time(piece: bytes) -> None:
    assert len(summary.read(b"References: " + piece * 100_000 + b"\r\n\r\n").references) <= summary.MAX_REFERENCES


def test_each_message_is_read_once() -> None:
    asked: list[int] = []

    def contents(messages: Collection[int]) -> dict[int, bytes]:
        asked.extend(messages)
        return {message: b"Subject: %d\r\n\r\n" % message for message in messages if message != 7}

    summaries = Summaries(contents, kept=2000)
    assert summaries.of(range(600))[599].subject == "599"
    assert len(asked) == 600
    assert len(summaries.of(range(600))) == 599
    assert asked[600:] == [7]
    # What was asked for long ago is forgotten.
    summaries.of(range(1000, 4000))
    asked.clear()
    summaries.of([1, 3999])
    assert asked == [1]


# SORT.


@pytest.fixture
def folder() -> Folder:
    return Folder(
        ("", 300, 30, "Subject: Re: b\r\nFrom: Zoe <b@x>\r\nTo: b@x\r\nDate: 3 Jan 1970 00:00 +0000\r\n\r\n"),
        ("", 100, 20, 'Subject: A\r\nFrom: "" <a@x>\r\nCc: c@x\r\nDate: 4 Jan 1970 00:00 +0000\r\n\r\n'),
        ("\\Seen", 300, 10, "Subject: [l] B\r\nFrom: anna <c@x>\r\nTo: a@x\r\n\r\n"),
        ("\\Seen", 200, 25, "From: B@x\r\nCc: a@x\r\nDate: 4 Jan 1970 01:00 +0100\r\n\r\n"),
    )


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        ("SORT (ARRIVAL) UTF-8 ALL", "3 2 4 1"),
        ("SORT (REVERSE ARRIVAL) UTF-8 ALL", "1 4 2 3"),
        ("UID SORT (SIZE) UTF-8 ALL", "20 40 10 30"),
        ("SORT (REVERSE SIZE) UTF-8 ALL", "1 3 4 2"),
        ("SORT (SIZE REVERSE ARRIVAL) UTF-8 ALL", "2 4 1 3"),
        ("SORT (REVERSE SIZE ARRIVAL) UTF-8 ALL", "3 1 4 2"),
        # Number 3 has no Date field, so it counts from when it came: day 10.
        ("SORT (DATE) UTF-8 ALL", "1 2 4 3"),
        ("SORT (REVERSE DATE) UTF-8 ALL", "3 2 4 1"),
        ("SORT (SUBJECT) UTF-8 ALL", "4 2 1 3"),
        ("SORT (FROM) UTF-8 ALL", "2 1 4 3"),
        ("SORT (TO FROM) UTF-8 ALL", "2 4 3 1"),
        ("SORT (CC) UTF-8 ALL", "1 3 4 2"),
        ("SORT (DISPLAYFROM) UTF-8 ALL", "2 3 4 1"),
        ("SORT (DISPLAYTO) UTF-8 1:3", "2 3 1"),
        ("SORT (SUBJECT) UTF-8 SEEN", "4 3"),
        ("SORT (SUBJECT) UTF-8 NEW", ""),
        ("SORT (SIZE) UTF-8 MODSEQ 20", "4 3 (MODSEQ 28)"),
    ],
)
def test_orders(folder: Folder, octets: str, said: str) -> None:
    answer = sorting.answer(folder.view, command(f"t {octets}".encode()), NOW)
    assert answer.said.decode() == f"* SORT{' ' if said else ''}{said}\r\n"
    assert answer.saved is None


def test_only_what_is_needed_is_read(folder: Folder) -> None:
    sorting.answer(folder.view, command(b"t SORT (SIZE) UTF-8 SEEN"), NOW)
    sorting.answer(folder.view, command(b"t SORT (FROM) UTF-8 1"), NOW)
    assert folder.asked == [[30, 40], [101]]


def test_letters_without_case_come_before_what_follows_them_in_upper_case() -> None:
    subjects = ["a", "B", "_", "ä", "z"]
    random.Random(1).shuffle(subjects)
    folder = Folder(*[("", 1, 1, f"Subject: {subject}\r\n\r\n") for subject in subjects])
    said = sorting.answer(folder.view, command(b"t SORT (SUBJECT) UTF-8 ALL"), NOW).said
    assert [subjects[int(number) - 1] for number in said.split()[2:]] == ["a", "ä", "B", "z", "_"]
