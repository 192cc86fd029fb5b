"""The one number that a message about signing in sets before its reader, however that is worded; pure and bounded.

Asked only where no words that we know name a code. What is weighed is what senders do in any language: one number
stands out by its place, its size or by being said twice, the message is about getting in and says for how long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from mailtrap.mail.extraction.grammar import (
    CAUTION,
    COLON,
    COUNTED,
    COUNTS,
    DEVICE,
    ENTER,
    EXAMPLE,
    JOINT,
    LEADS,
    LED,
    NUMBER,
    USE,
    USED,
    VERBAL,
    WHERE,
    WITH,
)
from mailtrap.mail.extraction.labels import labels_in, says, unspent
from mailtrap.mail.extraction.lines import Line, Mood
from mailtrap.mail.extraction.shapes import Shape, only_numbers, shapes
from mailtrap.mail.extraction.spoken import (
    BY,
    BY_AFTER,
    GETTING_IN,
    KEYS,
    LASTS,
    PLACE,
    TYPE,
    TYPE_LAST,
    offers,
    sentence,
)
from mailtrap.mail.extraction.stale import is_shown, is_stale
from mailtrap.mail.extraction.wording import UNIT, VERBS, folded, is_unspaced

#: What the evidence has to come to, and lines of each body that are looked at.
_ENOUGH = 6.0
_LINES = 80
_ASKED = 60
_WINDOW = 200
#: Characters of a brief message.
_BRIEF = 160
#: So many numbers that no one of them stands out.
_MANY = 12
_SENTENCE = re.compile(r"[.!?。](?:\s|$)|[。！？।]")
# Other digits beside it make it a part of something longer, as telephones are.
_GOES_ON = re.compile(r"\s?[-–/()]?\s?\d")
_GOES_BEFORE = re.compile(r"\d\s?[-–/() ]\s?$")
# A word or two that name what stands behind a colon, as in a form.
_FIELD = re.compile(r"\W{0,3}(?:[^\s:：]{1,30}\s{1,2}){0,3}[^\s:：]{1,30}\s?[:：]\s{0,5}")
_CLAUSE = re.compile(r"\s*[,;:.!։።។။*\"”»)`(–]|\s+-\s")
_LETTERS = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u109f\u1780-\u17ff]){4,}")
#: Characters of a copula, where it comes last.
_A_WORD = 6
_PLAIN = re.compile(r"\d{5,8}|\d{3}[ -]\d{3}")
#: What mail says it is good for, in minutes, hours or days, whatever these are called.
_DURATION = re.compile(r"(?<![\d.,:/-])(?:[1-357]|[12][05]|30|45|60|24|48|72|90|120)(?![\d:/%]|[.,-]\d)")
_OPENS = re.compile(r"\s{0,3}[,–—-]\s")


@dataclass(slots=True)
class Standing:
    """One number of a message: `weight` is what speaks for it where it stands best."""

    code: str
    written: str
    where: str
    weight: float


def standing(documents: list[list[Line]], mood: Mood, gone: set[str]) -> Standing | None:
    """The number that stands out, where there is just one and the message is of the kind that has one.

    Those that are `gone` are told of elsewhere in the message as spent.
    """
    if mood.trade or mood.is_about_a_trip or mood.sales > 1:
        return None
    subject = _pieces(documents[0][0].text)
    found: dict[str, Standing] = {}
    others: set[str] = set()
    for lines in documents:
        for number, line in enumerate(lines[:_LINES]):
            for shape in shapes(line.hidden) if line.hidden and not line.quoted else ():
                if _is_of_something(line.text[max(0, shape.start - 60) : shape.start]):
                    others.add(shape.code)
                elif shape.code not in gone and (weight := _weight(lines, number, shape, subject)) is not None:
                    _note(found, Standing(shape.code, shape.written, line.where, weight))
                if len(found) > _MANY:
                    return None
    found = {key: one for key, one in found.items() if one.code not in others}
    if "subject" in {one.where for one in found.values()} and len(found) > 1:
        found = {code: one for code, one in found.items() if one.where != "subject"}
    if len(found) > 3:
        return None
    ranked = sorted(found.values(), key=lambda one: -one.weight)
    if not ranked or (len(ranked) > 1 and ranked[1].weight > ranked[0].weight - 2):
        return None
    alone = len(ranked) == 1 or ranked[1].weight <= 0.5
    message = _of_the_message(documents, mood)  # costs more than all before it
    sure = ranked[0].weight + message + (2 if alone else 0) + (1 if alone and (gone or _is_brief(documents)) else 0)
    return ranked[0] if sure >= _ENOUGH and ranked[0].weight >= (0.5 if gone else 1) else None


def _is_brief(documents: list[list[Line]]) -> bool:
    """Whether a message about getting in has so few words that its number is what it is about."""
    if not any([GETTING_IN.search(folded(line.text)) for lines in documents for line in lines[:_LINES]]):
        return False
    return max([sum([len(line.text) for line in lines[1:]]) for lines in documents[1:]], default=0) < _BRIEF


def _is_of_something(before: str) -> bool:
    """Whether right before a number there is the word for a number of another kind."""
    last = max(labels_in(before), key=lambda label: label.end, default=None)
    return last is not None and last.kind == "other" and len(before) - last.end < 5 and not DEVICE.match(last.text)


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
    texts = [line for lines in documents for line in lines[:_LINES] if line.text]
    small = [folded(line.text) for line in texts]
    caution = any([CAUTION.search(line.text) or LASTS.search(text) for line, text in zip(texts, small, strict=True)])
    lasts = any([UNIT.match(line.text, at) for line in texts for at in _ends_of_numbers(line.text)])
    lasts = lasts or any([_DURATION.search(line.hidden) for line in texts if line.where in ("html", "text")])
    words = any([label.kind != "other" for line in texts for label in labels_in(line.text)])
    entered = {found[0] for text in small for found in islice(GETTING_IN.finditer(text), 20)}
    said = (1.0 if caution else 0) + (1.0 if lasts else 0) + (2.0 if words else 0)
    return min(max(mood.verbs, len(entered)), 3) * 0.7 + said - 2 * mood.sales


def _ends_of_numbers(text: str) -> list[int]:
    """Where a number of one to three digits ends."""
    ends = []
    for number in range(1, min(len(text) + 1, 1000)):
        if text[number - 1].isdecimal() and not text[number : number + 1].isdecimal():
            ends.append(number)
    return ends[:20]


def _weight(lines: list[Line], number: int, shape: Shape, subject: frozenset[str] = frozenset()) -> float | None:
    """What speaks for a number in its place; None where it is the number of something."""
    line = lines[number]
    if shape.kind == "signs" or shape.is_word or shape.is_year or shape.is_date or shape.is_orderly:
        return None
    if shape.is_slogan or shape.is_sequence:
        return None
    if _GOES_ON.match(line.text, shape.end) or _GOES_BEFORE.search(line.text, max(0, shape.start - 4), shape.start):
        return None
    if UNIT.match(line.text, shape.end) or offers(folded(line.text)):
        return None
    before = line.text[max(0, shape.start - _WINDOW) : shape.start]
    named = NUMBER.search(before)
    if named and not (len(named[0].strip()) > 3 and COUNTED.search(named[0]) and _is_asked_for(before, "")):
        return None
    if EXAMPLE.search(before) or is_stale(line.text, shape.start, shape.end) or is_shown(lines, number, shape.start):
        return None
    weight = _alone(lines, number) if only_numbers(line.text, line.hidden) else _amid(line, shape, subject)
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


def _amid(line: Line, shape: Shape, subject: frozenset[str]) -> float | None:
    """What speaks for a number among other words: it is asked for, led to, or what is typed somewhere."""
    before, after = sentence(line.text, shape.start, shape.end)
    near = _CLAUSE.split(after, maxsplit=1)[0]
    labels = [label for label in unspent(before) + unspent(near) if says(label, line.text)]
    small = folded(f"{before} \x00 {after}")
    if any([label.kind == "other" for label in labels]):
        return None
    use = (USE.search(before, max(0, len(before) - _ASKED)) or USED.match(after)) is not None
    use = use or _is_asked_for(before, after)
    if _is_counted(before) and not use:
        return None
    typed = use or TYPE.search(small) is not None
    with_it = WITH.search(before) or BY.search(folded(before)) or BY_AFTER.match(folded(after))
    joined = any([label.kind != "other" and JOINT.fullmatch(before[label.end :]) for label in unspent(before)])
    keys = KEYS.search(small)
    echoes = line.where != "subject" and _repeats(before, after, subject, shape)
    named = _FIELD.fullmatch(before) is not None and not after.strip() and line.where != "subject"
    if named and not (typed or keys or labels or echoes or GETTING_IN.search(small)):
        return None
    opens = not before.strip() and (VERBAL.match(after) or _OPENS.match(after))
    leads = COLON.search(before) or with_it or opens or joined or _ends_with(keys, before, after)
    leads = leads or echoes
    where = WHERE.search(f"{before} {after}") or PLACE.search(small)
    if not use and not leads and not (where and (typed or keys)):
        return None
    asked = use and (where or len(shape.code) > 5 or TYPE_LAST.search(folded(after[:20])))
    counts = COUNTS.match(after) and not is_unspaced(after[:8]) and shape.code.isdecimal()
    if counts and not ((joined or echoes) and len(shape.code) > 5) and not asked and not with_it:
        return None
    weight = (2 if use else 1.5 if typed else 0) + (1 if leads else 0) + (1.5 if where else 0)
    asks_next = TYPE.match(folded(line.text[shape.end + len(after) + 1 :][:40]).lstrip()) is not None
    weight += 1.5 if asks_next and not typed else 0
    weight += (1 if typed and where else 0) + (1 if echoes else 0) + (1 if labels or keys else 0)
    weight += 1 if VERBS.search(small) or GETTING_IN.search(small) else 0
    return weight + (0.5 if line.large else 0) + (0 if before.strip() else 0.5)


def _pieces(text: str) -> frozenset[str]:
    """What words have in common whatever their ending, in any script: each four letters in a row."""
    words = _LETTERS.findall(folded(text[:200]))
    return frozenset([word[at : at + 4] for word in words for at in range(max(len(word) - 3, 1))])


def _repeats(before: str, after: str, subject: frozenset[str], shape: Shape) -> bool:
    """Whether a sentence that ends with a number, or a copula after it, has a word for it or words of the subject.

    `Your sign-in code`: `Your code is 482913` has its form in languages of which no word is known to us.
    """
    if not _PLAIN.fullmatch(shape.written) or len(after.strip()) > _A_WORD:
        return False
    if len(before.split()) < 2 and not after.strip() and not COLON.search(before):
        return False
    if any([label.kind != "other" for label in labels_in(before[-60:])]):
        return True
    return len(shape.code) == 6 and not (
        subject.isdisjoint(_pieces(before[-80:])) and subject.isdisjoint(_pieces(after))
    )


def _is_asked_for(before: str, after: str) -> bool:
    """Whether a word for typing stands a few words before a number, or right after it."""
    near = folded(before[-_ASKED:])
    last = max([found.end() for found in TYPE.finditer(near)], default=-1)
    if last >= 0 and len(near[last:].split()) < 6 and not any([c in near[last:] for c in ",;("]):
        return True
    return TYPE_LAST.search(folded(after[:20])) is not None


def _ends_with(keys: re.Match[str] | None, before: str, after: str) -> bool:
    """Whether a sentence speaks of digits or a key and ends with the number, or leads to it."""
    if keys is None or keys.start() > len(before):
        return False
    return LEADS.search(before) is not None or _CLAUSE.match(f"{after}.") is not None or VERBAL.match(after) is not None


def _is_counted(before: str) -> bool:
    """Whether a word for `number` comes before it; `the six numbers` are none."""
    found = COUNTED.search(before[-60:])
    return found is not None and not KEYS.match(folded(before[-60:]), found.start())


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
