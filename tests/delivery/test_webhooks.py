"""The queue of events: nothing lost, in order for each message, nobody waits for a receiver."""

from __future__ import annotations

import hmac
import json
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mailtrap.clock import Clock
from mailtrap.delivery import asked, letters, webhooks
from mailtrap.delivery.hooks.lanes import SIDE_BY_SIDE, Kept, Lanes, Patience, Waiting
from mailtrap.delivery.hooks.register import read_wish
from mailtrap.delivery.hooks.shelf import EVENT
from mailtrap.delivery.hooks.target import Target
from mailtrap.delivery.told import Told
from mailtrap.delivery.webhooks import Webhooks
from mailtrap.errors import Invalid, NotFound, SettingsError, StorageFull
from mailtrap.events import Bus
from mailtrap.net.outbound import Outbound
from mailtrap.settings import Settings
from mailtrap.store import open_store
from mailtrap.store.base import Store
from tests.delivery.receiving import PATIENCE, Receiver, receiving
from tests.store.making import keep, submission

QUICK = Patience(0.02, 0.1, 8)


@contextmanager
def running(
    database: Path | None = None, patience: Patience = QUICK, wished: tuple[Target, ...] = (), seconds: float = 20.0
) -> Iterator[tuple[Webhooks, Store]]:
    """Webhooks over a real store."""
    clock, bus = Clock(), Bus()
    store = open_store(Settings(database=str(database) if database else ":temp:"), bus, clock)
    hooks = Webhooks(store, Outbound(seconds=seconds), clock, patience)
    try:
        hooks.start(wished)
        yield hooks, store
    finally:
        hooks.stop()
        store.close()


def told(message: int, number: int = 0, kind: str = "delivered", **more: Any) -> Told:
    return Told(kind, 1_800_000_000_000_000 + number, message, "bob@b.test", "ann@a.test", attempt=number, **more)


def until(condition: Callable[[], bool]) -> None:
    """Look every few milliseconds: for what no event tells of."""
    deadline = time.monotonic() + PATIENCE
    waiting = threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        waiting.wait(0.01)


def waits(hooks: Webhooks) -> int:
    return len(hooks.events(states=["waiting"], limit=1000))


def test_an_event_arrives_signed(tmp_path: Path) -> None:
    with running() as (hooks, _), receiving() as receiver:
        target = hooks.register.make(receiver.url, secret="geheim")
        hooks.add(target)
        hooks.tell(told(7, code=250, text="OK", subject="Grüße"))
        (received,) = receiver.wait(1)
        body = json.loads(received.body)
        assert (body["event"], body["message"], body["subject"]) == ("delivered", "7", "Grüße")
        assert body["recipients"] == ["bob@b.test"]
        assert body["at"] == "2027-01-15T08:00:00.000000Z"
        stamp = received.headers["mailtrap-timestamp"]
        wanted = hmac.new(b"geheim", stamp.encode() + b"." + received.body, "sha256").hexdigest()
        assert received.headers["mailtrap-signature"] == f"v1={wanted}"
        assert abs(int(stamp) - time.time()) < 600
        until(lambda: waits(hooks) == 0)
        assert [state for _, state, _ in hooks.events(states=["delivered"])] == ["delivered"]


def test_nothing_is_lost_and_each_message_stays_in_order_while_the_receiver_is_down() -> None:
    messages, each = 1000, 3
    with running(patience=Patience(0.02, 0.2, 1000)) as (hooks, store):
        receiver = Receiver()
        receiver.up()
        receiver.down()  # the port is known, and nobody listens
        hooks.add(hooks.register.make(receiver.url, kinds=("delivered",)))
        slowest = 0.0
        for number in range(each):
            for message in range(1, messages + 1):
                began = time.monotonic()
                hooks.tell(told(message, number))
                slowest = max(slowest, time.monotonic() - began)
        # Mail is taken in meanwhile.
        for _ in range(50):
            keep(store, submission())
        until(lambda: store.ledger.count(EVENT) == messages * each)
        receiver.up()
        try:
            received = receiver.wait(messages * each)
        finally:
            receiver.down()
        assert slowest < 5.0
        orders = defaultdict(list)
        for one in received:
            body = json.loads(one.body)
            orders[body["message"]].append(body["attempt"])
        assert len(orders) == messages
        assert {tuple(order) for order in orders.values()} == {(0, 1, 2)}
        until(lambda: store.ledger.count(EVENT) == 0)
        assert hooks.lost == 0


