"""Parts by their numbers, header fields by their names (RFC 9051 §6.4.5)."""

from __future__ import annotations

import base64

import pytest

from mailtrap.imap.sections import HEADER_WITHIN, Message, UnknownEncoding
from mailtrap.mail.mime import MAX_DEPTH


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


#: As the example of RFC 9051 §6.4.5.1 has it: 4 a multipart, 4.2 a message in it, and its parts 4.2.1 and 4.2.2.
MIXED = crlf(
    "Subject: out\nContent-Type: multipart/mixed; boundary=a\n\npreamble\n"
    "--a\nContent-ID: 1\n\none\n"
    "--a\nContent-Type: application/octet-stream\n\ntwo\n\n"
    "--a\nContent-Type: message/rfc822\n\nSubject: three\n\nthird\n"
    "--a\nContent-Type: multipart/mixed; boundary=b\n\n"
    "--b\nContent-Type: image/gif\n\nfour one\n"
    "--b\nContent-Type: message/rfc822\nX-MIME: 4.2\n\n"
    "Subject: four two\nContent-Type: multipart/alternative; boundary=c\n\n"
    "--c\n\nplain\n--c\nContent-Type: text/html\n\nhtml\n--c--\n"
    "--b--\n"
    "--a--\n"
)


def octets(message: Message, part: str, text: str = "") -> bytes | None:
    numbers = tuple(map(int, part.split("."))) if part else ()
    span = message.span(numbers, text)
    return None if span is None else message.octets[span.start : span.end]


@pytest.mark.parametrize(
    ("part", "text", "expected"),
    [
        ("1", "", b"one"),
        ("1", "MIME", b"Content-ID: 1\r\n\r\n"),
        ("2", "", b"two\r\n"),
        ("3", "", b"Subject: three\r\n\r\nthird"),
        ("3", "HEADER", b"Subject: three\r\n\r\n"),
        ("3", "TEXT", b"third"),
        ("3.1", "", b"third"),
        ("3.1", "MIME", b"Subject: three\r\n\r\n"),
        ("4", "MIME", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"),
        ("4.1", "", b"four one"),
        ("4.1", "MIME", b"Content-Type: image/gif\r\n\r\n"),
        ("4.2", "MIME", b"Content-Type: message/rfc822\r\nX-MIME: 4.2\r\n\r\n"),
        ("4.2", "HEADER", b"Subject: four two\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"),
        ("4.2", "TEXT", b"--c\r\n\r\nplain\r\n--c\r\nContent-Type: text/html\r\n\r\nhtml\r\n--c--"),
        ("4.2.1", "", b"plain"),
        ("4.2.2", "", b"html"),
        ("4.2.2", "MIME", b"Content-Type: text/html\r\n\r\n"),
        # There is no such part, or it is no message.
        ("5", "", None),
        ("0", "", None),
        ("1.1", "", None),
        ("3.2", "", None),
        ("3.1.1", "", None),
        ("4.2.3", "", None),
        ("4.2.2.1", "MIME", None),
        ("1", "HEADER", None),
        ("4", "TEXT", None),
        ("99999999999999999999", "", None),
    ],
)
def test_parts(part: str, text: str, expected: bytes | None) -> None:
    assert octets(Message(MIXED), part, text) == expected


def test_the_message_itself() -> None:
    message = Message(MIXED)
    head, text = octets(message, "", "HEADER"), octets(message, "", "TEXT")
    assert head == crlf("Subject: out\nContent-Type: multipart/mixed; boundary=a\n\n")
    assert text
    assert text.startswith(b"preamble\r\n--a\r\n")
    assert head + text == octets(message, "") == MIXED


def test_what_is_not_divided_is_its_own_first_part() -> None:
    message = Message(crlf("Subject: x\n\nbody\n"))
    assert octets(message, "1") == b"body\r\n"
    assert octets(message, "1", "MIME") == b"Subject: x\r\n\r\n"
    assert octets(message, "1.1") is None
    assert octets(message, "2") is None
    assert octets(message, "1", "HEADER") is None
    inside = Message(crlf("Subject: x\nContent-Type: message/rfc822\n\nSubject: y\n\nbody\n"))
    assert octets(inside, "1") == b"Subject: y\r\n\r\nbody\r\n"
    assert octets(inside, "1", "HEADER") == b"Subject: y\r\n\r\n"
    assert octets(inside, "1.1") == b"body\r\n"
    assert octets(inside, "1.1.1") is None


@pytest.mark.parametrize(
    ("message", "head"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"\r\nbody", b"\r\n"),
        (b"A: b", b"A: b"),
        (b"A: b\r\n", b"A: b\r\n"),
        (b"A: b\r\n\r\n", b"A: b\r\n\r\n"),
        (b"A: b\nC: d\n\nbody\n", b"A: b\nC: d\n\n"),
        (b"A: b\r\nno field\r\nSubject: c\r\n\r\nbody", b"A: b\r\nno field\r\nSubject: c\r\n\r\n"),
        (b"A: b\r\nbody at once\r\n", b"A: b\r\n"),
        (b"From x@y Mon\nA: b\n\nbody", b"From x@y Mon\nA: b\n\n"),
        (b"A: \0\xff\r\n\r\n\0\xff\n", b"A: \0\xff\r\n\r\n"),
    ],
)
def test_header_and_text_are_always_the_message(message: bytes, head: bytes) -> None:
    assert octets(Message(message), "", "HEADER") == head
    assert octets(Message(message), "", "TEXT") == message[len(head) :]
    scanned = Message(message)
    assert scanned.root is scanned.root
    assert octets(scanned, "", "HEADER") == head


