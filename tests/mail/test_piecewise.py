"""Whatever it is and however it is cut, the same comes out as of the whole."""

from __future__ import annotations

import base64
import binascii
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.mail import piecewise, transfer

ENCODED = st.lists(st.sampled_from(b"AbC/+=3D0 \t\r\n!\xff\0=\n")).map(bytes)


def whole(octets: bytes, encoding: str, size: int) -> bytes:
    pieces = piecewise.decode((octets[at : at + size] for at in range(0, len(octets), size)), encoding)
    assert pieces is not None
    return b"".join(pieces)


@given(ENCODED, st.integers(1, 9), st.sampled_from(("base64", "quoted-printable", "8bit", "")))
def test_pieces_make_the_same_as_the_whole(octets: bytes, size: int, encoding: str) -> None:
    assert whole(octets, encoding, size) == transfer.decode(octets, encoding)[0]


@pytest.mark.parametrize("size", [1, 70, 4096, 65536, 1 << 30])
def test_real_content(size: int) -> None:
    content = random.Random(size).randbytes(200_000)
    assert whole(base64.encodebytes(content).replace(b"\n", b"\r\n"), "base64", max(size, 64)) == content
    assert whole(binascii.b2a_qp(content, istext=False), "quoted-printable", max(size, 64)) == content


@pytest.mark.parametrize(
    "octets",
    [
        b"x=41" * 60_000,
        b"x=\r" + b"y" * 300_000 + b"\nz",
        b"=" * 200_000,
        b"x" * 200_000,
        b"a==\r=\r=41" * 30_000,
        b"==\r" * 60_000,
    ],
)
@pytest.mark.parametrize("end", [b"", b"=", b"=4", b"=\r", b"\n", b"=\n"])
def test_lines_without_end_are_not_waited_for(octets: bytes, end: bytes) -> None:
    octets += end
    assert whole(octets, "quoted-printable", 1000) == binascii.a2b_qp(octets)
    pieces = [octets[at : at + 1000] for at in range(0, len(octets), 1000)]
    made = piecewise.decode(pieces, "quoted-printable")
    assert made is not None
    assert max(len(piece) for piece in made) <= 70_000


def test_texts_one_behind_the_other_are_told_apart_as_far_as_in_the_whole() -> None:
    octets = b"eA==" * (transfer.MAX_RUNS + 7) + b"eHl6"
    for size in (1, 3, 1000, 1 << 20):
        assert whole(octets, "base64", size) == transfer.base64(octets)[0]


def test_other_encodings_are_not_known() -> None:
    assert piecewise.decode((), "x-uuencode") is None
    assert piecewise.decode((), "x") is None
    assert all(a != b for a, b in pairwise(sorted(transfer.QUOTED_PRINTABLE)))
