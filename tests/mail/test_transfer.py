"""Transfer encodings, valid and otherwise."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.mail import transfer

HELLO = b"Hello, World"


@pytest.mark.parametrize(
    ("octets", "encoding", "decoded", "defect"),
    [
        (HELLO, "", HELLO, ""),
        (HELLO, "8bit", HELLO, ""),
        (HELLO, "nonsense", HELLO, "unknown-encoding"),
        (b"SGVs\r\nbG8s\r\n IFdv cmxk\r\n", "base64", HELLO, ""),
        (b"SGVsbG8sIFdvcmxk!", "base64", HELLO, "bad-base64"),
        (b"SGVsbG8", "base64", b"Hello", "bad-base64"),
        (b"SGVsbG8=SGVsbG8=", "base64", b"HelloHello", "bad-base64"),
        (b"SGVsbG8=\r\nA", "base64", b"Hello", "bad-base64"),
        (b"a=3Db=\r\nc", "quoted-printable", b"a=bc", ""),
        (b"a=ZZ", "quoted-printable", b"a=ZZ", "bad-quoted-printable"),
        (b"begin 644 x\r\n#0V%T\r\n`\r\nend\r\n", "x-uuencode", b"Cat", ""),
        (b"text\r\nbegin 644 x\r\n#0V%T\r\n", "x-uuencode", b"Cat", "bad-uuencode"),
        (b"nothing", "x-uuencode", b"nothing", "bad-uuencode"),
    ],
)
def test_decoding(octets: bytes, encoding: str, decoded: bytes, defect: str) -> None:
    assert transfer.decode(octets, encoding) == (decoded, defect)


@given(st.binary(max_size=2000))
def test_base64_that_python_wrote_comes_back(octets: bytes) -> None:
    assert transfer.decode(base64.encodebytes(octets).replace(b"\n", b"\r\n"), "base64") == (octets, "")


@given(st.binary(max_size=500), st.sampled_from(["base64", "quoted-printable", "x-uuencode"]))
def test_nothing_raises(octets: bytes, encoding: str) -> None:
    transfer.decode(octets, encoding)
    transfer.decode(b"begin 644 x\n" + octets, encoding)


@pytest.mark.parametrize(
    ("octets", "encoding"),
    [
        (b"A=A!" * 1_000_000, "base64"),
        (b"=" * 4_000_000, "base64"),
        (b"=" * 4_000_000, "quoted-printable"),
        ((b"= " * 1000 + b" " * 1_000_000) * 4, "quoted-printable"),
        (b"begin 644 x\n" + b"\n" * 4_000_000, "x-uuencode"),
        (b"begin 644 x\n" + b"M####\n" * 700_000, "x-uuencode"),
        (b"begin \n" * 600_000, "x-uuencode"),
    ],
)
def test_four_megabytes_of_nonsense_take_no_time(octets: bytes, encoding: str) -> None:
    start = time.process_time()
    transfer.decode(octets, encoding)
    assert time.process_time() - start < 5


PIECES = (b"=", b"=3D", b"=\r\n", b"= \r\n", b"=\t\n", b"=\n", b"a", b"\r\n", b"=zz", b"=4", b"\t", b" ", b"=E4")


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_counting_tells_bad_quoted_printable_as_looking_does(octets: bytes) -> None:
    assert (transfer.quoted_printable(octets)[1] == "") is (transfer._BAD_QUOTED.search(octets) is None)
