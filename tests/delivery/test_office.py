"""Messages are delivered, deferred and returned in virtual time, and all of it is written down."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mailtrap.clock import Clock
from mailtrap.delivery.letters import Letter, told_of_arrival
from mailtrap.delivery.record import MOST_ATTEMPTS, Delivery, Outcome
from mailtrap.delivery.schedule import RetrySchedule
from mailtrap.errors import Invalid
from mailtrap.events import Kind
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import DELIVERY_STEPS, Effect, Fault, Notice, Said, Step
from mailtrap.mail.envelope import Recipient
from mailtrap.query import Query
from mailtrap.sandbox import Sandbox
from mailtrap.store.base import Selection
from tests.delivery.offices import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Gathered,
    delivery_of,
    nothing,
    replies,
    sandbox,
    send,
)
from tests.store.making import PATIENCE, Heard, StandingClock

#: When a delivery is tried by default, in seconds after the message was accepted.
TRIES = [0, 5 * MINUTE, 20 * MINUTE, 50 * MINUTE, 110 * MINUTE, 230 * MINUTE]
TRIES += range(TRIES[-1] + 4 * HOUR, 5 * DAY, 4 * HOUR)


def after(delivery: Delivery) -> list[float]:
    return [(attempt.at - delivery.accepted_at) / SECOND for attempt in delivery.attempts]


def story(delivery: Delivery) -> list[str]:
    return [one.what for one in delivery.timeline()]


def write(what: str, deliveries: Sequence[Delivery], letter: Letter, at: int, notice: Notice | None) -> bytes | None:
    """A notice that says what it was asked for; none for the null reverse-path."""
    if not letter.envelope.reverse_path:
        return None
    lines = [f"Subject: {what}", "", *[f"{one.recipient} {one.outcome.value}" for one in deliveries]]
    return "".join([f"{line}\r\n" for line in lines]).encode()


def read(of: Sandbox, id_: int) -> list[str]:
    return b"".join(of.store.octets(id_)).decode().split("\r\n")


# What costs nothing


def test_a_plain_message_is_delivered_at_once_and_written_down_nowhere() -> None:
    with sandbox() as box:
        id_ = send(box, "bob@b.test", "Eve@[192.0.2.1]", "postmaster")
        found = box.office.deliveries(messages=[id_])
        assert [(one.recipient, one.outcome, one.attempts[0].host) for one in found] == [
            ("bob@b.test", Outcome.DELIVERED, "mx.b.test"),
            ("Eve@[192.0.2.1]", Outcome.DELIVERED, "[192.0.2.1]"),
            ("postmaster", Outcome.DELIVERED, "localhost"),
        ]
        assert story(found[0]) == ["accepted", "routed", "attempt", "delivered"]
        assert box.store.ledger.count("delivery") == 0
        assert box.office.deliveries() == []
        assert box.office._thread is None
        assert box.office.deliveries(messages=[id_ + 1]) == []


def test_a_message_that_no_rule_concerns_leaves_no_row_either() -> None:
    with sandbox(say=nothing) as box:
        id_ = send(box)
        assert delivery_of(box, id_).outcome is Outcome.DELIVERED
        assert box.store.ledger.count("delivery") == 0


@pytest.mark.parametrize("listener", ["import", "notice"])
def test_what_was_not_sent_is_not_delivered(listener: str) -> None:
    with sandbox(say=replies(550)) as box:
        id_ = send(box, listener=listener)
        assert box.office.deliveries(messages=[id_]) == []
        assert box.store.ledger.count("delivery") == 0


# Trying again


def test_a_deferred_delivery_is_tried_again_on_schedule() -> None:
    with sandbox(say=replies(451, "4.7.1", "try\nlater", times=2)) as box:
        id_ = send(box)
        before = delivery_of(box, id_)
        assert (before.outcome, after(before), before.due) == (
            Outcome.DEFERRED,
            [0],
            before.accepted_at + 5 * MINUTE * SECOND,
        )
        report = box.advance(5 * MINUTE - 1)
        assert (report.attempts, report.due) == (0, before.due)
        report = box.advance(1)
        assert (report.attempts, report.outcomes) == (1, {"deferred": 1})
        report = box.advance(HOUR)
        assert (report.attempts, report.outcomes, report.due) == (1, {"delivered": 1}, None)
        assert report.now - report.before == HOUR * SECOND
        done = delivery_of(box, id_)
        assert (done.outcome, after(done), done.due) == (Outcome.DELIVERED, TRIES[:3], None)
        assert [(one.code, one.status, one.host, one.fault) for one in done.attempts] == [
            (451, "4.7.1", "mx.b.test", 7),
            (451, "4.7.1", "mx.b.test", 7),
            (250, "2.0.0", "mx.b.test", 0),
        ]
        assert story(done) == [
            "accepted",
            "routed",
            "attempt",
            "deferred",
            "attempt",
            "deferred",
            "attempt",
            "delivered",
        ]
        assert done.timeline()[2].text == "mx.b.test: 451 4.7.1 try later"


def test_after_five_days_a_delivery_expires_and_its_sender_is_told() -> None:
    with sandbox(say=replies(451, "4.2.1", "busy")) as box:
        box.office.write = write
        id_ = send(box)
        report = box.advance(4 * HOUR)
        assert report.notices == 1
        (delay,) = delivery_of(box, id_).notices
        assert read(box, delay)[:3] == ["Subject: delay", "", "bob@b.test deferred"]
        report = box.advance(6 * DAY)
        assert report.outcomes == {"deferred": len(TRIES) - 6, "expired": 1}
        done = delivery_of(box, id_)
        assert (done.outcome, done.due, done.tries) == (Outcome.EXPIRED, None, len(TRIES))
        assert after(done) == TRIES
        assert done.decided_by is not None
        assert (done.decided_by.status, done.decided_by.code) == ("4.4.7", 0)
        assert "451 4.2.1 busy" in done.decided_by.text
        assert story(done)[-2:] == ["expired", "notice"]
        assert [one.at - done.accepted_at for one in done.happenings if one.what in ("delayed", "expired")] == [
            4 * HOUR * SECOND,
            5 * DAY * SECOND,
        ]
        _, failure = done.notices
        message = box.store.get(failure)
        assert message is not None
        assert message.arrival.at == done.accepted_at + 5 * DAY * SECOND


def test_the_schedule_is_a_setting() -> None:
    settings = {"retry_schedule": (10.0, 20.0), "expire_after": 100.0, "delay_notice_after": 0.0}
    with sandbox(say=replies(421), **settings) as box:
        box.office.write = write
        id_ = send(box)
        assert box.advance(DAY).notices == 1
        assert after(delivery_of(box, id_)) == [0, 10, 30, 50, 70, 90]


def test_of_very_many_attempts_the_first_and_the_newest_are_kept() -> None:
    with sandbox(say=replies(421), retry_schedule=(60.0,), expire_after=86_400.0) as box:
        id_ = send(box)
        box.advance(2 * DAY)
        done = delivery_of(box, id_)
        assert (done.tries, len(done.attempts)) == (1440, MOST_ATTEMPTS)
        assert after(done)[:20] == [60 * n for n in range(20)]
        assert after(done)[-1] == 60 * 1439


def test_in_real_time_the_thread_tries_again(tmp_path: Path) -> None:
    schedule = RetrySchedule((20_000,))
    with sandbox(say=replies(450, times=3), clock=Clock(), schedule=schedule) as box:
        heard = Heard(box.bus)
        id_ = send(box)
        heard.wait(lambda events: any(event.kind is Kind.DELIVERED for event in events))
        assert after(delivery_of(box, id_)) == [0, 0.02, 0.04, 0.06]


# Returning


def test_a_refused_delivery_is_returned_to_its_sender_s_inbox() -> None:
    with sandbox(say=replies(550, "5.1.1", "no such user")) as box:
        box.office.write = write
        id_ = send(box, "bob@b.test", "eve@b.test", inbox="team")
        one, two = box.office.deliveries(messages=[id_])
        assert one.outcome is two.outcome is Outcome.BOUNCED
        (notice,) = one.notices
        assert two.notices == [notice]
        assert story(one) == ["accepted", "routed", "attempt", "bounced", "notice"]
        message = box.store.get(notice)
        assert message is not None
        assert (message.envelope.reverse_path, message.envelope.addresses) == ("", ("ann@a.test",))
        assert (message.inbox, message.arrival.listener, message.tags) == ("team", "notice", ())
        assert read(box, notice)[2:4] == ["bob@b.test bounced", "eve@b.test bounced"]
        assert box.store.counters().messages == 2


def test_nobody_is_told_where_there_is_nobody() -> None:
    with sandbox(say=replies(550)) as box:
        box.office.write = write
        id_ = send(box, sender="")
        done = delivery_of(box, id_)
        assert (done.outcome, done.notices) == (Outcome.BOUNCED, [])
        assert box.store.counters().messages == 1


def test_a_notice_that_cannot_be_written_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: Any) -> bytes:
        raise ValueError("no ink")

    with sandbox(say=replies(550)) as box:
        box.office.write = broken
        assert delivery_of(box, send(box)).outcome is Outcome.BOUNCED
        assert delivery_of(box, send(box)).outcome is Outcome.BOUNCED
    assert "no ink" in caplog.text


def test_a_bounce_may_come_back_after_the_delivery() -> None:
    def say(occasion: Occasion) -> Effect | None:
        if occasion.step is Step.DELIVERED:
            return Effect(bounce=Notice(90.0, 552, "5.2.2", "mailbox full"))
        return None

    with sandbox(say=say) as box:
        box.office.write = write
        id_ = send(box)
        assert delivery_of(box, id_).outcome is Outcome.DELIVERED
        assert box.advance(60).outcomes == {}
        assert box.advance(30).outcomes == {"bounced": 1}
        done = delivery_of(box, id_)
        assert done.outcome is Outcome.BOUNCED
        assert done.decided_by is not None
        assert done.decided_by.reply == "552 5.2.2 mailbox full"
        assert [one.code for one in done.attempts] == [250]
        assert story(done)[3:] == ["delivered", "bounced", "notice"]


def test_what_people_and_their_programs_send_back() -> None:
    def say(occasion: Occasion) -> Effect | None:
        if occasion.step is not Step.DELIVERED:
            return None
        return Effect(
            complaint=Notice(30.0, text="spam"),
            auto_reply=Notice(10.0, text="away"),
            read=Notice(20.0),
            opens=Notice(15.0),
            clicks=Notice(16.0),
        )

    class Visits:
        def __init__(self) -> None:
            self.paid: list[tuple[str, int, str, int | None]] = []

        def open(self, message: int, recipient: str = "", at: int | None = None) -> bool:
            self.paid.append(("open", message, recipient, at))
            return True

        def click(self, message: int, recipient: str = "", at: int | None = None) -> bool:
            self.paid.append(("click", message, recipient, at))
            return True

    with sandbox(say=say) as box:
        box.office.write = write
        visits = box.office.reader = Visits()
        id_ = send(box)
        report = box.advance(60)
        assert (report.outcomes, report.notices) == ({"complained": 1}, 3)
        done = delivery_of(box, id_)
        assert done.outcome is Outcome.COMPLAINED
        assert story(done)[3:] == [
            "delivered",
            "auto-replied",
            "notice",
            "opened",
            "clicked",
            "read",
            "notice",
            "complained",
            "notice",
        ]
        assert [read(box, id_)[0] for id_ in done.notices] == [
            "Subject: auto-reply",
            "Subject: read",
            "Subject: complaint",
        ]
        at = done.accepted_at
        assert visits.paid == [
            ("open", id_, "bob@b.test", at + 15 * SECOND),
            ("click", id_, "bob@b.test", at + 16 * SECOND),
        ]


def test_success_is_reported_to_whoever_asked_for_it() -> None:
    with sandbox() as box:
        box.office.write = write
        asks = Recipient("bob@b.test", (("notify", "Success,Failure"), ("ORCPT", "rfc822;Bob+2Bx@b.test")))
        id_ = send(box, asks, "eve@b.test", parameters=(("RET", "hdrs"), ("ENVID", "a+2Bb")))
        one, two = box.office.deliveries(messages=[id_])
        assert (one.notify, one.original_recipient, one.ret, one.envelope_id) == (
            ("SUCCESS", "FAILURE"),
            "rfc822;Bob+x@b.test",
            "HDRS",
            "a+b",
        )
        assert story(one)[-1] == "notice"
        assert read(box, one.notices[0])[0:3] == ["Subject: success", "", "bob@b.test delivered"]
        assert two.notices == []


# Telling


def test_the_bus_and_the_application_hear_of_it() -> None:
    with sandbox(say=replies(451, "4.7.1", "later", times=1)) as box:
        told = Gathered()
        heard = Heard(box.bus)
        box.office.tell, box.office.wants = told, lambda kind: kind in ("delivered", "deferred")
        id_ = send(box, inbox="team")
        box.advance(HOUR)
        one, two = told.wait(2)
        assert (one.kind, one.code, one.status, one.attempt, one.host) == ("deferred", 451, "4.7.1", 1, "mx.b.test")
        assert (two.kind, two.code, two.attempt, two.at - one.at) == ("delivered", 250, 2, 5 * MINUTE * SECOND)
        assert (one.message, one.recipient, one.sender, one.subject, one.message_id, one.inbox, one.session) == (
            id_,
            "bob@b.test",
            "ann@a.test",
            "Hello",
            "<1@a.test>",
            "team",
            3,
        )
        heard.wait(
            lambda events: (
                [e.kind for e in events if e.kind in (Kind.DELIVERED, Kind.CLOCK)]
                == [
                    Kind.DELIVERED,
                    Kind.CLOCK,
                ]
            )
        )
        assert heard.ids(Kind.DEFERRED) == [id_]
        assert [e.inbox for e in heard.events if e.kind is Kind.DEFERRED] == ["team"]


def test_what_is_told_of_mail_delivered_at_once_is_what_the_office_would_tell() -> None:
    with sandbox(say=nothing) as box:
        told = Gathered()
        box.office.tell, box.office.wants = told, lambda kind: kind == "delivered"
        for who in (("bob@b.test", "eve@b.test"), ("bob@b.test",), ("zo\xe9@[127.0.0.1]", "odd")):
            told.all.clear()
            letter = box.office._letters.get(send(box, *who))
            assert letter is not None
            assert told.wait(len(who))[: len(who)] == told_of_arrival(letter, at_once=True)[1:]
        assert box.store.ledger.count("delivery") == 0


def test_mail_that_nobody_has_a_say_in_is_none_of_the_office_s_business() -> None:
    with sandbox() as box:
        box.office.tell, box.office.wants = Gathered(), lambda kind: kind == "delivered"
        send(box)
        assert box.office._thread is None


# Lasting


def test_what_is_pending_goes_on_after_a_restart(tmp_path: Path) -> None:
    clock = StandingClock()
    with sandbox(tmp_path / "mail.db", replies(451), clock=clock) as box:
        id_ = send(box)
        box.advance(6 * MINUTE)
        assert after(delivery_of(box, id_)) == TRIES[:2]
    with sandbox(tmp_path / "mail.db", replies(451, times=2), clock=clock) as box:
        assert box.advance(20 * MINUTE).outcomes == {"delivered": 1}
        assert after(delivery_of(box, id_)) == TRIES[:3]


def test_what_should_have_happened_meanwhile_happens_at_the_start(tmp_path: Path) -> None:
    clock = StandingClock()
    with sandbox(tmp_path / "mail.db", replies(451), clock=clock) as box:
        id_ = send(box)
        box.advance(0)
    clock.time += HOUR * SECOND
    with sandbox(tmp_path / "mail.db", nothing, clock=clock) as box:
        done = delivery_of(box, id_)
        assert (done.outcome, after(done)) == (Outcome.DELIVERED, [0, HOUR])


def test_what_nobody_has_looked_at_when_it_stops_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StandingClock()
    with monkeypatch.context() as patch:
        patch.setattr("mailtrap.delivery.office.PostOffice._run", lambda self: None)
        with sandbox(tmp_path / "mail.db", replies(451), clock=clock) as box:
            ids = [send(box) for _ in range(3)]
    with sandbox(tmp_path / "mail.db", replies(550), clock=clock) as box:
        assert {one.outcome for one in box.office.deliveries(messages=ids)} == {Outcome.BOUNCED}


def test_a_deleted_message_is_not_delivered_any_more() -> None:
    with sandbox(say=replies(451)) as box:
        one, two, three = (send(box) for _ in range(3))
        box.advance(0)
        heard = Heard(box.bus)  # after the office has: both learn of it a moment after it is done
        box.store.delete(Selection(Query.EVERYTHING, (two,))).result(PATIENCE)
        heard.wait(lambda events: any(event.kind is Kind.DELETED for event in events))
        assert box.advance(5 * MINUTE).attempts == 2
        assert {delivery.message for delivery in box.office.deliveries()} == {one, three}
        box.store.delete(Selection(Query.EVERYTHING)).result(PATIENCE)
        heard.wait(lambda events: any(event.kind is Kind.CLEARED for event in events))
        assert box.advance(10 * DAY).attempts == 0
        assert box.office.deliveries() == []


def test_more_deliveries_than_memory_holds_happen_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> list[tuple[int, int, int]]:
        order: list[tuple[int, int, int]] = []

        def say(occasion: Occasion) -> Effect | None:
            if occasion.step is not Step.ATTEMPT:
                return None
            order.append((occasion.at, occasion.message, occasion.attempt))
            return Effect(reply=Said(451)) if occasion.attempt < 4 else None

        with sandbox(say=say) as box:
            clock = box.clock
            for _ in range(60):
                send(box)
                clock.forward(clock.now() + SECOND)
            box.advance(0)
            box.advance(DAY)
            assert box.store.ledger.count("delivery", states=["delivered"]) == 60
        return order

    whole = run()
    monkeypatch.setattr("mailtrap.delivery.queue.MOST_LIVE", 12)
    monkeypatch.setattr("mailtrap.delivery.queue.LOADED", 5)
    monkeypatch.setattr("mailtrap.delivery.office.MOST_HELD", 3)
    assert run() == whole
    assert len(whole) == 240


def test_stopping_waits_for_no_virtual_time() -> None:
    with sandbox(say=replies(451)) as box:
        send(box)
        assert box.office.catch_up(PATIENCE)
        began = time.monotonic()
        box.office.stop()
        assert time.monotonic() - began < 5
        send(box)


# The clock


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), 1e12])
def test_time_goes_forward_and_not_for_ever(seconds: float) -> None:
    with sandbox() as box, pytest.raises(Invalid):
        box.advance(seconds)


def test_listeners_hear_of_the_clock_once_everything_due_is_done() -> None:
    with sandbox(say=replies(451)) as box:
        id_ = send(box)
        seen: list[tuple[int, int]] = []
        box.clock.on_advance(lambda now: seen.append((now, delivery_of(box, id_).tries)))
        report = box.advance(HOUR)
        assert seen == [(report.now, 4)]


def run_of(count: int, recipients: int) -> tuple[list[Delivery], float]:
    """Five days of retries for so many messages with so many recipients each; the seconds it took."""
    with sandbox(say=replies(451, "4.7.1", "greylisted")) as box:
        box.office.write = write
        ids = [send(box, *[f"user{n}@b.test" for n in range(recipients)]) for _ in range(count)]
        box.office.catch_up(PATIENCE)
        began = time.perf_counter()
        report = box.advance(5 * DAY)
        took = time.perf_counter() - began
        assert report.attempts == count * recipients * (len(TRIES) - 1)
        assert report.outcomes["expired"] == count * recipients
        assert report.notices == 2 * count
        return box.office.deliveries(messages=ids, limit=10_000), took


@pytest.mark.parametrize(("count", "recipients"), [(1, 1000), (1000, 1)])
def test_five_days_of_retries_for_a_thousand_recipients_take_seconds(
    count: int, recipients: int, record_property: Any
) -> None:
    deliveries, took = run_of(count, recipients)
    record_property("seconds", took)
    print(f"{count} x {recipients}: {took:.2f} s")
    assert len(deliveries) == 1000
    assert all(after(one) == TRIES for one in deliveries)
    assert all(len(one.notices) == 2 for one in deliveries)
    assert took < 30


def test_the_same_mail_under_the_same_rules_fares_the_same() -> None:
    def fates() -> list[tuple[str, list[int], list[str]]]:
        def say(occasion: Occasion) -> Effect | None:
            luck = hash((occasion.recipient[4], occasion.attempt)) if occasion.step is Step.ATTEMPT else 1
            return Effect(reply=Said(450 if luck % 3 else 550)) if luck % 2 == 0 else None

        with sandbox(say=say) as box:
            box.office.write = write
            ids = [send(box, *[f"user{n}@b.test" for n in range(20)]) for _ in range(5)]
            box.advance(6 * DAY)
            return [
                (one.outcome.value, [attempt.at for attempt in one.attempts], story(one))
                for one in box.office.deliveries(messages=ids, limit=1000)
            ]

    assert fates() == fates()


def test_mail_goes_on_while_the_clock_is_advanced() -> None:
    begun = threading.Event()

    def say(occasion: Occasion) -> Effect | None:
        if occasion.step is not Step.ATTEMPT or occasion.recipient != "slow@b.test":
            return None
        if occasion.attempt > 1:
            begun.set()
        return Effect(reply=Said(451))

    with sandbox(say=say) as box:
        for _ in range(300):
            send(box, "slow@b.test")
        thread = threading.Thread(target=box.advance, args=(5 * DAY,))
        thread.start()
        assert begun.wait(PATIENCE)
        ids = [send(box, "bob@b.test") for _ in range(20)]
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert all(one.outcome is Outcome.DELIVERED for one in box.office.deliveries(messages=ids))


# With the rules of a new sandbox


@pytest.mark.parametrize(
    ("recipient", "outcomes", "tries"),
    [
        ("bob+deferred-2@b.test", {"deferred": 2, "delivered": 1}, 3),
        ("bob+bounce-5.2.2@b.test", {"bounced": 1}, 1),
        ("bob+complaint@b.test", {"delivered": 1, "complained": 1}, 1),
        ("bob+label@b.test", {"delivered": 1}, 1),
        ("complaint@simulator.amazonses.com", {"delivered": 1, "complained": 1}, 1),
        ("DnsError@bounce-testing.postmarkapp.com", {"bounced": 1}, 1),
    ],
)
def test_addresses_that_mean_something_need_no_rule(recipient: str, outcomes: dict[str, int], tries: int) -> None:
    with sandbox() as box:
        before = box.clock.now()
        id_ = send(box, "eve@b.test", recipient)
        plain, done = box.office.deliveries(messages=[id_])
        box.advance(DAY)
        plain, done = box.office.deliveries(messages=[id_])
        assert plain.outcome is Outcome.DELIVERED
        assert (done.tries, done.accepted_at) == (tries, before)
        seen = [one.what for one in done.happenings if one.what in outcomes]
        assert set(seen) == set(outcomes)


def test_rules_change_what_becomes_of_mail_on_its_way() -> None:
    with sandbox() as box:
        rule = box.faults.add(
            Fault(Step.ATTEMPT, Effect(reply=Said(451, "4.7.1", "not yet")), when="domain:slow.test subject:hello")
        )
        slow, other = (
            send(box, "bob@slow.test", "bob@b.test"),
            send(box, "bob@slow.test", content=b"Subject: x\r\n\r\n"),
        )
        assert [one.outcome for one in box.office.deliveries(messages=[slow, other])] == [
            Outcome.DEFERRED,
            Outcome.DELIVERED,
            Outcome.DELIVERED,
        ]
        assert (box.advance(HOUR).outcomes, box.faults.hits(rule.id)) == ({"deferred": 3}, 4)
        assert delivery_of(box, slow).attempts[0].fault == rule.id
        box.faults.remove(rule.id)
        assert box.advance(HOUR).outcomes == {"delivered": 1}


@pytest.mark.parametrize("step", DELIVERY_STEPS)
@pytest.mark.parametrize(
    "when",
    [
        *("subject:hello", "subject=Hello", "subject:hel*", "from:boss", "from:*@corp.test"),
        *("from:boss subject:hello", "from:boss OR from:nobody", "header:X-A:1", "body:words", "to:carl", "larger:9"),
    ],
)
def test_rules_about_the_content_are_asked_of_mail_that_no_other_rule_concerns(step: Step, when: str) -> None:
    content = b"From: The Boss <boss@corp.test>\r\nTo: carl@d.test\r\nSubject: Hello\r\nX-A: 1\r\n\r\nwords\r\n"
    with sandbox() as box:
        box.faults.add(Fault(step, Effect(reply=Said(550)), when=when))
        box.faults.add(Fault(step, Effect(reply=Said(551)), when="domain:elsewhere.test"))
        assert delivery_of(box, send(box, content=content)).outcome is Outcome.BOUNCED


def test_mail_that_no_rule_can_match_does_not_come_to_the_office() -> None:
    with sandbox() as box:
        for n in range(50):
            box.faults.add(Fault(Step.ATTEMPT, Effect(reply=Said(451)), when=f"rcpt:*@slow{n}.test"))
        box.faults.add(Fault(Step.ROUTE, Effect(reply=Said(451)), when="reverse-path:eve@a.test"))
        box.faults.add(Fault(Step.DELIVERED, Effect(bounce=Notice()), when="subject:invoice"))
        send(box, "bob@b.test", "carl@b.test")
        assert box.office._thread is None
        assert delivery_of(box, send(box, "bob@b.test", "bob@slow7.test"), 1).outcome is Outcome.DEFERRED
        assert delivery_of(box, send(box, sender="eve@a.test")).outcome is Outcome.DEFERRED
