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
_WINDOW = 200
#: So many numbers that no one of them stands out.
_MANY = 12
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
                if (weight := _weight(lines, number, shape)) is not None:
                    _note(found, Standing(shape.code, shape.written, line.where, weight))
                if len(found) > _MANY:
                    return None
    if "subject" in {one.where for one in found.values()} and len(found) > 1:
        found = {code: one for code, one in found.items() if one.where != "subject"}
    if len(found) > 3:
        return None
    ranked = sorted(found.values(), key=lambda one: -one.weight)
    if not ranked or (len(ranked) > 1 and ranked[1].weight > ranked[0].weight - 2):
        return None
    sure = ranked[0].weight + message + (2 if len(ranked) == 1 or ranked[1].weight <= 0.5 else 0)
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


def _weight(lines: list[Line], number: int, shape: Shape) -> float | None:
    """What speaks for a number in its place; None where it is the number of something."""
    line = lines[number]
    if shape.kind == "signs" or shape.is_word or shape.is_year or shape.is_date or shape.is_orderly or shape.is_slogan:
        return None
    if UNIT.match(line.text, shape.end) or SALES.search(folded(line.text)):
        return None
    before, after = line.text[max(0, shape.start - _WINDOW) : shape.start], line.text[shape.end : shape.end + _WINDOW]
    if NUMBER.search(before) or EXAMPLE.search(before) or SPENT.match(after):
        return None
    weight = _alone(lines, number) if only_numbers(line.text, line.hidden) else _amid(line, before, after)
    if weight is None:
        return None
    weight += 0.5 if shape.kind in ("grouped", "spread") else 0.0
    if not shape.code.isdecimal():
        return weight - 0.5
    return weight + (1.5 if len(shape.code) == 6 else 0.0)


def _alone(lines: list[Line], number: int) -> float | None:
    """What speaks for a number on a line of its own."""
    above, below = _near(lines, number, -1), _near(lines, number, 1)
    labels = [label for label in unspent(above) if says(label, above)]
    # What is said below is about it where it begins so.
    labels += [label for label in unspent(below) if label.kind != "other" or (label.start < 15 and len(below) < 50)]
    if labels and all([label.kind == "other" for label in labels]):
        return None
    weight = 2.5 + lines[number].large + (1 if labels else 0)
    if above and LED.search(above):
        return weight + 1.5
    if above and _is_a_name(above):
        return weight - 2
    return weight + (1.5 if ENTER.match(below) or (above and _goes_on(above)) else 0)


def _amid(line: Line, before: str, after: str) -> float | None:
    """What speaks for a number among other words: it is asked for, led to, or what is typed somewhere."""
    labels = [label for label in labels_in(line.text) if says(label, line.text)]
    if any([label.kind == "other" for label in labels]) or COUNTED.search(before[-60:]):
        return None
    use = USE.search(before, max(0, len(before) - _ASKED)) or USED.match(after)
    leads = COLON.search(before) or WITH.search(before) or (not before.strip() and VERBAL.match(after))
    where = WHERE.search(line.text)
    if not use and ((not leads and not where) or (not WITH.search(before) and COUNTS.match(after))):
        return None
    weight = (2 if use else 0) + (1 if leads else 0) + (1.5 if where else 0) + (1 if labels else 0)
    weight += 1 if VERBS.search(folded(line.text)) else 0
    return weight + (0.5 if line.large else 0) + (0 if before.strip() else 0.5)


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


def _near(lines: list[Line], number: int, step: int) -> str:
    """The nearest line above or below that has words; '' without one."""
    for distance in range(1, 6):
        at = number + step * distance
        if not 0 <= at < len(lines):
            break
        if text := lines[at].text:
            return text[-300:] if step < 0 else text[:300]
    return ""
