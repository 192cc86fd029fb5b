"""Whatever leaves the sandbox for the applications under test, built from the settings: events, notices, visits."""

from __future__ import annotations

from os import PathLike

from mailtrap.clock import Clock
from mailtrap.delivery.hooks.lanes import Patience
from mailtrap.delivery.hooks.register import check, read_wish
from mailtrap.delivery.hooks.target import Target
from mailtrap.delivery.reader import Reader
from mailtrap.delivery.webhooks import Webhooks
from mailtrap.errors import Invalid, SettingsError
from mailtrap.net.outbound import Outbound
from mailtrap.settings import Settings
from mailtrap.store.base import Store


class Outlets:
    """`webhooks.tell` and `reader` are for whoever simulates deliveries; nothing is sent before `start`.

    Raises SettingsError for settings that cannot be used. `certificates` are further authorities, as PEM files.
    """

    def __init__(
        self, store: Store, clock: Clock, settings: Settings, certificates: tuple[str | PathLike[str], ...] = ()
    ) -> None:
        self._wished = tuple(_wished(settings))
        outbound = Outbound(settings.visit_hosts, certificates=certificates, seconds=settings.webhook_timeout)
        patience = Patience(settings.webhook_retry, settings.webhook_max_wait, max(1, settings.webhook_tries))
        self.webhooks = Webhooks(store, outbound, clock, patience)
        self.reader = Reader(store, outbound, clock, self.webhooks.tell)

    def start(self) -> None:
        """Go on with what an earlier process left, once `webhooks.announce` has said where our web is."""
        self.webhooks.site = None
        self.webhooks.start(self._wished)

    def stop(self) -> None:
        """Stop; what was not sent is sent by the next process with this database."""
        self.webhooks.stop()
        self.reader.stop()


def _wished(settings: Settings) -> list[Target]:
    wished = []
    for text in settings.webhooks:
        url, shape, secret = read_wish(text, settings.webhook_secret)
        wished.append(Target(0, url, shape, secret=secret, from_settings=True))
    if settings.bounce_smtp:
        url = f"smtp://{settings.bounce_smtp}"
        try:
            check(url, "smtp")
        except Invalid as error:
            raise SettingsError(f"bounce-smtp: {error}", "write it as host:port") from None
        wished.append(Target(0, url, "smtp", from_settings=True))
    return wished
