"""The pages of simulated delivery: what became of each message for each recipient, and the clock it goes by."""

from __future__ import annotations

from typing import Any

import flask

from mailtrap.clock import rfc3339
from mailtrap.delivery.record import Delivery, Outcome
from mailtrap.faults.aftermath import Verdict
from mailtrap.mail.message import Message
from mailtrap.sandbox import Sandbox
from mailtrap.store.base import Session
from mailtrap.web.deliveries import Deliveries, Listing
from mailtrap.web.prose import roughly

DELIVERIES_PER_PAGE = 50
#: Recipients of one message whose deliveries the reader shows.
SHOWN = 100
#: The words of the filter, and of the chips.
OUTCOMES: dict[Outcome, str] = {
    Outcome.QUEUED: "Queued",
    Outcome.DEFERRED: "Deferred",
    Outcome.DELIVERED: "Delivered",
    Outcome.BOUNCED: "Bounced",
    Outcome.EXPIRED: "Expired",
    Outcome.COMPLAINED: "Complained",
    Outcome.DISCARDED: "Discarded",
}
#: A step on the way, as the timeline calls it.
STEPS: dict[str, str] = {
    "accepted": "Accepted",
    "routed": "Routed",
    "attempt": "Attempt",
    "deferred": "Deferred",
    "delayed": "Still waiting, the sender is told",
    "delivered": "Delivered",
    "discarded": "Thrown away",
    "bounced": "Bounced",
    "expired": "Given up",
    "complained": "Called spam by the recipient",
    "auto-replied": "Automatic answer",
    "read": "Read receipt",
    "opened": "Opened",
    "clicked": "Link followed",
    "notice": "Notice to the sender",
    "silent": "Nothing came back",
}
#: How far the clock's buttons advance it, in seconds.
ADVANCES = ((300, "5 min"), (3600, "1 h"), (86_400, "1 d"))
#: What a verdict is called among people.
JUDGEMENTS = {"good": "Well done", "doubtful": "Doubtful", "bad": "Wrong", "open": "Not over yet"}


def routes(ui: flask.Blueprint, sandbox: Sandbox) -> None:
    """Add `/deliveries` and the pieces of it that are fetched alone."""
    api = Deliveries(sandbox)
    ui.add_app_template_filter(roughly, "roughly")

    def listed() -> dict[str, Any]:
        given = flask.request.args
        outcome = given.get("outcome") or ""
        before = given.get("before", "")
        listing = Listing(
            outcome=Outcome(outcome) if outcome in set(Outcome) else None,
            before=before if before.isascii() and before.isdecimal() and len(before) <= 19 else None,
            limit=DELIVERIES_PER_PAGE,
        )
        page = api.list_deliveries(listing)
        messages = {one.message: sandbox.store.get(int(one.message)) for one in page.deliveries}
        return {"page": page, "messages": messages, "outcome": listing.outcome or "", "outcomes": OUTCOMES}

    @ui.get("/deliveries")
    def deliveries() -> str:
        return flask.render_template("deliveries.html", **listed(), **clock_facts(sandbox, api))

    @ui.get("/deliveries/list")
    def deliveries_list() -> str:
        return flask.render_template("deliveries/list.html", **listed())

    @ui.get("/clock")
    def clock() -> str:
        return flask.render_template("clock.html", **clock_facts(sandbox, api))


def clock_facts(sandbox: Sandbox, api: Deliveries | None = None) -> dict[str, Any]:
    """What the clock control shows: times as RFC 3339, `until` the next event in microseconds."""
    told = (api or Deliveries(sandbox)).show_clock()
    now = sandbox.clock.now()
    return {"clock_now": rfc3339(now), "clock_due": told.due, "advances": ADVANCES}


def panel(sandbox: Sandbox, message: Message) -> dict[str, Any]:
    """What the reader's Delivery tab shows."""
    found: list[Delivery] = sandbox.office.deliveries(messages=[message.id], limit=SHOWN)
    session = message.arrival.session
    return {
        "deliveries": found,
        "steps": STEPS,
        "outcomes": OUTCOMES,
        "verdict": None if session is None else verdict(sandbox, session),
        **clock_facts(sandbox),
    }


def verdict(sandbox: Sandbox, session: int) -> Verdict | None:
    """What to think of the client of this session now; None where it met no failure."""
    return sandbox.history.verdict(session, sandbox.clock.now())


def rules_that_spoke(sandbox: Sandbox, session: Session) -> list[int]:
    """The ids of rules that spoke in this session, each once; 0 stands for addresses that mean something."""
    deeds = [deed for deed in sandbox.history.deeds(session.id) if deed.session == session.id]
    return list(dict.fromkeys([rule for deed in deeds for rule in deed.faults]))
