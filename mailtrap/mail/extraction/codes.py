"""One-time codes: numbers and letters that a message calls a code for signing in, verifying or resetting; pure.

The nearest word decides: `order 4821` is none, `your code is 4821` is one. Where a number stands alone on its line, the
lines around it are asked. Every step looks at a bounded stretch of a bounded number of lines.
"""

from __future__ import annotations

import re

from mailtrap.mail.content import Content
from mailtrap.mail.extraction.cells import heading, is_alone
from mailtrap.mail.extraction.code import LIKELY, SURE, Code
from mailtrap.mail.extraction.grammar import (
    AFTER,
    COLON,
    COUNTS,
    DEVICE,
    ENTER,
    EXAMPLE,
    FRAUD,
    JOINT,
    LEADS,
    LED,
    NUMBER,
    SECRET,
    SENTENCE,
    USE,
    USED,
    VERBAL,
    WARNS,
    WEAK,
    WHERE,
)
from mailtrap.mail.extraction.labels import Label, is_lasting, labels_in, says, unspent
from mailtrap.mail.extraction.lines import Line, Mood, documents_of, mood_of
from mailtrap.mail.extraction.linked import in_link
from mailtrap.mail.extraction.shapes import Shape, only_numbers, shapes
from mailtrap.mail.extraction.spoken import offers
from mailtrap.mail.extraction.stale import is_shown, is_stale
from mailtrap.mail.extraction.standing import standing
from mailtrap.mail.extraction.wording import UNIT, VERBS, folded

__all__ = ["LIKELY", "SURE", "Code", "codes"]

#: Numbers that are looked at, codes that are returned.
MAX_SHAPES = 300
MAX_CODES = 20
#: Lines of each body in which a name is looked for.
_NAMED = 100

_WINDOW = 140
#: Characters before a number within which something asks to enter it.
_ASKED = 60
#: Characters of a message in which a number that nothing is said of is the one that matters.
_FEW_WORDS = 320
_CONFIRMS = re.compile(
    r"confirm|bestätig|conferm|bevestig|potwierdz|подтвержд|onay|確認|确认|확인|تأكيد", re.IGNORECASE
)
_OF_A_PAYMENT = re.compile(r"auth|autor|approv|aprob|confirm|conferm", re.IGNORECASE)
_YOURS = re.compile(
    r"\b(?:your|dein|deine|ihr|ihre|votre|ton|tu|su|tuo|suo|seu|teu|je|jouw|uw|twój|ваш|твой|din)\s+[\w-]+$",
    re.IGNORECASE,
)
# What browsers fill in by themselves: "@example.com #482913" (WICG, origin-bound one-time codes §5).
_BOUND = re.compile(r"\s*@[\w.-]{3,253}\s#([A-Za-z0-9-]{4,20})(?:\s[@%]\S{1,253})?\s*")
# `Re:` in many languages; its quotation holds codes that its writer speaks of.
_ANSWER = re.compile(
    r"\W{0,3}(?:re|aw|antw|antwort|sv|vs|svar|odp|odpověď|rif|ris|res|resp|rép|ref|ynt|yan|на|отв|ответ|відп|vá|απ|σχετ|הש"
    r"|رد|回复|回覆|答复|답장|回信|返信|balas|trả lời)\s?(?:\[\d+\])?\s?[:：]",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"\d{4}")


def codes(content: Content) -> list[Code]:
    """The one-time codes of a message, the surest first. Never raises; bounded whatever the message holds."""
    documents = documents_of(content)
    mood = mood_of(documents)
    found: dict[str, Code] = {}
    gone: set[str] = set()
    if WARNS.search(documents[0][0].text) and FRAUD.search(documents[0][0].text):
        return []
    for lines in documents:
        for code in _in_lines(lines, mood, gone):
            _keep(found, code)
    found = {key: code for key, code in found.items() if code.code not in gone and not _is_a_name(code.code, documents)}
    if not found and (one := standing(documents, mood, gone)):
        _keep(
            found,
            Code(one.code, "the number that stands out in a message about signing in", 0.6, one.written, one.where),
        )
    for link in content.links[:500]:
        if code_in_link := in_link(link, mood):
            _keep(found, code_in_link)
    if any([not code.quoted for code in found.values()]) or _ANSWER.match(documents[0][0].text):
        found = {key: code for key, code in found.items() if not code.quoted}
    best = max([code.confidence for code in found.values()], default=0.0)
    if best < 0.85 and len(found) > 2:
        return []  # so many that are none too sure are counts of something
    told = [code for code in found.values() if code.confidence >= (LIKELY if best < 0.9 else 0.8)]
    return sorted(told, key=lambda code: -code.confidence)[:MAX_CODES]