def test_more_events_wait_than_are_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "WINDOW", 20)
    gate = threading.Event()

    def answer(_: object) -> int:
        assert gate.wait(PATIENCE)
        return 200

    with running() as (hooks, store), receiving(answer) as receiver:
        target = hooks.register.make(receiver.url)
        hooks.add(target)
        for number in range(500):
            hooks.tell(told(number % 7 + 1, number))
        until(lambda: store.ledger.count(EVENT) == 500)
        assert len(hooks._lanes[target.id].ids) <= 20
        gate.set()
        orders = defaultdict(list)
        for one in receiver.wait(500):
            body = json.loads(one.body)
            orders[body["message"]].append(body["attempt"])
        assert all(order == sorted(order) for order in orders.values())
        assert sum(map(len, orders.values())) == 500


def test_a_later_event_waits_for_the_earlier_and_others_do_not() -> None:
    refused = threading.Event()

    def answer(received: Any) -> int:
        body = json.loads(received.body)
        if body["message"] == "1" and body["attempt"] == 0 and not refused.is_set():
            return 500
        return 200

    with running(patience=Patience(0.02, 0.02, 10_000)) as (hooks, _), receiving(answer) as receiver:
        hooks.add(hooks.register.make(receiver.url))
        for number in range(3):
            hooks.tell(told(1, number))
        for number in range(3):
            hooks.tell(told(2, number))
        until(lambda: sum(json.loads(one.body)["message"] == "2" for one in receiver.received) == 3)
        seen = {json.loads(one.body)["attempt"] for one in receiver.received if b'"message":"1"' in one.body}
        assert seen == {0}
        refused.set()
        until(lambda: waits(hooks) == 0)
        first = [json.loads(one.body)["attempt"] for one in receiver.received if b'"message":"1"' in one.body]
        assert first == sorted(first)
        assert set(first) == {0, 1, 2}


def test_after_so_many_tries_it_is_a_dead_letter_that_can_be_replayed() -> None:
    willing = threading.Event()
    with (
        running(patience=Patience(0.01, 0.02, 3)) as (hooks, store),
        receiving(lambda _: 200 if willing.is_set() else 503) as receiver,
    ):
        target = hooks.register.make(receiver.url)
        hooks.add(target)
        hooks.tell(told(1, 0))
        hooks.tell(told(1, 1))
        until(lambda: store.ledger.count(EVENT, states=["dead"]) == 2)
        assert len(receiver.received) == 6
        (last, state, kept), (first, _, _) = hooks.events(target=target.id)
        assert (state, kept.tries, kept.status, kept.error) == ("dead", 3, 503, "the answer was 503")
        willing.set()
        hooks.replay(first)
        again = receiver.wait(7)[6]
        assert again.headers["mailtrap-event-id"] == str(first)
        assert hooks.replay_all(target.id) == 1
        assert receiver.wait(8)[7].headers["mailtrap-event-id"] == str(last)
        until(lambda: store.ledger.count(EVENT) == 0)
        hooks.replay(first)  # delivered ones are remembered for a while
        assert receiver.wait(9)[8].headers["mailtrap-event-id"] == str(first)
        with pytest.raises(NotFound):
            hooks.replay(10**9)


def test_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    database = tmp_path / "mail.db"
    receiver = Receiver()
    receiver.up()
    receiver.down()
    with running(database) as (hooks, _):
        target = hooks.register.make(receiver.url, secret="geheim")
        hooks.add(target)
        for message in range(1, 51):
            for number in range(2):
                hooks.tell(told(message, number))
    with running(database) as (hooks, store):
        assert hooks.register.all() == [target]
        assert waits(hooks) == 100
        receiver.up()
        try:
            received = receiver.wait(100)
        finally:
            receiver.down()
        orders = defaultdict(list)
        for one in received:
            orders[json.loads(one.body)["message"]].append(json.loads(one.body)["attempt"])
        assert {tuple(order) for order in orders.values()} == {(0, 1)}
        until(lambda: store.ledger.count(EVENT) == 0)


def test_what_is_stopped_in_the_middle_of_a_request_is_sent_again_and_stopping_waits_for_nobody(tmp_path: Path) -> None:
    database = tmp_path / "mail.db"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with running(database, seconds=600) as (hooks, _):
            hooks.add(hooks.register.make(f"http://127.0.0.1:{silent.getsockname()[1]}/"))
            hooks.tell(told(1))
            connection, _ = silent.accept()
            began = time.monotonic()
        assert time.monotonic() - began < 60
        connection.close()
        with running(database) as (hooks, _):
            (event,) = hooks.events()
            assert (event[1], event[2].error) == ("waiting", "") or event[2].tries > 0


