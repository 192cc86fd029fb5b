"""ENVELOPE says what was sent."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.imap import envelope
from mailtrap.imap.envelope import MAX_ADDRESSES, read_addresses
from mailtrap.mail import header
from tests.imap.written import read

NAMES = ("date", "subject", "from", "sender", "reply_to", "to", "cc", "bcc", "in_reply_to", "message_id")
#: The beginning of a group has its name, the end nothing.
END = (None, None, None, None)


def said(octets: bytes, utf8: bool = False) -> dict[str, Any]:
    section = header.locate(octets, 0, len(octets))
    values = read(envelope.render(header.values(octets[section.start : section.end]), utf8))
    return dict(zip(NAMES, values, strict=True))


def test_it_has_the_fields_in_their_order_and_nil_for_what_is_not_there() -> None:
    assert said(b"X: y\r\n\r\n") == dict.fromkeys(NAMES)
    assert envelope.render([]) == envelope.NOTHING
    told = said(
        b"Message-ID: <1@x>\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800 (PST)\r\nFrom: a@b\r\nSender: c@d\r\n"
        b"Reply-To: e@f\r\nTo: g@h\r\nCc: i@j\r\nBCC: k@l\r\nIn-Reply-To: <0@x>\r\nSUBJECT: s\r\n\r\nSubject: no\r\n"
    )
    assert told == {
        "date": b"Mon, 7 Feb 1994 21:52:25 -0800 (PST)",
        "subject": b"s",
        "from": [[None, None, b"a", b"b"]],
        "sender": [[None, None, b"c", b"d"]],
        "reply_to": [[None, None, b"e", b"f"]],
        "to": [[None, None, b"g", b"h"]],
        "cc": [[None, None, b"i", b"j"]],
        "bcc": [[None, None, b"k", b"l"]],
        "in_reply_to": b"<0@x>",
        "message_id": b"<1@x>",
    }


def test_sender_and_reply_to_are_from_where_they_say_nothing() -> None:
    told = said(b"From: a@b, c@d\r\nSender:\r\nReply-To: (nobody)\r\n\r\n")
    assert told["sender"] == told["reply_to"] == told["from"] == [[None, None, b"a", b"b"], [None, None, b"c", b"d"]]


def test_what_is_there_and_empty_is_not_what_is_missing() -> None:
    told = said(b"Subject:\r\nDate: \r\nMessage-ID:\r\nTo:\r\n\r\n")
    assert (told["subject"], told["date"], told["message_id"], told["in_reply_to"], told["to"]) == (
        b"",
        b"",
        b"",
        None,
        None,
    )


def test_nothing_is_repaired() -> None:
    told = said(b"Subject: =?utf-8?q?=C3=BC?=\r\n  =?x\r\nDate: when(ever\r\nFrom: =?utf-8?q?J=C3=B6?= <j@x>\r\n\r\n")
    assert told["subject"] == b"=?utf-8?q?=C3=BC?=  =?x"
    assert told["date"] == b"when(ever"
    assert told["from"] == [[b"=?utf-8?q?J=C3=B6?=", None, b"j", b"x"]]


def test_the_first_of_each_field_counts_and_recipients_are_put_together() -> None:
    told = said(b"Subject: one\r\nSubject: two\r\nFrom: a@b\r\nFrom: c@d\r\nTo:\r\nTo: e@f\r\nTo: g@h\r\n\r\n")
    assert told["subject"] == b"one"
    assert told["from"] == [[None, None, b"a", b"b"]]
    assert told["to"] == [[None, None, b"e", b"f"], [None, None, b"g", b"h"]]


def test_what_cannot_be_quoted_is_a_literal() -> None:
    octets = 'Subject: a "b" \\ ü\r\nFrom: Jörg <j@x.test>\r\n\r\n'.encode()
    assert said(octets)["subject"] == 'a "b" \\ ü'.encode()
    assert b'{10}\r\na "b" \\ \xc3\xbc' in envelope.render([(b"Subject", 'a "b" \\ ü'.encode())])
    # Who has enabled UTF-8 reads it between quotes, but only what is UTF-8 (RFC 6855 §3).
    assert '"a \\"b\\" \\\\ ü"'.encode() in envelope.render([(b"Subject", 'a "b" \\ ü'.encode())], True)
    assert b"{1}\r\n\xfc" in envelope.render([(b"Subject", b"\xfc")], True)
    assert b"{3}\r\na\rb" in envelope.render([(b"Subject", b"a\rb")])
    assert said(octets, True) == said(octets)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a@b.test", [(None, None, b"a", b"b.test")]),
        (b"Ann <a@b.test>, c@d", [(b"Ann", None, b"a", b"b.test"), (None, None, b"c", b"d")]),
        (b"  Ann \t Bee  <a@b>", [(b"Ann Bee", None, b"a", b"b")]),
        (b'"Ann, \\"B\\" \\\\" <a@b>', [(b'Ann, "B" \\', None, b"a", b"b")]),
        (b'Ann "the Bee" Cee <a@b>', [(b"Ann the Bee Cee", None, b"a", b"b")]),
        (b'"" <a@b>', [(None, None, b"a", b"b")]),
        (b"Joe Q. Public <j.q@b>", [(b"Joe Q. Public", None, b"j.q", b"b")]),
        (b'"quoted local"@b', [(None, None, b"quoted local", b"b")]),
        (b'"a\\"@\\"b"@c', [(None, None, b'a"@"b', b"c")]),
        (b'Ann <"a b"@c>', [(b"Ann", None, b"a b", b"c")]),
        (b"x@[127.0.0.1], y@[IPv6:::1]", [(None, None, b"x", b"[127.0.0.1]"), (None, None, b"y", b"[IPv6:::1]")]),
        (b"J\xf6rg <j@b>", [(b"J\xf6rg", None, b"j", b"b")]),
        # Comments, which stand for a name where there is none.
        (b"a@b (Ann Bee)", [(b"Ann Bee", None, b"a", b"b")]),
        (b"Pete(A \\) chap) <pete(x)@silly(y).test>", [(b"Pete", None, b"pete", b"silly.test")]),
        (b"(one (two)) a@b", [(b"one (two)", None, b"a", b"b")]),
        (b"(nothing else)", []),
        (b"Ann (the) Bee <a@b>", [(b"Ann Bee", None, b"a", b"b")]),
        # What is said behind the address is rather a name than what is said before.
        (b"(one) a@b (two), (three) c@d", [(b"two", None, b"a", b"b"), (b"three", None, b"c", b"d")]),
        # Groups.
        (b"G:;", [(None, None, b"G", None), END]),
        (
            b"A Group:Ed <e@f>, g@h;, i@j",
            [
                (None, None, b"A Group", None),
                (b"Ed", None, b"e", b"f"),
                (None, None, b"g", b"h"),
                END,
                (None, None, b"i", b"j"),
            ],
        ),
        (b'"Q: x" (y): a@b;', [(None, None, b"Q: x", None), (None, None, b"a", b"b"), END]),
        # One that is not ended, and what looks like the end of one.
        (b"g: a@b", [(None, None, b"g", None), (None, None, b"a", b"b"), END]),
        (b"a@b; c@d", [(None, None, b"a", b"b"), (None, None, b"c", b"d")]),
        (b": a@b;", [(None, None, b"", None), (None, None, b"a", b"b"), END]),
        # Obsolete syntax (RFC 5322 §4.4).
        (b"<@a.test,@b.test:c@d>", [(None, b"@a.test,@b.test", b"c", b"d")]),
        (b"Ann <@a . test : c@d>, e@f", [(b"Ann", b"@a.test", b"c", b"d"), (None, None, b"e", b"f")]),
        (b"a . b @ c . d", [(None, None, b"a.b", b"c.d")]),
        (b", ,a@b,,c@d,", [(None, None, b"a", b"b"), (None, None, b"c", b"d")]),
        # Mistakes.
        (b"", []),
        (b"user", [(None, None, b"user", b"")]),
        (b"Two Words", [(b"Two Words", None, b"", b"")]),
        (b"<>", [(None, None, b"", b"")]),
        (b"Ann <>", [(b"Ann", None, b"", b"")]),
        (b"Ann <user>", [(b"Ann", None, b"user", b"")]),
        (b"Ann a@b", [(b"Ann", None, b"a", b"b")]),
        (b"a@b Ann", [(b"Ann", None, b"a", b"b")]),
        (b"Ann <a@b, c@d", [(b"Ann", None, b"a", b"b"), (None, None, b"c", b"d")]),
        (b'"Ann <a@b>', [(b'"Ann', None, b"a", b"b")]),
        (b"a@b@c", [(None, None, b"a@b", b"c")]),
        (b"<a@b> <c@d>", [(None, None, b"a", b"b")]),
        (b"a@b (open", [(b"(open", None, b"a", b"b")]),
        (b"x@[127.0.0.1", [(None, None, b"x", b"[127.0.0.1")]),
        (b"Ann <@a@b>", [(b"Ann", None, b"@a", b"b")]),
        (b"<@a,b", [(None, None, b"", b"a,b")]),
        (b"a\\@b <c@d>", [(b"a@b", None, b"c", b"d")]),
    ],
)
def test_addresses(value: bytes, expected: list[tuple[bytes | None, ...]]) -> None:
    found = [(one.name, one.route, one.mailbox, one.host) for one in read_addresses(value)]
    assert found == expected


@pytest.mark.parametrize(
    "piece",
    [b"(", b'"', b"<", b"[", b":", b";", b"@", b"a@", b"<@,", b"a:b,", b"(a)", b"\\", b". ", b'"a" ', b"a <b@c "],
)
def test_hostile_lists_take_no_time(piece: bytes) -> None:
    value = piece * (64 * 1024 // len(piece))
    started = time.perf_counter()
    read_addresses(value)
    read_addresses(b"a@b, " + value)
    read(envelope.render([(b"To", value)]))
    assert time.perf_counter() - started < 20


def test_a_list_is_bounded() -> None:
    assert len(read_addresses(b"a@b," * (MAX_ADDRESSES + 5))) == MAX_ADDRESSES
    assert len(read_addresses(b"a\\@b," * (MAX_ADDRESSES + 5))) == MAX_ADDRESSES


@given(st.lists(st.sampled_from([*b'ab<>@()[]",;:\\. \t\r=', 0, 255])).map(bytes))
def test_whatever_a_list_is_it_can_be_read_by_a_client(value: bytes) -> None:
    for utf8 in (False, True):
        told = read(envelope.render([(b"To", value), (b"Subject", value)], utf8))
        assert told[1] == value.replace(b"\0", b"\x80")
        depth = 0
        for _, _, mailbox, host in told[5] or []:
            # Groups begin and end in turn, and what is in one is whole.
            depth += (mailbox is not None) - (mailbox is None) if host is None else 0
            assert depth in (0, 1)
        assert depth == 0
