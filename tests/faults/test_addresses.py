"""Addresses that mean something say exactly what is written in them, and all others nothing."""

from __future__ import annotations

import timeit

import pytest

from mailtrap.faults.addresses import LONGEST, TAGS, may_mean, meaning
from mailtrap.faults.rule import COLLECTING_STEPS, Effect, Fault, Notice, Said, Step
from mailtrap.faults.scenarios import SCENARIOS, resolve
from mailtrap.faults.testing_domains import DOMAINS, SERVICES

#: Tag → step, what of the effect is not as usual (None for a reply: code and status), first, per.
TAGGED: dict[str, tuple[Step, dict[str, object], int, str]] = {
    "550-5.1.1": (Step.RCPT, {"reply": (550, "5.1.1")}, 0, "sender"),
    "550": (Step.RCPT, {"reply": (550, "5.1.1")}, 0, "sender"),
    "599": (Step.RCPT, {"reply": (599, "5.0.0")}, 0, "sender"),
    "421": (Step.RCPT, {"reply": (421, "4.3.2"), "disconnect": "after-reply"}, 0, "sender"),
    "451-2": (Step.RCPT, {"reply": (451, "4.3.0")}, 2, "sender"),
    "451-4.7.1-3": (Step.RCPT, {"reply": (451, "4.7.1")}, 3, "sender"),
    "550-5.7.509": (Step.RCPT, {"reply": (550, "5.7.509")}, 0, "sender"),
    "defer": (Step.RCPT, {"reply": (451, "4.7.1")}, 0, "sender"),
    "defer-2": (Step.RCPT, {"reply": (451, "4.7.1")}, 2, "sender"),
    "deferred-2": (Step.ATTEMPT, {"reply": (451, "4.7.1")}, 2, "message"),
    "delay-5s": (Step.RCPT, {"delay": 5.0}, 0, "rule"),
    "delay-500ms": (Step.RCPT, {"delay": 0.5}, 0, "rule"),
    "delay-2m": (Step.RCPT, {"delay": 120.0}, 0, "rule"),
    "delay-9999m": (Step.RCPT, {"delay": LONGEST}, 0, "rule"),
    "drop": (Step.RCPT, {"disconnect": "before-reply"}, 0, "rule"),
    "stall": (Step.RCPT, {"stall": True}, 0, "rule"),
    "discard": (Step.RCPT, {"discard": True}, 0, "rule"),
    "bounce": (Step.ATTEMPT, {"reply": (550, "5.1.1")}, 0, "rule"),
    "bounce-5.2.2": (Step.ATTEMPT, {"reply": (550, "5.2.2")}, 0, "rule"),
    "complaint": (Step.DELIVERED, {"complaint": Notice()}, 0, "rule"),
    "read": (Step.DELIVERED, {"read": Notice()}, 0, "rule"),
    "scenario-gmail-nosuchuser": (Step.RCPT, {"scenario": "gmail-nosuchuser"}, 0, "rule"),
    "scenario-gmail-rate-ip": (Step.RCPT, {"scenario": "gmail-rate-ip"}, 0, "rule"),
    "scenario-local-error": (Step.END_OF_DATA, {"scenario": "local-error"}, 0, "rule"),
    "scenario-drop-after-dot": (Step.END_OF_DATA, {"scenario": "drop-after-dot"}, 0, "rule"),
    "scenario-flaky-n": (Step.RCPT, {"scenario": "flaky-n"}, 2, "recipient"),
    "scenario-250-then-dsn": (Step.DELIVERED, {"scenario": "250-then-dsn"}, 0, "rule"),
    "scenario-malformed-nul": (Step.RCPT, {"scenario": "malformed-nul"}, 0, "rule"),
}

