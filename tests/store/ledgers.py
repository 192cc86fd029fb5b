"""What every store's Ledger must do, as tests for a subclass with the fixtures of `contract`."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from mailtrap.errors import Unavailable
from mailtrap.query import Query
from mailtrap.store.base import Ledger, Record, Selection, Store
from tests.store.contract import Make
from tests.store.making import PATIENCE, keep, submission


def record(id_: int, kind: str = "fault", **fields: object) -> Record:
    return replace(Record(kind, id_, b"document %d" % id_), **fields)  # type: ignore[arg-type]


def ids(records: list[Record]) -> list[int]:
    return [one.id for one in records]


class LedgerContract:
    """`make` is a fixture of the subclass's module."""

    @pytest.fixture
    def store(self, make: Make) -> Store:
        return make()

    @pytest.fixture
    def ledger(self, store: Store) -> Ledger:
        return store.ledger

    def test_what_was_put_comes_back(self, ledger: Ledger) -> None:
        kept = [
            Record("delivery", 7, b'{"a": 1}', 3, "deferred", "Ann@B.test", 1_800_000_000_000_000),
            Record("delivery", 8, b"\0\xff"),
            Record("other", 7, b""),
        ]
        ledger.put(kept).result(PATIENCE)
        assert ledger.find("delivery") == [kept[1], kept[0]]
        assert ledger.find("other") == [kept[2]]
        assert ledger.find("third") == []
        assert (ledger.count("delivery"), ledger.count("other"), ledger.count("third")) == (2, 1, 0)

    def test_another_thread_sees_it_once_the_future_is_done(self, ledger: Ledger) -> None:
        for n in range(1, 50):
            ledger.put([record(n)]).result(PATIENCE)
            seen: list[int] = []
            thread = threading.Thread(target=lambda seen=seen: seen.extend(ids(ledger.find("fault", limit=1))))
            thread.start()
            thread.join(PATIENCE)
            assert seen == [n]

    def test_the_later_one_takes_the_place_of_the_earlier(self, ledger: Ledger) -> None:
        ledger.put([record(1, state="old", name="old", due=1), record(1, state="new")])
        ledger.put([record(1, state="newest")]).result(PATIENCE)
        assert ledger.find("fault") == [record(1, state="newest")]
        assert ledger.find("fault", name="old") == []
        assert ledger.find("fault", due_by=5) == []

    def test_everything_given_must_fit(self, ledger: Ledger) -> None:
        ledger.put(
            [record(n, owner=n // 10, state="even" if n % 2 == 0 else "odd", name=f"N{n % 3}") for n in range(1, 60)]
        ).result(PATIENCE)
        assert ids(ledger.find("fault", ids=[5, 99, 3, 5])) == [5, 3]
        assert ids(ledger.find("fault", owners=[2, 4], limit=12)) == [*range(49, 39, -1), 29, 28]
        assert ids(ledger.find("fault", owners=[2], states=["odd"])) == [29, 27, 25, 23, 21]
        assert ids(ledger.find("fault", states=["odd", "even", "odd"], limit=4)) == [59, 58, 57, 56]
        assert ids(ledger.find("fault", states=["odd"], before=50, limit=2)) == [49, 47]
        assert ids(ledger.find("fault", name="n2", before=50, limit=2)) == [47, 44]
        assert ids(ledger.find("fault", ids=[20, 21, 30], owners=[2], states=["even"])) == [20]
        for nothing in ({"ids": []}, {"owners": []}, {"states": []}, {"name": "N9"}, {"before": 1}, {"limit": 0}):
            assert ledger.find("fault", **nothing) == []  # type: ignore[arg-type]
        assert ledger.count("fault", states=["odd"]) == 30
        assert ledger.count("fault", states=["odd", "even"]) == 59

    def test_what_is_due_comes_earliest_first(self, ledger: Ledger) -> None:
        dues = {1: 50, 2: 20, 3: None, 4: 20, 5: 90}
        ledger.put([record(n, due=due, state="s" if n < 4 else "t") for n, due in dues.items()]).result(PATIENCE)
        assert ids(ledger.find("fault", due_by=50)) == [2, 4, 1]
        assert ids(ledger.find("fault", due_by=100, limit=2)) == [2, 4]
        assert ids(ledger.find("fault", due_by=100, states=["t", "s"])) == [2, 4, 1, 5]
        assert ids(ledger.find("fault", due_by=19)) == []

    def test_thousands_are_kept_in_the_order_given(self, ledger: Ledger) -> None:
        first = ledger.put([record(n, state="first") for n in range(1, 5001)])
        second = ledger.put([record(n, state="second") for n in range(2001, 3001)])
        second.result(PATIENCE)
        assert first.done()
        assert ledger.count("fault", states=["second"]) == 1000
        assert ids(ledger.find("fault", states=["first"], limit=5000)) == [*range(5000, 3000, -1), *range(2000, 0, -1)]
        assert ledger.remove("fault").result(PATIENCE) == 5000
        assert ledger.count("fault") == 0

    def test_only_what_was_meant_is_removed(self, ledger: Ledger) -> None:
        ledger.put([record(n, owner=n % 3) for n in range(1, 10)])
        ledger.put([record(n, "other", owner=n % 3) for n in range(1, 10)])
        assert ledger.remove("fault", ids=[1, 2, 99]).result(PATIENCE) == 2
        assert ledger.remove("fault", owners=[2]).result(PATIENCE) == 2
        assert ledger.remove("fault", ids=[3, 4], owners=[1]).result(PATIENCE) == 1
        assert ledger.remove("fault", ids=[]).result(PATIENCE) == 0
        assert ids(ledger.find("fault")) == [9, 7, 6, 3]
        assert ledger.count("other") == 9

    def test_ids_are_never_given_out_twice(self, make: Make) -> None:
        store = make()
        ledger = store.ledger
        given = [ledger.new_id("a") for _ in range(5)]
        assert len(set(given)) == 5
        ledger.put([record(given[-1], "a"), record(1000, "b")]).result(PATIENCE)
        ledger.remove("a").result(PATIENCE)
        store.close()
        again = make().ledger
        assert again.new_id("a") > given[-1]
        assert again.new_id("b") > 1000
        assert again.new_id("c") > 0

    def test_records_are_there_after_opening_again(self, make: Make) -> None:
        store = make()
        store.ledger.put([record(n) for n in range(1, 2001)])
        store.close()
        assert make().ledger.count("fault") == 2000

    def test_text_that_is_no_unicode_is_kept_in_a_form_that_is(self, ledger: Ledger) -> None:
        ledger.put([record(1, name="a\udcff\0@b.test", state="\ud800")]).result(PATIENCE)
        (one,) = ledger.find("fault", name="A\udcff\0@b.test")
        assert (one.name, one.state) == ("a\ufffd\ufffd@b.test", "\ufffd")

    def test_one_that_cannot_be_kept_fails_alone(self, ledger: Ledger) -> None:
        bad = ledger.put([record(1 << 70)])
        good = ledger.put([record(2)])
        assert isinstance(bad.exception(PATIENCE), Unavailable)
        good.result(PATIENCE)
        assert ids(ledger.find("fault", before=1 << 80)) == [2]

    def test_a_closed_store_refuses(self, make: Make) -> None:
        store = make()
        store.close()
        assert isinstance(store.ledger.put([record(1)]).exception(PATIENCE), Unavailable)
        assert isinstance(store.ledger.remove("fault").exception(PATIENCE), Unavailable)
        with pytest.raises(Unavailable):
            store.ledger.find("fault")

    def test_the_records_of_a_message_go_with_it(self, store: Store, ledger: Ledger) -> None:
        messages = keep(store, *[submission() for _ in range(900)])
        for kind in ("delivery", "hook", "fault"):
            ledger.put([record(n, kind, owner=owner) for n, owner in enumerate(messages, 1)]).result(PATIENCE)
        store.delete(Selection(Query.EVERYTHING, tuple(messages[:700]))).result(PATIENCE)
        ledger.put([]).result(PATIENCE)  # whatever was to be removed is removed before this
        while ledger.count("delivery") > 200:
            ledger.put([]).result(PATIENCE)
        assert sorted(one.owner for one in ledger.find("hook", limit=900)) == messages[700:]
        assert ledger.count("fault") == 900

    def test_the_records_of_messages_go_with_all_of_them(self, store: Store, ledger: Ledger) -> None:
        messages = keep(store, *[submission() for _ in range(3)])
        ledger.put([record(n, "delivery", owner=messages[n % 3]) for n in range(1, 2000)]).result(PATIENCE)
        ledger.put([record(1, "hook")]).result(PATIENCE)
        store.delete(Selection(Query.EVERYTHING)).result(PATIENCE)
        (later,) = keep(store, submission())
        ledger.put([record(3000, "delivery", owner=later)]).result(PATIENCE)
        while ledger.count("delivery") > 1:
            ledger.put([]).result(PATIENCE)
        assert ids(ledger.find("delivery")) == [3000]
        assert ledger.count("hook") == 1

    def test_the_records_of_evicted_messages_go(self, make: Make) -> None:
        store = make(max_messages=5)
        messages = keep(store, *[submission() for _ in range(5)])
        store.ledger.put([record(n, "delivery", owner=n) for n in messages]).result(PATIENCE)
        keep(store, *[submission() for _ in range(3)])
        while store.ledger.count("delivery") > 2:
            store.ledger.put([]).result(PATIENCE)
        assert ids(store.ledger.find("delivery")) == [messages[4], messages[3]]
