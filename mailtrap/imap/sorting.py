"""SORT: messages that match, in the order asked for (RFC 5256 §3, RFC 5957)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mailtrap.imap.commands import Command, Sort
from mailtrap.imap.searching import Answer, View, find, listed
from mailtrap.imap.summary import Summary
from mailtrap.store.folder import Item

_NOTHING = Summary()
_TEXTS: dict[str, Callable[[Summary], str]] = {
    "CC": lambda summary: summary.cc,
    "FROM": lambda summary: summary.sender,
    "SUBJECT": lambda summary: summary.subject,
    "TO": lambda summary: summary.to,
    "DISPLAYFROM": lambda summary: summary.shown_sender,
    "DISPLAYTO": lambda summary: summary.shown_to,
}


def answer(view: View, command: Command, now: int) -> Answer:
    """Perform SORT or UID SORT."""
    sort = command.arguments
    if not isinstance(sort, Sort):
        raise TypeError("not a sort")
    items = find(view, sort.key, now)
    keys = _Keys(view, items, {criterion.key for criterion in sort.criteria})
    # Each sort leaves those that are equal as the one before it had them, at first by sequence number.
    for criterion in reversed(sort.criteria):
        items.sort(key=keys.of(criterion.key), reverse=criterion.reverse)
    return Answer(listed(b"SORT", view, command, sort.key, items))


class _Keys:
    """What messages are compared by; only what is needed for that is read."""

    def __init__(self, view: View, items: Sequence[Item], wanted: set[str]) -> None:
        self._facts: dict[int, tuple[int, int, int]] = {}
        self._summaries: dict[int, Summary] = {}
        if items and wanted & {"ARRIVAL", "SIZE", "DATE"}:
            self._facts = facts_of(view, items)
        if items and wanted - {"ARRIVAL", "SIZE"}:
            self._summaries = view.summaries([item.message for item in items])

    def of(self, key: str) -> Callable[[Item], Any]:
        """A function from a message to what it is compared by."""
        facts, summaries = self._facts, self._summaries
        match key:
            case "ARRIVAL":
                return lambda item: facts.get(item.uid, (0, 0, 0))[1]
            case "SIZE":
                return lambda item: facts.get(item.uid, (0, 0, 0))[0]
            case "DATE":
                return lambda item: sent(summaries.get(item.message, _NOTHING), facts, item)
            case _:
                text = _TEXTS[key]
                return lambda item: text(summaries.get(item.message, _NOTHING))


def facts_of(view: View, items: Sequence[Item]) -> dict[int, tuple[int, int, int]]:
    """Facts of some messages."""
    return view.facts(None if len(items) * 2 > len(view.items) else [item.uid for item in items])


def sent(summary: Summary, facts: dict[int, tuple[int, int, int]], item: Item) -> int:
    """The sent date: when it came, where its Date field does not say (RFC 5256 §2.2)."""
    return facts.get(item.uid, (0, 0, 0))[1] if summary.sent is None else summary.sent
