"""The API's verbs on simulated delivery: what became of messages after their 250, and the clock it goes by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from mailtrap.clock import rfc3339
from mailtrap.delivery.record import RECIPIENT_BITS, Delivery, Outcome
from mailtrap.errors import Invalid, NotFound, Unavailable
from mailtrap.inboxes import is_in
from mailtrap.mail.message import Message
from mailtrap.mistakes import form
from mailtrap.query import Query, parse
from mailtrap.query.tree import And, Everything, Words
from mailtrap.sandbox import Sandbox
from mailtrap.web import delivery_shapes as shapes
from mailtrap.web.contents import number_of
from mailtrap.web.operation import operation

#: Deliveries told with the message they are of.
MOST_WITH_MESSAGE = 100
#: Messages looked at for one answer; whoever looks for something rare asks again with `next`.
MOST_SCANNED = 2000
#: Seconds by which the clock can be ahead: some thousand years, for a year is written in four digits.
MOST_AHEAD = 150_000_000_000

_BATCH = 100
_ALL = 1 << RECIPIENT_BITS


class Listing(msgspec.Struct):
    """Which deliveries to list."""

    query: Annotated[
        str,
        Meta(
            extra_json_schema={"format": "mailtrap-query"},
            description="Only of messages that match, such as `from:shop rcpt:*@slow.test`",
        ),
    ] = ""
    outcome: Annotated[Outcome | None, Meta(description="Only those that ended, or stand, so")] = None
    message: Annotated[str, form("^[0-9]{1,18}$", "an id", "Only of this message")] | None = None
    recipient: Annotated[str, Meta(description="Only to this address")] = ""
    inbox: Annotated[str, Meta(description="Only of messages in this inbox")] = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    before: Annotated[str, form("^[0-9]{1,19}$", "`next` of a page", "`next` of the page before")] | None = None


class Deliveries:
    """Nothing has really been sent to anybody. Times are virtual."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._store = sandbox.store

    @operation(
        "GET",
        "/api/deliveries",
        "List deliveries",
        tag="Deliveries",
        query=Listing,
        response=shapes.DeliveryList,
        errors=(404, 503),
    )
    def list_deliveries(self, query: Listing) -> shapes.DeliveryList:
        """Of the newest message first; its recipients in their order. A page may be short before the last one."""
        outcomes = None if query.outcome is None else (query.outcome,)
        before = None if query.before is None else int(query.before)
        found: list[Delivery] = []
        scanned, last = 0, 0
        for batch in self._batches(query, before):
            if scanned >= MOST_SCANNED:
                return _page(found, last << RECIPIENT_BITS | (_ALL - 1))
            told = 0 if before is None or before >> RECIPIENT_BITS not in batch else 1 + before % _ALL
            for delivery in self._sandbox.office.deliveries(
                messages=batch,
                outcomes=outcomes,
                recipient=query.recipient or None,
                limit=told + query.limit + 1 - len(found),
            ):
                if not told or before is None or delivery.message != before >> RECIPIENT_BITS or delivery.id > before:
                    found.append(delivery)
            if len(found) > query.limit:
                return _page(found[: query.limit], found[query.limit - 1].id)
            scanned, last = scanned + len(batch), batch[-1]
        return _page(found, None)

    @operation("GET", "/api/clock", "What time is it?", tag="Deliveries", response=shapes.ClockShape)
    def show_clock(self) -> shapes.ClockShape:
        """Virtual time: real time and what it was advanced by."""
        clock = self._sandbox.clock
        due = self._sandbox.office.due()
        return shapes.ClockShape(rfc3339(clock.now()), clock.ahead / 1_000_000, None if due is None else rfc3339(due))

    @operation(
        "POST",
        "/api/clock/advance",
        "Let time pass",
        tag="Deliveries",
        body=shapes.Advancing,
        response=shapes.AdvanceShape,
        errors=(503,),
    )
    def advance_clock(self, body: shapes.Advancing) -> shapes.AdvanceShape:
        """At once: every retry, expiry, notice and end of a greylisting due by then happens at its own virtual time."""
        clock = self._sandbox.clock
        if clock.ahead / 1_000_000 + body.seconds > MOST_AHEAD:
            raise Invalid("The clock is thousands of years ahead already", "restart the sandbox to begin anew")
        done = self._sandbox.advance(body.seconds)
        return shapes.AdvanceShape(
            rfc3339(done.now),
            clock.ahead / 1_000_000,
            None if done.due is None else rfc3339(done.due),
            before=rfc3339(done.before),
            attempts=done.attempts,
            outcomes=done.outcomes,
            notices=done.notices,
        )

    def _batches(self, listing: Listing, before: int | None) -> Iterator[list[int]]:
        """The messages that may have such deliveries, newest first."""
        newest = None if before is None else before >> RECIPIENT_BITS
        if listing.message is not None:
            id = number_of(listing.message)
            message = None if id is None else self._store.get(id)
            if id is None or message is None or (listing.inbox and not is_in(listing.inbox, " ".join(message.inboxes))):
                raise NotFound(f"There is no message {listing.message[:40]}", "it may have been deleted")
            yield [id]
        elif listing.query.strip() or listing.inbox or listing.outcome in (None, Outcome.DELIVERED):
            yield from self._matching(listing, newest)
        else:
            yield from self._noted(listing, newest)

    def _matching(self, listing: Listing, newest: int | None) -> Iterator[list[int]]:
        query = parse(listing.query, self._sandbox.clock.now())
        if listing.recipient:
            query = _to(listing.recipient, query)
        if listing.inbox:
            query = query.within(listing.inbox)
        if (listing.query.strip() or listing.recipient) and not self._store.catch_up():
            raise Unavailable("The search index is behind", "ask again in a moment")
        before = None if newest is None else newest + 1
        while True:
            page = self._store.page(query, limit=_BATCH, before=before, count=False)
            if page.messages:
                yield [message.id for message in page.messages]
            if page.next is None:
                return
            before = page.next

    def _noted(self, listing: Listing, newest: int | None) -> Iterator[list[int]]:
        """Deliveries that did not simply arrive are written down, so that they need not be searched for."""
        before = None if newest is None else newest + 1 << RECIPIENT_BITS
        outcomes = None if listing.outcome is None else (listing.outcome,)
        while True:
            found = self._sandbox.office.deliveries(
                outcomes=outcomes, recipient=listing.recipient or None, before=before, limit=_BATCH
            )
            if not found:
                return
            yield list(dict.fromkeys([delivery.message for delivery in found]))
            before = found[-1].message << RECIPIENT_BITS


def delivered(sandbox: Sandbox, message: Message) -> list[Delivery]:
    """What became of this message, for its first recipients."""
    return sandbox.office.deliveries(messages=[message.id], limit=MOST_WITH_MESSAGE)


def _to(recipient: str, query: Query) -> Query:
    """Narrowed to those that have the words of this address among their recipients."""
    words, root = Words("rcpt", recipient), query.root
    if isinstance(root, Everything):
        return Query(words)
    return Query(And((words, *(root.nodes if isinstance(root, And) else (root,)))))


def _page(found: list[Delivery], following: int | None) -> shapes.DeliveryList:
    return shapes.DeliveryList([shapes.delivery(one) for one in found], None if following is None else str(following))
