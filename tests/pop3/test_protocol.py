"""Dot-stuffing and TOP, however the octets are cut; arguments; what is masked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.pop3 import protocol

OCTETS = st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"x", b"..", b"\r\n.\r\n", b"\n.\n"])).map(b"".join)


def cut(octets: bytes, size: int) -> list[bytes]:
    return [octets[start : start + size] for start in range(0, len(octets), size)]


def unstuffed(wire: bytes) -> bytes:
    """What a client makes of it that reads up to each line feed, as most do; asserts that it ends only at the end."""
    lines = re.findall(rb"[^\n]*\n", wire)
    assert b"".join(lines) == wire
    assert [line for line in lines if line in (b".\r\n", b".\n")] == [b".\r\n"]
    assert lines[-1] == b".\r\n"
    return b"".join([line.removeprefix(b".") for line in lines[:-1]])


@given(OCTETS, st.integers(1, 9))
def test_a_message_comes_out_of_the_wire_as_it_went_in(octets: bytes, size: int) -> None:
    wire = b"".join(protocol.stuffed(cut(octets, size)))
    ended = octets if octets.endswith(b"\r\n") or not octets else octets + b"\r\n"
    assert unstuffed(wire) == ended
    # Nor does a client that goes by CRLF see an end before the end.
    assert (b"\r\n" + wire).index(b"\r\n.\r\n") == len(wire) - 3


@given(OCTETS, OCTETS, st.integers(0, 5), st.integers(1, 9))
def test_top_is_the_header_and_the_first_lines(header: bytes, body: bytes, lines: int, size: int) -> None:
    octets = header + body
    whole = re.findall(rb"[^\n]*\n|[^\n]+$", octets)
    blank = next((number for number, line in enumerate(whole) if line in (b"\r\n", b"\n")), len(whole))
    wanted = b"".join(whole[: blank + 1 + lines])
    assert b"".join(protocol.top(cut(octets, size), lines)) == wanted


def test_top_reads_no_further_than_it_has_to() -> None:
    def pieces() -> object:
        yield b"Subject: x\r\n\r\none\r\n"
        raise AssertionError("nobody wanted this")

    assert b"".join(protocol.top(pieces(), 1)) == b"Subject: x\r\n\r\none\r\n"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"PASS s3cret", b"PASS ***"),
        (b"  pass s3cret word", b"PASS ***"),
        (b"PASS", b"PASS ***"),
        (b"apop ann 0123456789abcdef0123456789abcdef", b"APOP ann ***"),
        (b"APOP s3cret", b"APOP  ***"),
        (b"AUTH plain AGEAczNjcmV0", b"AUTH plain ***"),
        (b"AUTH PLAIN", b"AUTH PLAIN"),
        (b"AUTH AGEAczNjcmV0", b"AUTH ***"),
        (b"USER ann", b"USER ann"),
    ],
)
def test_secrets_are_masked(line: bytes, shown: bytes) -> None:
    assert protocol.masked(line) == shown


def test_a_password_may_have_spaces_anywhere() -> None:
    assert protocol.split_command(b"pass  a b ") == (b"PASS", b" a b ")