def test_one_target_that_hangs_leaves_the_others_alone() -> None:
    gate = threading.Event()
    with (
        running() as (hooks, _),
        receiving(lambda _: 200 if gate.wait(PATIENCE) else 500) as slow,
        receiving() as quick,
    ):
        hooks.add(hooks.register.make(slow.url))
        hooks.add(hooks.register.make(quick.url))
        for message in range(1, 101):
            hooks.tell(told(message))
        quick.wait(100)
        assert len(slow.received) == 0
        gate.set()
        slow.wait(100)


def test_targets_are_told_what_they_want() -> None:
    with running() as (hooks, _), receiving() as bounces, receiving() as inbox:
        hooks.add(hooks.register.make(bounces.url, kinds=("bounced",)))
        hooks.add(hooks.register.make(inbox.url, kinds=("delivered", "bounced"), inbox="two"))
        assert hooks.wants("bounced")
        assert not hooks.wants("captured")
        hooks.tell(told(1, kind="delivered"))
        hooks.tell(told(2, kind="opened"))
        hooks.tell(told(3, kind="bounced"))
        hooks.tell(told(4, kind="delivered", inbox="two"))
        assert [json.loads(one.body)["message"] for one in inbox.wait(1)] == ["4"]
        assert [json.loads(one.body)["message"] for one in bounces.wait(1)] == ["3"]
        until(lambda: waits(hooks) == 0)
        assert (len(inbox.received), len(bounces.received)) == (1, 1)


def test_messages_are_told_when_they_are_kept() -> None:
    with running() as (hooks, _), receiving() as receiver:
        assert not hooks.concerns(submission(), at_once=True)
        hooks.add(hooks.register.make(receiver.url))
        assert hooks.concerns(submission(), at_once=False)
        hooks.arrived(3, submission(), at_once=False)
        body = json.loads(receiver.wait(1)[0].body)
        assert (body["event"], body["message"]) == ("captured", "3")
        assert body["recipients"] == ["bob@b.test", "blind@b.test"]


def test_deliveries_at_once_are_not_worded_where_nobody_is_told_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    worded: list[int] = []

    def deliveries(id: int, *rest: Any) -> list[Any]:
        worded.append(id)
        return asked.deliveries(id, *rest)

    monkeypatch.setattr(letters, "asked", SimpleNamespace(**{**vars(asked), "deliveries": deliveries}))
    with running() as (hooks, _), receiving() as receiver:
        hooks.add(hooks.register.make(receiver.url, kinds=("captured",)))
        hooks.arrived(3, submission(), at_once=True)
        assert [json.loads(one.body)["event"] for one in receiver.wait(1)] == ["captured"]
        assert worded == []
        hooks.add(hooks.register.make(receiver.url + "also", kinds=("delivered",)))
        hooks.arrived(4, submission(), at_once=True)
        received = receiver.wait(4)
        assert sorted([json.loads(one.body)["event"] for one in received]) == ["captured"] * 2 + ["delivered"] * 2
        assert worded == [4]


def test_what_was_delivered_at_once_is_told_for_each_recipient() -> None:
    with running() as (hooks, _), receiving() as receiver:
        hooks.add(hooks.register.make(receiver.url, kinds=("delivered",)))
        assert not hooks.concerns(submission(), at_once=False)
        assert hooks.concerns(submission(), at_once=True)
        hooks.arrived(3, submission(), at_once=True)
        told = [json.loads(one.body) for one in receiver.wait(2)]
        assert [(one["event"], one["recipients"], one["code"]) for one in told] == [
            ("delivered", ["bob@b.test"], 250),
            ("delivered", ["blind@b.test"], 250),
        ]


def test_a_target_that_is_removed_takes_its_events_along() -> None:
    with running(patience=Patience(60, 60, 8)) as (hooks, store), receiving(lambda _: 500) as receiver:
        target = hooks.register.make(receiver.url)
        hooks.add(target)
        for message in range(1, 21):
            hooks.tell(told(message))
        until(lambda: store.ledger.count(EVENT) == 20)
        hooks.remove(target.id)
        until(lambda: store.ledger.count(EVENT) == 0)
        assert not hooks.wants("delivered")
        with pytest.raises(NotFound):
            hooks.remove(target.id)


def test_link_local_targets_are_refused_and_dead_at_once_where_a_name_means_one() -> None:
    with running() as (hooks, store):
        with pytest.raises(Invalid, match="link-local"):
            hooks.register.make("http://169.254.169.254/latest")
        with pytest.raises(Invalid):
            hooks.register.make("file:///etc/passwd")
        hooks._outbound._resolve = lambda host, port: [(socket.AF_INET, 1, 6, "", ("169.254.169.254", port))]
        hooks.add(hooks.register.make("http://metadata.test/"))
        hooks.tell(told(1))
        until(lambda: store.ledger.count(EVENT, states=["dead"]) == 1)
        assert "link-local" in hooks.events()[0][2].error


