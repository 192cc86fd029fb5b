"""`python -m tests.extraction` prints how many codes are found and how many of those found are codes, by language."""

from __future__ import annotations

import sys
from collections import Counter

from mailtrap.mail.content import Content
from mailtrap.mail.extraction.codes import codes
from tests.extraction import layouts, senders, unseen
from tests.extraction.corpus import Labelled, in_no_language, mails
from tests.extraction.held_out import HELD_OUT, ROUNDS
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


def read(letters: tuple[layouts.Letter, ...]) -> tuple[dict[str, Counter[str]], list[str]]:
    """The same of whole messages, by category; and how many links are for what they should be for."""
    counts: dict[str, Counter[str]] = {}
    mistakes = []
    for letter in letters:
        content = Content(letter.octets)
        told, meant = {code.code for code in codes(content)}, set(letter.codes)
        kinds = {link.href: link.kind for link in content.links}
        wrong = {href: kinds.get(href) for href, kind in letter.links.items() if kinds.get(href) != kind}
        count = counts.setdefault(letter.category, Counter())
        count.update(right=len(told & meant), missed=len(meant - told), wrong=len(told - meant))
        count.update(mails=1, links=len(letter.links), kinds=len(letter.links) - len(wrong))
        if told != meant or wrong:
            mistakes.append(f"{letter.name}: has {sorted(meant)}, told {sorted(told)}, {wrong or 'links right'}")
    return counts, mistakes


def rates(counts: dict[str, Counter[str]]) -> tuple[float, float]:
    """Recall and precision over all languages."""
    total = sum(counts.values(), Counter[str]())
    right = total["right"]
    return right / max(right + total["missed"], 1), right / max(right + total["wrong"], 1)


def main() -> int:
    """Print the figures of each set, what they were at first sight, and the table of languages."""
    print(f"{'set':34}{'templates':>10}{'mails':>7}{'recall':>9}{'precision':>11}   at first sight")
    sets: list[tuple[str, tuple[Template, ...], str]] = [("tuned on", TEMPLATES, "")]
    for name, templates, recall, precision in ROUNDS:
        sets.append((f"held out, {name}", templates, f"{recall:.1%} / {precision:.1%}"))
    mistakes: list[str] = []
    for title, templates, first in [*sets, ("all", TEMPLATES + HELD_OUT, "")]:
        counts, wrong = measure(templates)
        recall, precision = rates(counts)
        mails = sum(count["mails"] for count in counts.values())
        print(f"{title:34}{len(templates):10}{mails:7}{recall:9.2%}{precision:11.2%}   {first}")
        mistakes += wrong if title != "all" else []
    unknown, _ = measure(in_no_language(TEMPLATES + HELD_OUT))
    recall, precision = rates(unknown)
    print(f"{'all, in no language: form alone':34}{'':10}{'':7}{recall:9.2%}{precision:11.2%}")
    for title, letters, recall_then, precision_then, links_then in layouts.ROUNDS + senders.ROUNDS:
        by_category, wrong = read(letters)
        recall, precision = rates(by_category)
        total = sum(by_category.values(), Counter[str]())
        first = f"{recall_then:.1%} / {precision_then:.1%}" + (f", links {links_then}" if links_then else "")
        links = f"; now {total['kinds']} of {total['links']}" if total["links"] else ""
        print(f"{title:34}{len(letters):10}{total['mails']:7}{recall:9.2%}{precision:11.2%}   {first}{links}")
        mistakes += wrong
    for batch, first in unseen.FIRST.items():
        count, wrong = unseen.read(batch)
        right, once = count["right"], count["right_once"]
        recall, precision = right / (right + count["missed"]), right / (right + count["wrong"])
        of_once = once / (once + count["missed_once"])
        title = f"by others, batch {batch}"
        print(
            f"{title:44}{count['mails']:7}{recall:9.2%}{precision:11.2%}   "
            f"{' / '.join(first)}; to sign in {of_once:.1%}"
        )
        mistakes += wrong
    print(f"\n{'language':10}{'mails':>7}{'codes':>7}{'missed':>8}{'wrong':>7}")
    for language, count in sorted(counts.items()):
        codes_in = count["right"] + count["missed"]
        print(f"{language:10}{count['mails']:7}{codes_in:7}{count['missed']:8}{count['wrong']:7}")
    print("\n".join(["", *mistakes]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
