"""What the pages show of inboxes: the switcher with their counts."""

from __future__ import annotations

from dataclasses import dataclass

import flask

from mailtrap.mail.words import fold
from mailtrap.sandbox import Sandbox
from mailtrap.web import scope

#: Inboxes that the switcher names; nobody looks through more, and a query finds the others.
NAMED = 200


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


def routes(ui: flask.Blueprint, sandbox: Sandbox) -> None:
    """Add the switcher as a piece that is fetched alone."""

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


def unseen(sandbox: Sandbox) -> int:
    """How many messages nobody has looked at, in the inbox that the page is about or in all."""
    name = chosen()
    if not name:
        return sandbox.store.counters().unseen
    return sum([new for one, (_, new) in sandbox.store.inboxes().items() if fold(one) == fold(name)])