MEANINGLESS = [
    "ana@x.test",
    "ana+@x.test",
    "ana+news@x.test",
    "ana+2024@x.test",
    "ana+250-2.0.0@x.test",
    "ana+550-4.1.1@x.test",
    "ana+550-5.1@x.test",
    "ana+550-5.1.1-0@x.test",
    "ana+550-5.1.1-9999@x.test",
    "ana+550-5.1.1x@x.test",
    "ana+550-5.1.1111@x.test",
    "ana+５５０@x.test",
    "ana+defer-@x.test",
    "ana+defer-x@x.test",
    "ana+delay-5@x.test",
    "ana+delay--5s@x.test",
    "ana+bounce-4.1.1@x.test",
    "ana+drop-2@x.test",
    "ana+dropped@x.test",
    "ana+scenario@x.test",
    "ana+scenario-nonsense@x.test",
    "ana+scenario-drop-on-connect@x.test",
    "ana+scenario-starttls-expired@x.test",
    "ana+550-5.1.1+news@x.test",
    "ana@550-5.1.1+x.test",
    '"ana+drop',
    '"ana+"drop@x.test',
    '"ana+drop "@x.test',
    "ana+drop",
    "+drop",
    "",
    "@",
    "unknown@resend.dev",
    "ana@simulator.amazonses.com.example",
    "bounce@x.simulator.amazonses.com",
]


@pytest.mark.parametrize("tag", TAGGED)
def test_a_tag_says_what_happens(tag: str) -> None:
    step, different, first, per = TAGGED[tag]
    (rule,) = meaning(f"Ana.B+{tag}@X.test")
    assert (rule.step, rule.first, rule.per) == (step, first, per)
    effect = {
        name: value
        for name in Effect.__struct_fields__
        if (value := getattr(rule.effect, name)) != getattr(Effect(), name)
    }
    if "reply" in different:
        assert isinstance(effect["reply"], Said)
        effect["reply"] = (effect["reply"].code, effect["reply"].status)
    assert effect == different


@pytest.mark.parametrize("address", MEANINGLESS)
def test_whatever_else_is_a_label(address: str) -> None:
    assert meaning(address) == ()


def test_case_does_not_matter_and_the_name_is_the_address_in_lower_case() -> None:
    (rule,) = meaning("Ana+DEFER-2@X.Test")
    assert rule == meaning("ana+defer-2@x.test")[0]
    assert (rule.id, rule.name) == (0, "ana+defer-2@x.test")
    assert meaning("ben+defer-2@x.test")[0].name == "ben+defer-2@x.test"


@pytest.mark.parametrize("tag", TAGGED)
def test_a_local_part_in_quotes_means_what_it_means_without(tag: str) -> None:
    (rule,) = meaning(f'"Ana B+{tag}"@X.test')
    (plain,) = meaning(f"ana+{tag}@x.test")
    assert (rule.step, rule.effect, rule.first, rule.per) == (plain.step, plain.effect, plain.first, plain.per)


@pytest.mark.parametrize("tag", [tag for tag in TAGS if tag != "scenario-NAME"])
def test_every_tag_of_the_table_means_something(tag: str) -> None:
    assert len(meaning(f"ana+{tag}@x.test")) == 1


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_by_address_keeps_its_effect(name: str) -> None:
    for rule in meaning(f"ana+scenario-{name}@x.test"):
        assert resolve(rule.effect) == SCENARIOS[name].effect


def test_most_scenarios_can_be_told_by_an_address() -> None:
    mailing = [one.name for one in SCENARIOS.values() if one.step not in COLLECTING_STEPS]
    without = {name for name in mailing if not meaning(f"ana+scenario-{name}@x.test")}
    assert {SCENARIOS[name].effect.reply for name in without} == {None}
    assert len(without) < 25


