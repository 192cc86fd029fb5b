"""Mails by others who knew nothing of the extractor, in fifty languages; each batch measured before it was read.

`batch-N.jsonl` has one mail on each line, as JSON:

- `mail`: the message, one character to an octet; `language`: a BCP 47 tag; `kind`: what the code is for, or `none`;
- `codes`: what the reader is to type, as one types it, in the order of the message; not: codes that are spent, expired
  or shown as examples, for discounts, or numbers of orders, bookings, parcels and people;
- `also`: other spellings that are as right; `spelled`: the code stands there in words;
- `links`: the `href` of every `a` in the HTML, in order, or where there is none every address in the text;
- `unsure`: others would label it otherwise, so that it does not count.

All people, companies, addresses and codes are invented.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mailtrap.mail.content import Content
from mailtrap.mail.extraction import codes

#: Recall and precision of each batch when first seen: of the rules as they were before any was read, then of those
#: changed because of the batches before it. The first four are as hard as their writer could make them, the fifth and
#: seventh are what people get every day, the sixth between those: codes in long sentences, in answers, beside old ones.
FIRST = {1: ("39.1%", "72.0%", "50.0%", "67.6%"), 2: ("20.0%", "61.5%", "42.5%", "77.3%"),
         3: ("24.3%", "60.0%", "43.2%", "61.5%"), 4: ("21.1%", "80.0%", "44.7%", "73.9%"),
         5: ("96.6%", "96.6%", "96.6%", "96.6%"), 6: ("74.6%", "83.3%", "73.1%", "81.7%"),
         7: ("98.2%", "99.1%", "99.1%", "97.3%")}  # fmt: skip
#: Codes that let somebody in once; the others are for doors, lockers, networks and groups.
ONCE = ("otp", "tan", "device", "backup", "otp+backup")


def labelled(batch: int) -> Iterator[dict[str, Any]]:
    """The mails of a batch."""
    path = Path(__file__).with_name(f"batch-{batch}.jsonl")
    for line in path.read_text("utf-8").split("\n"):  # octets above 127 are characters at which `splitlines` splits too
        if line:
            yield json.loads(line)


def read(batch: int) -> tuple[Counter[str], list[str]]:
    """How many codes of a batch are right, missed and wrong, in all and of those of `ONCE`; a line for each mistake."""
    count: Counter[str] = Counter()
    mistakes = []
    for mail in labelled(batch):
        content = Content(mail["mail"].encode("latin-1"))
        told = {_typed(code.code) for code in codes(content)}
        meant = {_typed(code) for code in mail["codes"]}
        also = {_typed(code) for code in mail.get("also", [])}
        if len(meant) == 1 and told & also:
            told = told - also | meant
        wrong = told - meant - also
        missed = set() if mail.get("spelled") else meant - told
        there = {link.href for link in content.links}
        count.update(
            mails=1, links=len(mail["links"]), links_missed=len([one for one in mail["links"] if one not in there])
        )
        if mail.get("unsure"):
            continue
        count.update(right=len(told & meant), missed=len(missed), wrong=len(wrong))
        if mail["kind"] in ONCE:
            count.update(right_once=len(told & meant), missed_once=len(missed))
        if missed or wrong:
            mistakes.append(f"{mail['name']}: missed {sorted(missed)}, wrong {sorted(wrong)}")
    return count, mistakes


def _typed(code: str) -> str:
    """A code without what is only there to be read easily."""
    return code.replace("-", "").replace(" ", "").upper()
