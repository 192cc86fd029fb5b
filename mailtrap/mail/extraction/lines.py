"""A message as lines of text in which to look for codes, and what the whole of it is about; pure and bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice

from mailtrap.mail.content import Content, unwrapped
from mailtrap.mail.extraction.grammar import ENTER
from mailtrap.mail.extraction.shapes import masked, plain
from mailtrap.mail.extraction.spoken import offers
from mailtrap.mail.extraction.wording import BOOKING, CODE, PERHAPS, TRADE, VERBS, folded

#: Lines that are read, and characters of each.
MAX_LINES = 2000
MAX_LINE = 1000
_ORIGINAL = re.compile(
    r"\s*(?:-{3,}|_{3,}|={3,})[ \w.’']{4,60}(?:-{3,}|_{3,}|={3,})\s*|.{0,150}\b(?:wrote|schrieb|a écrit|escribió"
    r"|ha scritto"
    r"|escreveu|schreef|napisał\(?a?\)?|пишет|писал|yazdı|skrev)\s?:\s*"
    r"|(?=.{0,60}\d\d?:\d\d)(?=.{0,60}[12]\d{3}\b)[^\n]{12,120}[:：]\s*",
    re.IGNORECASE,
)
_CELLS = re.compile(r"\d\d(?:\t\d\d){1,4}|\d{3}(?:\t\d{3}){1,2}|\d{4}\t\d{4}")
#: Lines of each body that are asked whether they ask to enter a code.
_ASKING = 80
#: Amounts of money from which a message is a bill.
_BILL = 4
_AMOUNT = re.compile(
    r"[$€£¥₹₽₴₺₪]\s?\d[\d.,]{0,9}|\d{1,3}[.,]\d\d\s?(?:[€£₽₴₺₪]|(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|RSD|zł"
    r"|kr|Kč|Ft|lei|руб|грн"
    r"|TL)\b)"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and where it stands: `subject`, `above`, `html` or `text`."""

    text: str
    hidden: str  # the same with dates, prices and the like blotted out
    large: bool
    where: str
    quoted: bool = False  # from a message that this one answers or passes on


@dataclass(slots=True)
class Mood:
    """What the whole message is about."""

    verbs: int = 0
    names: int = 0
    sales: int = 0
    booking: int = 0
    trade: bool = False
    short: bool = False
    asks: bool = False  # to enter a code, though it is about trade

    @property
    def is_about_access(self) -> bool:
        return self.names > 0 or self.verbs > 1

    @property
    def is_about_a_trip(self) -> bool:
        return self.booking > 0


def documents_of(content: Content) -> list[list[Line]]:
    """The subject first, then each body, below the subject's words."""
    subject = next((field.value for field in content.header if field.name.lower() == "subject"), "")
    documents = [[_line(subject, False, "subject"), Line("", "", False, "subject")]]
    above = Line(documents[0][0].text, "", False, "above")  # read for its words only
    for _, page in content.pages:
        documents.append([above, *[_line(line.text, line.large, "html") for line in page.read_out[:MAX_LINES]]])
    for part in content.bodies[0]:
        text = unwrapped(part)[: MAX_LINES * 200]
        documents.append([above, *[_line(line, False, "text") for line in text.split("\n")[:MAX_LINES]]])
    return [_gathered(_told_apart(lines)) for lines in documents[:20]]


def _line(text: str, large: bool, where: str) -> Line:
    text = plain(text[:MAX_LINE]).strip(" \r\u3000")
    quoted = text.startswith(">")
    text = text.lstrip("> ") if quoted else text
    if large and "\t" in text and _CELLS.fullmatch(text):
        text = text.replace("\t", " ")  # one number, some digits of it to a cell
    return Line(text, masked(text) if any(c.isalnum() for c in text) else "", large, where, quoted)


def _told_apart(lines: list[Line]) -> list[Line]:
    """The same, where what stands below `----- Original message -----` is quoted too."""
    for number, line in enumerate(lines):
        if line.where in ("html", "text") and _ORIGINAL.fullmatch(line.text[:200]):
            return lines[:number] + [replace(one, quoted=True) for one in lines[number:]]
    return lines


def _gathered(lines: list[Line]) -> list[Line]:
    """Digits that stand one to a line, as boxes do, as one line."""
    gathered: list[Line] = []
    run: list[Line] = []
    for line in [*lines, Line("", "", False, "")]:
        if len(line.text) == 1 and line.text.isalnum() and line.text.isascii():
            run.append(line)
        elif not line.text and run and line.where:
            continue
        else:
            if 4 <= len(run) <= 40:
                text = " ".join(one.text for one in run)
                gathered.append(Line(text, text, True, run[0].where))
            else:
                gathered += run
            run = []
            gathered.append(line)
    return gathered[:-1]


def mood_of(documents: list[list[Line]]) -> Mood:
    """What the words of all documents are about."""
    text = folded("\n".join([line.text for lines in documents for line in lines if line.text][:400])[:30_000])
    subject = folded(documents[0][0].text)
    amounts = len({found[0] for found in islice(_AMOUNT.finditer(text), 60)})
    names = _different(CODE, text)
    trade = (TRADE.search(subject) is not None or (amounts >= _BILL and not names)) and not CODE.search(subject)
    return Mood(
        verbs=_different(VERBS, text),
        names=names,
        sales=len(set(offers(text))) + (1 if offers(subject) and not CODE.search(subject) else 0),
        booking=1 if BOOKING.search(subject) else _different(BOOKING, text) // 2,
        short=len(text) < 150,
        trade=trade,
        asks=trade and any([_asks(line.text) for lines in documents[1:] for line in lines[:_ASKING]]),
    )


def _asks(text: str) -> bool:
    """Whether a line asks to enter a code."""
    found = ENTER.search(text)
    if found is None:
        return False
    near = folded(text[found.end() : found.end() + 60])
    named = CODE.search(near) is not None or PERHAPS.match(near.lstrip(" theis")) is not None
    return named and not offers(folded(text))


def _different(pattern: re.Pattern[str], text: str) -> int:
    """How many different words of a kind a text has."""
    return len({found[0] for found in islice(pattern.finditer(text), 40)})
