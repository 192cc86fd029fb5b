"""The native API put together: its operations as one blueprint, and the document that describes them."""

from __future__ import annotations

from flask import Blueprint, Response

from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.web.about import About
from mailtrap.web.contents import Contents
from mailtrap.web.deliveries import Deliveries
from mailtrap.web.faults import Faults
from mailtrap.web.inboxes import Inboxes
from mailtrap.web.live import Hub
from mailtrap.web.messages import Messages
from mailtrap.web.metrics import Metrics, Traffic
from mailtrap.web.mounting import mount
from mailtrap.web.openapi import describe
from mailtrap.web.refusals import RefusalWaiters
from mailtrap.web.system import System
from mailtrap.web.waiting import Waiters
from mailtrap.web.webhooks import WebhookTargets
from mailtrap.web.wire import encode


def routes(
    sandbox: Sandbox, settings: Settings, about: About, contents: Contents, traffic: Traffic, hub: Hub
) -> Blueprint:
    """Everything under `/api` but the WebSocket, and the health and metrics routes."""
    blueprint = Blueprint("api", __name__)
    operations = mount(
        blueprint,
        Messages(sandbox, settings, contents),
        Waiters(sandbox, settings),
        RefusalWaiters(sandbox),
        Inboxes(sandbox),
        Faults(sandbox),
        Deliveries(sandbox),
        WebhookTargets(sandbox),
        System(sandbox, settings, about),
        Metrics(sandbox, about, traffic, hub.count),
    )
    document: list[bytes] = []

    @blueprint.get("/api/openapi.json")
    def openapi() -> Response:
        # Made when first asked for: it costs some milliseconds that a start should not have to pay.
        if not document:
            document.append(encode(describe(operations, settings.base_path)))
        return Response(document[0], mimetype="application/json")

    blueprint.record_once(lambda state: state.app.extensions.__setitem__("mailtrap.operations", operations))
    return blueprint
