"""The one number that a message about signing in sets before its reader, however that is worded; pure and bounded.

Asked only where no words that we know name a code. What is weighed is what senders do in any language: one number
stands out by its place, its size or by being said twice, the message is about getting in and says for how long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailtrap.mail.extraction.grammar import (
    CAUTION,
    COLON,
    COUNTED,
    COUNTS,
    ENTER,
    EXAMPLE,
    LED,
    NUMBER,
    SPENT,
    USE,
    USED,
    VERBAL,
    WHERE,
    WITH,
)
from mailtrap.mail.extraction.labels import labels_in, says, unspent
from mailtrap.mail.extraction.lines import Line, Mood
from mailtrap.mail.extraction.shapes import Shape, only_numbers, shapes
from mailtrap.mail.extraction.wording import SALES, UNIT, VERBS, folded

#: What the evidence has to come to, and lines of each body that are looked at.
_ENOUGH = 6.0
_LINES = 80
_ASKED = 60
_SENTENCE = re.compile(r"[.!?。](?:\s|$)")


@dataclass(slots=True)
class Standing:
    """One number of a message: `weight` is what speaks for it where it stands best."""

    code: str
    written: str
    where: str
    weight: float


def standing(documents: list[list[Line]], mood: Mood) -> Standing | None:
    """The number that stands out, where there is just one and the message is of the kind that has one."""
    if mood.trade or mood.is_about_a_trip or mood.sales > 1:
        return None
    message = _of_the_message(documents, mood)
    found: dict[str, Standing] = {}
    for lines in documents:
        for number, line in enumerate(lines[:_LINES]):
            for shape in shapes(line.hidden) if line.hidden else ():
                if (weight := _weight(lines, number, shape, mood)) is not None:
                    _note(found, Standing(shape.code, shape.written, line.where, weight))
    if "subject" in {one.where for one in found.values()} and len(found) > 1:
        found = {code: one for code, one in found.items() if one.where != "subject"}
    if len(found) > 3:
        return None
    ranked = sorted(found.values(), key=lambda one: -one.weight)
    if not ranked or (len(ranked) > 1 and ranked[1].weight > ranked[0].weight - 2):
        return None
    sure = ranked[0].weight + message + (2 if len(ranked) == 1 else 0)
    return ranked[0] if sure >= _ENOUGH and ranked[0].weight >= 1 else None


def _note(found: dict[str, Standing], one: Standing) -> None:
    key = one.code.upper()
    if key not in found:
        found[key] = one
    elif "subject" in (one.where, found[key].where) and one.where != found[key].where:
        best = max(one, found[key], key=lambda each: (each.where != "subject", each.weight))
        found[key] = Standing(best.code, best.written, best.where, max(one.weight, found[key].weight) + 2)
    else:
        found[key].weight = max(found[key].weight, one.weight)


def _of_the_message(documents: list[list[Line]], mood: Mood) -> float:
    """How much the message is of the kind that has a code."""
    texts = [line for lines in documents[1:] for line in lines[:_LINES] if line.text]
    caution = any([CAUTION.search(line.text) for line in texts])
    lasts = any([UNIT.match(line.text, at) for line in texts for at in _ends_of_numbers(line.text)])
    words = any(
        [label.kind != "other" for lines in documents for line in lines[:_LINES] for label in labels_in(line.text)]
    )
    said = (1.0 if caution else 0) + (1.0 if lasts else 0) + (2.0 if words else 0)
    return min(mood.verbs, 3) * 0.7 + said - 2 * mood.sales


def _ends_of_numbers(text: str) -> list[int]:
    """Where a number of one to three digits ends."""
    ends = []
    for number in range(1, min(len(text) + 1, 1000)):
        if text[number - 1].isdecimal() and not text[number : number + 1].isdecimal():
            ends.append(number)
    return ends[:20]


def _weight(lines: list[Line], number: int, shape: Shape, mood: Mood) -> float | None:
    """What speaks for a number in its place; None where it is the number of something."""
    line = lines[number]
    if shape.is_word or shape.is_year or shape.is_date or shape.is_orderly or shape.is_slogan:
        return None
    if UNIT.match(line.text, shape.end) or SALES.search(folded(line.text)):
        return None
    before, after = line.text[: shape.start], line.text[shape.end :]
    alone = only_numbers(line.text, line.hidden)
    around = [line.text] if not alone else [*_near(lines, number, -1), *_near(lines, number, 1)]
    labels = [label for text in around for label in (unspent(text) if alone else labels_in(text)) if says(label, text)]
    if labels and all([label.kind == "other" for label in labels]):
        return None
    if any([label.kind == "other" for label in labels]) and not alone:
        return None
    if NUMBER.search(before) or EXAMPLE.search(before) or SPENT.match(after):
        return None
    weight = 2.5 + line.large if alone else 0.0
    if not alone and COUNTED.search(before[-60:]):
        return None
    if not alone:
        use = USE.search(before, max(0, len(before) - _ASKED)) or USED.match(after)
        leads = COLON.search(before) or WITH.search(before) or (not before.strip() and VERBAL.match(after))
        where = WHERE.search(line.text)
        if not use and not leads and not where:
            return None
        if not use and not WITH.search(before) and COUNTS.match(after):
            return None
        weight += (2 if use else 0) + (1 if leads else 0) + (1.5 if where else 0)
    elif any([LED.search(text) for text in _near(lines, number, -1)]):
        weight += 1.5
    elif any([_is_a_name(text) for text in _near(lines, number, -1)]):
        weight -= 2
    elif any([ENTER.match(text) for text in _near(lines, number, 1)]):
        weight += 1.5
    elif any([_goes_on(text) for text in _near(lines, number, -1)]):
        weight += 1.5
        weight += (1 if VERBS.search(folded(line.text)) else 0) + (0.5 if line.large else 0)
        weight += 0.5 if not before.strip() else 0
    weight += 1.5 if len(shape.code) == 6 and shape.code.isdecimal() else 0.0 if shape.code.isdecimal() else -0.5
    weight += 0.5 if shape.kind in ("grouped", "spread") else 0
    return weight + (1 if labels else 0)


def _is_a_name(text: str) -> bool:
    """Whether nothing but a word or two stands above: what the number is called."""
    last = _SENTENCE.split(text)[-1].split()
    words = " ".join(last)
    if not 0 < len(last) < 3 or not words[-1].isalnum():
        return False
    return not (VERBS.search(folded(words)) or WHERE.search(words) or ENTER.search(words) or labels_in(words))


def _goes_on(text: str) -> bool:
    """Whether a line breaks off within its sentence, for what is below to complete it."""
    return len(text.split()) > 2 and text[-1].isalpha() and (ENTER.search(text) or WHERE.search(text)) is not None


def _near(lines: list[Line], number: int, step: int) -> list[str]:
    """The nearest line above or below that has words."""
    for distance in range(1, 6):
        at = number + step * distance
        if not 0 <= at < len(lines):
            break
        if lines[at].text:
            return [lines[at].text[-300:] if step < 0 else lines[at].text[:300]]
    return []
