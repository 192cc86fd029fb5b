"""Rules outlive the process, in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtrap.delivery.rulebook import open_book, read_file
from mailtrap.errors import Invalid, SettingsError
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


def test_the_rules_of_a_file_come_first_and_stay(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nname = "fixed"\nstep = "rcpt"\neffect = { reply = { code = 550 } }\n', "utf-8")
    fixed = read_file(str(file))
    clock, bus = StandingClock(), Bus()
    store = open_store(Settings(database=str(tmp_path / "mail.db"), synchronous="normal"), bus, clock)
    try:
        book = open_book(store.ledger, bus, clock, fixed=fixed, origin=str(file))
        book.add(rule("made"))
        first, made = book.rules()
        assert (first.name, made.name) == ("fixed", "made")
        assert (book.origin(first.id), book.origin(made.id)) == (str(file), "")
        assert [record.name for record in store.ledger.find("fault")] == ["made"]
        with pytest.raises(Invalid, match="comes from"):
            book.remove(first.id)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (None, "No such file"),
        (b"\xff", "not UTF-8"),
        (
            b'[[fault]]\nstep = "rcpt"\neffect = { reply = { code = 1 } }',
            r"number 1: `effect.reply.code` is 1, but must be a whole number from 200 to 599",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_a_setting_that_cannot(
    tmp_path: Path, octets: bytes | None, message: str
) -> None:
    file = tmp_path / "faults.toml"
    if octets is not None:
        file.write_bytes(octets)
    with pytest.raises(SettingsError, match=message) as caught:
        read_file(str(file))
    assert str(caught.value).startswith(str(file))
