"""The expressions for what is said around codes, made of the stems in `tongues`; asked of `folded` text only; pure."""

from __future__ import annotations

import re
from functools import partial
from itertools import islice

from mailtrap.mail.extraction import tongues
from mailtrap.mail.extraction.wording import SALES, alternatives, by_letter, is_unspaced
from mailtrap.mail.later import later

_LETTER = r"[^\W\d_]"
_VERBS_LAST = (
    "de nl tr az kk uz hu eu ka hy fa ur hi mr ne bn pa gu ta te kn ml si am mn my ja ko".split()  # noqa: SIM905
)
_SENTENCE = re.compile(r"[.!?。](?:\s|$)|[。！？।։።។။]")
#: Characters on each side of a number within which its sentence is looked for.
_WINDOW = 200


def _expression(listed: str, end: str = "") -> str:
    """One expression for the stems of a list with a language before each line."""
    stems = [stem for line in listed.strip().splitlines() for stem in alternatives(line.split(None, 1)[1])]
    spaced = sorted({_bounded(stem) for stem in stems if not is_unspaced(stem)})
    unspaced = sorted({stem for stem in stems if is_unspaced(stem)}, key=lambda stem: (-len(stem), stem))
    return f"(?:(?<!{_LETTER})(?:{by_letter(spaced)})|{by_letter(unspaced)}){end}"


def _bounded(stem: str) -> str:
    """A stem that goes on, or a word that has to end."""
    return stem[:-1] if stem.endswith("-") else f"{stem}(?!{_LETTER})"


TYPE = later(partial(_expression, tongues.TYPE))
#: The same, of languages whose verbs come last.
TYPE_LAST = later(
    partial(_expression, "\n".join([line for line in tongues.TYPE.splitlines() if line.split(" ")[0] in _VERBS_LAST]))
)
PLACE = later(partial(_expression, tongues.PLACE))
LASTS = later(partial(_expression, tongues.LASTS))
GETTING_IN = later(partial(_expression, tongues.GETTING_IN))
KEYS = later(partial(_expression, tongues.KEYS))
FORMER = later(partial(_expression, tongues.FORMER))
SPENT = later(partial(_expression, tongues.SPENT))
ON_CONDITION = later(partial(_expression, tongues.ON_CONDITION))
#: Right before a number, or before a word for it.
BY = later(partial(_expression, tongues.BY, r"\s{0,3}(?:[^\W\d_]+\s){0,2}[\"'“„«<*_`(\[「【]?$"))
#: Right after a number, where a language puts such words behind it.
BY_AFTER = later(
    r"[\s'’:-]{0,3}(?:で(?!す)|にて|を使|로|으로|ile(?!\w)|[yl][ae](?!\w)|ilə|segítségével|kóddal|avulla|abil|से|द्वारा|দিয়ে"
    r"|மூலம்|سے|bidez|ით|కోడ్‌తో|ใน|即可|就)"
)

# What a bank has its customers confirm: `to confirm your purchase` is no offer.
_PURCHASE = re.compile(
    r"compra|acquist|zakup|einkauf|achat|alışveriş|shopping|お買い物|köp|køb|kjøp|purchase|nákup|vásárl|покупк|αγορ"
)
_PAYS = later(
    r"(?:confirm|conferm|autori[sz]|authori[sz]|approv|aprob|apro[uv]|valid|bestätig|freigeb|freigab|bevestig|goedkeur"
    r"|potwierd|zatwierdz|autoryz|подтвер|підтвер|потвър|potvrd|potvrz|potrd|schval|schvál|godkend|godkänn|godkjenn"
    r"|bekräft|bekræft|bekreft|vahvist|hyväksy|megerős|jóváhagy|επιβεβ|onay|complet)[^\W\d_]*\s+(?:[^\W\d_]+\s+){0,3}$"
)


def offers(small: str) -> list[str]:
    """The words in a `folded` text that speak of buying something, but for a purchase that is to be confirmed."""
    return [
        found[0]
        for found in islice(SALES.finditer(small), 40)
        if not (_PURCHASE.match(found[0]) and _PAYS.search(small, max(0, found.start() - 50), found.start()))
    ]


def sentence(text: str, start: int, end: int) -> tuple[str, str]:
    """What its sentence says before a number and after it."""
    before, after = text[max(0, start - _WINDOW) : start], text[end : end + _WINDOW]
    begins = max([found.end() for found in _SENTENCE.finditer(before)], default=0)
    stop = _SENTENCE.search(after)
    return before[begins:], after[: stop.start()] if stop else after
