"""Malformed replies, octet for octet."""

from __future__ import annotations

from itertools import islice
from typing import get_args, get_type_hints

import pytest

from mailtrap.faults.rule import Effect, Said
from mailtrap.faults.wire import LONG, malformed, spoken

ONE = b"250 2.1.0 Sender OK\r\n"
TWO = b"250-localhost\r\n250 SIZE 10\r\n"

EXPECTED = {
    "unterminated": (b"250-2.1.0 Sender OK\r\n", b"250-localhost\r\n250-SIZE 10\r\n"),
    "bare-lf": (b"250 2.1.0 Sender OK\n", b"250-localhost\n250 SIZE 10\n"),
    "bare-cr": (b"250 2.1.0 Sender OK\r", b"250-localhost\r250 SIZE 10\r"),
    "no-code": (b"2.1.0 Sender OK\r\n", b"localhost\r\nSIZE 10\r\n"),
    "wrong-code": (b"999 2.1.0 Sender OK\r\n", b"999-localhost\r\n999 SIZE 10\r\n"),
    "other-codes": (b"250-2.1.0 Sender OK\r\n550 2.1.0 Sender OK\r\n", b"250-localhost\r\n550 SIZE 10\r\n"),
    "nul": (b"250 \x002.1.0 Sender OK\r\n", b"250-\0localhost\r\n250 \0SIZE 10\r\n"),
    "lower-case": (b"250 2.1.0 sender ok\r\n", b"250-localhost\r\n250 size 10\r\n"),
    "empty": (b"\r\n", b"\r\n"),
    "eight-bit": (b"250 2.1.0 Sender OK \xe9\xff\r\n", b"250-localhost \xe9\xff\r\n250 SIZE 10 \xe9\xff\r\n"),
    "split": (ONE, TWO),
    "long-line": (
        b"250 2.1.0 Sender OK" + b"x" * (LONG - 21) + b"\r\n",
        b"250-localhost" + b"x" * (LONG - 15) + b"\r\n250 SIZE 10\r\n",
    ),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_each_kind_is_what_it_says(kind: str) -> None:
    for octets, expected in zip((ONE, TWO), EXPECTED[kind], strict=True):
        assert b"".join(malformed(kind, octets).pieces) == expected


def test_a_split_reply_comes_octet_by_octet() -> None:
    garbled = malformed("split", ONE)
    assert list(garbled.pieces) == [ONE[at : at + 1] for at in range(len(ONE))]
    assert garbled.pause > 0


def test_an_endless_reply_does_not_end() -> None:
    assert list(islice(malformed("endless", TWO).pieces, 1000)) == [b"250-localhost\r\n"] * 1000


def test_there_is_no_kind_without_a_test() -> None:
    kinds = set(get_args(get_type_hints(Effect)["malformed"])) - {""}
    assert kinds == set(EXPECTED) | {"endless"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(550, "5.1.1", "No"), b"550 5.1.1 No\r\n"),
        (Said(550, "4.1.1", "Contradicts itself"), b"550 4.1.1 Contradicts itself\r\n"),
        (Said(421, "", "One\nTwo\rthree"), b"421-One\r\n421 Two three\r\n"),
        (Said(554), b"554 \r\n"),
        (Said(250, "", "Gr\u00fc\u00dfe \ud800"), "250 Grüße \\ud800\r\n".encode()),
    ],
)
def test_a_reply_is_said_as_told(said: Said, expected: bytes) -> None:
    assert spoken(said, True) == expected


def test_without_enhanced_codes() -> None:
    assert spoken(Said(550, "5.1.1", "A\nB"), False) == b"550-A\r\n550 B\r\n"
