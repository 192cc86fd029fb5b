"""`python -m tests.extraction` prints how many codes are found and how many of those found are codes, by language."""

from __future__ import annotations

import sys
from collections import Counter

from mailtrap.mail.content import Content
from mailtrap.mail.extraction.codes import codes
from tests.extraction.corpus import Labelled, mails
from tests.extraction.held_out import HELD_OUT
from tests.extraction.templates import TEMPLATES, Template


def measure(templates: tuple[Template, ...]) -> tuple[dict[str, Counter[str]], list[str]]:
    """For each language what was found, missed and wrongly found; and a line for each mistake."""
    counts: dict[str, Counter[str]] = {}
    mistakes = []
    for mail in mails(templates):
        found = codes(Content(mail.octets))
        told = {code.code for code in found}
        count = counts.setdefault(mail.language, Counter())
        count["mails"] += 1
        count["right"] += len(told & mail.codes)
        count["missed"] += len(mail.codes - told)
        count["wrong"] += len(told - mail.codes)
        if told != mail.codes:
            mistakes.append(_mistake(mail, found))
    return counts, mistakes


def _mistake(mail: Labelled, found: object) -> str:
    return f"{mail.name}: has {sorted(mail.codes)}, told {found}"


def rates(counts: dict[str, Counter[str]]) -> tuple[float, float]:
    """Recall and precision over all languages."""
    total = sum(counts.values(), Counter[str]())
    right = total["right"]
    return right / max(right + total["missed"], 1), right / max(right + total["wrong"], 1)


def main() -> int:
    """Print both tables."""
    everything = {"tuned on": TEMPLATES, "held out, written afterwards": HELD_OUT, "both": TEMPLATES + HELD_OUT}
    for title, templates in everything.items():
        counts, mistakes = measure(templates)
        recall, precision = rates(counts)
        print(f"{title}: {len(templates)} templates, {sum(c['mails'] for c in counts.values())} mails")
        if title == "both":
            print("  language  mails  codes  missed  wrong")
            for language, count in sorted(counts.items()):
                have = count["right"] + count["missed"]
                print(f"  {language:8}{count['mails']:7}{have:7}{count['missed']:8}{count['wrong']:7}")
        else:
            print("\n".join(f"  {line}" for line in mistakes))
        print(f"  recall {recall:.2%}, precision {precision:.2%}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
