"""The API's verbs on inboxes: which there are, what they hold, and who may see only one of them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from mailtrap.clock import rfc3339
from mailtrap.errors import NotFound
from mailtrap.inboxes import ADDRESS, MOST_ADDRESSES, NAME, NAME_IN_WORDS, Inbox
from mailtrap.mail.words import fold
from mailtrap.mistakes import form
from mailtrap.sandbox import Sandbox
from mailtrap.web import scope
from mailtrap.web.errors import Refused
from mailtrap.web.operation import operation
from mailtrap.web.shapes import Changed
from mailtrap.web.wire import Time

_Name = Annotated[str, form(f"^{NAME}$", NAME_IN_WORDS), Meta(description="Without ASCII case")]
_Address = Annotated[
    str,
    form(f"^{ADDRESS}$", "an address, or @example.test for a whole domain"),
    Meta(max_length=320),
]
_Pattern = Annotated[
    str,
    form(r"^(?:[!-)+-~]*\*){0,4}[!-)+-~]*$", "text with at most four `*`, each any run of characters"),
    Meta(max_length=255),
]
_Seconds = Annotated[float, Meta(ge=0, le=1e9)]


class InboxWish(msgspec.Struct, forbid_unknown_fields=True):
    """A new inbox. Without a name it is given one.

    Mail goes there that comes from a client that logs in by its name, or to `x+NAME@…` or `x@NAME.test`, or whose
    X-Mail-Inbox names it; and by the rules: recipients (`addresses`), then patterns of listener, HELO and peer.
    """

    name: _Name | None = None
    token: Annotated[bool, Meta(description="Make a token that opens this inbox and nothing else")] = False
    ttl: Annotated[_Seconds, Meta(description="After so many seconds without mail it is removed; 0 for never")] = 0
    max_messages: Annotated[int, Meta(ge=0, le=10**9, description="Beyond so many the oldest go; 0 for no limit")] = 0
    max_age: Annotated[_Seconds, Meta(description="Older ones go, in seconds; 0 for no limit")] = 0
    addresses: Annotated[list[_Address], Meta(max_length=MOST_ADDRESSES)] = []
    helo: _Pattern = ""
    peer: _Pattern = ""
    listener: _Pattern = ""


class InboxShape(msgspec.Struct, kw_only=True):
    """An inbox and what it holds. `implicit` ones were made by mail that was for them."""

    name: str
    messages: Annotated[int, Meta(ge=0)]
    unseen: Annotated[int, Meta(ge=0)]
    created_at: Time | None
    implicit: bool
    has_token: bool
    ttl: float
    max_messages: int
    max_age: float
    addresses: list[str]
    helo: str
    peer: str
    listener: str


class InboxMade(InboxShape, kw_only=True):
    """The new inbox; the token is told only here."""

    token: str | None


class InboxList(msgspec.Struct):
    """Every inbox, the default one first."""

    inboxes: list[InboxShape]


class Inboxes:
    """A message for several inboxes is stored once and is in each of them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @operation("GET", "/api/inboxes", "List inboxes", tag="Inboxes", response=InboxList, errors=(503,))
    def list_inboxes(self) -> InboxList:
        """With the number of their messages; also those that nobody has made but mail."""
        return InboxList([_shape(*one) for one in self._visible()])

    @operation(
        "POST",
        "/api/inboxes",
        "Make an inbox",
        tag="Inboxes",
        body=InboxWish,
        response=InboxMade,
        status=201,
        errors=(409, 503),
    )
    def create_inbox(self, body: InboxWish) -> InboxMade:
        """One that only mail has made so far is given what is asked for. 409 where there is one already."""
        directory = self._sandbox.inboxes
        known = directory.get(body.name) if body.name else None
        if known is not None and not known.implicit and (known.created_at or fold(known.name) != "default"):
            raise Refused(409, f"There is an inbox {known.name} already", "remove it first, or take another name")
        made, token = directory.add(
            Inbox(
                body.name or "",
                ttl=body.ttl,
                max_messages=body.max_messages,
                max_age=body.max_age,
                addresses=tuple(body.addresses),
                helo=body.helo,
                peer=body.peer,
                listener=body.listener,
            ),
            token=body.token,
        )
        messages, unseen = self._counts(made.name) if known is not None else (0, 0)
        return InboxMade(**msgspec.structs.asdict(_shape(made, messages, unseen)), token=token or None)

    @operation("GET", "/api/inboxes/{name}", "Show an inbox", tag="Inboxes", response=InboxShape, errors=(404, 503))
    def show_inbox(self, name: str) -> InboxShape:
        """As the list has it."""
        return _shape(*self._one(name))

    @operation("DELETE", "/api/inboxes/{name}", "Remove an inbox", tag="Inboxes", response=Changed, errors=(404, 503))
    def remove_inbox(self, name: str) -> Changed:
        """With its rules, its token and its messages; those that are in another one too stay there."""
        known, _, _ = self._one(name)
        gone = self._sandbox.remove_inbox(known.name)
        return Changed(len(gone), [str(id) for id in gone])

    def _visible(self) -> list[tuple[Inbox, int, int]]:
        only = scope.inbox()
        found = self._sandbox.list_inboxes()
        return [one for one in found if fold(one[0].name) == fold(only)] if only else found

    def _one(self, name: str) -> tuple[Inbox, int, int]:
        only = scope.inbox()
        known = None if only and fold(only) != fold(name) else self._sandbox.inboxes.get(name)
        if known is not None:
            return (known, *self._counts(known.name))
        for found in self._visible():
            if fold(found[0].name) == fold(name):
                return found
        raise NotFound(f"There is no inbox {name[:64]}", "it may have been removed; GET /api/inboxes lists them")

    def _counts(self, name: str) -> tuple[int, int]:
        counts = self._sandbox.store.inboxes()
        found = counts.get(name)
        if found is None:
            found = next((count for one, count in counts.items() if fold(one) == fold(name)), (0, 0))
        return found


def _shape(inbox: Inbox, messages: int, unseen: int) -> InboxShape:
    return InboxShape(
        name=inbox.name,
        messages=messages,
        unseen=unseen,
        created_at=rfc3339(inbox.created_at) if inbox.created_at else None,
        implicit=inbox.implicit,
        has_token=bool(inbox.token),
        ttl=inbox.ttl,
        max_messages=inbox.max_messages,
        max_age=inbox.max_age,
        addresses=list(inbox.addresses),
        helo=inbox.helo,
        peer=inbox.peer,
        listener=inbox.listener,
    )
