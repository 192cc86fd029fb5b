"""Inboxes that do not keep everything for ever: what is too old or too many in them goes, and some go themselves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from itertools import islice

from mailtrap.clock import Clock
from mailtrap.errors import MailtrapError
from mailtrap.events import Bus, Event, Kind
from mailtrap.inboxes import Directory, Inbox, names_of
from mailtrap.mail.words import fold
from mailtrap.query import Query
from mailtrap.query.tree import Time
from mailtrap.store.base import Selection, Store

log = logging.getLogger(__name__)

#: Seconds between looks, at most and at least; inboxes with shorter limits are looked at more often.
INTERVAL = 30.0
SHORTEST = 0.2


class Expiry:
    """One thread, once an inbox has limits. `remove` removes an inbox with all that belongs to it."""

    def __init__(
        self, store: Store, inboxes: Directory, bus: Bus, clock: Clock, remove: Callable[[str], object]
    ) -> None:
        self._store = store
        self._inboxes = inboxes
        self._bus = bus
        self._clock = clock
        self._remove = remove
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopping = False
        #: When mail last came, for those that go without any.
        self._used: dict[str, int] = {}
        #: Those with a limit of messages that may have more now.
        self._filled: set[str] = set()

    def start(self) -> None:
        """Look after the inboxes from now on."""
        self._bus.subscribe(self._hear)
        self._inboxes.on_change(self._changed)
        self._clock.on_advance(self._advanced)
        self._changed("")

    def stop(self) -> None:
        """No more."""
        self._stopping = True
        self._bus.unsubscribe(self._hear)
        self._clock.forget(self._advanced)
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _hear(self, events: list[Event]) -> None:
        """On the publisher's thread."""
        if not self._inboxes.limited:
            return
        now = self._clock.now()
        for event in events:
            if event.kind is Kind.CAPTURED:
                for name in names_of(event.inbox):
                    inbox = self._inboxes.get(name)
                    if inbox is None:
                        continue
                    if inbox.ttl:
                        self._used[fold(name)] = now
                    if inbox.max_messages:
                        self._filled.add(fold(name))
                        self._wake.set()

    def _changed(self, name: str) -> None:
        """Also on the thread of a session: must not wait."""
        if not self._inboxes.limited or self._stopping:
            return
        if name:
            self._filled.add(fold(name))
        else:
            self._filled.update([fold(inbox.name) for inbox in self._inboxes.limited])
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="expiry", daemon=True)
            self._thread.start()
        self._wake.set()

    def _advanced(self, _: int) -> None:
        """What is too old by now is gone when this returns."""
        if self._inboxes.limited:
            self.look()

    def look(self) -> None:
        """Let go of what is too old or too many."""
        with self._turn:
            filled, self._filled = self._filled, set()
            for inbox in self._inboxes.limited:
                if self._stopping:
                    return
                try:
                    self._look_at(inbox, fold(inbox.name) in filled)
                except MailtrapError as error:
                    log.warning("inbox %s: what is too old or too many has to wait: %s", inbox.name, error)

    def _look_at(self, inbox: Inbox, filled: bool) -> None:
        now = self._clock.now()
        here = Query.EVERYTHING.within(inbox.name)
        if inbox.ttl and now - self._last_use(inbox, here) > inbox.ttl * 1_000_000:
            self._used.pop(fold(inbox.name), None)
            self._remove(inbox.name)
            return
        if inbox.max_age:
            old = Query(Time("before", now - int(inbox.max_age * 1_000_000)))
            if next(self._store.ids(old.within(inbox.name)), None) is not None:
                self._store.delete(Selection(old, inbox=inbox.name)).result()
        if inbox.max_messages and filled:
            too_many = tuple(islice(self._store.ids(here), inbox.max_messages, None))
            if too_many:
                self._store.delete(Selection(Query.EVERYTHING, too_many, inbox.name)).result()

    def _last_use(self, inbox: Inbox, here: Query) -> int:
        used = self._used.get(fold(inbox.name))
        if used is None:
            # Once after a start: mail may have come in an earlier process.
            newest = self._store.page(here, limit=1, count=False).messages
            used = max(inbox.created_at, newest[0].arrival.at if newest else 0)
            used = self._used.setdefault(fold(inbox.name), used)
        return max(used, inbox.created_at)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                self.look()
            except Exception:
                log.exception("inboxes are not looked after for a while")
            shortest = min([one.ttl or one.max_age or INTERVAL for one in self._inboxes.limited], default=INTERVAL)
            self._wake.wait(max(SHORTEST, min(INTERVAL, shortest / 4)))