def _is_a_name(code: str, documents: list[list[Line]]) -> bool:
    """Whether letters alone are also written as names are: the sender's, above its letter."""
    if not code.isalpha() or code != code.upper():
        return False
    name = code.capitalize()
    return any([name in line.text for lines in documents for line in lines[:_NAMED]])


def _keep(found: dict[str, Code], code: Code) -> None:
    key = code.code.replace("-", "").upper()
    if key not in found or found[key].confidence < code.confidence:
        found[key] = code


def _in_lines(lines: list[Line], mood: Mood, gone: set[str]) -> list[Code]:
    found: list[Code] = []
    looked = 0
    for number, line in enumerate(lines):
        if not line.hidden:
            continue
        if bound := _BOUND.fullmatch(line.text):
            found.append(
                Code(bound[1], "bound to a site, for browsers to fill in", 0.97, bound[1], line.where, line.quoted)
            )
        for shape in shapes(line.hidden):
            if looked >= MAX_SHAPES:
                return found
            if shape.is_word and not line.large and shape.end - shape.start < len(line.text) * 0.08:
                continue
            looked += 1
            if is_stale(line.text, shape.start, shape.end):
                gone.add(shape.code)
                continue
            confidence, reason = _judged(lines, number, shape, mood)
            if confidence >= LIKELY:
                found.append(Code(shape.code, reason, round(confidence, 2), shape.written, line.where, line.quoted))
    return found


def _judged(lines: list[Line], number: int, shape: Shape, mood: Mood) -> tuple[float, str]:
    line = lines[number]
    if UNIT.match(line.text, shape.end) or shape.is_orderly:
        return 0.0, ""
    if is_shown(lines, number, shape.start):
        return 0.0, ""
    alone = is_alone(lines, number, shape)
    confidence, reason = _alone(lines, number, shape, mood) if alone else _amid(lines, number, shape, mood)
    if shape.is_year or shape.is_date:
        confidence -= 0.25
    if shape.kind == "signs" and (confidence < 0.7 or not reason.startswith("after")):
        return 0.0, ""
    if shape.kind == "dashed" and confidence < 0.6:
        return 0.0, ""
    if shape.is_phrase and confidence < (0.6 if alone else 0.8):
        return 0.0, ""
    if shape.is_word and not _is_worth_it(confidence, reason, line.text, shape, alone):
        return 0.0, ""
    if len(shape.code) > 8 and shape.kind in ("digits", "letters"):
        confidence -= 0.1
    if shape.kind == "letters" and shape.code == shape.code.lower() and not alone:
        confidence -= 0.05
    return min(confidence, 0.99), reason


def _is_worth_it(confidence: float, reason: str, text: str, shape: Shape, alone: bool) -> bool:
    """Whether letters alone are a code: only where nothing else can be meant, and never among other capitals."""
    if alone:
        return confidence >= 0.8 and reason.startswith("alone below")
    rest = text[: shape.start] + text[shape.end :]
    return confidence > 0.93 and COLON.search(text[: shape.start]) is not None and rest.upper() != rest


