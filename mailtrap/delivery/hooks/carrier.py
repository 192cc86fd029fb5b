"""Carries one event to its target, by HTTP or as a message by SMTP, and says how that went."""

from __future__ import annotations

from msgspec import Struct

from mailtrap.delivery.hooks.target import Event, Target
from mailtrap.delivery.hooks.ways import WAYS
from mailtrap.delivery.relay import Relay
from mailtrap.errors import Invalid, NotFound, Unavailable
from mailtrap.net.outbound import Outbound


class Carried(Struct, frozen=True):
    """`status` is the HTTP status or SMTP code of the answer, 0 where there was none; `error` is empty where it went.

    `final` says that trying again would bring the same.
    """

    status: int
    error: str = ""
    final: bool = False

    @property
    def reached(self) -> bool:
        """Whether the other side said anything."""
        return self.status != 0


class Carrier:
    """Any thread; each call waits for the network."""

    def __init__(self, outbound: Outbound, relay: Relay) -> None:
        self._outbound = outbound
        self._relay = relay

    def carry(self, event: Event, target: Target) -> Carried:
        """Try once."""
        try:
            return self._smtp(event, target) if target.shape == "smtp" else self._http(event, target)
        except (Invalid, NotFound) as error:
            return Carried(0, str(error), final=True)
        except Unavailable as error:
            return Carried(0, str(error))

    def _http(self, event: Event, target: Target) -> Carried:
        way = WAYS[target.shape]
        post = way.post(event, target)
        answer = self._outbound.request("POST", target.url, post.body, post.headers, trusted=True)
        if 200 <= answer.status < 300:
            return Carried(answer.status)
        hint = " (redirects are not followed)" if 300 <= answer.status < 400 else ""
        return Carried(answer.status, f"the answer was {answer.status}{hint}", answer.status in way.final)

    def _smtp(self, event: Event, target: Target) -> Carried:
        code, text = self._relay.send(event.told.message, target.url)
        if 200 <= code < 300:
            return Carried(code)
        return Carried(code, f"{code} {text}", final=500 <= code < 600)
