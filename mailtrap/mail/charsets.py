"""Octets to text by the name of a charset: an allow-list of text codecs, never an error (RFC 2046 §4.1.2)."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from functools import cache, lru_cache

from mailtrap.mail.guessing import likely, odd_lines

# Python resolves any registered codec by name, `zlib`, `idna` and `unicode_escape` among them, and some of those
# raise, explode or run away on hostile octets. Only the names below reach the codec registry.
_MULTIBYTE = {
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "cn-big5": "big5hkscs",
    "cp950": "cp950",
    "csbig5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    # GB 2312 and GBK are subsets of GB 18030, and senders rarely name the one they use.
    "chinese": "gb18030",
    "cp936": "gb18030",
    "csgb2312": "gb18030",
    "euc-cn": "gb18030",
    "gb-2312-80": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "ms936": "gb18030",
    "windows-936": "gb18030",
    "x-gbk": "gb18030",
    "hz": "hz",
    "hz-gb-2312": "hz",
    "euc-jp": "euc_jp",
    "eucjp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "csiso2022jp": "iso2022_jp_ext",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-1": "iso2022_jp_1",
    "iso-2022-jp-2": "iso2022_jp_2",
    "iso-2022-jp-3": "iso2022_jp_3",
    "iso-2022-jp-2004": "iso2022_jp_2004",
    "cp932": "cp932",
    "ms-kanji": "cp932",
    "ms932": "cp932",
    "shift-jis": "cp932",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "cp949": "cp949",
    "euc-kr": "cp949",
    "euckr": "cp949",
    "csksc56011987": "cp949",
    "korean": "cp949",
    "ks-c-5601-1987": "cp949",
    "ks-c-5601-1989": "cp949",
    "ksc5601": "cp949",
    "ksc-5601": "cp949",
    "uhc": "cp949",
    "windows-949": "cp949",
    "iso-2022-kr": "iso2022_kr",
    "johab": "johab",
    "unicode": "utf_16",
    "utf-16": "utf_16",
    "utf16": "utf_16",
    "utf-16be": "utf_16_be",
    "utf-16le": "utf_16_le",
    "utf-32": "utf_32",
    "utf-32be": "utf_32_be",
    "utf-32le": "utf_32_le",
}

_SINGLE_BYTE = {
    # What browsers do: the C1 controls of ISO 8859-1 are never meant, the typographic quotes in their place are.
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "cp819": "cp1252",
    "ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso8859-9": "cp1254",
    "latin5": "cp1254",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "iso-8859-6-i": "iso8859_6",
    "iso-8859-6-e": "iso8859_6",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "tis620": "cp874",
    "windows-874": "cp874",
    "latin2": "iso8859_2",
    "latin-9": "iso8859_15",
    "latin9": "iso8859_15",
    "greek": "iso8859_7",
    "hebrew": "iso8859_8",
    "arabic": "iso8859_6",
    "cyrillic": "iso8859_5",
    "koi8-r": "koi8_r",
    "koi8": "koi8_r",
    "koi8-u": "koi8_u",
    "koi8-ru": "koi8_u",
    "koi8-t": "koi8_t",
    "macintosh": "mac_roman",
    "mac": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-ce": "mac_latin2",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    "x-mac-icelandic": "mac_iceland",
}
for _n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16):
    _SINGLE_BYTE[f"iso-8859-{_n}"] = _SINGLE_BYTE[f"iso8859-{_n}"] = f"iso8859_{_n}"
for _n in range(1250, 1259):
    for _label in ("windows-{}", "cp{}", "cp-{}", "x-cp{}", "windows{}", "win-{}"):
        _SINGLE_BYTE[_label.format(_n)] = f"cp{_n}"
for _n in (437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 1125):
    for _label in ("cp{}", "ibm{}", "ibm-{}"):
        _SINGLE_BYTE[_label.format(_n)] = f"cp{_n}"

_UTF_8 = frozenset(("utf-8", "utf8", "utf-8-sig", "unicode-1-1-utf-8", "x-unicode-2-0-utf-8", "cp65001", "utf8mb4"))
_ASCII = frozenset(("", "us-ascii", "ascii", "ansi-x3.4-1968", "iso-646-us", "iso646-us", "646", "7bit", "8bit"))


_MARKS = {
    "utf_16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf_32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
_PIECE = 64 * 1024
#: What ISO-2022-JP, the one charset of seven bits that is sent raw, has where others have 8-bit octets (RFC 1468).
_ESCAPE = b"\x1b$"
#: Octets of a message in which it is looked for where a part says what its text is in.
_REACH = 64 * 1024
#: Octets after a header section that are likely in the charset of what nobody declared one for in it.
_BODY = 4096


def normal_label(label: str) -> str:
    """A charset name as the tables here spell it: lower case, hyphens, without quotes or RFC 2231 language."""
    return label[:80].strip(" \t\r\n\"'").partition("*")[0].lower().replace("_", "-")


def decode(octets: bytes, label: str = "") -> tuple[str, str]:
    """The text, and the slug of a defect or ''.

    Undecodable octets become U+FFFD. What text without a charset is in, or in ASCII with 8-bit octets, is guessed.
    The text never holds a lone surrogate.
    """
    label = normal_label(label)
    if label in _UTF_8:
        return _utf_8(octets)
    if label in _ASCII:
        return (_seven_bit(octets), "") if octets.isascii() else (guess(octets), "undeclared-8bit")
    single = _SINGLE_BYTE.get(label)
    if single:
        text = codecs.charmap_decode(octets, "replace", _table(single))[0]
        return text, "undecodable" if "\ufffd" in text else ""
    multi = _MULTIBYTE.get(label)
    if multi:
        return _multibyte(octets, multi)
    return guess(octets), "utf-7" if "utf-7" in label else "unknown-charset"


def guess(octets: bytes) -> str:
    """Text nobody declared a charset for: UTF-8 if it is valid, else in what it looks like, else windows-1252."""
    return raw(octets, None)


def raw(octets: bytes, charset: str | None) -> str:
    """Text as `guess` has it; where it is not UTF-8 in `charset`, which `in_header` has found, if that is not ''."""
    if octets.isascii():
        return _seven_bit(octets)
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if charset is None:
        charset = likely(odd_lines(octets))
    return decode(octets, charset or "windows-1252")[0]


def in_header(octets: bytes, start: int, end: int) -> str:
    """What raw 8-bit octets of the header section `octets[start:end]` of a message are in; '' if none tell.

    That is what a part of the message declares, if it can be; else what those octets and the beginning of the body
    look like.
    """
    with suppress(UnicodeDecodeError):
        octets[start:end].decode("utf-8")
        return ""
    odd = odd_lines(octets, start, end)
    for declared in _declared().finditer(octets, 0, _REACH):
        label = normal_label(declared[1].decode("ascii", "replace"))
        if label not in _UTF_8 and label not in _ASCII and not decode(odd, label)[1]:
            return label
    return likely(odd + odd_lines(octets, end, end + _BODY))


@cache
def _declared() -> re.Pattern[bytes]:
    pattern = rb"^content-type[ \t]*:(?:[^\n]|\n[ \t]){0,1000}?;\s*charset[ \t]*=[ \t]*\"?([^\s\";]{1,40})"
    return re.compile(pattern, re.I | re.M)


def _seven_bit(octets: bytes) -> str:
    if _ESCAPE in octets:
        text, defect = _multibyte(octets, "iso2022_jp_ext")
        if not defect:
            return text
    return octets.decode("ascii")


def _utf_8(octets: bytes) -> tuple[str, str]:
    if octets.startswith(codecs.BOM_UTF8):
        octets = octets[3:]
    try:
        return octets.decode("utf-8"), ""
    except UnicodeDecodeError:
        return octets.decode("utf-8", "replace"), "undecodable"


def _multibyte(octets: bytes, codec: str) -> tuple[str, str]:
    if codec in _MARKS:
        little, big = _MARKS[codec]
        # Without a mark it should be big-endian (RFC 2781 §4.3), but is little-endian, as browsers have found.
        codec += "_be" if octets.startswith(big) else "_le"
        octets = octets[len(big) :] if octets.startswith((little, big)) else octets
    try:
        text, defect = octets.decode(codec), ""
    except UnicodeDecodeError:
        # Each error costs 100 ns and more inside one call; in pieces, other threads get their turn.
        decoder = codecs.getincrementaldecoder(codec)("replace")
        pieces = [decoder.decode(octets[at : at + _PIECE]) for at in range(0, len(octets), _PIECE)]
        text, defect = "".join(pieces) + decoder.decode(b"", True), "undecodable"
    if text.isascii():
        return text, defect
    # Some multibyte codecs map octets to lone surrogates, which no UTF-8 consumer (SQLite, JSON) can take.
    return text.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(text) else text, defect


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


@lru_cache(maxsize=64)
def _table(codec: str) -> str:
    """256 characters. An explicit U+FFFD costs nothing per octet; an error handler costs 300 ns for each."""
    return "".join([bytes((octet,)).decode(codec, "replace") for octet in range(256)])