def _amid(lines: list[Line], number: int, shape: Shape, mood: Mood) -> tuple[float, str]:
    """Among other words: the label nearest before it, or the one right after it."""
    line = lines[number]
    before = line.text[max(0, shape.start - _WINDOW) : shape.start]
    if (
        shape.start < _WINDOW
        and number
        and lines[number - 1].text
        and line.where == "text"
        and len(lines[number - 1].text) > 40
    ):
        before = f"{lines[number - 1].text[-_WINDOW:]} {before}"
    after = line.text[shape.end : shape.end + _WINDOW]
    if len(after) < 60 and number + 1 < len(lines) and line.where == "text" and len(line.text) > 40:
        after = f"{after} {lines[number + 1].text[:80]}"
    # `order 4821: your code is 5512`: a word that has its number already says nothing of the next one.
    labels = unspent(before)
    nearest = max(labels, key=lambda label: label.end, default=None)
    options: list[tuple[float, str]] = []
    use = USE.search(before, max(0, len(before) - _ASKED))
    if use and nearest and use.start() <= nearest.start and DEVICE.match(nearest.text):
        labels.remove(nearest)
        nearest = max(labels, key=lambda label: label.end, default=None)
    # `Tap 42 on your phone, or type 551204`: what is asked for is the number itself.
    used = use is not None and nearest is not None and use.start() >= nearest.end
    if EXAMPLE.search(before):
        return 0.0, ""
    if NUMBER.search(before) and not (nearest and JOINT.fullmatch(before[nearest.end :])):
        return 0.0, ""
    if nearest:
        if nearest.kind == "perhaps" and (mood.sales > 1 or not mood.is_about_access) and _sells(after):
            return 0.0, ""
        confidence, reason = _by_label_before(before, nearest, shape, mood)
        direct = JOINT.fullmatch(before[nearest.end :]) and nearest.kind == "code"
        if not direct and len(shape.code) < 6 and COUNTS.match(after) and not use:
            confidence -= 0.3  # `code 4821 lines`
        options.append((confidence, reason))
        if nearest.kind == "other" and len(before) - nearest.end < 12 and not used:
            return 0.0, ""
    if shape.kind != "dashed" or VERBAL.match(after):
        options.append(_by_label_after(before, after, shape, mood))
    if (use or USED.match(after)) and (used or not (nearest and nearest.kind == "other")):
        sentence = folded(before + after[: _first_end(after)])
        if VERBS.search(sentence) and not offers(sentence) and not shape.is_sequence:
            options.append((0.8, f"to be entered: “{_cut(before)}”"))
        elif use and _is_plainly_asked(use[0], sentence, after, shape, mood):
            options.append((0.8 if WHERE.search(sentence) else 0.6, f"to be entered: “{_cut(before)}”"))
    if not nearest and not before.strip(" \t\"'“„«([*") and SECRET.match(after):
        options.append((0.8 if mood.verbs else 0.5, f"followed by “{_cut(after)}”"))
    if "\t" in line.text and (above := heading(lines, number, shape)):
        if all([label.kind == "other" for label in labels_in(above)]):
            return 0.0, ""
        options.append(_by_label_before(above, max(labels_in(above), key=lambda one: one.end), shape, mood))
    return max(options, default=(0.0, ""))


def _sells(after: str) -> bool:
    """Whether the rest of a sentence speaks of buying."""
    return bool(offers(folded(after[: min(_first_end(after), 80)])))


def _is_plainly_asked(verb: str, sentence: str, after: str, shape: Shape, mood: Mood) -> bool:
    """Whether nothing but a code can be meant by what a sentence asks to enter."""
    if (
        shape.is_year
        or shape.is_slogan
        or mood.trade
        or offers(sentence)
        or (COUNTS.match(after) and not USED.match(after) and len(shape.code) < 6)
        or shape.is_sequence
    ):
        return False
    return bool(mood.verbs) if WEAK.match(verb) else not mood.sales


