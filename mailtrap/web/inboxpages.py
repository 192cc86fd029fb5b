"""What the pages show of inboxes: the switcher with their counts, and the page on which they are made and removed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import flask

from mailtrap.inboxes import DEFAULT, Inbox
from mailtrap.mail.words import fold
from mailtrap.sandbox import Sandbox
from mailtrap.web import scope

#: Inboxes that the switcher names; nobody looks through more, and a query finds the others.
NAMED = 200
#: Those that their page lists.
LISTED = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """One inbox to choose."""

    name: str
    messages: int
    unseen: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from: the default one, then the newest. `only` says that one is all that may be seen."""

    shown: list[Choice]
    more: int
    messages: int
    only: str


@dataclass(frozen=True, slots=True)
class Row:
    """One inbox on its page; `rules` are those of failures that go with it."""

    inbox: Inbox
    messages: int
    unseen: int
    rules: int

    @property
    def is_default(self) -> bool:
        """Whether it cannot go."""
        return fold(self.inbox.name) == DEFAULT


def routes(ui: flask.Blueprint, sandbox: Sandbox) -> None:
    """Add `/inboxes`, its list and the switcher as pieces that are fetched alone."""

    @ui.get("/inboxes")
    def inboxes() -> str:
        return flask.render_template("inboxes.html", **rows(sandbox))

    @ui.get("/inboxes/list")
    def inboxes_list() -> str:
        return flask.render_template("inboxes/list.html", **rows(sandbox))

    @ui.get("/inboxes/switch")
    def switch() -> str:
        return flask.render_template("inboxes/switch.html", inboxes=listed(sandbox), chosen=chosen())


def chosen() -> str:
    """The inbox that the page is about, empty for all of them."""
    return scope.inbox() or flask.request.args.get("inbox", "")


def listed(sandbox: Sandbox) -> Choices:
    """The inboxes of the switcher."""
    only, wanted = scope.inbox(), fold(chosen())
    found = [Choice(inbox.name, messages, unseen) for inbox, messages, unseen in sandbox.list_inboxes()]
    if only:
        found = [one for one in found if fold(one.name) == fold(only)]
    shown = found[:1] + found[1:][: -NAMED - 1 : -1]
    if len(found) > len(shown):
        shown += [one for one in found[1:-NAMED] if fold(one.name) == wanted]
    return Choices(shown, len(found) - len(shown), sandbox.store.counters().messages, only)


def rows(sandbox: Sandbox) -> dict[str, object]:
    """Every inbox of the page: the default one, then the newest; and how many more there are."""
    rules = Counter([fold(rule.inbox) for rule in sandbox.faults.rules() if rule.inbox])
    found = [
        Row(inbox, messages, unseen, rules[fold(inbox.name)]) for inbox, messages, unseen in sandbox.list_inboxes()
    ]
    shown = found[:1] + found[1:][: -LISTED - 1 : -1]
    return {"rows": shown, "more": len(found) - len(shown)}


def unseen(sandbox: Sandbox) -> int:
    """How many messages nobody has looked at, in the inbox that the page is about or in all."""
    name = chosen()
    if not name:
        return sandbox.store.counters().unseen
    return sum([new for one, (_, new) in sandbox.store.inboxes().items() if fold(one) == fold(name)])
