"""Inboxes that do not keep everything for ever; no other inbox is touched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from mailtrap.events import Bus, Event, Kind
from mailtrap.faults.rule import Effect, Fault, Step
from mailtrap.inboxes import Inbox
from mailtrap.query import Query
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.store import open_store
from mailtrap.store.expiry import Expiry
from mailtrap.store.inboxes import open_directory
from tests.store.making import StandingClock
from tests.web.serving import capture

PATIENCE = 60.0


class Kept:
    """A sandbox that looks after its inboxes."""

    def __init__(self) -> None:
        self.clock, self.bus = StandingClock(), Bus()
        self.store = open_store(Settings(), self.bus, self.clock)
        inboxes = open_directory(self.store.ledger, self.bus, self.clock)
        self.sandbox = Sandbox(self.store, self.bus, self.clock, inboxes=inboxes)
        self.expiry = Expiry(self.store, inboxes, self.bus, self.clock, self.sandbox.remove_inbox)
        self.expiry.start()
        self._heard = threading.Event()
        self.bus.subscribe(self._hear)

    def _hear(self, events: list[Event]) -> None:
        self._heard.set()

    def until(self, met: Callable[[], bool]) -> None:
        """Looked at whenever something has happened."""
        while not met():
            assert self._heard.wait(PATIENCE)
            self._heard.clear()

    def ids(self, inbox: str) -> list[int]:
        return list(self.store.ids(Query.EVERYTHING.within(inbox), newest_first=False))

    def close(self) -> None:
        self.expiry.stop()
        self.store.close()


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    yield kept
    kept.close()


def test_beyond_max_messages_the_oldest_go(kept: Kept) -> None:
    kept.sandbox.inboxes.add(Inbox("few", max_messages=3))
    ids = [capture(kept.sandbox, inbox="few other" if n % 2 else "few") for n in range(8)]
    kept.until(lambda: kept.store.inboxes().get("few", (0, 0))[0] == 3)
    assert kept.ids("few") == ids[-3:]
    assert kept.ids("other") == ids[1::2]


def test_max_messages_holds_for_what_was_there_before(kept: Kept) -> None:
    ids = [capture(kept.sandbox, inbox="few") for _ in range(5)]
    kept.sandbox.inboxes.add(Inbox("few", max_messages=2))
    kept.until(lambda: kept.store.inboxes().get("few", (0, 0))[0] == 2)
    assert kept.ids("few") == ids[-2:]


def test_what_is_older_than_max_age_goes_when_time_passes(kept: Kept) -> None:
    kept.sandbox.inboxes.add(Inbox("short", max_age=60))
    old, shared = capture(kept.sandbox, inbox="short"), capture(kept.sandbox, inbox="short other")
    kept.sandbox.advance(50)
    young = capture(kept.sandbox, inbox="short")
    assert kept.ids("short") == [old, shared, young]
    kept.sandbox.advance(20)
    assert kept.ids("short") == [young]
    assert kept.ids("other") == [shared]


def test_an_inbox_goes_after_its_ttl_without_mail(kept: Kept) -> None:
    kept.sandbox.inboxes.add(Inbox("brief", ttl=60))
    kept.sandbox.inboxes.add(Inbox("empty", ttl=60))
    kept.sandbox.faults.add(Fault(Step.RCPT, Effect(discard=True), inbox="brief"))
    kept.sandbox.advance(50)
    capture(kept.sandbox, inbox="brief")
    stays = capture(kept.sandbox)
    kept.sandbox.advance(50)
    assert [inbox.name for inbox in kept.sandbox.inboxes.all()] == ["default", "brief"]
    kept.sandbox.advance(20)
    assert [inbox.name for inbox in kept.sandbox.inboxes.all()] == ["default"]
    assert kept.ids("brief") == []
    assert kept.ids("default") == [stays]
    assert kept.sandbox.faults.rules() == []


def test_mail_of_an_earlier_process_counts_for_the_ttl(kept: Kept) -> None:
    kept.expiry.stop()
    kept.sandbox.inboxes.add(Inbox("brief", ttl=60))
    kept.sandbox.advance(50)
    capture(kept.sandbox, inbox="brief")
    kept.sandbox.advance(50)
    again = Expiry(kept.store, kept.sandbox.inboxes, kept.bus, kept.clock, kept.sandbox.remove_inbox)
    again.look()
    assert len(kept.ids("brief")) == 1
    kept.sandbox.advance(20)
    again.look()
    assert kept.ids("brief") == []


def test_in_real_time_nobody_has_to_advance_a_clock(kept: Kept) -> None:
    gone = threading.Event()
    kept.sandbox.inboxes.on_change(lambda name: gone.set() if kept.sandbox.inboxes.get(name) is None else None)
    kept.sandbox.inboxes.add(Inbox("brief", ttl=0.5))
    kept.clock.time += 10_000_000
    assert gone.wait(PATIENCE)


def test_without_limits_there_is_no_thread(kept: Kept) -> None:
    kept.sandbox.inboxes.add(Inbox("plain"))
    kept.sandbox.inboxes.open("implicit")
    capture(kept.sandbox, inbox="plain")
    assert not any(thread.name == "expiry" for thread in threading.enumerate())


def test_inboxes_that_come_and_go_are_announced(kept: Kept) -> None:
    heard: list[tuple[Kind, str]] = []
    kept.bus.subscribe(lambda events: heard.extend([(event.kind, event.inbox) for event in events]))
    kept.sandbox.inboxes.open("a")
    kept.sandbox.remove_inbox("A")
    assert [told for told in heard if told[0] is Kind.INBOXES] == [(Kind.INBOXES, "a"), (Kind.INBOXES, "a")]