def _by_label_before(before: str, label: Label, shape: Shape, mood: Mood) -> tuple[float, str]:
    gap = before[label.end :]
    if label.kind == "other" or (is_lasting(label) and not JOINT.fullmatch(gap)):
        return 0.0, ""
    direct = JOINT.fullmatch(gap) is not None or (
        len(gap) < 40 and COLON.search(gap) is not None and not any(c.isdigit() for c in gap)
    )
    ends = SENTENCE.search(gap) is not None
    if shape.is_year and not direct and not LEADS.search(gap):
        return 0.0, ""
    said = f"after “{label.text.strip()}”"
    if label.kind == "code":
        if mood.trade and not mood.asks and _OF_A_PAYMENT.search(label.text):
            return 0.0, ""
        if mood.is_about_a_trip and _CONFIRMS.search(label.text):
            return 0.0, ""
        if direct:
            return 0.96, said
        if ends:
            return (0.55 if not _is_prose(gap) else 0.0), said
        # Words in between: they must lead to it, and it must not look like a number of things.
        leads = LEADS.search(gap)
        if not leads and _LONG_NUMBER.search(gap):
            return 0.0, ""  # it has its code already
        return (0.9 if leads else 0.72 if len(gap) < 45 else 0.4), said
    return _perhaps(before, gap, direct, ends, shape, mood, said)


def _is_prose(gap: str) -> bool:
    """Whether a sentence of its own, or a name of its own, stands between a label and a number."""
    if COLON.search(gap):
        return False
    last = max([found.end() for found in SENTENCE.finditer(gap)], default=0)
    return len(gap.split()) > 3 or (len(gap[last:].split()) == 1 and gap[last:].strip().isalpha())


def _perhaps(before: str, gap: str, direct: bool, ends: bool, shape: Shape, mood: Mood, said: str) -> tuple[float, str]:
    if (
        ends
        or (shape.is_year and not (mood.verbs and LEADS.search(gap)))
        or mood.trade
        or (shape.is_slogan and (mood.sales or not mood.names))
    ):
        return 0.0, ""
    if (
        offers(folded(before))
        or (mood.sales and not mood.is_about_access)
        or (mood.sales > 1 and not mood.names and not shape.code.isdecimal())
    ):
        return 0.0, ""
    if mood.is_about_a_trip and not mood.names:
        return 0.0, ""
    decimal = shape.code.isdecimal()
    plainly = (
        decimal
        or shape.kind == "mixed"
        or "\t" in gap
        or COLON.search(gap) is not None
        or _YOURS.search(before[: len(before) - len(gap)]) is not None
    )
    sure = 0.9 if mood.is_about_access else 0.75 if mood.verbs and plainly else 0.6 if decimal else 0.3
    leads = LEADS.search(gap)
    if not direct and not leads and len(gap.split()) == 1 and not mood.is_about_access:
        return 0.0, ""  # `code banque 30077`
    return (sure if direct else sure - 0.05 if leads else sure - 0.15 if len(gap) < 40 else 0.3), said


def _by_label_after(before: str, after: str, shape: Shape, mood: Mood) -> tuple[float, str]:
    """`482913 is your code`."""
    stop = _first_end(after)
    label = min(labels_in(after[: stop + 1]), key=lambda one: one.start, default=None)
    if label is None or label.kind == "other":
        return 0.0, ""
    gap = after[: label.start]
    opening = (
        not re.search(r"\w", before.strip()[-1:])
        or before.strip() == ""
        or USE.search(before, max(0, len(before) - _ASKED)) is not None
    )
    linked = AFTER.match(gap) is not None and len(gap) < 60
    if not linked or shape.is_year:
        return 0.0, ""
    said = f"before “{label.text.strip()}”"
    verbal = VERBAL.match(gap)
    unspaced = gap.strip() == "" or not gap.strip()[0].isascii()
    # Where verbs come last, so does the word: `482913 kodunu girin`.
    follows = not gap.strip() and (label.kind == "code" or not label.text.isascii() or USED.match(after[label.end :]))
    if not (opening or verbal or follows):
        return 0.0, ""
    if not (verbal or unspaced or gap.strip()[:1] in "-–—:,") and len(gap) > 12:
        return 0.0, ""
    if label.kind == "code":
        if mood.is_about_a_trip and _CONFIRMS.search(label.text):
            return 0.0, ""
        return 0.93, said
    if not verbal and gap.strip() and len(shape.code) < 6 and COUNTS.match(after):
        return 0.0, ""
    if offers(folded(after[:80])) or mood.trade or (shape.is_slogan and (mood.sales or not mood.names)):
        return 0.0, ""
    return (0.88 if mood.is_about_access else 0.7 if mood.verbs else 0.55), said