def test_settings_wish_for_targets_whose_keys_stay(tmp_path: Path) -> None:
    database = tmp_path / "mail.db"
    wish = Target(0, "http://127.0.0.1:9/one", "sendgrid", from_settings=True)
    other = Target(0, "http://127.0.0.1:9/two", from_settings=True)
    with running(database, wished=(wish, other)) as (hooks, _):
        first = hooks.register.all()
        assert [target.url for target in first] == [wish.url, other.url]
    with running(database, wished=(wish,)) as (hooks, _):
        assert hooks.register.all() == first[:1]


def test_what_waited_for_a_target_that_the_settings_no_longer_wish_for_is_forgotten(tmp_path: Path) -> None:
    database = tmp_path / "mail.db"
    wish = Target(0, "http://127.0.0.1:9/one", from_settings=True)
    with running(database, patience=Patience(60, 60, 8), wished=(wish,)) as (hooks, store):
        hooks.tell(told(1))
        until(lambda: store.ledger.count(EVENT) == 1)
    with running(database) as (_, store):
        assert store.ledger.count(EVENT) == 0


def test_a_full_disk_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as (hooks, store), receiving() as receiver:
        hooks.add(hooks.register.make(receiver.url))
        put, failures = store.ledger.put, []

        def full(records: Any) -> Any:
            if len(failures) < 2:
                failures.append(records)
                raise StorageFull("no room")
            return put(records)

        monkeypatch.setattr(store.ledger, "put", full)
        for number in range(3):
            hooks.tell(told(1, number))
        received = receiver.wait(3)
        assert [json.loads(one.body)["attempt"] for one in received] == [0, 1, 2]
        assert len(failures) == 2
        until(lambda: store.ledger.count(EVENT) == 0)


def test_what_mail_brought_in_may_be_no_text() -> None:
    with running() as (hooks, _), receiving() as receiver:
        hooks.add(hooks.register.make(receiver.url))
        hooks.tell(told(1, subject="Gr\udce9e"))
        assert json.loads(receiver.wait(1)[0].body)["subject"] == "Gr?e"


def test_wishes_are_read() -> None:
    assert read_wish("http://a.test/x+y") == ("http://a.test/x+y", "mailtrap", "")
    assert read_wish("sendgrid+https://a.test/") == ("https://a.test/", "sendgrid", "")
    assert read_wish("mailgun+http://a.test/", "s") == ("http://a.test/", "mailgun", "s")
    for wrong in ("nonsense+http://a.test/", "ftp://a.test/", "http://169.254.1.1/", "smtp+http://a.test/"):
        with pytest.raises(SettingsError):
            read_wish(wrong)


def waiting(id: int, message: int, tries: int = 0) -> Waiting:
    return Waiting(id, Kept(1, told(message), tries))


def test_lanes_are_side_by_side_and_each_in_order() -> None:
    lanes = Lanes(Patience(1, 8, 9))
    for id in range(1, 21):
        lanes.add(waiting(id, id % 10))
    first = [lanes.take(0) for _ in range(SIDE_BY_SIDE + 1)]
    assert [one and one.id for one in first] == [*range(1, SIDE_BY_SIDE + 1), None]
    for one in first[:-1]:
        assert one
        lanes.settled(one)
    following = []
    while one := lanes.take(0):
        following.append(one.id)
        lanes.settled(one)
    assert following == list(range(SIDE_BY_SIDE + 1, 21))
    assert lanes.due() is None


def test_a_target_that_cannot_be_reached_is_asked_by_one_event_at_a_time() -> None:
    lanes = Lanes(Patience(1, 8, 9))
    for id in range(1, 6):
        lanes.add(waiting(id, id))
    under_way = [lanes.take(0) for _ in range(4)]
    for one in under_way:
        assert one
        lanes.failed(one, 0.0, reached=False)
    assert (lanes.strikes, lanes.due(), lanes.take(0.9)) == (1, 1.0, None)
    asked, waits_ = [], []
    now = 1.0
    for _ in range(6):
        one = lanes.take(now)
        assert one
        assert lanes.take(now) is None
        asked.append(one.id)
        lanes.failed(one, now, reached=False)
        due = lanes.due()
        assert due is not None
        waits_.append(due - now)
        now = due
    assert asked == [5, 1, 2, 3, 4, 5]
    assert waits_ == [2, 4, 8, 8, 8, 8]
    one = lanes.take(now)
    assert one
    lanes.settled(one)  # it answers again: the others go at once
    assert [lanes.take(now) and True for _ in range(5)] == [True] * 4 + [None]
