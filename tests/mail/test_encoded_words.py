"""RFC 2047 as written, and as it is done wrong."""

from __future__ import annotations

import time

import pytest

from mailtrap.mail.encoded_words import decode


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?J=C3=BCrgen_B?=", "Jürgen B"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("a =?utf-8?q?b?= c", "a b c"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\r\n =?iso-8859-1?q?=FC?=", "aü"),
        ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
        ("=?utf-8?b?5bCI?= =?utf-8?b?5Zs=?==?utf-8?b?vQ==?=", "專国"),
        ("=?utf-8?q?what??=", "what?"),
        ("=?utf-8?q?=3F=3D?=", "?="),
        ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?utf-8*en?q?hi?=", "hi"),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?b?!!!?=", ""),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?never closed", "=?utf-8?q?never closed"),
        ("=?utf-8?q?open =?utf-8?q?b?=", "=?utf-8?q?open b"),
        ("=?nonsense?q?=C3=BC?=", "ü"),
        ("=?utf-8?q??=", ""),
        ("=?=?=", "=?=?="),
        ("50% =? maybe ?= yes", "50% =? maybe ?= yes"),
    ],
)
def test_words_are_decoded(text: str, decoded: str) -> None:
    assert decode(text) == decoded


def test_the_result_is_cut_to_the_limit() -> None:
    assert decode("=?utf-8?q?" + "a" * 100 + "?=", 10) == "a" * 10
    assert decode("x" * 100 + "=?utf-8?q?a?=", 10) == "x" * 10


@pytest.mark.parametrize(
    "text", ["=?x?q?a " * 100_000 + "?=", "=?x?q?" * 100_000, "=?" * 500_000, "=?utf-8?q?a?= " * 100_000]
)
def test_it_is_linear(text: str) -> None:
    start = time.process_time()
    decode(text)
    assert time.process_time() - start < 10