def _first_end(text: str) -> int:
    found = SENTENCE.search(text)
    return found.start() if found else len(text)


def _alone(lines: list[Line], number: int, shape: Shape, mood: Mood) -> tuple[float, str]:
    """On a line of its own: the lines above it, then those below it, then what the message is about."""
    large = 0.04 if lines[number].large else 0.0
    seen = 0
    for distance in range(1, 25):
        above = number - distance
        if above < 0 or seen >= 3:
            break
        text = lines[above].text
        if not text or _is_a_code(lines[above]):
            continue
        seen += 1
        labels = [label for label in unspent(text[-300:]) if says(label, text[-300:])]
        if not labels:
            if seen == 1 and LED.search(text) and _asks(text, shape, mood):
                return (0.8 if mood.is_about_access else 0.6) + large, f"alone below “{_cut(text)}”"
            continue
        kinds = {label.kind for label in labels}
        last = max(labels, key=lambda label: label.end)
        if kinds == {"other"} or (last.kind == "other" and last.end > len(text[-300:]) - 25):
            return 0.0, ""
        if mood.is_about_a_trip and not (mood.verbs > 3 and mood.names > 1):
            return 0.0, ""
        if "code" in kinds:
            return 0.95 - 0.03 * (seen - 1) + large, f"alone below “{_cut(text)}”"
        if _is_for_a_shop(text, shape, mood):
            return 0.0, ""
        sure = 0.9 if mood.is_about_access else 0.8 if mood.verbs else 0.6 if shape.code.isdecimal() else 0.4
        return sure - 0.05 * (seen - 1) + large, f"alone below “{_cut(text)}”"
    for below in range(number + 1, min(number + 4, len(lines))):
        text = lines[below].text
        if not text:
            continue
        labels = labels_in(text[:200])
        if labels and labels[0].kind == "perhaps" and _is_for_a_shop(text[:200], shape, mood):
            return 0.0, ""
        if labels and labels[0].kind != "other":
            return (
                0.85 if labels[0].kind == "code" else 0.72 if mood.is_about_access else 0.5
            ) + large, f"alone above “{_cut(text)}”"
        break
    if lines[number].where == "subject":
        return 0.0, ""
    if shape.is_year or shape.is_word or mood.is_about_a_trip or mood.trade:
        return 0.0, ""
    if not mood.is_about_access:
        brief = mood.short and mood.verbs and not mood.sales and len(shape.code) >= 6 and shape.code.isdecimal()
        return (0.6 if brief else 0.0), "alone in a short message about signing in"
    if mood.names and not mood.sales:
        return 0.7 + large, "alone on its line in a message about a code"
    return (0.65 if large and not mood.sales else 0.0), "large, in a message about signing in"


def _asks(text: str, shape: Shape, mood: Mood) -> bool:
    """Whether a line that ends in a colon asks to enter what is below it."""
    small = folded(text)
    if offers(small) or mood.trade or mood.is_about_a_trip or shape.is_year:
        return False
    return mood.is_about_access or VERBS.search(small) is not None or ENTER.search(text) is not None


def _is_for_a_shop(text: str, shape: Shape, mood: Mood) -> bool:
    """Whether a mere `code` in this text is one for a discount or stands in a receipt."""
    if offers(folded(text)) or mood.trade or (mood.sales > 1 and not mood.is_about_access):
        return True
    return shape.is_slogan and (mood.sales > 0 or not mood.names)


def _is_a_code(line: Line) -> bool:
    """Whether a line is nothing but another number, as in a list of recovery codes."""
    found = next(shapes(line.hidden), None)
    return found is not None and not found.is_word and only_numbers(line.text, line.hidden)


def _cut(text: str) -> str:
    text = " ".join(text.replace("\x00", "").split())
    return text if len(text) <= 60 else f"…{text[-59:]}"
