"""The words in a stretch of text that name a number: as a code, perhaps as one, or as something else; pure."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from mailtrap.mail.extraction.grammar import DEVICE, ENTER, JOINT
from mailtrap.mail.extraction.wording import ACCESS, CODE, OTHER, PASSWORD, PERHAPS, folded

_CALLED = re.compile(r"\s*(?:no\b|nr|num|:|\+?\d|番|号)", re.IGNORECASE)
_REST = re.compile(r"[^\W\d_]{0,12}[ -]?")
#: From the word for a code to what it is for.
_FOR = re.compile(
    r"(?:-|\s+)(?:(?:de|di|do|da|del|della|dell|du|des|d|til|till|för|for|voor|zur|zum|für|zu|per|para|pour|dla|za|na"
    r"|для|до|за|til|pentru|για|к"
    r"|ל|for the|to)(?:\s+(?:la|l|a|o|el|le|seu|sua|ihre[rn]?|deine[rn]?|your|die|den|het|de)\b)?[\s'’]+)?(?:l['’])?"
)
_COUNT = re.compile(
    r"(?<![^\W\d_])(?:n[uú]mero|num[eé]ro|nummer|number|numer|номер|číslo|broj|αριθμός|numărul|nomor|số)\s+(?:(?:de"
    r"|di|do|da|for|för|til|voor|για|za|pentru)\s+|d['’])?"
)
_WORD_END = re.compile(r"[^\W\d_]{0,20}")
_PASSWORDS = re.compile(r"passwor[dt]s?|kennwort|senha|hasło|heslo|password")
_OF = re.compile(r" (?:(?:de|di|do|da|del|della|du|des|za|na|для|на) |d['’]|dell['’])?(?:la |l['’])?", re.IGNORECASE)


class Label(Struct, frozen=True):
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
    found = [_completed(text, small, label) if label.kind == "perhaps" else label for label in found]
    found += [label for label in _numbers(text, small) if not any(taken[label.start : label.end])]
    found.sort(key=lambda label: (label.end, label.kind == "code"))
    # `Rabattcode` and `promo code` are no codes, and `confirmation code` none of a confirmation.
    names = [label for label in found if label.kind == "code"]
    return tuple(
        [
            label
            for label in found
            if not (label.kind == "other" and any([n.start <= label.start and label.end <= n.end for n in names]))
        ]
    )


def _completed(text: str, small: str, label: Label) -> Label:
    """The same as a code where it is said to be one to get in with: `Code zur Anmeldung`."""
    rest = _FOR.match(small, label.end)
    access = ACCESS.match(small, rest.end()) if rest else None
    if access is None or _PASSWORDS.fullmatch(small[label.start : label.end]):
        return label
    end = _WORD_END.match(small, access.end())
    end_at = end.end() if end else access.end()
    return Label("code", text[label.start : end_at], label.start, end_at)


def _numbers(text: str, small: str) -> list[Label]:
    """Words for `number` that are said to be for getting in: `numéro de vérification`."""
    found = []
    for match in _COUNT.finditer(small):
        access = ACCESS.match(small, match.end())
        if access:
            end = _WORD_END.match(small, access.end())
            stop = end.end() if end else access.end()
            found.append(Label("code", text[match.start() : stop], match.start(), stop))
    return found


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
    return not is_lasting(label) or JOINT.fullmatch(rest) is not None


def is_lasting(label: Label) -> bool:
    """Whether a label is the word for what one has for longer, a password."""
    return label.kind == "perhaps" and PASSWORD.fullmatch(folded(label.text)) is not None
