"""What every Store must do, as tests: subclass with a fixture `make` that opens a store from settings."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mailtrap.errors import MailtrapError, NotFound, Unavailable
from mailtrap.events import Bus, Kind
from mailtrap.mail.message import State
from mailtrap.mail.transcript import Transcript
from mailtrap.query import Query, parse
from mailtrap.store.base import Selection, Store
from tests.store.making import (
    PATIENCE,
    Answers,
    Heard,
    StandingClock,
    keep,
    keep_spooled,
    octets,
    read,
    submission,
)

EVERYTHING = Query.EVERYTHING

#: `make(max_messages=…)` opens a store; the same call after `close` opens what that one kept.
Make = Callable[..., Store]


def found(store: Store, query: str) -> list[int]:
    assert store.catch_up(PATIENCE)
    return [message.id for message in store.page(parse(query), limit=1000).messages]


def folded(counts: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """By names in lower case, which say the same."""
    assert len({name.lower() for name in counts}) == len(counts)
    return {name.lower(): count for name, count in counts.items()}


class StoreContract:
    """`make`, `bus` and `clock` are fixtures of the subclass's module."""

    @pytest.fixture
    def store(self, make: Make) -> Store:
        return make()

    # Inboxes

    def test_a_message_is_in_each_of_its_inboxes(self, store: Store) -> None:
        both, one = keep(store, submission(inbox="a b"), submission(inbox="B"))
        message = store.get(both)
        assert message is not None
        assert (message.inbox, message.inboxes) == ("a", ("a", "b"))
        assert [found(store, f"inbox:{name}") for name in ("A", "b", "c")] == [[both], [one, both], []]
        assert [m.id for m in store.page(EVERYTHING.within("a"), limit=9).messages] == [both]
        assert store.page(EVERYTHING.within("b"), limit=1).total == 2

    def test_counts_of_inboxes_follow_what_happens(self, store: Store) -> None:
        first, second = keep(store, submission(inbox="a b"), submission(inbox="a"))
        assert store.inboxes() == {"a": (2, 2), "b": (1, 1)}
        third, fourth = keep(store, submission(inbox="B"), submission(inbox="default"))
        assert folded(store.inboxes()) == {"a": (2, 2), "b": (2, 2), "default": (1, 1)}
        store.mark(Selection(EVERYTHING, (first, third)), seen=True).result(PATIENCE)
        assert folded(store.inboxes()) == {"a": (2, 1), "b": (2, 0), "default": (1, 1)}
        store.delete(Selection(EVERYTHING, (second, fourth))).result(PATIENCE)
        assert folded(store.inboxes()) == {"a": (1, 0), "b": (2, 0)}
        store.delete(Selection(EVERYTHING)).result(PATIENCE)
        assert store.inboxes() == {}
        keep(store, submission(inbox="c"))
        assert store.inboxes() == {"c": (1, 1)}

    def test_counting_is_right_while_mail_comes_and_goes(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("mailtrap.store.piles.SLICE", 7)
        chance = random.Random(5)
        names = ["a", "b", "c", "a b", "c a"]
        ids = keep(store, *[submission(inbox=chance.choice(names)) for _ in range(60)])
        counts: list[dict[str, tuple[int, int]]] = []
        asking = threading.Thread(target=lambda: counts.append(store.inboxes()))
        asking.start()
        for id_ in ids[::3]:
            store.delete(Selection(EVERYTHING, (id_,)))
            store.mark(Selection(EVERYTHING, (id_ + 1,)), seen=True)
            keep(store, submission(inbox=chance.choice(names)))
        asking.join(PATIENCE)
        assert counts
        store.delete(Selection(EVERYTHING, (10**9,))).result(PATIENCE)
        expected = {
            name: (len(found(store, f"inbox:{name}")), len(found(store, f"inbox:{name} is:unseen"))) for name in "abc"
        }
        assert store.inboxes() == expected

    def test_deleting_in_an_inbox_leaves_what_is_in_another(self, store: Store, bus: Bus) -> None:
        heard = Heard(bus)
        alone, both, other = keep(store, submission(inbox="a"), submission(inbox="A b"), submission(inbox="b"))
        gone = store.delete(Selection(EVERYTHING, inbox="a")).result(PATIENCE)
        assert sorted(gone) == [alone, both]
        assert found(store, "inbox:a") == []
        assert found(store, "inbox:b") == [other, both]
        message = store.get(both)
        assert message is not None
        assert message.inboxes == ("b",)
        assert store.inboxes() == {"b": (2, 2)}
        assert store.counters().messages == 2
        heard.wait(lambda events: any(event.kind is Kind.CHANGED for event in events))
        told = [(e.kind, int(e.id), e.inbox) for e in heard.events if e.kind in (Kind.DELETED, Kind.CHANGED)]
        assert sorted(told) == [(Kind.CHANGED, both, "A b"), (Kind.DELETED, alone, "a")]
        assert all(event.concerns("a") for event in heard.events if event.kind is Kind.CHANGED)

    def test_deleting_in_an_inbox_goes_by_query_and_ids_as_well(self, store: Store) -> None:
        ids = keep(store, *[submission(octets(f"s{n}"), inbox=name) for n in range(3) for name in ("a", "b", "a b")])
        assert store.catch_up(PATIENCE)
        assert store.delete(Selection(parse("subject:s1"), inbox="b")).result(PATIENCE) == [ids[5], ids[4]]
        assert store.delete(Selection(EVERYTHING, (ids[0], ids[1]), "a")).result(PATIENCE) == [ids[0]]
        assert store.inboxes() == {"a": (5, 5), "b": (4, 4)}
        assert found(store, "inbox:b") == [ids[8], ids[7], ids[2], ids[1]]
        assert found(store, "inbox:a") == [ids[8], ids[6], ids[5], ids[3], ids[2]]

    # Keeping

    def test_what_was_submitted_comes_back(self, store: Store) -> None:
        content = octets("grüße")
        sent = submission(content, flags=("long-line",), tags=("a", "b"), inbox="team")
        (id_,) = keep(store, sent)
        message = store.get(id_)
        assert message is not None
        assert (message.envelope, message.arrival, message.heading) == (sent.envelope, sent.arrival, sent.heading)
        assert (message.inbox, message.size, message.tags, message.seen) == ("team", len(content), ("a", "b"), False)
        assert message.sha256 == hashlib.sha256(content).hexdigest()
        assert "long-line" in message.defects
        assert read(store, id_) == content

    @given(content=st.binary(max_size=2000) | st.text(max_size=2000).map(str.encode) | st.just(b"x" * 70_000))
    @hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_octets_come_back_as_they_were(self, store: Store, content: bytes) -> None:
        assert read(store, keep(store, submission(content))[0]) == content

    @pytest.mark.parametrize("size", [0, 1, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 3_000_000])
    def test_a_spooled_message_comes_back_as_it_was(self, store: Store, size: int) -> None:
        content = random.Random(size).randbytes(size // 2) + b"a" * (size - size // 2)
        assert read(store, keep_spooled(store, content)) == content

    def test_ids_grow_in_the_order_of_capture_and_are_never_used_again(self, make: Make) -> None:
        store = make()
        ids = keep(store, *[submission() for _ in range(20)])
        assert ids == sorted(set(ids))
        store.delete(Selection(EVERYTHING)).result(PATIENCE)
        store.close()
        assert keep(make(), submission())[0] > ids[-1]

    @pytest.mark.parametrize("size", [0, 10, 600_000, 2 * 512 * 1024, 2_000_000])
    @pytest.mark.parametrize("spooled", [False, True])
    def test_octets_can_be_had_from_anywhere_on(self, store: Store, size: int, spooled: bool) -> None:
        content = random.Random(size).randbytes(size)
        [id_] = [keep_spooled(store, content)] if spooled else keep(store, submission(content))
        for start in (0, 1, 9, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 1_999_999, size, size + 5):
            assert b"".join(store.octets(id_, start)) == content[start:]

    def test_the_octets_of_many_messages_are_had_at_once_but_of_large_ones_only_their_size(self, store: Store) -> None:
        contents = [b"", b"x", octets("words " * 100), random.Random(1).randbytes(5000), bytes(5001)]
        ids = keep(store, *[submission(content) for content in contents])
        spooled = [keep_spooled(store, b"s" * size) for size in (0, 5000, 5001)]
        expected: list[bytes | int] = [*contents[:4], 5001, b"", b"s" * 5000, 5001]
        wanted = [*ids, *spooled]
        assert store.contents([*wanted, 0, -5, 1 << 70], 5000) == dict(zip(wanted, expected, strict=True))
        store.delete(Selection(EVERYTHING, tuple(ids))).result(PATIENCE)
        assert store.contents(wanted, 5000) == dict(zip(spooled, expected[5:], strict=True))
        assert store.contents([], 5000) == {}
        assert store.contents(spooled[1:], 1 << 40)[spooled[2]] == b"s" * 5001

    def test_sizes_are_those_of_what_matches_oldest_first(self, store: Store) -> None:
        contents = [octets("x" * n) for n in range(1, 30)]
        ids = keep(store, *[submission(one, inbox="shop" if n % 2 else "default") for n, one in enumerate(contents)])
        sizes = [len(one) for one in contents]
        assert store.sizes(EVERYTHING) == list(zip(ids, sizes, strict=True))
        assert store.sizes(parse("inbox:SHOP")) == list(zip(ids[1::2], sizes[1::2], strict=True))
        assert store.catch_up(PATIENCE)
        assert store.sizes(parse("rcpt=bob@b.test OR inbox=none")) == store.sizes(EVERYTHING)
        assert store.sizes(parse("subject:nothing")) == []

    def test_everything_is_there_after_opening_again(self, make: Make) -> None:
        store = make()
        contents = [octets(f"number {n}") for n in range(30)]
        ids = keep(store, *[submission(content) for content in contents])
        big = keep_spooled(store, b"big " * 300_000)
        before = store.get(ids[0])
        store.close()
        again = make()
        assert [read(again, id_) for id_ in ids] == contents
        assert read(again, big) == b"big " * 300_000
        after = again.get(ids[0])
        assert before is not None
        assert after is not None
        assert (after.envelope, after.heading) == (before.envelope, before.heading)
        assert again.counters().messages == 31
        assert len(found(again, "subject:number")) == 30

    def test_text_that_is_no_unicode_is_kept_in_a_form_that_is(self, store: Store) -> None:
        from msgspec.structs import replace

        from mailtrap.mail.envelope import Envelope, Recipient

        sent = submission(tags=("t\udc80",))
        broken = replace(
            sent,
            envelope=Envelope("a\udcff@a.test", (Recipient("b\0@b.test", (("X", "\ud800"),)),)),
            heading=replace(sent.heading, subject="nul \0 and \udc80"),
        )
        (id_,) = keep(store, broken)
        message = store.get(id_)
        assert message is not None
        assert message.envelope.reverse_path == "a\ufffd@a.test"
        assert message.heading.subject == "nul \ufffd and \ufffd"
        assert found(store, "rcpt:b.test") == [id_]

    def test_one_that_cannot_be_kept_does_not_undo_its_neighbours(self, store: Store) -> None:
        answers = Answers()
        bad: Any = object()
        for heading in (None, bad, None):
            store.add(submission() if heading is None else submission(heading=heading), answers)
        first, second, third = answers.next(), answers.next(), answers.next()
        told = [first, second, third]
        assert len([answer for answer in told if isinstance(answer, int)]) == 2
        assert len([answer for answer in told if isinstance(answer, MailtrapError)]) == 1
        assert store.healthy() == ""
        assert store.counters().messages == 2

    def test_many_senders_at_once_lose_nothing(self, store: Store) -> None:
        kept: list[list[int]] = [[] for _ in range(8)]

        def send(mine: list[int]) -> None:
            for _ in range(40):
                mine += keep(store, submission())

        threads = [threading.Thread(target=send, args=(mine,)) for mine in kept]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        everything = sorted(id_ for mine in kept for id_ in mine)
        assert len(set(everything)) == 320
        assert list(store.ids(EVERYTHING, newest_first=False)) == everything

    def test_a_discarded_spool_leaves_nothing(self, make: Make) -> None:
        store = make()
        spool = store.spool()
        spool.write(b"x" * 2_000_000)
        spool.discard()
        spool.discard()
        keep(store, submission())
        assert store.counters().messages == 1
        assert spool.backlog == 0 or store.healthy() == ""

    def test_closing_finishes_what_was_asked_for_and_refuses_the_rest(self, make: Make) -> None:
        store = make()
        answers = Answers()
        for _ in range(50):
            store.add(submission(), answers)
        store.close()
        store.close()
        assert all(isinstance(answers.next(), int) for _ in range(50))
        store.add(submission(), answers)
        assert isinstance(answers.next(), Unavailable)
        assert store.healthy()

    # Looking

    def test_pages_go_from_newest_to_oldest_without_skip_or_repeat(self, store: Store) -> None:
        ids = keep(store, *[submission() for _ in range(25)])
        seen: list[int] = []
        before = None
        while True:
            page = store.page(EVERYTHING, limit=7, before=before)
            assert page.total == 25
            seen += [message.id for message in page.messages]
            before = page.next
            if before is None:
                break
        assert seen == ids[::-1]

    def test_pages_hold_while_mail_arrives_and_goes(self, store: Store) -> None:
        ids = keep(store, *[submission() for _ in range(60)])
        doomed = set(ids[5::10])
        seen: list[int] = []
        before: int | None = None
        while True:
            page = store.page(EVERYTHING, limit=9, before=before)
            seen += [message.id for message in page.messages]
            keep(store, submission())
            if len(seen) == 9:
                store.delete(Selection(EVERYTHING, tuple(doomed))).result(PATIENCE)
            before = page.next
            if before is None:
                break
        assert seen == sorted(set(seen), reverse=True)
        assert set(ids) - doomed <= set(seen) <= set(ids)

    def test_after_and_offset_choose_the_rows(self, store: Store) -> None:
        ids = keep(store, *[submission(octets("even" if n % 2 else "odd")) for n in range(20)])
        newest = ids[::-1]

        def page(query: str = "", **bounds: int) -> list[int]:
            return [message.id for message in store.page(parse(query), limit=4, **bounds).messages]

        assert page(after=ids[16]) == newest[:3]
        assert page(after=ids[2], before=ids[6]) == [ids[5], ids[4], ids[3]]
        assert page(offset=5) == newest[5:9]
        assert page(offset=5, before=ids[10]) == newest[15:19]
        assert page(offset=19) == newest[19:]
        assert page(offset=100) == []
        assert store.catch_up(PATIENCE)
        assert page("subject:even", offset=2) == newest[::2][2:6]

    def test_a_page_is_the_same_where_nobody_asks_how_many_there_are(self, store: Store) -> None:
        ids = keep(store, *[submission(octets("even" if n % 2 else "odd"), inbox="ana") for n in range(6)])
        assert store.catch_up(PATIENCE)
        for query in ("", "inbox:ana", "subject:even"):
            counted = store.page(parse(query), limit=2, before=ids[-1])
            page = store.page(parse(query), limit=2, before=ids[-1], count=False)
            assert (page.messages, page.next) == (counted.messages, counted.next)
            assert counted.total > page.total == 0

    def test_a_search_sees_everything_kept_before_it(self, store: Store) -> None:
        for n in range(20):
            (id_,) = keep(store, submission(octets(f"unique{n}", "日本語の本文")))
            assert found(store, f"unique{n}") == [id_]
        assert len(found(store, "本文")) == 20
        assert found(store, "nothing") == []

    def test_a_message_nobody_understands_is_kept_listed_and_found_by_its_heading(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise RecursionError("too deep")

        monkeypatch.setattr("mailtrap.store.understanding.understand", broken)
        (id_,) = keep(store, submission(octets("puzzling")))
        assert found(store, "subject:puzzling") == [id_]
        message = store.get(id_)
        assert message is not None
        assert (message.state, message.defects) == (State.UNPARSED, ("unparsed",))
        assert read(store, id_) == octets("puzzling")

    def test_of_a_huge_message_the_beginning_is_understood(self, store: Store) -> None:
        content = octets("huge", "early\r\n" + "filler line\r\n" * 400_000 + "late")
        id_ = keep_spooled(store, content)
        assert found(store, "early subject:huge") == [id_]
        message = store.get(id_)
        assert message is not None
        assert "truncated-for-index" in message.defects

    def test_what_is_not_there_is_not_found(self, store: Store) -> None:
        (id_,) = keep(store, submission())
        assert store.page(EVERYTHING, limit=5, before=1 << 80, after=-(1 << 80)).total == 1
        assert store.page(EVERYTHING, limit=5, offset=1 << 80).messages == []
        for missing in (0, -1, id_ + 1, 1 << 80):
            assert store.get(missing) is None
            with pytest.raises(NotFound):
                store.octets(missing)
            assert store.session(missing) is None

    def test_counters_follow(self, store: Store) -> None:
        ids = keep(store, *[submission(octets(body="x" * n)) for n in range(10)])
        sizes = sum(len(octets(body="x" * n)) for n in range(10))
        counters = store.counters()
        assert (counters.messages, counters.unseen, counters.octets, counters.captured) == (10, 10, sizes, 10)
        store.mark(Selection(EVERYTHING, tuple(ids[:4])), seen=True).result(PATIENCE)
        store.delete(Selection(EVERYTHING, tuple(ids[3:5]))).result(PATIENCE)
        counters = store.counters()
        assert (counters.messages, counters.unseen, counters.deleted) == (8, 5, 2)
        assert store.catch_up(PATIENCE)
        assert store.counters().index_backlog == 0

    # Changing

    def test_only_what_is_selected_is_deleted(self, store: Store) -> None:
        red = keep(store, *[submission(octets("red")) for _ in range(5)])
        blue = keep(store, *[submission(octets("blue")) for _ in range(5)])
        assert store.catch_up(PATIENCE)
        assert (
            sorted(store.delete(Selection(parse("subject:red"), (red[0], red[1], blue[0]))).result(PATIENCE)) == red[:2]
        )
        assert sorted(store.delete(Selection(parse("red"))).result(PATIENCE)) == red[2:]
        assert sorted(store.ids(EVERYTHING)) == blue
        assert store.delete(Selection(EVERYTHING, ())).result(PATIENCE) == []
        assert found(store, "subject:red") == []
        assert store.page(parse("subject:red"), limit=5).total == 0
        with pytest.raises(NotFound):
            store.octets(red[0])

    def test_more_than_a_slice_is_deleted_and_marked(self, store: Store) -> None:
        ids = keep(store, *[submission(octets("red" if n % 3 else "blue")) for n in range(1300)])
        red = [id_ for n, id_ in enumerate(ids) if n % 3]
        assert store.catch_up(PATIENCE)
        assert sorted(store.mark(Selection(EVERYTHING, tuple(ids)), seen=True).result(PATIENCE)) == ids
        assert store.counters().unseen == 0
        assert sorted(store.mark(Selection(parse("is:read")), seen=False).result(PATIENCE)) == ids
        assert sorted(store.delete(Selection(parse("subject:red"))).result(PATIENCE)) == red
        assert sorted(store.ids(EVERYTHING)) == sorted(set(ids) - set(red))

    def test_deleting_everything_spares_what_comes_later(self, store: Store, bus: Bus) -> None:
        heard = Heard(bus)
        early = keep(store, *[submission() for _ in range(50)])
        answers = Answers()
        for _ in range(10):
            store.add(submission(), answers)
        deleted = store.delete(Selection(EVERYTHING))
        for _ in range(10):
            store.add(submission(), answers)
        told = [answers.next() for _ in range(20)]
        assert sorted(deleted.result(PATIENCE)) == sorted([*early, *told[:10]])
        assert sorted(store.ids(EVERYTHING)) == told[10:]
        assert store.counters().messages == 10
        heard.wait(lambda events: any(event.kind in (Kind.CLEARED, Kind.DELETED) for event in events))

    def test_deleting_everything_is_announced_once(self, store: Store, bus: Bus) -> None:
        keep(store, *[submission() for _ in range(50)])
        assert store.catch_up(PATIENCE)
        heard = Heard(bus)
        assert len(store.delete(Selection(EVERYTHING)).result(PATIENCE)) == 50
        heard.wait(lambda events: [(event.kind, event.id, event.inbox) for event in events] == [(Kind.CLEARED, "", "")])
        counters = store.counters()
        assert (counters.messages, counters.unseen, counters.octets, counters.index_backlog) == (0, 0, 0, 0)
        assert found(store, "hello") == []

    def test_tags_are_set_added_and_removed(self, store: Store, bus: Bus) -> None:
        one, two = keep(store, submission(tags=("old",)), submission())
        heard = Heard(bus)
        every = Selection(EVERYTHING)
        assert sorted(store.mark(every, add_tags=["new", "new"]).result(PATIENCE)) == [one, two]
        assert store.tags() == {"new": 2, "old": 1}
        store.mark(Selection(EVERYTHING, (one,)), remove_tags=["old"]).result(PATIENCE)
        assert store.tags() == {"new": 2}
        assert found(store, "tag:new") == [two, one]
        store.mark(every, tags=["only"]).result(PATIENCE)
        assert store.tags() == {"only": 2}
        store.mark(every, tags=["only"], seen=False).result(PATIENCE)
        keep(store, submission())
        heard.wait(lambda events: any(event.kind is Kind.CAPTURED for event in events))
        assert heard.ids(Kind.CHANGED) == [two, one, one, two, one]

    def test_events_come_in_the_order_of_commits(self, store: Store, bus: Bus) -> None:
        heard = Heard(bus)
        ids = keep(store, *[submission(inbox=f"i{n % 2}") for n in range(300)])
        heard.wait(lambda events: sum(event.kind is Kind.INDEXED for event in events) == 300)
        assert heard.ids(Kind.CAPTURED) == ids
        assert heard.ids(Kind.INDEXED) == ids
        sequence = [event.seq for event in heard.events]
        assert sequence == sorted(set(sequence))
        assert {event.inbox for event in heard.events} == {"i0", "i1"}

    def test_done_is_called_before_the_event_and_after_it_can_be_read(self, store: Store, bus: Bus) -> None:
        order: list[tuple[str, bool]] = []
        told = threading.Event()

        def done(answer: int | Exception) -> None:
            assert isinstance(answer, int)
            order.append(("done", store.get(answer) is not None))

        def hear(events: object) -> None:
            order.append(("event", True))
            told.set()

        bus.subscribe(hear)
        store.add(submission(), done)
        assert told.wait(PATIENCE)
        assert order[:2] == [("done", True), ("event", True)]

    def test_a_done_or_listener_that_fails_stops_nobody(self, store: Store, bus: Bus) -> None:
        def broken(*_: object) -> None:
            raise ValueError("not my day")

        bus.subscribe(broken)
        store.add(submission(), broken)
        (id_,) = keep(store, submission())
        assert store.get(id_) is not None
        assert store.healthy() == ""

    # Retention

    def test_beyond_the_limit_the_oldest_are_evicted_and_that_is_told(self, make: Make, bus: Bus) -> None:
        store = make(max_messages=10)
        heard = Heard(bus)
        ids = keep(store, *[submission(inbox="team") for _ in range(35)])
        heard.wait(lambda events: sum(event.kind is Kind.EVICTED for event in events) == 25)
        assert heard.ids(Kind.EVICTED) == ids[:25]
        assert all(event.inbox == "team" for event in heard.events if event.kind is Kind.EVICTED)
        assert list(store.ids(EVERYTHING, newest_first=False)) == ids[25:]
        counters = store.counters()
        assert (counters.messages, counters.evicted, counters.deleted) == (10, 25, 0)

    def test_older_messages_are_evicted(self, make: Make, bus: Bus, clock: StandingClock) -> None:
        heard = Heard(bus)
        store = make(max_age=60.0)
        now = clock.now()
        old = keep(store, submission(at=now - 61_000_000), submission(at=now - 3600_000_000))
        young = keep(store, submission(at=now - 59_000_000))
        heard.wait(lambda events: sum(event.kind is Kind.EVICTED for event in events) == 2)
        assert sorted(heard.ids(Kind.EVICTED)) == old
        assert list(store.ids(EVERYTHING)) == young

    def test_advancing_the_clock_evicts_before_it_returns(self, make: Make, clock: StandingClock) -> None:
        store = make(max_age=3600.0)
        keep(store, *[submission(at=clock.now()) for _ in range(900)])
        clock.forward(clock.now() + 3599_000_000)
        clock.advanced()
        assert store.counters().messages == 900
        clock.forward(clock.now() + 2_000_000)
        (young,) = keep(store, submission(at=clock.now()))
        clock.advanced()
        assert list(store.ids(EVERYTHING)) == [young]
        store.close()
        clock.advanced()

    # Sessions

    def test_a_session_comes_back_with_its_lines(self, store: Store, bus: Bus) -> None:
        heard = Heard(bus)
        transcript = Transcript(store.new_session(), "smtp", "127.0.0.1:5", 1_000)
        transcript.add(1_001, "S", b"220 hello\r\n")
        transcript.add(1_002, "C", b"EHLO \xff\0\r\n")
        transcript.helo, transcript.ended_at, transcript.outcome, transcript.messages = "h", 2_000, "quit", [1, 2]
        store.record(transcript)
        heard.wait(lambda events: any(event.kind is Kind.SESSION for event in events))
        session = store.session(transcript.session)
        assert session is not None
        assert session.lines == tuple(transcript.lines())
        assert (session.outcome, session.messages, session.ended_at) == ("quit", (1, 2), 2_000)
        (listed,) = store.sessions(limit=10)
        assert listed.lines == ()
        assert store.sessions(limit=10, outcome="other") == []
        assert store.sessions(limit=10, before=transcript.session) == []

    def test_session_ids_are_never_used_again(self, make: Make) -> None:
        store = make()
        first = store.new_session()
        second = store.new_session()
        assert second > first
        from msgspec.structs import replace

        keep(store, submission(arrival=replace(submission().arrival, session=second + 10)))
        store.close()
        assert make().new_session() > second + 10

    def test_the_oldest_sessions_go(self, make: Make) -> None:
        store = make(max_sessions=100)
        for _ in range(600):
            store.record(Transcript(store.new_session(), "smtp", "", 1, ended_at=2, outcome="quit"))
        store.close()
        kept = make(max_sessions=100).sessions(limit=1000)
        assert 100 <= len(kept) < 400
        assert kept[0].id >= 600
