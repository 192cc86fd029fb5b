"""The wire shapes of simulated delivery and of the clock it goes by."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from mailtrap.clock import rfc3339
from mailtrap.delivery.record import Attempt, Delivery, Happening, Outcome
from mailtrap.web import scope
from mailtrap.web.wire import Id, Time, id_or_none


class AttemptShape(Struct):
    """One try to deliver. `code` is 0 where no host could be reached; `fault` is the rule that spoke."""

    at: Time
    host: str
    code: int
    status: str
    text: str
    fault: Id | None


class StepShape(Struct):
    """One step on the way of a delivery: accepted, routed, attempt, delivered, … `notice` is a message."""

    at: Time
    what: str
    text: str
    notice: Id | None
    fault: Id | None


class DeliveryShape(Struct):
    """What became of one message for one recipient after its 250; nobody has really got it. Times are virtual.

    `attempts` has the newest last (of very many some in the middle are left out, `tries` counts all), `timeline` has
    them too. `notice` is the newest of `notices`, messages that told the sender. `due` is when something happens next.
    """

    id: Id
    message: Id
    recipient: str
    outcome: Outcome
    attempts: list[AttemptShape]
    notice: Id | None
    notices: list[Id]
    sender: str
    inbox: str
    accepted_at: Time
    due: Time | None
    route: list[str]
    tries: int
    timeline: list[StepShape]


class DeliveryList(Struct):
    """One page, of the newest message first. Hand `next` back as `before`; null at the end."""

    deliveries: list[DeliveryShape]
    next: Id | None


class ClockShape(Struct):
    """Virtual time, and the seconds by which it is ahead of real time. `due` is when something happens next."""

    now: Time
    ahead: float
    due: Time | None


class Advancing(Struct, forbid_unknown_fields=True):
    """How much time to let pass."""

    seconds: Annotated[float, Meta(ge=0, le=315_360_000, description="At most ten years")]


class AdvanceShape(ClockShape, kw_only=True):
    """What came to pass meanwhile: attempts to deliver, deliveries by what became of them, notices to senders."""

    before: Time
    attempts: Annotated[int, Meta(ge=0)]
    outcomes: dict[str, int]
    notices: Annotated[int, Meta(ge=0)]


def delivery(delivery: Delivery) -> DeliveryShape:
    """What became of one message for one recipient."""
    return DeliveryShape(
        str(delivery.id),
        str(delivery.message),
        delivery.recipient,
        delivery.outcome,
        [_attempt(attempt) for attempt in delivery.attempts],
        id_or_none(delivery.notices[-1]) if delivery.notices else None,
        [str(id) for id in delivery.notices],
        delivery.sender,
        scope.inbox() or delivery.inbox.partition(" ")[0],
        rfc3339(delivery.accepted_at),
        None if delivery.due is None else rfc3339(delivery.due),
        list(delivery.route),
        delivery.tries,
        [_step(happening) for happening in delivery.timeline()],
    )


def _attempt(attempt: Attempt) -> AttemptShape:
    said = attempt
    return AttemptShape(rfc3339(said.at), said.host, said.code, said.status, said.text, id_or_none(said.fault))


def _step(step: Happening) -> StepShape:
    return StepShape(rfc3339(step.at), step.what, step.text, id_or_none(step.notice), id_or_none(step.fault))
