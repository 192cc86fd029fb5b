"""The header summary: right on real mail, bounded and quick on hostile mail."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.mail.heading import header_end, read_heading
from mailtrap.mail.message import Heading, Mailbox


def test_the_wanted_fields_are_read_and_decoded() -> None:
    heading = read_heading(
        b"Received: from a\r\n\tby b\r\n"
        b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.test>\r\n"
        b'To: "Doe, Jane" <jane@example.test>,\r\n bob@example.test\r\n'
        b"CC: Al <al@example.test>\r\nBcc: hidden@example.test\r\nReply-To: r@example.test\r\n"
        b"subject : =?utf-8?b?R3LDvMOfZQ==?=\r\n =?utf-8?q?_all?=\r\n"
        b"Message-ID: <1@example.test>\r\nDate: Tue, 24 Nov 2026 06:00:00 +0000\r\n\r\nSubject: not this\r\n"
    )
    assert heading == Heading(
        "Grüße all",
        (Mailbox("Jürgen", "j@example.test"),),
        (Mailbox("Doe, Jane", "jane@example.test"), Mailbox("", "bob@example.test")),
        (Mailbox("Al", "al@example.test"),),
        (Mailbox("", "hidden@example.test"),),
        (Mailbox("", "r@example.test"),),
        "<1@example.test>",
        "Tue, 24 Nov 2026 06:00:00 +0000",
    )


def test_the_first_of_two_subjects_counts_and_recipients_add_up() -> None:
    heading = read_heading(b"Subject: one\nSubject: two\nTo: a@x.test\nTo: b@x.test\n\n")
    assert heading.subject == "one"
    assert [mailbox.address for mailbox in heading.to] == ["a@x.test", "b@x.test"]


@pytest.mark.parametrize(
    ("octets", "subject"),
    [
        ("Subject: Grüße\r\n\r\n".encode(), "Grüße"),
        ("Subject: Grüße\r\n\r\n".encode("latin-1"), "Grüße"),
        (b"Subject: \x93quoted\x94\r\n\r\n", "“quoted”"),
        (b"Subject: a\x00b\x1bc\r\n\r\n", "a b c"),
        (b"Subject: =?utf-8?q?=00=0Ax?=\r\n\r\n", "x"),
        (b"Subject:\r\n\r\n", ""),
        (b"Subject: x", "x"),
        (b"\r\nSubject: x\r\n\r\n", ""),
        (b"", ""),
        (b"\nSubject: x\n", ""),
        (b"Subject: a\r\n \r\n b\r\n\r\n", "a  b"),
    ],
)
def test_subjects_in_every_shape(octets: bytes, subject: str) -> None:
    assert read_heading(octets).subject == subject


def test_the_header_section_ends_at_the_first_empty_line_of_either_kind() -> None:
    assert header_end(b"A: b\r\n\r\nc\n\nd") == 5
    assert header_end(b"A: b\n\nc\r\n\r\nd") == 4
    assert header_end(b"A: b\n\r\nc") == 4


HOSTILE = {
    "lines of raw octets": b"To: \xff\xfe\n" * 20_000,
    "raw octets in one line": b"Subject: " + b"\x81\xff" * 200_000 + b"\r\n\r\n",
    "declarations": b"Subject: \xe4\xe4\xe4\n" + b"content-type: text/x; charset=euc-kr\n" * 5000,
    "half a declaration": b"Subject: \xe4\xe4\xe4\n" + b"content-type:\n " * 5000 + b";charset=\n " * 9000,
    "100 000 encoded words": b"Subject: " + b" ".join([b"=?utf-8?q?a?="] * 100_000) + b"\r\n\r\n",
    "100 000 folded encoded words": b"To: " + b"\r\n ".join([b"=?utf-8?q?a?="] * 100_000) + b"\r\n\r\n",
    "encoded words in names": b"From: " + b",".join([b"=?iso-2022-jp?b?a?= " * 50 + b"<a@b> ("] * 2000),
    "10 MB of newlines": b"\n" * 10_000_000,
    "10 MB of CR": b"A: b" + b"\r" * 10_000_000,
    "a million fields": b"To: a@b\r\n" * 1_000_000,
    "one field of 50 MB": b"Subject: " + b"a" * 50_000_000,
    "400 KB of 'a '": b"Subject: " + b"a " * 200_000 + b"\r\n\r\n",
    "100 000 addresses": b"To: " + b", ".join([b"Name <a%d@b>" % n for n in range(100_000)]),
    "nested comments": b"To: " + b"(" * 30_000 + b")" * 30_000,
    "open comments": b"".join(name + b": " + b"(" * 40_000 + b"\r\n" for name in (b"To", b"Cc", b"From", b"Bcc")),
    "open quotes": b"To: " + b'"\\' * 60_000,
    "open angles": b"".join(name + b": " + b'<"\\"' * 15_000 + b"\r\n" for name in (b"To", b"Cc", b"From", b"Bcc")),
    "angles": b"To: " + b"<" * 60_000,
    "at signs": b"To: " + b"a@ " * 30_000,
    "colons": b"To: " + b"w " * 8000 + b"@b " + b":" * 8000,
    "folds": b"To: a" + b"\n " * 200_000 + b"x",
    "open words": b"Subject: " + b"=?x?q?a " * 30_000 + b"?=",
    "8-bit": b"Subject: " + bytes(range(128, 256)) * 2000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers_take_linear_time(name: str) -> None:
    octets = HOSTILE[name]
    best = math.inf
    for _ in range(5):
        start = time.process_time()
        heading = read_heading(octets)
        best = min(best, time.process_time() - start)
    assert best < 1  # some 20 ms on an idle machine; what is not linear takes minutes
    repr(heading).encode("utf-8")
    assert len(heading.subject) <= 2000
    assert len(heading.to) <= 200


def test_plain_mail_takes_little() -> None:
    octets = (
        b"Received: from a.test (a.test [192.0.2.1])\r\n\tby b.test; Tue, 24 Nov 2026 06:00:00 +0000\r\n" * 3
        + b"From: Ann <a@b.test>\r\nTo: c@d.test\r\nSubject: Hello there\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\n\r\n"
        + b"text\r\n" * 1500
    )
    best = math.inf
    for _ in range(5):
        start = time.process_time()
        for _ in range(100):
            read_heading(octets)
        best = min(best, (time.process_time() - start) / 100)
    assert best < 3e-3  # 25 µs on an idle machine


PIECES = st.sampled_from(
    rb'To:|From: |Subject:|<|>|"|\|(|)|,|;|:|@| |=?|?=|?q?|?b?|utf-8|utf-16|iso-2022-jp|a|=D8=00'.split(b"|")
).map(bytes) | st.sampled_from([b"\r\n", b"\n", b"\0", b"\xff", b"\xed\xa0\x80"])


@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=60).map(b"".join)))
def test_no_octets_make_it_raise_or_yield_what_is_not_utf_8(octets: bytes) -> None:
    for content in (octets, b"From: " + octets, b"Subject: " + octets):
        repr(read_heading(content)).encode("utf-8")
        heading = read_heading(content)
        "".join(
            [heading.subject, heading.date, heading.message_id]
            + [part for mailbox in heading.sender + heading.to for part in (mailbox.name, mailbox.address)]
        ).encode("utf-8")
