"""The words in a stretch of text that name a number: as a code, perhaps as one, or as something else; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mailtrap.mail.extraction.grammar import DEVICE, ENTER, JOINT
from mailtrap.mail.extraction.wording import CODE, OTHER, PASSWORD, PERHAPS, folded

_CALLED = re.compile(r"\s*(?:no\b|nr|num|:|\+?\d|番|号)", re.IGNORECASE)
_REST = re.compile(r"[^\W\d_]{0,12}[ -]?")
_OF = re.compile(r" (?:(?:de|di|do|da|del|della|du|des|za|na|для|на) |d['’]|dell['’])?(?:la |l['’])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Label:
    """`kind` is `code`, `perhaps` or `other`."""

    kind: str
    text: str
    start: int
    end: int


def labels_in(text: str) -> list[Label]:
    """The words in a stretch that name a number, in order; where they overlap, the more telling one."""
    return list(_labels_in(text))


def unspent(text: str) -> list[Label]:
    """The same, but for words for something else that have their number already: `order 4821`."""
    labels = labels_in(text)
    return [one for one in labels if one.kind != "other" or not any([c.isdigit() for c in text[one.end :]])]


@lru_cache(maxsize=256)
def _labels_in(text: str) -> tuple[Label, ...]:
    """Lines are asked about again and again while the numbers around them are looked at."""
    small = folded(text)
    found: list[Label] = []
    taken = bytearray(len(text))
    for kind, pattern in (("other", OTHER), ("code", CODE), ("perhaps", PERHAPS)):
        for match in pattern.finditer(small):
            if match.start() == match.end() or (kind == "perhaps" and any(taken[match.start() : match.end()])):
                continue
            if match[0] in ("tan", "tac") and text[match.start() : match.end()] not in ("TAN", "TAC"):
                continue  # a name, or a colour
            found.append(Label(kind, text[match.start() : match.end()], match.start(), match.end()))
            taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    found = _qualified(text, sorted(found, key=lambda label: (label.end, label.kind == "code")))
    # `Rabattcode` and `promo code` are no codes, and `confirmation code` none of a confirmation.
    names = [label for label in found if label.kind == "code"]
    return tuple(
        [
            label
            for label in found
            if not (
                label.kind == "other"
                and any([(n.start <= label.start and label.end <= n.end) or n.end == label.end for n in names])
            )
        ]
    )


def _qualified(text: str, labels: list[Label]) -> list[Label]:
    """The same, where `tracking code` and `code de suivi` are each one word for something else."""
    found: list[Label] = []
    for label in labels:
        last = found[-1] if found else None
        if (
            last
            and label.kind == "perhaps"
            and last.kind == "other"
            and not last.text[-1].isdecimal()
            and _REST.fullmatch(text[last.end : label.start])
        ) or (
            last and label.kind == "other" and last.kind == "perhaps" and _OF.fullmatch(text[last.end : label.start])
        ):
            found[-1] = Label("other", text[last.start : label.end], last.start, label.end)
        else:
            found.append(label)
    return found


def says(label: Label, text: str) -> bool:
    """Whether a word near a number is about it: passwords and telephones are spoken of for other reasons too."""
    rest = text[label.end :]
    if label.kind == "other" and DEVICE.match(label.text):
        return not ENTER.search(text) and (rest.strip(" :.") == "" or _CALLED.match(rest) is not None)
    return not PASSWORD.fullmatch(folded(label.text)) or JOINT.fullmatch(rest) is not None
