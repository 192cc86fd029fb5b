"""What becomes of one delivery, step by step, without clock, store or thread."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailtrap.delivery.asked import deliveries
from mailtrap.delivery.course import Course, Upshot
from mailtrap.delivery.record import KEPT_FOR_THE_END, MOST_HAPPENINGS, Delivery, Outcome
from mailtrap.delivery.routes import UNREACHABLE, default_route
from mailtrap.delivery.schedule import MOST_TRIES, RetrySchedule
from mailtrap.events import Kind
from mailtrap.faults.occasion import Answer
from mailtrap.faults.rule import Effect, Ehlo, Fault, Notice, Said, Step
from mailtrap.mail.envelope import Envelope, Recipient
from mailtrap.settings import Settings

SECOND = 1_000_000
SCHEDULE = RetrySchedule((60 * SECOND, 120 * SECOND), 1000 * SECOND, 100 * SECOND)

Say = Callable[[Step, int, int, str], Effect | None]


def fresh(recipient: Recipient | str = "bob@b.test") -> Delivery:
    recipient = Recipient(recipient) if isinstance(recipient, str) else recipient
    (made,) = deliveries(5, Envelope("ann@a.test", (recipient,)), 0, "default")
    return made


def run(delivery: Delivery, say: Say, until: int = 1 << 60) -> list[Upshot]:
    def ask(step: Step, at: int, attempt: int, host: str) -> Answer | None:
        effect = say(step, at, attempt, host)
        return Answer(effect, Fault(step, effect, id=3)) if effect is not None else None

    upshots = []
    while delivery.due is not None and delivery.due <= until * SECOND:
        upshots.append(Course(delivery, SCHEDULE, ask).step())
    return upshots


def at(step: Step, effect: Effect, times: int = 1 << 30) -> Say:
    return lambda asked, _at, attempt, _host: effect if asked is step and attempt <= times else None


def notices(upshots: list[Upshot]) -> list[str]:
    return [what for upshot in upshots for what, _ in upshot.notices]


def events(upshots: list[Upshot]) -> list[Kind]:
    return [kind for upshot in upshots for kind, _ in upshot.events]


def test_without_rules_it_is_delivered_in_one_step() -> None:
    delivery = fresh()
    (upshot,) = run(delivery, lambda *_: None)
    assert (delivery.outcome, delivery.due, upshot.spoke) == (Outcome.DELIVERED, None, False)
    assert (upshot.events[0][0], upshot.notices) == (Kind.DELIVERED, [])


@pytest.mark.parametrize(
    ("why", "outcome", "status", "code"),
    [
        ("no-such-domain", Outcome.BOUNCED, "5.1.2", 0),
        ("null-mx", Outcome.BOUNCED, "5.1.10", 556),
        ("no-mx", Outcome.BOUNCED, "5.4.4", 0),
        ("refused", Outcome.DEFERRED, "4.4.1", 0),
        ("timeout", Outcome.DEFERRED, "4.4.1", 0),
        ("tls-required", Outcome.BOUNCED, "5.7.10", 0),
    ],
)
@pytest.mark.parametrize("step", [Step.ROUTE, Step.ATTEMPT])
def test_hosts_can_be_out_of_reach_in_six_ways(step: Step, why: str, outcome: Outcome, status: str, code: int) -> None:
    delivery = fresh()
    upshots = run(delivery, at(step, Effect(unreachable=why)), until=0)  # type: ignore[arg-type]
    (attempt,) = delivery.attempts
    assert (delivery.outcome, attempt.status, attempt.code, attempt.fault) == (outcome, status, code, 3)
    assert "b.test" in attempt.text
    assert "{" not in attempt.text
    assert notices(upshots) == (["failure"] if outcome is Outcome.BOUNCED else [])


def test_every_way_is_tested() -> None:
    assert set(UNREACHABLE) == {"no-such-domain", "null-mx", "no-mx", "refused", "timeout", "tls-required"}


@pytest.mark.parametrize(
    ("effect", "code", "status", "transient"),
    [
        (Effect(reply=Said(550)), 550, "5.0.0", False),
        (Effect(reply=Said(421, "4.3.2", "closing")), 421, "4.3.2", True),
        (Effect(stall=True), 0, "4.4.2", True),
        (Effect(disconnect="before-reply"), 0, "4.4.2", True),
        (Effect(reset=True), 0, "4.4.2", True),
        (Effect(tls="expired"), 0, "4.7.5", True),
    ],
)
def test_what_a_session_can_suffer_fails_an_attempt(effect: Effect, code: int, status: str, transient: bool) -> None:
    delivery = fresh()
    run(delivery, at(Step.ATTEMPT, effect), until=0)
    (attempt,) = delivery.attempts
    assert (attempt.code, attempt.status) == (code, status)
    assert (attempt.is_transient, attempt.is_permanent) == (transient, not transient)
    assert delivery.outcome is (Outcome.DEFERRED if transient else Outcome.BOUNCED)


def test_a_reply_that_is_no_failure_delivers() -> None:
    delivery = fresh()
    run(delivery, at(Step.ATTEMPT, Effect(reply=Said(251, "2.1.5", "forwarding"))))
    assert delivery.outcome is Outcome.DELIVERED
    assert delivery.attempts[0].reply == "251 2.1.5 forwarding"


def test_the_next_host_is_asked_where_one_takes_nothing_now() -> None:
    def say(step: Step, _at: int, attempt: int, host: str) -> Effect | None:
        if step is Step.ROUTE:
            return Effect(route=("one.test", "two.test", "three.test"))
        if step is Step.ATTEMPT and host == "one.test":
            return Effect(unreachable="refused")
        if step is Step.ATTEMPT and host == "two.test":
            return Effect(reply=Said(421, "4.3.2", "busy"))
        return None

    delivery = fresh()
    upshots = run(delivery, say)
    assert [(one.host, one.code) for one in delivery.attempts] == [
        ("one.test", 0),
        ("two.test", 421),
        ("three.test", 250),
    ]
    assert (delivery.outcome, delivery.tries, events(upshots)) == (Outcome.DELIVERED, 1, [Kind.DELIVERED])
    assert delivery.route == ("one.test", "two.test", "three.test")


def test_a_refusal_is_not_taken_to_the_next_host() -> None:
    def say(step: Step, *_: object) -> Effect | None:
        return Effect(route=("one.test", "two.test")) if step is Step.ROUTE else Effect(reply=Said(550))

    delivery = fresh()
    run(delivery, say)
    assert [one.host for one in delivery.attempts] == ["one.test"]
    assert delivery.outcome is Outcome.BOUNCED


def test_a_domain_may_be_found_later() -> None:
    delivery = fresh()
    run(delivery, at(Step.ROUTE, Effect(unreachable="timeout"), times=2))
    assert [one.status for one in delivery.attempts] == ["4.4.1", "4.4.1", "2.0.0"]
    assert [one.what for one in delivery.happenings] == [
        "accepted",
        "deferred",
        "deferred",
        "delayed",
        "routed",
        "delivered",
    ]


def test_many_tries_leave_room_for_how_it_ends() -> None:
    delivery = fresh()
    delivery.happened(0, "accepted")
    for second in range(2 * MOST_HAPPENINGS):
        delivery.happened(second, "deferred")
    delivery.happened(1000, "expired")
    assert [one.what for one in delivery.happenings][:: MOST_HAPPENINGS - KEPT_FOR_THE_END] == ["accepted", "expired"]


def test_a_host_may_take_its_time() -> None:
    effect = Effect(delay=30.0, complaint=Notice(5.0))
    delivery = fresh()
    run(delivery, at(Step.ATTEMPT, effect), until=29)
    assert (delivery.outcome, delivery.attempts, delivery.due) == (Outcome.QUEUED, [], 30 * SECOND)
    run(delivery, at(Step.ATTEMPT, effect))
    assert [one.at for one in delivery.attempts] == [30 * SECOND]
    assert (delivery.outcome, delivery.happenings[-1].at) == (Outcome.COMPLAINED, 35 * SECOND)


def test_retries_delay_notice_and_expiry_come_at_their_times() -> None:
    delivery = fresh()
    upshots = run(delivery, at(Step.ATTEMPT, Effect(reply=Said(450))))
    assert [one.at // SECOND for one in delivery.attempts] == [0, 60, 180, 300, 420, 540, 660, 780, 900]
    assert [(one.what, one.at // SECOND) for one in delivery.happenings] == [
        ("accepted", 0),
        ("routed", 0),
        ("deferred", 0),
        ("deferred", 60),
        ("delayed", 100),
        *[("deferred", second) for second in range(180, 901, 120)],
        ("expired", 1000),
    ]
    assert notices(upshots) == ["delay", "failure"]
    assert events(upshots) == [Kind.DEFERRED] * 9 + [Kind.BOUNCED]


def test_no_delay_is_reported_of_what_has_ended() -> None:
    delivery = fresh()
    assert notices(run(delivery, at(Step.ATTEMPT, Effect(reply=Said(450)), times=1))) == []


@pytest.mark.parametrize(("hide", "what"), [((), "success"), (("dsn",), "relayed")])
def test_success_is_told_where_asked_for(hide: tuple[str, ...], what: str) -> None:
    delivery = fresh(Recipient("bob@b.test", (("NOTIFY", "SUCCESS"),)))
    assert notices(run(delivery, at(Step.ATTEMPT, Effect(ehlo=Ehlo(hide=hide))))) == [what]


def test_a_message_may_be_accepted_and_thrown_away() -> None:
    for step in (Step.ATTEMPT, Step.DELIVERED):
        delivery = fresh()
        assert notices(run(delivery, at(step, Effect(discard=True)))) == []
        assert (delivery.outcome, delivery.happenings[-1].what) == (Outcome.DISCARDED, "discarded")


def test_a_refusal_after_the_delivery_comes_back_as_a_bounce() -> None:
    delivery = fresh()
    upshots = run(delivery, at(Step.DELIVERED, Effect(reply=Said(554, "5.7.1", "spam"), delay=60.0)))
    assert events(upshots) == [Kind.DELIVERED, Kind.BOUNCED]
    assert (delivery.outcome, delivery.happenings[-1].at) == (Outcome.BOUNCED, 60 * SECOND)
    passes = fresh()
    run(passes, at(Step.DELIVERED, Effect(reply=Said(250))))
    assert passes.outcome is Outcome.DELIVERED


def test_texts_and_routes_are_bounded() -> None:
    delivery = fresh()
    say = {
        Step.ROUTE: Effect(route=tuple(f"h{n}.test" for n in range(50))),
        Step.ATTEMPT: Effect(reply=Said(421, "4.3.2", "x" * 9999)),
    }
    run(delivery, lambda step, *_: say.get(step), until=0)
    assert len(delivery.attempts) == 10
    assert len(delivery.attempts[0].text) == 2000


def test_a_schedule_comes_to_an_end() -> None:
    assert RetrySchedule((SECOND,)).again(MOST_TRIES, 0, 0) is None
    assert RetrySchedule.of(Settings(expire_after=0.0)).again(1, 0, 0) is None
    assert RetrySchedule.of(Settings(retry_schedule=(1.0, 2.0))).again(3, 5, 0) == 5 + 2 * SECOND


@pytest.mark.parametrize(
    ("recipient", "host"),
    [
        ("bob@B.Test.", "mx.b.test"),
        ("bob@[IPv6:2001:db8::1]", "[ipv6:2001:db8::1]"),
        ("postmaster", "localhost"),
        ('"a@b"@c.test', "mx.c.test"),
    ],
)
def test_the_default_route_is_the_mx_of_the_domain(recipient: str, host: str) -> None:
    assert default_route(recipient) == (host,)
