"""What clients did outlives the process that saw it."""

from __future__ import annotations

from pathlib import Path

from mailtrap.clock import Clock
from mailtrap.delivery.deeds import history
from mailtrap.events import Bus
from mailtrap.faults.aftermath import Answered, Deed
from mailtrap.settings import Settings
from mailtrap.store import open_store
from mailtrap.store.base import Record, Store

REFUSED = Deed(7, 1_000_000, "rcpt", 451, "App@x.test", (Answered("ana@y.test", 451),), faults=(3,), peer="127.0.0.1:9")
RETRY = Deed(9, 61_000_000, "end-of-data", 250, "app@x.test", (Answered("ana@y.test", 250),), 5, "<m@app>", "aa")


def opened(tmp_path: Path) -> Store:
    return open_store(Settings(synchronous="normal", database=str(tmp_path / "mail.db")), Bus(), Clock())


def test_deeds_are_there_after_a_restart(tmp_path: Path) -> None:
    store = opened(tmp_path)
    before = history(store.ledger)
    before.note(REFUSED)
    before.ended(7, "closed", True)
    store.close()

    store = opened(tmp_path)
    between = history(store.ledger)
    assert between.watches("app@X.test")
    between.note(RETRY)
    store.close()

    store = opened(tmp_path)
    try:
        after = history(store.ledger)
        assert after.deeds(7) == [REFUSED, RETRY]
        verdict = after.verdict(7, 100_000_000)
        assert verdict is not None
        assert verdict.judgement == "good"
        after.clear()
        assert store.ledger.remove("deed", ids=[]).result(20) == 0
        assert store.ledger.count("deed") == 0
    finally:
        store.close()


def test_a_record_of_another_version_is_passed_over(tmp_path: Path) -> None:
    store = opened(tmp_path)
    try:
        store.ledger.put([Record("deed", 1, b'{"deed": "of another shape"}')]).result(20)
        found = history(store.ledger)
        found.note(REFUSED)
        assert found.deeds(7) == [REFUSED]
    finally:
        store.close()
