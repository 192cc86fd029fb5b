"""The API's verbs on webhooks: who is told, what still waits, what could not be delivered."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from flask import Response
from msgspec import Meta

from mailtrap.clock import rfc3339
from mailtrap.delivery.hooks import ways
from mailtrap.delivery.hooks.lanes import Kept
from mailtrap.delivery.hooks.ses import CERTIFICATE, CONFIRMATION, confirmed
from mailtrap.delivery.hooks.target import Kind, Shape, Target
from mailtrap.errors import NotFound
from mailtrap.inboxes import NAME, NAME_IN_WORDS
from mailtrap.mistakes import form
from mailtrap.sandbox import Sandbox
from mailtrap.web.contents import number_of
from mailtrap.web.operation import operation
from mailtrap.web.wire import Id, Time

_Url = Annotated[
    str,
    Meta(
        max_length=2000,
        extra_json_schema={"format": "mailtrap-webhook-url"},
        description="Where to POST to; `smtp://host:port` where notices are to be handed on by SMTP",
    ),
]
_State = Literal["waiting", "dead", "delivered"]


class TargetWish(msgspec.Struct, forbid_unknown_fields=True):
    """Whom to tell. Without `kinds` it is everything that the shape has a word for."""

    url: _Url
    shape: Shape = "mailtrap"
    kinds: Annotated[list[Kind], Meta(max_length=20)] = []
    inbox: Annotated[str, form(rf"^({NAME})?$(?!\n)", NAME_IN_WORDS, "Only of messages in this inbox")] = ""
    secret: Annotated[
        str, Meta(max_length=500, description="To sign with (mailtrap, mailgun, resend); one is made without it")
    ] = ""
    signature_version: Annotated[Literal["1", "2"], Meta(description="Of SNS: SHA-1 or SHA-256")] = "1"


class TargetShape(msgspec.Struct):
    """Who is told of what, and what a receiver checks signatures with."""

    id: Id
    url: str
    shape: Shape
    kinds: list[Kind]
    inbox: str
    secret: Annotated[str, Meta(description="Of HMAC signatures (mailtrap, mailgun, resend)")]
    public_key: Annotated[str, Meta(description="Of ECDSA signatures, as SendGrid shows it")]
    certificate: Annotated[str, Meta(description="Path of the certificate that SNS signatures are checked with")]
    signature_version: str
    from_settings: bool


class TargetList(msgspec.Struct):
    """Everyone who is told, oldest first. `lost` events were too many to be kept."""

    webhooks: list[TargetShape]
    lost: Annotated[int, Meta(ge=0)]


class WebhookEventShape(msgspec.Struct):
    """An event on its way to one webhook. `tries` failed with `error`, the last one at `tried_at` in real time."""

    id: Id
    webhook: Id
    state: _State
    kind: str
    at: Time
    message: Id | None
    recipient: str
    tries: int
    status: Annotated[int, Meta(description="HTTP status or SMTP code of the last answer, 0 without one")]
    error: str
    tried_at: Time | None


class EventList(msgspec.Struct):
    """Newest first. Hand `next` back as `before` for the page after it; null at the end."""

    events: list[WebhookEventShape]
    next: str | None


class EventListing(msgspec.Struct):
    """Which events to list: without `state`, those that wait and those that are dead letters."""

    state: Annotated[_State | None, Meta(description="`delivered` ones are remembered for a while only")] = None
    webhook: Annotated[str, form("^[0-9]{1,18}$", "an id", "Only those for this webhook")] | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    before: Annotated[str, form("^[0-9]{1,18}$", "an id", "Only those older than this id")] | None = None


class Confirmation(msgspec.Struct, rename="pascal"):
    """What stands in a SubscribeURL."""

    token: Annotated[str, form("^[0-9a-f]{0,64}$", "a token", "As the SubscribeURL has it")] = ""
    action: Annotated[str, Meta(max_length=50)] = ""
    topic_arn: Annotated[str, Meta(max_length=300)] = ""


class Replayed(msgspec.Struct):
    """How many events are on their way again."""

    count: Annotated[int, Meta(ge=0)]


class WebhookTargets:
    """Whoever may use the API may have events sent to any host but link-local ones: it is a developer's own sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @operation("GET", "/api/webhooks", "List webhooks", tag="Webhooks", response=TargetList)
    def list_webhooks(self) -> TargetList:
        """With the secrets and keys that their receivers need."""
        hooks = self._sandbox.webhooks
        return TargetList([_target(target) for target in hooks.register.all()], hooks.lost)

    @operation(
        "POST",
        "/api/webhooks",
        "Add a webhook",
        tag="Webhooks",
        body=TargetWish,
        response=TargetShape,
        status=201,
        errors=(503, 507),
    )
    def create_webhook(self, body: TargetWish) -> TargetShape:
        """It is told of what happens from now on, also after a restart."""
        hooks = self._sandbox.webhooks
        kinds = tuple(dict.fromkeys(body.kinds))
        made = hooks.register.make(body.url, body.shape, kinds, body.inbox, body.secret, body.signature_version)
        hooks.add(made)
        return _target(made)

    @operation("GET", "/api/webhooks/{id}", "Show a webhook", tag="Webhooks", response=TargetShape, errors=(404,))
    def show_webhook(self, id: str) -> TargetShape:
        """As the list has it."""
        return _target(self._sandbox.webhooks.register.get(_number(id, "webhook")))

    @operation(
        "DELETE",
        "/api/webhooks/{id}",
        "Remove a webhook",
        tag="Webhooks",
        response=TargetShape,
        errors=(404, 503, 507),
    )
    def delete_webhook(self, id: str) -> TargetShape:
        """Also what still waits for it, and its dead letters. One that the settings name is back after a restart."""
        hooks = self._sandbox.webhooks
        target = hooks.register.get(_number(id, "webhook"))
        hooks.remove(target.id)
        return _target(target)

    @operation(
        "GET",
        "/api/webhooks/events",
        "List events on their way",
        tag="Webhooks",
        query=EventListing,
        response=EventList,
    )
    def list_webhook_events(self, query: EventListing) -> EventList:
        """What waits to be sent, is to be tried again, or is a dead letter."""
        found = self._sandbox.webhooks.events(
            states=[query.state] if query.state else (),
            target=None if query.webhook is None else int(query.webhook),
            before=None if query.before is None else int(query.before),
            limit=query.limit + 1,
        )
        page = found[: query.limit]
        following = str(page[-1][0]) if len(found) > query.limit else None
        return EventList([_event(id, state, kept) for id, state, kept in page], following)

    @operation(
        "POST",
        "/api/webhooks/events/{id}/replay",
        "Send an event again",
        tag="Webhooks",
        response=WebhookEventShape,
        errors=(404, 503, 507),
    )
    def replay_webhook_event(self, id: str) -> WebhookEventShape:
        """A dead letter, or one that was delivered lately, with all its tries before it. One that waits is left so."""
        number = _number(id, "event")
        return _event(number, "waiting", self._sandbox.webhooks.replay(number))

    @operation(
        "POST",
        "/api/webhooks/{id}/replay",
        "Send all dead letters of a webhook again",
        tag="Webhooks",
        response=Replayed,
        errors=(404, 503, 507),
    )
    def replay_webhook(self, id: str) -> Replayed:
        """Oldest first."""
        hooks = self._sandbox.webhooks
        target = hooks.register.get(_number(id, "webhook"))
        return Replayed(hooks.replay_all(target.id))

    @operation(
        "GET",
        CERTIFICATE,
        "The certificate of SNS signatures",
        tag="Webhooks",
        media="application/x-pem-file",
        errors=(404,),
    )
    def webhook_certificate(self) -> Response:
        """What `SigningCertURL` names; needs no credentials. 404 while there is no webhook of the shape `ses`."""
        from mailtrap.delivery.hooks.keys import certificate

        for target in self._sandbox.webhooks.register.all():
            if target.shape == "ses":
                return Response(certificate(target.key), mimetype="application/x-pem-file")
        raise NotFound("Nothing is signed as SNS does", "add a webhook of the shape ses")

    @operation(
        "GET",
        CONFIRMATION,
        "Confirm a subscription as SNS has it",
        tag="Webhooks",
        query=Confirmation,
        media="text/xml",
    )
    def confirm_webhook(self, query: Confirmation) -> Response:
        """What `SubscribeURL` names; needs no credentials and changes nothing: events are sent all the same."""
        return Response(confirmed(query.token), mimetype="text/xml")


def _number(id: str, what: str) -> int:
    number = number_of(id)
    if number is None:
        raise NotFound(f"There is no {what} {id[:40]}", "lists have the ids")
    return number


def _target(target: Target) -> TargetShape:
    public = ""
    if target.shape == "sendgrid":
        from mailtrap.delivery.hooks.keys import public_key

        public = public_key(target.key)
    return TargetShape(
        str(target.id),
        target.url,
        target.shape,
        sorted(target.kinds or ways.told_of(target.shape)),  # type: ignore[arg-type]  # a way's kinds are Kinds
        target.inbox,
        target.secret,
        public,
        CERTIFICATE if target.shape == "ses" else "",
        target.signature_version,
        target.from_settings,
    )


def _event(id: int, state: str, kept: Kept) -> WebhookEventShape:
    told = kept.told
    return WebhookEventShape(
        str(id),
        str(kept.target),
        msgspec.convert(state, _State),
        told.kind,
        rfc3339(told.at),
        str(told.message) if told.message else None,
        told.recipient or ", ".join(told.recipients[:10]),
        kept.tries,
        kept.status,
        kept.error,
        rfc3339(kept.tried_at) if kept.tried_at else None,
    )
