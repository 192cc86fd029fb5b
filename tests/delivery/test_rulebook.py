"""Rules outlive the process, in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtrap.delivery.rulebook import open_book
from mailtrap.events import Bus, Kind
from mailtrap.faults.book import Book
from mailtrap.faults.rule import Effect, Fault, Said, Step
from mailtrap.settings import Settings
from mailtrap.store import open_store
from mailtrap.store.base import Record, Store
from tests.store.making import PATIENCE, Heard, StandingClock


def rule(name: str) -> Fault:
    return Fault(Step.RCPT, Effect(reply=Said(550, "5.1.1", "no")), name=name, when="rcpt:*@b.test", first=2)


def opened(path: Path, bus: Bus | None = None) -> tuple[Store, Book]:
    clock, bus = StandingClock(), bus or Bus()
    store = open_store(Settings(database=str(path), synchronous="normal"), bus, clock)
    return store, open_book(store.ledger, bus, clock)


def test_rules_are_there_after_a_restart_in_their_order(tmp_path: Path) -> None:
    store, book = opened(tmp_path / "mail.db")
    _, b, c, d = (book.add(rule(name)) for name in "abcd")
    book.move(d.id, 0)
    book.put(b.id, rule("changed"))
    book.remove(c.id)
    wanted = book.rules()
    assert [one.name for one in wanted] == ["d", "a", "changed"]
    store.close()
    store, book = opened(tmp_path / "mail.db")
    assert book.rules() == wanted
    assert book.add(rule("e")).id > d.id
    book.clear()
    store.close()
    store, book = opened(tmp_path / "mail.db")
    assert book.rules() == []
    assert book.add(rule("f")).id > d.id
    store.close()


def test_a_rule_that_makes_no_sense_keeps_nobody_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, book = opened(tmp_path / "mail.db")
    good = book.add(rule("good"))
    strange = [
        Record("fault", 100, b'{"step": "tea-time", "effect": {}}', due=5),
        Record("fault", 101, b'{"step": "rcpt", "effect": {"reply": {"code": 550}}, "when": "subject:x"}', due=6),
        Record("fault", 102, b"\xff", due=7),
    ]
    store.ledger.put(strange).result(PATIENCE)
    store.close()
    store, book = opened(tmp_path / "mail.db")
    assert book.rules() == [good]
    assert len(caplog.records) == 3
    book.remove(good.id)
    assert store.ledger.count("fault") == 3
    store.close()


def test_the_bus_hears_of_changes(tmp_path: Path) -> None:
    bus = Bus()
    heard = Heard(bus)
    store, book = opened(tmp_path / "mail.db", bus)
    one = book.add(rule("a"))
    book.suspend(True)
    book.remove(one.id)
    heard.wait(lambda events: sum(event.kind is Kind.FAULTS for event in events) == 3)
    store.close()
