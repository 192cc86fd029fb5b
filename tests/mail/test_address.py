"""Paths by RFC 5321 §4.1.2."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.mail.address import AddressError, read_path

GOOD = [
    "a@b.test",
    "Postmaster",
    "first.last+tag=x@sub.domain.example",
    "a..b.@example.test",
    "a@under_score.test",
    "a@b.test.",
    "a@[127.0.0.1]",
    "a@[IPv6:2001:db8::1]",
    '"john \\"x\\" > doe"@b.test',
    '""@b.test',
    "@one.test,@two.test:a@b.test",
    "用户@例子.测试",
    "👩‍🚀@b.test",
    "a" * 65 + "@" + "b" * 260 + ".test",
    "=?utf-8?q?x=0d=0aBcc:_z?=@c.test".replace(":", "").replace(" ", ""),
]
BAD = [
    b"",
    b"<a@b.test",
    b"a@b.test>",
    b"<>",
    b"<a b@c.test>",
    b"<a@b@c.test>",
    b"<a@>",
    b"<@b.test>",
    b"<a@b..test>",
    b"<a@-b.test>x",
    b"<a\r@b.test>",
    b"<a\n@b.test>",
    b"<a\0@b.test>",
    b"<a\x7f@b.test>",
    b'<"a\x01"@b.test>',
    b"<a@b.test\xff>",
    b"<\xed\xa0\x80@b.test>",
    "<a\u2028@b.test>".encode(),
    "<a\u0085@b.test>".encode(),
    "<a\u3000b@b.test>".encode(),
    b'<"open@b.test>',
    b"<a@[1.2.3.4>",
    b"<<a@b.test>>",
    b"<group:a@b.test;>",
    b"<a@b.test>SIZE=1",
]


@pytest.mark.parametrize("address", GOOD)
def test_a_path_is_kept_exactly_as_sent(address: str) -> None:
    assert read_path(f"<{address}> X=1".encode()) == (address, b"X=1")


@pytest.mark.parametrize("octets", BAD)
def test_what_is_no_path_is_refused_without_repeating_it(octets: bytes) -> None:
    with pytest.raises(AddressError) as error:
        read_path(octets)
    assert "@b.test" not in str(error.value)


def test_the_null_path_is_for_senders_only() -> None:
    assert read_path(b"<>", null=True) == ("", b"")
    assert read_path(b"<> RET=FULL", null=True) == ("", b"RET=FULL")
    with pytest.raises(AddressError, match="empty"):
        read_path(b"<>")


def test_brackets_may_be_missing() -> None:
    assert read_path(b"a@b.test SIZE=1") == ("a@b.test", b"SIZE=1")


@given(st.binary(max_size=60))
def test_any_octets_give_a_path_or_an_address_error(octets: bytes) -> None:
    try:
        path, rest = read_path(octets)
    except AddressError:
        return
    assert path
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", path)
    assert path.encode() in octets
    assert octets.endswith(rest)


def test_long_hostile_addresses_take_no_time() -> None:
    for octets in (
        b'<"' + b"\\" * 20_000,
        b"<" + b"a." * 20_000 + b"@",
        b"<" + b"@a," * 10_000,
        b"<a@" + b"b." * 20_000 + b">",
    ):
        with pytest.raises(AddressError):
            read_path(octets + b"!")
