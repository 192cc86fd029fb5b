"""What could be a code by its shape alone, and what cannot: dates, times, prices, phones, versions and the like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from msgspec import Struct

from mailtrap.mail.later import later

_INVISIBLE = later(r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NARROW: dict[int, int | str] = {
    **{number: number - 0xFEE0 for first, last in ("０９", "Ａｚ") for number in range(ord(first), ord(last) + 1)},
    **dict.fromkeys(map(ord, "‐‑‒–—―−－"), "-"),
    **dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000"), " "),
}
_MONEY = (
    r"(?:[$€£¥￥₹₽₩₺₪฿₫]|\b(?:USD|EUR|GBP|INR|Rs\.?|JPY|CNY|RMB|RUB|TRY|TL|PLN|CHF|BRL|R\$|CAD|AUD|SEK|NOK|DKK|CZK"
    r"|HUF|AED|SAR|KRW|MXN)(?![A-Za-z]))"
)
_UNIT_MONEY = (
    r"(?:[$€£¥₹₽₩₺₪]|(?:USD|EUR|GBP|INR|JPY|CNY|RUB|TRY|TL|PLN|CHF|BRL|zł|kr|Kč|Ft|lei|руб|円|元|원|ريال|درهم"
    r"|euros?|dollars?|dólares|Euro)(?![A-Za-z]))"
)
# States whose abbreviations are no words of English, and the others: those only after a comma.
_STATE = r"(?:A[KLRZ]|C[AOT]|FL|GA|I[AL]|K[SY]|LA|M[ADINOST]|N[CDHJMVY]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
# What is taken out of sight before codes are looked for, so that no part of it is taken for one.
_NEVER = later(
    "|".join(
        (
            r"(?:https?://|www\.|mailto:)\S{1,2000}+",
            r"[\w.+%-]{1,64}@[\w.-]{1,255}",
            r"\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.(?:com|net|org|io|de|fr|es|it|test|example|co|dev|app|jp|cn|kr|ru"
            r"|pl|nl|br|tr|pdf|png|jpe?g|zip|html?|csv|docx?|xlsx?)\b(?::\d{2,5}\b)?(?:/\S{0,500})?",
            r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:{1,2}){2,7}[0-9a-fA-F]{1,4}(?![\w:])",
            r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",
            r"(?<!\w)#[0-9a-zA-Z][\w-]{0,39}",
            rf"{_MONEY}\s?-?\d[\d.,'’ \u00a0]{{0,20}}",
            rf"\b\d[\d.,'’ \u00a0]{{0,20}}{_UNIT_MONEY}",
            r"\b\d[\d.,]{0,12}\s?[%‰°]",
            r"\bv\.?\s?\d+(?:\.\w+)*\b",
            r"\b\d{1,4}(?:[./]\d{1,4}){1,5}\b",
            r"\b\d{1,3}(?:,\d{3})+\b(?:\.\d+)?",
            r"\b\d+,\d{1,2}\b",
            r"\b(?:19|20)\d\d-\d\d?(?:-\d\d?)?(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b",
            r"\b\d\d?-\d\d?-(?:19|20)\d\d\b",
            r"\b\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]\.?m\b\.?)?",
            r"\b(?:19|20)\d\d\s?[年년]\s?(?:\d{1,2}\s?[月월]\s?(?:\d{1,2}\s?[日일])?)?",
            r"\+\s?\d[\d ()./-]{6,20}\d",
            r"\(\d{2,5}\)[ -]?\d[\d -]{3,14}\d",
            r"\b0\d{1,4}[ /-]\d[\d -]{4,14}\d",
            r"\b\d{3}[ -]\d{3}[ -]\d{4}\b",
            r"\b\d{2}(?: \d{2}){4}\b",
            r"\b\d{2,3}[ -]\d{3}[ -]\d{2}[ -]\d{2}\b|\b\d{4} \d{2} \d{2} \d{2}\b|\b\d{4} \d{3} \d{3}\b",
            r"\b\d{3} \d{2} \d{2} \d{2}\b|\b\d{2} \d{2} \d{2} \d{3}\b|\b\d{2} \d{3} \d{3,4}\b",
            r"\b(?:800|1-?8\d\d)[- ]\d{3}[- ]\d{3,4}\b",
            r"\b[a-zA-Z]{2}\d{2}(?: ?\d{4}){3,7}(?: ?\d{1,4})?\b",
            r"\b[\d]{4}(?:[ -][\d]{4}){3}\b",
            r"[xX•●·]{2,}[ -]?\d{2,6}|\*{2,}[ -]?\d{2,6}(?![\d*])|(?<!\*)\*\d{4}(?![\d*])",
            r"\b\d{1,5} ?[x×] ?\d{1,5}\b",
            rf"\b[A-Z][a-z]{{2,20}}\.?(?:,? {_STATE}|, (?:D[CE]|HI|I[DN]|ME|NE|O[HKR])) \d{{5}}(?:-\d{{4}})?\b",
            r"\b\w[\w/-]{0,63}\.[a-z]{1,4}:\d{1,6}\b",
        )
    ),
    re.ASCII,
)  # fmt: skip
# Without any of these a line has no shape, which is so with most lines, and costs a hundredth.
_HINT = later(r"\d|-|[A-Z]{3}")
_SINGLES = later(r"(?<![\w])[A-Z0-9](?:[ \t\-·|]{1,4}[A-Z0-9]){3,9}(?![\w])", re.ASCII)
_CANDIDATE = later(
    r"""(?<![\w.\-/\\@&=+$%^~!])(?:
      (?P<grouped>\d{3}[ -]\d{3}(?:[ -]\d{3})?|\d{3}[·•‧∙]\d{3}|\d{4}[ -]\d{4}
        |\d{2}[ -]\d{2}[ -]\d{2}(?:[ -]\d{2})?|\d{3}[ -]\d{2}[ -]\d{3}
        |\d{3}[ -]\d{4}|\d{4}[ -]\d{3}|\d{2}[ -]\d{3}|\d{5}[ -]\d{5}|\d{3}[ -]\d{2}|\d{2}[ -]\d{4})
     |(?P<mixed>[A-Z]{1,3}-\d{4,8}|[A-Z0-9]{2}-[A-Z0-9]{4}|[A-Za-z0-9]{3,6}(?:-[A-Za-z0-9]{3,6}){1,3}
        |[B-DF-HJ-NP-TV-XZ]{3,5}\ [B-DF-HJ-NP-TV-XZ]{3,5}
        |(?!(?:PIN|OTP|TAN|TAC|PUK|CODE|KODE?|NIP|USE)\ )(?:[A-Z]{3,4}\ \d{3,4}|[A-Z0-9]{3,4}\ [A-Z0-9]{3,4})
        |[A-ZÄÅÆÖØÜ]{3,10}-\d{2,3})
     |(?P<digits>\d{4,10})
     |(?P<letters>[A-Za-z0-9]{4,12})
    )(?![\w@$%^~]|[/.!]\w|-(?!(?<=\d-)[a-z]{1,4}(?!\w))\w)""",  # but for endings, as in `482913-at`
    re.VERBOSE | re.ASCII,  # other scripts put no space between a word and a number
)
# Words with dashes between them that stand for themselves: at the end of a line that they begin or a colon leads.
_PHRASE = later(
    r"(?:^\W{0,3}|[:：]\s{1,20}[\"'“‘`*]?"
    r"|[\"“‘`*])([a-zäöüßéèñ]{3,12}(?:-[a-zäöüßéèñ]{2,12}){1,5}(?:-\d{1,4})?)(?=[\"'”’`*.]{0,2}\s{0,20}$)"
)
# Words of a letter or two that some languages tie to what follows: `ngu-482913`.
_PREFIXED = re.compile(r"[a-z]{1,4}-(\d{4,8})")
_LETTER = re.compile(r"[A-Za-z]")
# In groups of any kind, where nothing else stands on the line.
_LOOSE = re.compile(r"\d{1,4}(?:[ -]\d{1,4}){1,4}", re.ASCII)
_SIGNS = later(r"[:：\t]\s{0,9}((?=[^\s\x00]{0,39}\d)(?=[^\s\x00]{0,39}[^\W\d_])[^\s\x00:]{6,40})$")
_PLAIN = re.compile(r"[\d.,/()-]+|.*[.,;:)]|.*[一-龯ぁ-ヶ가-힣].*")
_DASHED = later(r"(?<![\w.\-/\\@&=+#])[^\W_]{1,8}(?:-[^\W_]{1,8}){1,4}(?![\w@]|[-/.]\w)")
_ORDERLY = later(
    r"(?:ORD(?:ER)?|INV|PO|SO|RMA|SKU|TKT|CASE|REF|RE|RG|AN|KD|FV|BK|PNR|TRK|TICKET|INC|REQ|CUST|ACC|CR|DHL|UPS"
    r"|ISSUE|BUG|JIRA|PR|CVE|ISO|RFC|UTF|GMT|UTC|DIN|EN|LOT)-?\d+(?:-\w+)?",
    re.IGNORECASE,
)
_SLOGAN = later(r"[A-Z]{4,}\d{1,4}|[A-Z]{3,}(?:20\d\d|\d0|\d5|OFF)|\d{1,2}[A-Z]{3,}")
# What RFC 8628 §6.1 makes device codes of: no vowels, so that they are no words.
_CONSONANTS = later(r"[BCDFGHJKLMNPQRSTVWXZ]{3,5}[ -][BCDFGHJKLMNPQRSTVWXZ]{3,5}")
# What stands before a code that is one of a list.
_ITEM = later(r"(?<!\S)(?:\d{1,2}|[a-z])[.):]?(?=\s)", re.IGNORECASE)
_AROUND = (
    " \t\r\n\x00"
    + "".join(chr(c) for c in range(33, 127) if not chr(c).isalnum())
    + "“”„«»‘’【】「」『』（）［］〔〕•●■▪·：。，、→▶►✅🔑🔐👉"
)
_BOTH = later(r"(?=.*\d)(?=.*[A-Za-z])")


class Shape(Struct, frozen=True):
    """Something that could be a code, and where in its line: `code` is what one types, `written` what is there."""

    code: str
    written: str
    start: int
    end: int
    kind: str

    @property
    def is_year(self) -> bool:
        """Whether it could be a year, of which mail is full."""
        return len(self.code) == 4 and self.code[:2] in ("19", "20") and self.code.isdecimal()

    @property
    def is_date(self) -> bool:
        """Whether it could be a date without separators."""
        code = self.code
        return (
            len(code) == 8 and code.isdecimal()
            and ((code[:2] in ("19", "20") and "01" <= code[4:6] <= "12" and "01" <= code[6:] <= "31")
                 or (code[4:6] in ("19", "20") and "01" <= code[2:4] <= "12" and "01" <= code[:2] <= "31"))
        )  # fmt: skip

    @property
    def is_slogan(self) -> bool:
        """Whether it is made like what shops have one type for a discount: SAVE20."""
        return bool(_SLOGAN.fullmatch(self.code))

    @property
    def is_sequence(self) -> bool:
        """Whether it is what people type for an example: 123456."""
        return self.code.isdecimal() and (self.code in "0123456789" or len(set(self.code)) == 1)

    @property
    def is_orderly(self) -> bool:
        """Whether it says of itself that it is an order or a case."""
        return bool(_ORDERLY.fullmatch(self.written))

    @property
    def is_phrase(self) -> bool:
        """Whether it is made of words: otter-lamp-42."""
        return self.kind == "phrase"

    @property
    def is_word(self) -> bool:
        """Whether it is made of letters alone, as any word is."""
        return self.kind == "word"


def plain(line: str) -> str:
    """A line in ASCII digits and dashes, without what nobody sees; as long as it was or shorter."""
    if line.isascii():
        return line
    # Punctuation stays: a full-width comma never stands within a number, an ASCII one does.
    line = _INVISIBLE.sub("", line).translate(_NARROW)
    return "".join([str(unicodedata.decimal(c)) if not c.isascii() and c.isdecimal() else c for c in line])


def masked(line: str) -> str:
    """The line with dates, times, prices, addresses and phones blotted out, everything else where it was."""
    return _NEVER.sub(lambda found: "\x00" * len(found[0]), line) if _HINT.search(line) else line


def shapes(line: str) -> Iterator[Shape]:
    """What could be a code in a line that was made `plain` and `masked`."""
    if not _HINT.search(line):
        return
    spread = []
    if _LOOSE.fullmatch(line) and 4 <= sum([c.isdecimal() for c in line]) <= 10 and not _CANDIDATE.fullmatch(line):
        yield Shape(re.sub(r"[ -]", "", line), line, 0, len(line), "grouped")
        return
    for found in _SINGLES.finditer(line):
        code = re.sub(r"[^A-Z0-9]", "", found[0])
        if any(c.isdigit() for c in code):
            spread.append((found.start(), found.end()))
            yield Shape(code, found[0], found.start(), found.end(), "spread")
    for found in _CANDIDATE.finditer(line):
        if any(start < found.end() and found.start() < end for start, end in spread):
            continue
        kind, written = str(found.lastgroup), found[0]
        code = re.sub(r"[ ·•‧∙-]", "", written) if kind == "grouped" else written
        if kind == "mixed" and (prefixed := _PREFIXED.fullmatch(written)):
            yield Shape(prefixed[1], prefixed[1], found.start() + prefixed.start(1), found.end(), "digits")
            continue
        if kind == "mixed" and not _LETTER.search(written):
            kind, code = "grouped", re.sub(r"[ -]", "", written)
        if kind == "mixed" and " " in written:
            if not any(c.isdigit() for c in written) and not _CONSONANTS.fullmatch(written):
                continue
            code = written.replace(" ", "")
        if kind in ("letters", "mixed") and not _BOTH.match(written):
            if _CONSONANTS.fullmatch(written):  # in two words too, where they stand alone
                if " " in written and written != line.strip():
                    continue
                yield Shape(code, written, found.start(), found.end(), kind)
                continue
            if written != written.upper() or len(written) > 11 or (kind == "letters" and len(written) > 8):
                continue
            kind = "word"
        yield Shape(code, written, found.start(), found.end(), kind)
    yield from _signs(line)
    if "-" in line:
        yield from _dashed(line)
    if "-" in line and (phrase := _PHRASE.search(line[-200:])):
        start, end = (len(line[:-200]) + at for at in phrase.span(1))
        yield Shape(phrase[1], phrase[1], start, end, "phrase")


def _dashed(line: str) -> Iterator[Shape]:
    """What has letters, digits and dashes in no order that is usual."""
    for found in _DASHED.finditer(line):
        written = found[0]
        if (
            4 <= len(written.replace("-", "")) <= 16
            and any([c.isdecimal() for c in written])
            and any([c.isalpha() for c in written])
            and (written == written.upper() or found.span() == (0, len(line)))
            and not _CANDIDATE.fullmatch(written)
        ):
            yield Shape(written, written, found.start(), found.end(), "dashed")


def _signs(line: str) -> Iterator[Shape]:
    """A password or a key after a colon at the end of a line: signs of any kind, among which there is a number."""
    found = _SIGNS.search(line[-120:])
    if found is None or _CANDIDATE.fullmatch(found[1]) or _DASHED.fullmatch(found[1]) or _PLAIN.fullmatch(found[1]):
        return
    start, end = (len(line[:-120]) + at for at in found.span(1))
    yield Shape(found[1], found[1], start, end, "signs")


def only_numbers(line: str, hidden: str) -> bool:
    """Whether a line is nothing but what could be codes, with a number in a list before it perhaps."""
    if len(line) > 120:
        return False
    rest = list(line)
    for shape in shapes(hidden):
        if not shape.is_word and (" " not in shape.written or shape.kind != "mixed"):
            rest[shape.start : shape.end] = " " * (shape.end - shape.start)
    return _ITEM.sub("", "".join(rest)).strip(_AROUND) == ""
