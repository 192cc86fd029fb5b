"""Text codecs by allow-list: every label decodes, none raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.mail import charsets
from mailtrap.mail.content import Content, understand
from mailtrap.mail.heading import read_heading


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


LETTERS = [
    ("gb18030", "关于您的订单确认通知", "王小明"),
    ("big5", "關於您的訂單確認通知", "王小明"),
    ("euc-kr", "주문이 확인되었습니다", "김철수"),
    ("shift_jis", "ご注文の確認について", "山田太郎"),
    ("euc-jp", "ご注文の確認について", "山田太郎"),
    ("iso-2022-jp", "ご注文の確認について", "山田太郎"),
    ("koi8-r", "Подтверждение заказа", "Анна"),
    ("windows-1251", "Подтверждение заказа", "Анна"),
    ("iso-8859-1", "Grüße aus München", "Jürgen"),
    ("iso-8859-2", "Zażółć gęślą jaźń", "Łukasz"),
    ("windows-1256", "تأكيد طلبك من المتجر", "أحمد"),
]


def letter(charset: str, subject: str, name: str, declared: str) -> bytes:
    lines = [
        f"From: {name} <a@example.test>",
        f'To: "{name}, {name}" <b@example.test>',
        f"Subject: {subject}",
        declared,
    ]
    lines += [f'Content-Disposition: inline; filename="{name}.txt"', "", subject, ""]
    return "\r\n".join(lines).encode(charset)


@pytest.mark.parametrize("declares", [True, False])
@pytest.mark.parametrize(("charset", "subject", "name"), LETTERS)
def test_raw_octets_in_header_fields_are_read_as_what_they_are(
    charset: str, subject: str, name: str, declares: bool
) -> None:
    octets = letter(charset, subject, name, f"Content-Type: text/plain; charset={charset}" if declares else "X-Y: z")
    heading, content = read_heading(octets), Content(octets)
    assert (heading.subject, heading.sender[0].name, heading.to[0].name) == (subject, name, f"{name}, {name}")
    assert [field.value for field in content.header if field.name == "Subject"] == [subject]
    assert dict(understand(1, content).header)["Subject"] == subject
    assert content.root.filename == f"{name}.txt"
    assert content.bodies[0][0].text() == subject + "\n"


def test_what_a_part_declares_tells_what_few_octets_are_in() -> None:
    header = b"Subject: \xce\xd2\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    text = b"--b\r\nContent-Type: text/plain;\r\n\tcharset=GBK\r\n\r\nx\r\n"
    attached = b"--b\r\nContent-Disposition: attachment; filename=\xce\xd2.pdf\r\n\r\nx\r\n--b--\r\n"
    assert read_heading(header + text + attached).subject == "我"
    for octets in (header + text + attached, header.replace(b"\xce\xd2", b"I") + text + attached):
        assert [part.filename for part in Content(octets).attachments] == ["我.pdf"]


@pytest.mark.parametrize(
    "text",
    ["5 £", "Ø", "¡Hola!", "œuvre", "µm", "naïve", "É", "Grüße für Jürgen", "Señor Núñez, ¿qué tal?", "“It’s here”"],
)
def test_few_octets_are_western(text: str) -> None:
    assert read_heading(b"Subject: " + text.encode("cp1252") + b"\r\n\r\n").subject == text


def test_a_declaration_that_cannot_be_is_not_believed() -> None:
    octets = letter("koi8-r", "Подтверждение заказа", "Анна", "Content-Type: text/plain; charset=gb2312")
    assert read_heading(octets).subject == "Подтверждение заказа"
    octets = letter("utf-8", "Grüße", "Łukasz", "Content-Type: text/plain; charset=iso-8859-1")
    assert read_heading(octets).subject == "Grüße"


def test_one_octet_that_cannot_be_does_not_turn_a_text_into_another() -> None:
    octets = "关于您的订单确认通知\n".encode("gbk") * 1000
    assert charsets.decode(octets + b"\xff\n", "") == (octets.decode("gbk") + "\ufffd\n", "undeclared-8bit")


def test_escapes_for_a_terminal_are_no_charset() -> None:
    assert charsets.decode(b"\x1b[31mred", "") == ("\x1b[31mred", "")
    assert charsets.decode(b"a \x1b$ b", "us-ascii") == ("a \x1b$ b", "")


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
