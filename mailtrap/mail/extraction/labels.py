"""The words in a stretch of text that name a number: as a code, perhaps as one, or as something else; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailtrap.mail.extraction.wording import CODE, OTHER, PERHAPS

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
    found: list[Label] = []
    taken = bytearray(len(text))
    for kind, pattern in (("other", OTHER), ("code", CODE), ("perhaps", PERHAPS)):
        for match in pattern.finditer(text):
            if match.start() == match.end() or (kind == "perhaps" and any(taken[match.start() : match.end()])):
                continue
            found.append(Label(kind, match[0], match.start(), match.end()))
            taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    found = _qualified(text, sorted(found, key=lambda label: (label.end, label.kind == "code")))
    # `Rabattcode` and `promo code` are no codes, and `confirmation code` none of a confirmation.
    names = [label for label in found if label.kind == "code"]
    return [
        label
        for label in found
        if not (
            label.kind == "other"
            and any(n.start <= label.start and label.end <= n.end and n.start < label.start + 1 for n in names)
        )
    ]


def _qualified(text: str, labels: list[Label]) -> list[Label]:
    """The same, where `tracking code` and `code de suivi` are each one word for something else."""
    found: list[Label] = []
    for label in labels:
        last = found[-1] if found else None
        if (
            last and label.kind == "perhaps" and last.kind == "other" and text[last.end : label.start] in ("", " ", "-")
        ) or (
            last and label.kind == "other" and last.kind == "perhaps" and _OF.fullmatch(text[last.end : label.start])
        ):
            found[-1] = Label("other", text[last.start : label.end], last.start, label.end)
        else:
            found.append(label)
    return found