#: Address → step, code or what comes back.
SERVICE: dict[str, tuple[Step, object]] = {
    "success@simulator.amazonses.com": (Step.DELIVERED, "nothing"),
    "bounce@simulator.amazonses.com": (Step.ATTEMPT, 550),
    "bounce+label1@simulator.amazonses.com": (Step.ATTEMPT, 550),
    "ooto@simulator.amazonses.com": (Step.DELIVERED, "auto_reply"),
    "complaint+a-b@simulator.amazonses.com": (Step.DELIVERED, "complaint"),
    "suppressionlist@simulator.amazonses.com": (Step.ATTEMPT, 550),
    "hardbounce@bounce-testing.postmarkapp.com": (Step.ATTEMPT, 550),
    "Hard_Bounce@bounce-testing.postmarkapp.com": (Step.ATTEMPT, 550),
    "SoftBounce@Bounce-Testing.PostmarkApp.com": (Step.ATTEMPT, 552),
    "blocked@bounce-testing.postmarkapp.com": (Step.ATTEMPT, 550),
    "spamcomplaint@bounce-testing.postmarkapp.com": (Step.ATTEMPT, 550),
    "anybody+label@bounce-testing.postmarkapp.com": (Step.ATTEMPT, 550),
    '"bounce"@simulator.amazonses.com': (Step.ATTEMPT, 550),
    '"complaint+a b"@simulator.amazonses.com': (Step.DELIVERED, "complaint"),
    "delivered@resend.dev": (Step.DELIVERED, "nothing"),
    "bounced+signup@resend.dev": (Step.ATTEMPT, 550),
    "complained@resend.dev": (Step.DELIVERED, "complaint"),
    "suppressed@resend.dev": (Step.ATTEMPT, 550),
    "reject@test.mandrillapp.com": (Step.ATTEMPT, 550),
    "hard_bounce@test.mandrillapp.com": (Step.ATTEMPT, 550),
    "soft_bounce@test.mandrillapp.com": (Step.ATTEMPT, 552),
    "spam@test.mandrillapp.com": (Step.DELIVERED, "complaint"),
}


@pytest.mark.parametrize("address", SERVICE)
def test_the_test_addresses_of_services(address: str) -> None:
    step, expected = SERVICE[address]
    (rule,) = meaning(address)
    effect = resolve(rule.effect)
    assert rule.step is step
    assert rule.name == address.lower()
    if isinstance(expected, int):
        assert effect.reply is not None
        assert effect.reply.code == expected
    elif expected == "nothing":
        assert effect == Effect(passes=True)
    else:
        assert getattr(effect, str(expected)) is not None


def test_a_tag_that_means_something_wins_over_the_service() -> None:
    assert meaning("bounce+defer-2@simulator.amazonses.com")[0].step is Step.RCPT


def test_every_domain_is_somebody_s_and_every_rule_can_be_kept() -> None:
    assert set(DOMAINS) == set(SERVICES)
    for rules in DOMAINS.values():
        for mailbox, rule in rules.items():
            assert mailbox == mailbox.lower()
            assert isinstance(rule, Fault)
            assert resolve(rule.effect) != Effect()


@pytest.mark.parametrize("address", [*MEANINGLESS, *SERVICE, "ana+defer-2@x.test"])
def test_whatever_means_something_may_mean_something(address: str) -> None:
    if meaning(address):
        assert may_mean(address)


def test_an_ordinary_address_costs_next_to_nothing() -> None:
    # About 0.1 and 0.6 microseconds; a busy machine may be twenty times slower.
    assert timeit.timeit(lambda: may_mean("anna+news@example.test"), number=1000) < 0.02
    assert timeit.timeit(lambda: meaning("anna+news@example.test"), number=1000) < 0.04


def test_a_hostile_tag_is_read_in_no_time() -> None:
    for length in (200, 100_000):
        address = "a+550-" + "5." * length + "@x.test"
        assert timeit.timeit(lambda address=address: meaning(address), number=10) < 2  # type: ignore[misc]
        assert meaning(address) == ()


def test_an_address_too_long_to_be_one_is_not_remembered() -> None:
    assert meaning("a" * 600 + "+drop@x.test") == ()
