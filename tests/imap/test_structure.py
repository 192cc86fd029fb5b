"""BODY and BODYSTRUCTURE say what was sent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.imap import structure
from mailtrap.imap.sections import Message, Span
from mailtrap.mail import mime
from tests.imap.written import read

CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*.eml"))
NO_ENVELOPE = [None] * 10


def said(octets: bytes, *, extended: bool = True, utf8: bool = False) -> Any:
    return read(structure.render(mime.scan(octets)[0], extended=extended, utf8=utf8))


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def test_a_text_has_lines_and_other_content_has_none() -> None:
    assert said(b"Subject: x\r\n\r\none\r\ntwo\r\nthree", extended=False) == [
        b"TEXT", b"PLAIN", [b"CHARSET", b"US-ASCII"], None, None, b"7BIT", 15, 2,
    ]  # fmt: skip
    assert said(b"Content-Type: IMAGE/png\r\nContent-Transfer-Encoding: Base64\r\n\r\nAAAA\r\n", extended=False) == [
        b"IMAGE", b"png", None, None, None, b"Base64", 6,
    ]  # fmt: skip
    assert said(b"Content-Type: text/html; charset=utf-8\r\n\r\n")[6:] == [0, 0, None, None, None, None]


def test_all_that_content_fields_say() -> None:
    octets = crlf(
        'Content-Type: Text/Plain; CharSet=utf-8 (of course); name*0*=utf-8\'\'%e2%82;\n name*1*=%ac; x="a \\"b\\""\n'
        'Content-ID: <1@x>\nContent-Description: =?utf-8?q?=C3=BC?= "d"\nContent-MD5: abc=\n'
        "Content-Transfer-Encoding: 8bit (yes)\nContent-Language: en, de-AT\nContent-Location: http://x/ y\n"
        'Content-Disposition: ATTACHMENT (a);\n\tfilename="C:\\dir\\x.txt"; size=3\n\nx\n'
    )
    assert said(octets) == [
        b"Text",
        b"Plain",
        [b"CharSet", b"utf-8", b"name*0*", b"utf-8''%e2%82", b"name*1*", b"%ac", b"x", b'a "b"'],
        b"<1@x>",
        b'=?utf-8?q?=C3=BC?= "d"',
        b"8bit",
        3,
        1,
        b"abc=",
        [b"ATTACHMENT", [b"filename", b"C:\\dir\\x.txt", b"size", b"3"]],
        [b"en", b"de-AT"],
        b"http://x/ y",
    ]


def test_a_multipart_has_its_parts_and_extension_data() -> None:
    octets = crlf(
        'Content-Type: multipart/Mixed; boundary="b c"\nContent-Language: en\nContent-Disposition: inline\n\npreamble\n'
        "--b c\n\none\n--b c\nContent-Type: multipart/alternative; boundary=in\n\n"
        "--in\nContent-Type: text/html\n\n<p>\n\n--in--\n--b c--\nepilogue\n"
    )
    plain = [b"TEXT", b"PLAIN", [b"CHARSET", b"US-ASCII"], None, None, b"7BIT", 3, 0]
    html = [b"text", b"html", None, None, None, b"7BIT", 5, 1]
    assert said(octets, extended=False) == [plain, [html, b"alternative"], b"Mixed"]
    none = [None] * 4
    inner = [html + none, b"alternative", [b"boundary", b"in"], None, None, None]
    disposition = [b"inline", None]
    assert said(octets) == [
        plain + none, inner, b"Mixed", [b"boundary", b"b c"], disposition, [b"en"], None,
    ]  # fmt: skip


def test_a_message_has_its_envelope_structure_and_lines() -> None:
    inner = "From: a@b\nSubject: in\nContent-Type: text/x\n\none\ntwo\n"
    octets = crlf(f"Content-Type: message/rfc822\nSubject: out\n\n{inner}")
    [*fields, envelope, body, lines] = said(octets, extended=False)
    assert fields == [b"message", b"rfc822", None, None, None, b"7BIT", len(crlf(inner))]
    assert envelope[1:3] == [b"in", [[None, None, b"a", b"b"]]]
    assert body == [b"text", b"x", None, None, None, b"7BIT", 10, 2]
    assert lines == 6
    assert said(octets)[-4:] == [None] * 4
    assert said(octets)[8][-4:] == [None] * 4


def test_messages_of_other_kinds_are_told_to_those_who_know_them() -> None:
    news = said(crlf("Content-Type: message/news\n\nSubject: in\n\nx\n"), extended=False, utf8=True)
    assert news == [b"message", b"news", None, None, None, b"7BIT", 18]
    octets = crlf("Content-Type: message/global\n\nSubject: ü\n\nx\n")
    assert said(octets, extended=False) == [b"message", b"global", None, None, None, b"7BIT", 18]
    assert said(octets, extended=False, utf8=True)[7][1] == "ü".encode()
    assert '"ü"'.encode() in structure.render(mime.scan(octets)[0], utf8=True)


@pytest.mark.parametrize("head", ["Content-Transfer-Encoding: base64\n\nU3ViamVjdDogeA0K\n", "\n"])
def test_a_message_that_was_not_looked_into_is_a_body_without_envelope(head: str) -> None:
    octets = crlf(f"Content-Type: message/rfc822\n{head}")
    size, lines = len(octets) - octets.index(b"\r\n\r\n") - 4, head.count("\n\n") and head.count("\n") - 2
    told = said(octets, extended=False)
    assert told[7:] == [NO_ENVELOPE, [b"TEXT", b"PLAIN", None, None, None, b"7BIT", size, max(lines, 0)], max(lines, 0)]
    assert Message(octets).span((1, 1), "") == Span(len(octets) - size, len(octets))
    assert Message(octets).span((1,), "HEADER") == Span(len(octets) - size, len(octets) - size)


def test_a_multipart_that_is_not_divided_is_one_part() -> None:
    for parameter in ("", "; boundary=x"):
        octets = crlf(f"Content-Type: multipart/mixed{parameter}\n\none\ntwo\n")
        [part, kind] = said(octets, extended=False)
        assert part == [b"TEXT", b"PLAIN", None, None, None, b"7BIT", 10, 2]
        assert kind == b"mixed"
        assert Message(octets).span((1,), "") == Span(octets.index(b"one"), len(octets))


@pytest.mark.parametrize("type_", ["text", "a/b c", "/", "text/", "; charset=x", "text/html/x y"])
def test_what_is_no_type_is_plain_text(type_: str) -> None:
    told = said(crlf(f"Content-Type: {type_}\n\nx"), extended=False)
    assert told[:2] == [b"TEXT", b"PLAIN"]


def test_comments_are_no_part_of_what_they_comment_on() -> None:
    octets = crlf(
        "Content-Type: Foo/Bar (so they say); a=b (Plain text); name=c (1).d\n"
        "Content-Transfer-Encoding: base64 (they say)\n\nQQ==\n"
    )
    told = said(octets, extended=False)
    assert told[:2] == [b"Foo", b"Bar"]
    assert told[2][:2] == [b"a", b"b"]
    assert told[5] == b"base64"
    assert Message(octets).decoded((1,)) == b"A"


def test_parts_of_a_digest_are_messages() -> None:
    octets = crlf("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\n\nx\n--b--\n")
    assert said(octets, extended=False)[0][:2] == [b"MESSAGE", b"RFC822"]


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_every_part_told_of_can_be_fetched(file: Path) -> None:
    message = Message(file.read_bytes())

    def check(told: list[Any], numbers: tuple[int, ...]) -> None:
        if isinstance(told[0], list):
            for number, part in enumerate(told[:-1], 1):
                check(part, (*numbers, number))
            return
        span = message.span(numbers or (1,), "")
        assert span
        assert span.end - span.start == told[6]
        if told[0].lower() == b"message" and told[1].lower() == b"rfc822":
            inner = message.span(numbers or (1,), "TEXT")
            assert inner
            check(told[8], (*(numbers or (1,)), *(() if isinstance(told[8][0], list) else (1,))))

    for utf8 in (False, True):
        told = said(message.octets, extended=False, utf8=utf8)
        check(told, ())
        assert len(said(message.octets, utf8=utf8)) >= len(told)


def test_hostile_structures_are_told_in_bounds() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(5000))
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 5000
    wide = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 20_000
    many = b"Content-Type: text/plain" + b"; a=b" * 50_000 + b"\r\n\r\n"
    open_ = b"Content-Type: text/plain" + b'; a="b' * 40_000 + b"\r\nContent-Language:" + b" en," * 5000 + b"\r\n\r\n"
    started = time.perf_counter()
    for octets in (deep, nested, wide, many, open_):
        assert len(structure.render(mime.scan(octets)[0], utf8=True)) < 1_000_000
    assert time.perf_counter() - started < 60


@pytest.mark.parametrize("octets", [b"", b"\r\n", b"\0", b"\xff\xfe", b"Content-Type: \xff/\xfe; \xff=\xfe\r\n\r\n\0"])
def test_whatever_it_is_there_is_a_structure(octets: bytes) -> None:
    assert len(said(octets)) >= 10


PIECES = [
    b"Content-Type: ", b"multipart/mixed", b"message/rfc822", b"text/plain", b"; boundary=b", b"; boundary=c", b"\r\n",
    b"\r\n\r\n", b"--b\r\n", b"--c\r\n", b"--b--\r\n", b"--c--\r\n", b'; x="', b"\\", b"\xff", b"\0", b"(", b"To: a:",
    b"x", b"\n", b"Content-Disposition: ", b"Content-Transfer-Encoding: base64",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join), st.lists(st.integers(1, 3), max_size=4).map(tuple))
def test_whatever_it_is_a_client_can_read_its_structure_and_sections(octets: bytes, part: tuple[int, ...]) -> None:
    message = Message(octets)
    head, text = message.span((), "HEADER"), message.span((), "TEXT")
    assert head
    assert text
    assert (head.start, head.end, text.end) == (0, text.start, len(octets))
    for utf8 in (False, True):
        assert said(octets, utf8=utf8)
        said(octets, extended=False, utf8=utf8)
    for what in ("", "MIME", "HEADER", "TEXT"):
        span = message.span(part, what) if part or what != "MIME" else None
        assert span is None or 0 <= span.start <= span.end <= len(octets)
    names = frozenset((b"to",))
    chosen, others = message.fields(part, names), message.fields(part, names, without=True)
    assert (chosen is None) == (others is None)