FIELDS = b"From: a\r\nTO : b\r\n c\r\n\td\r\nX-Long:\r\n e\r\nto: f\r\nSubject: g\r\n\r\nTo: body\r\n"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((b"to",), b"TO : b\r\n c\r\n\td\r\nto: f\r\n"),
        ((b"subject", b"from", b"none"), b"From: a\r\nSubject: g\r\n"),
        ((b"x-long",), b"X-Long:\r\n e\r\n"),
        ((b"t",), b""),
        ((), b""),
    ],
)
def test_fields_are_as_sent_in_their_order_and_the_others_the_rest(names: tuple[bytes, ...], expected: bytes) -> None:
    message = Message(FIELDS)
    assert message.fields((), frozenset(names)) == expected + b"\r\n"
    others = message.fields((), frozenset(names), without=True)
    assert others
    assert len(others) + len(expected) == FIELDS.index(b"\r\n\r\n") + 4
    assert others.endswith(b"\r\n")


def test_fields_of_messages_within() -> None:
    message = Message(MIXED)
    assert message.fields((3,), frozenset((b"subject",))) == b"Subject: three\r\n\r\n"
    assert message.fields((4, 2), frozenset((b"subject",))) == b"Subject: four two\r\n\r\n"
    assert message.fields((1,), frozenset((b"content-id",))) is None
    assert message.fields((9,), frozenset((b"subject",))) is None
    encoded = Message(crlf("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA==\n"))
    assert encoded.fields((1,), frozenset((b"subject",))) == b""


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"A: b\r\nTo: c", b"To: c"),
        (b"To: c\r\n d", b"To: c\r\n d"),
        (b"To: c\nA: b\n\nx", b"To: c\n\n"),
        (b"To: c\r\nbody at once\r\n", b"To: c\r\n\r\n"),
        (b"To: c\r\n", b"To: c\r\n"),
        (b"", b""),
        (b"From x@y Mon\nTo: c\n\nbody", b"To: c\n\n"),
        (b"To: c\r\nno field\r\nSubject: x\r\n\r\n", b"To: c\r\n\r\n"),
    ],
)
def test_fields_end_with_an_empty_line_wherever_a_body_follows(message: bytes, expected: bytes) -> None:
    assert Message(message).fields((), frozenset((b"to",))) == expected


def test_the_beginning_of_a_message_is_enough_for_its_header_if_that_ends_there() -> None:
    whole = b"A: b\r\nC: d\r\n\r\n" + b"x" * (2 * HEADER_WITHIN)
    begun = Message(whole[:HEADER_WITHIN], len(whole))
    assert begun.has_header
    assert begun.span((), "TEXT") == Message(whole).span((), "TEXT")
    assert begun.fields((), frozenset((b"c",))) == b"C: d\r\n\r\n"
    assert begun.values() == Message(whole).values() == [(b"A", b"b"), (b"C", b"d")]
    # With less of it an empty line may look like something else.
    assert not Message(whole[:13], len(whole)).has_header
    endless = b"A: b\r\n" * (HEADER_WITHIN // 3)
    assert not Message(endless[:HEADER_WITHIN], len(endless)).has_header
    assert Message(endless[:HEADER_WITHIN]).has_header


# BINARY.


def decoded(octets: bytes, part: str) -> bytes | None:
    return Message(octets).decoded(tuple(map(int, part.split("."))) if part else ())


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("base64", base64.encodebytes(b"\0\xff binary"), b"\0\xff binary"),
        ("BASE64 (yes)", base64.encodebytes(b"x"), b"x"),
        ("quoted-printable", b"a=3Db=\r\n c=00\r\n", b"a=b c\0\r\n"),
        ("8bit", b"\xff\r\n", b"\xff\r\n"),
        ("7bit", b"=3D\r\n", b"=3D\r\n"),
        ("binary", b"\0\n", b"\0\n"),
        ("", b"x", b"x"),
        ("base64", b"eA==\r\nnot base64!", b"x\x9e\x8b"),
        ("x-uuencode", b"begin 644 a\r\n#0V%T\r\n`\r\nend\r\n", None),
    ],
)
def test_transfer_encodings_are_undone(encoding: str, body: bytes, expected: bytes | None) -> None:
    message = f"Content-Type: image/png\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body
    if expected is None:
        with pytest.raises(UnknownEncoding):
            decoded(message, "1")
    elif body.startswith(b"eA==\r\nnot"):
        assert (decoded(message, "1") or b"").startswith(b"x")  # what can be had of what is malformed
    else:
        assert decoded(message, "1") == expected


def test_what_has_no_encoding_of_its_own_is_given_as_it_stands() -> None:
    assert decoded(MIXED, "") == MIXED
    assert decoded(MIXED, "3") == b"Subject: three\r\n\r\nthird"
    assert (decoded(MIXED, "4") or b"").startswith(b"--b\r\n")
    assert decoded(MIXED, "9") is None
    lying = crlf("Content-Type: multipart/mixed; boundary=a\nContent-Transfer-Encoding: base64\n\n--a\n\nx\n--a--\n")
    assert decoded(lying, "1") == b"x"


def test_an_encoding_that_is_not_known_is_not_undone() -> None:
    with pytest.raises(UnknownEncoding):
        decoded(crlf("Content-Transfer-Encoding: x-secret\n\nbody\n"), "1")


def test_numbers_reach_no_deeper_than_there_are_parts() -> None:
    nested = Message(b"Content-Type: message/rfc822\r\n\r\n" * (MAX_DEPTH + 50) + b"Subject: x\r\n\r\nbody")
    depth = 0
    while nested.span((1,) * (depth + 1), "") is not None:
        depth += 1
    assert MAX_DEPTH <= depth <= MAX_DEPTH + 1
    assert nested.span((1,) * 100_000, "") is None
