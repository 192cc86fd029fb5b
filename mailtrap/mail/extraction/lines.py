"""A message as lines of text in which to look for codes, and what the whole of it is about; pure and bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from mailtrap.mail.content import Content, unwrapped
from mailtrap.mail.extraction.shapes import masked, plain
from mailtrap.mail.extraction.wording import BOOKING, CODE, SALES, TRADE, VERBS

#: Lines that are read, and characters of each.
MAX_LINES = 2000
MAX_LINE = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and where it stands: `subject`, `above`, `html` or `text`."""

    text: str
    hidden: str  # the same with dates, prices and the like blotted out
    large: bool
    where: str


@dataclass(slots=True)
class Mood:
    """What the whole message is about."""

    verbs: int = 0
    names: int = 0
    sales: int = 0
    booking: int = 0
    trade: bool = False
    short: bool = False

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
    return [_gathered(lines) for lines in documents[:20]]


def _line(text: str, large: bool, where: str) -> Line:
    text = plain(text[:MAX_LINE]).strip(" \r\u3000").lstrip(">")
    return Line(text, masked(text) if any(c.isalnum() for c in text) else "", large, where)


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
            if len(run) >= 4:
                text = " ".join(one.text for one in run)
                gathered.append(Line(text, text, True, run[0].where))
            else:
                gathered += run
            run = []
            gathered.append(line)
    return gathered[:-1]


def mood_of(documents: list[list[Line]]) -> Mood:
    """What the words of all documents are about."""
    text = "\n".join([line.text for lines in documents for line in lines if line.text][:400])[:30_000]
    subject = documents[0][0].text
    return Mood(
        verbs=_different(VERBS, text),
        names=_different(CODE, text),
        sales=_different(SALES, text),
        booking=1 if BOOKING.search(subject) else _different(BOOKING, text) // 2,
        short=len(text) < 150,
        trade=TRADE.search(subject) is not None and not CODE.search(subject),
    )


def _different(pattern: re.Pattern[str], text: str) -> int:
    """How many different words of a kind a text has."""
    return len({found[0].lower() for found in islice(pattern.finditer(text), 40)})
