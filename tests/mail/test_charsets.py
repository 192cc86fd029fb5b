"""Text codecs by allow-list: every label decodes, none raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.mail import charsets


@pytest.mark.parametrize(
    ("octets", "label", "text"),
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode(), '"UTF-8"', "Grüße"),
        (b"\xef\xbb\xbfx", "utf-8", "x"),
        ("Grüße".encode("latin-1"), "ISO-8859-1", "Grüße"),
        (b"\x93x\x94", "latin1", "“x”"),
        ("日本".encode("iso2022_jp"), "ISO-2022-JP", "日本"),
        ("日本".encode("cp932"), "x-sjis", "日本"),
        ("한국".encode("cp949"), "ks_c_5601-1987", "한국"),
        ("汉字".encode("gb18030"), "gb2312", "汉字"),
        ("漢字".encode("big5"), "Big5", "漢字"),
        ("שלום".encode("iso8859_8"), "iso-8859-8-i", "שלום"),
        ("привет".encode("koi8_r"), "KOI8-R", "привет"),
        ("привет".encode("cp1251"), "windows-1251", "привет"),
        ("x".encode("utf-16"), "utf-16", "x"),
        (b"plain", "", "plain"),
    ],
)
def test_known_charsets(octets: bytes, label: str, text: str) -> None:
    assert charsets.decode(octets, label) == (text, "")


@pytest.mark.parametrize(
    ("octets", "label", "text", "defect"),
    [
        ("ü".encode(), "", "ü", "undeclared-8bit"),
        (b"\xfc", "us-ascii", "ü", "undeclared-8bit"),
        ("ü".encode(), "nonsense", "ü", "unknown-charset"),
        (b"\xfc", "x-unknown", "ü", "unknown-charset"),
        (b"+AGE-", "utf-7", "+AGE-", "utf-7"),
        (b"a\xff", "utf-8", "a\ufffd", "undecodable"),
        (b"a\x81", "windows-1252", "a\ufffd", "undecodable"),
        (b"\xe3\x81", "utf-8", "\ufffd", "undecodable"),
    ],
)
def test_odd_charsets_are_read_and_reported(octets: bytes, label: str, text: str, defect: str) -> None:
    assert charsets.decode(octets, label) == (text, defect)


NO_CHARSETS = ["idna", "punycode", "unicode_escape", "raw_unicode_escape", "zlib", "zip", "hex", "base64", "rot13", "ü"]
NO_CHARSETS += ["bz2", "uu", "undefined", "mbcs", "oem", "utf_7", "quopri", "unicode-1-1-utf-7", "charmap", "*", "\0"]


@pytest.mark.parametrize("label", NO_CHARSETS)
def test_codecs_that_are_no_charset_are_never_used(label: str) -> None:
    assert charsets.decode(b"x\\u0041+AGE-", label) in [
        (b"x\\u0041+AGE-".decode(), defect) for defect in ("unknown-charset", "utf-7", "")
    ]


LABELS = sorted({*charsets._MULTIBYTE, *charsets._SINGLE_BYTE, *charsets._UTF_8, *charsets._ASCII})


@given(st.binary(max_size=200), st.sampled_from(LABELS))
def test_no_octets_make_a_charset_raise_or_yield_surrogates(octets: bytes, label: str) -> None:
    charsets.decode(octets, label)[0].encode("utf-8")


@pytest.mark.parametrize("label", LABELS)
def test_every_pair_of_octets_decodes_to_utf_8(label: str) -> None:
    every = b"".join([bytes((a, b)) for a in range(0, 256, 3) for b in range(256)])
    charsets.decode(every, label)[0].encode("utf-8")
    charsets.decode(every + b"\x00\xd8\xd8\x00\x00\x00\xd8\x00", label)[0].encode("utf-8")
