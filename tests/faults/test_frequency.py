"""How often a rule answers, and that it depends on nothing else."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.faults.book import Book
from mailtrap.faults.counting import Counting
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Bucket, Effect, Fault, Greylist, Said, Step
from tests.faults.asking import NO, START, book, occasion, rcpt, refused, rule


def times(made: Book, many: int = 12, **facts: Any) -> list[int]:
    """Which of so many occasions, from 1, meet the fault."""
    return [number for number in range(1, many + 1) if made.answer(rcpt(**facts)) is not None]


@pytest.mark.parametrize(
    ("often", "met"),
    [
        ({"first": 2}, [1, 2]),
        ({"skip": 10}, [11, 12]),
        ({"skip": 3, "first": 2}, [4, 5]),
        ({"every": 3}, [3, 6, 9, 12]),
        ({"every": 3, "first": 2}, [3, 6]),
        ({"every": 4, "skip": 1}, [5, 9]),
        ({"nth": (1, 5)}, [1, 5]),
        ({"nth": (2,), "skip": 3}, [5]),
        ({"probability": 0.0}, []),
        ({"probability": 1.0}, list(range(1, 13))),
        ({"probability": 1.0, "first": 1}, [1]),
        ({}, list(range(1, 13))),
    ],
)
def test_a_rule_answers_as_often_as_it_says(often: dict[str, Any], met: list[int]) -> None:
    assert times(book(rule(**often))) == met


@pytest.mark.parametrize(
    ("per", "same", "other"),
    [
        ("recipient", {"recipient": "Bob@b.test", "sender": "x@y"}, {"recipient": "eve@b.test"}),
        ("sender", {"sender": "Ann@a.test", "recipient": "x@y"}, {"sender": "eve@a.test"}),
        ("session", {"session": 1, "transaction": 9}, {"session": 2}),
        ("message", {"session": 1, "transaction": 1, "sender": "x@y"}, {"transaction": 2}),
        ("peer", {"peer": "192.0.2.1:5"}, {"peer": "192.0.2.2:999"}),
    ],
)
def test_it_counts_for_each_value(per: str, same: dict[str, Any], other: dict[str, Any]) -> None:
    made = book(rule(first=1, per=per))
    assert refused(made, rcpt(), rcpt(**same), rcpt(**other), rcpt(**other)) == [True, False, True, False]


def test_later_a_message_is_one_by_its_number() -> None:
    made = book(rule(Step.ATTEMPT, first=1, per="message"))
    tries = [occasion(Step.ATTEMPT, message=id, session=id % 2, recipient="a@b") for id in (1, 3, 1, 3)]
    assert refused(made, *tries) == [True, True, False, False]


def test_recipients_of_one_content_count_together_in_any_order() -> None:
    made = book(rule(Step.END_OF_DATA, first=1, per="recipient"))
    many = tuple(f"a{number}@{'x' * 60}.test" for number in range(50))
    ends = [many, tuple(reversed(many)), many[:-1]]
    assert refused(made, *[occasion(Step.END_OF_DATA, recipients=those) for those in ends]) == [True, False, True]


def test_it_lasts_so_long_from_the_first() -> None:
    made = book(rule(lasting=60.0, skip=1))
    at = [0, 100, 159.9, 160, 1000]
    assert refused(made, *[rcpt(at=when) for when in at]) == [False, True, True, False, False]


# -- Luck -------------------------------------------------------------------------------------------------------------


def test_the_same_seed_is_the_same_luck_and_another_one_is_not() -> None:
    def drawn(**often: Any) -> list[int]:
        return times(book(rule(probability=0.5, **often)), 64)

    assert drawn(seed=1) == drawn(seed=1)
    assert len({tuple(drawn(seed=seed)) for seed in range(20)}) == 20
    assert drawn(seed=1) != drawn(seed=1, when="rcpt:bob")


def test_luck_is_as_likely_as_it_says() -> None:
    for probability in (0.1, 0.5, 0.9):
        made = book(rule(probability=probability, per="recipient", seed=3))
        met = sum(refused(made, *[rcpt(f"a{number}@b.test") for number in range(4000)]))
        assert met == pytest.approx(4000 * probability, rel=0.12)


def test_two_rules_have_luck_of_their_own() -> None:
    made = book(rule(probability=0.5, name="a"), rule(probability=0.5, name="b"))
    for _ in range(4000):
        made.answer(rcpt())
    a, b = (made.hits(one.id) for one in made.rules())
    assert a == pytest.approx(2000, rel=0.1)
    assert b == pytest.approx(1000, rel=0.15)


@pytest.mark.parametrize("per", ["rule", "recipient", "sender", "message"])
def test_two_rules_without_a_name_that_do_other_things_have_luck_of_their_own(per: str) -> None:
    made = book(*[rule(probability=0.5, per=per, effect=Effect(reply=Said(code))) for code in (450, 550)])
    for number in range(4000):
        made.answer(rcpt(f"a{number}@b.test", sender=f"s{number}@a.test", session=number))
    a, b = (made.hits(one.id) for one in made.rules())
    assert a == pytest.approx(2000, rel=0.1)
    assert b == pytest.approx(1000, rel=0.15)


def test_luck_does_not_depend_on_the_numbers_of_sessions_nor_on_the_inbox() -> None:
    def drawn(first: int, inbox: str) -> list[bool]:
        made = book(rule(probability=0.5, per="session", inbox=inbox, seed=9))
        return refused(made, *[rcpt(session=first + number // 3, inbox=inbox) for number in range(60)])

    assert drawn(1, "") == drawn(700, "") == drawn(5, "ci-1")


class Script:
    """Per-recipient sequences of occasions, played in any interleaving."""

    def __init__(self, rules: Iterable[Fault], tries: dict[str, list[tuple[str, int]]]) -> None:
        self.rules, self.tries = list(rules), tries

    def play(self, seed: int) -> dict[str, list[bool]]:
        luck = random.Random(seed)
        made = book(*self.rules)
        left = {recipient: list(tries) for recipient, tries in self.tries.items() if tries}
        found: dict[str, list[bool]] = defaultdict(list)
        while left:
            recipient = luck.choice(sorted(left))
            sender, at = left[recipient].pop(0)
            asked = rcpt(
                recipient, sender, at, session=luck.randrange(50), peer=f"192.0.2.7:{luck.randrange(1, 60000)}"
            )
            found[recipient].append(made.answer(asked) is not None)
            if not left[recipient]:
                del left[recipient]
        return dict(found)


counted = st.one_of(
    st.fixed_dictionaries({}, optional={"first": st.integers(1, 3), "skip": st.integers(1, 3)}),
    st.fixed_dictionaries({"every": st.integers(2, 3)}),
    st.fixed_dictionaries({"nth": st.lists(st.integers(1, 5), min_size=1, max_size=2).map(tuple)}),
    st.fixed_dictionaries({"probability": st.floats(0, 1), "seed": st.integers(0, 9)}, optional={"first": st.just(2)}),
    st.fixed_dictionaries({"lasting": st.integers(1, 30).map(float)}),
    st.fixed_dictionaries({"bucket": st.builds(Bucket, st.integers(1, 3), st.floats(1, 60))}),
)
whens = st.sampled_from(["", "rcpt:a", "domain:x.test", "-rcpt:b", "from:ann", "rcpt:*@y.test"])
rules = st.builds(lambda often, when: rule(when=when, per="recipient", **often), counted, whens) | st.builds(
    lambda delay, when: rule(when=when, greylist=Greylist(delay)), st.floats(0, 40), whens
)
tries = st.lists(st.tuples(st.sampled_from(["ann@s.test", "ben@s.test"]), st.integers(0, 20)), max_size=8)


@given(
    rules=st.lists(rules, min_size=1, max_size=4),
    tries=st.dictionaries(st.sampled_from(["a@x.test", "b@x.test", "a@y.test", "c@z.test"]), tries, min_size=2),
    seeds=st.tuples(st.integers(), st.integers()),
)
def test_what_a_recipient_meets_does_not_depend_on_the_others(
    rules: list[Fault], tries: dict[str, list[tuple[str, int]]], seeds: tuple[int, int]
) -> None:
    in_time = {
        recipient: [
            (sender, sum([wait for _, wait in those[: number + 1]])) for number, (sender, _) in enumerate(those)
        ]
        for recipient, those in tries.items()
    }
    script = Script(rules, in_time)
    assert script.play(seeds[0]) == script.play(seeds[1])


# -- Buckets, places, greylists ---------------------------------------------------------------------------------------


def test_a_bucket_lets_so_many_pass_and_fills_again() -> None:
    made = book(rule(bucket=Bucket(3, 60.0), per="sender"))
    assert refused(made, *[rcpt()] * 5) == [False, False, False, True, True]
    assert refused(made, *[rcpt(sender="eve@a.test")] * 4) == [False, False, False, True]
    # One comes back every 20 seconds, and there is never room for more than three.
    assert refused(made, rcpt(at=19.9), rcpt(at=20), rcpt(at=20)) == [True, False, True]
    assert refused(made, *[rcpt(at=10_000)] * 4) == [False, False, False, True]


@given(
    capacity=st.integers(1, 20),
    seconds=st.floats(0.1, 100),
    waits=st.lists(st.integers(0, 20_000_000), min_size=1, max_size=60),
)
def test_no_more_pass_in_any_time_than_a_bucket_allows(capacity: int, seconds: float, waits: list[int]) -> None:
    made = book(rule(bucket=Bucket(capacity, seconds)))
    passed, at = [], 0
    for wait in waits:
        at += wait
        one = rcpt()
        one.at = START + at
        if made.answer(one) is None:
            passed.append(at)
    period = int(seconds * 1_000_000)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            assert (last - first + 1) <= capacity + (passed[last] - start) * capacity / period + 1e-6


def test_a_session_holds_its_place_until_it_ends() -> None:
    made = book(rule(Step.CONNECT, concurrent=2, per="peer"))

    def connect(session: int, peer: str = "192.0.2.1:7") -> bool:
        return made.answer(occasion(Step.CONNECT, session=session, peer=peer)) is not None

    assert [connect(1), connect(2), connect(3), connect(4, "192.0.2.9:7")] == [False, False, True, False]
    made.ended(3)
    made.ended(99)
    assert connect(5)
    made.ended(1)
    assert not connect(6)
    assert connect(7)
    assert not connect(2), "it has its place"


@given(st.lists(st.tuples(st.sampled_from(["come", "go"]), st.integers(1, 8)), max_size=60), st.integers(1, 3))
def test_never_are_more_in_than_may_be(moves: list[tuple[str, int]], most: int) -> None:
    made = book(rule(Step.CONNECT, concurrent=most))
    inside: set[int] = set()
    for move, session in moves:
        if move == "go":
            made.ended(session)
            inside.discard(session)
        elif made.answer(occasion(Step.CONNECT, session=session)) is None:
            inside.add(session)
        else:
            assert len(inside) == most
        assert len(inside) <= most


def test_greylisting_lets_a_triplet_pass_once_it_has_waited() -> None:
    made = book(rule(greylist=Greylist(300.0, 3600.0)))
    assert refused(made, rcpt(at=0), rcpt(at=299), rcpt(at=300), rcpt(at=301)) == [True, True, False, False]
    # Another port is the same peer; anything else of the triplet makes another one.
    assert made.answer(rcpt(at=302, peer="192.0.2.1:1")) is None
    others = [rcpt(at=303, peer="192.0.2.2:999"), rcpt(at=303, sender="x@a.test"), rcpt("x@b.test", at=303)]
    assert refused(made, *others) == [True, True, True]
    # Passing lasts for `lifetime` from then on.
    assert refused(made, rcpt(at=3900), rcpt(at=3901), rcpt(at=4201)) == [False, True, False]


def test_greylisting_goes_by_virtual_time() -> None:
    made = book(rule(greylist=Greylist(300.0)))
    one = rcpt()
    assert made.answer(one) is not None
    one.at += 300 * 1_000_000
    assert made.answer(one) is None


@given(
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from("ab"), st.sampled_from("xy")), min_size=1, max_size=40),
    st.integers(0, 300),
)
def test_greylisting_agrees_with_its_definition(tried: list[tuple[int, str, str]], delay: int) -> None:
    made = book(rule(greylist=Greylist(float(delay))))
    first: dict[tuple[str, str], int] = {}
    passed: set[tuple[str, str]] = set()
    at = 0
    for wait, sender, recipient in tried:
        at += wait
        key = (sender, recipient)
        again = key in first
        first.setdefault(key, at)
        passes = key in passed or (again and at - first[key] >= delay)
        if passes:
            passed.add(key)
        assert (made.answer(rcpt(f"{recipient}@b", f"{sender}@a", at)) is None) == passes


# -- Memory -----------------------------------------------------------------------------------------------------------


def test_what_was_not_seen_for_longest_is_forgotten_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    counting = Counting()
    counting._room = 10
    steady = Fault(Step.RCPT, NO, id=1, first=1, per="recipient")
    flood = Fault(Step.RCPT, NO, id=2, first=1, per="session")
    assert counting.meets(steady, rcpt("bob@b.test"))
    for session in range(1000):
        assert counting.meets(flood, rcpt(session=session))
    assert not counting.meets(steady, rcpt("bob@b.test")), "another rule's flood did not push it out"
    assert not counting.meets(flood, rcpt(session=999))
    assert counting.meets(flood, rcpt(session=0)), "long forgotten"
    assert sum(map(len, counting._tables.values())) == 10
    assert counting.forgotten == 1000 + 1 + 1 - 10
    assert len([record for record in caplog.records if "oldest are forgotten" in record.message]) == 1


def test_long_values_are_remembered_by_their_digest() -> None:
    made = book(rule(first=1, per="sender"))
    long = "a" * 100_000
    assert refused(made, rcpt(sender=f"{long}1@b"), rcpt(sender=f"{long}2@b"), rcpt(sender=f"{long}1@b")) == [
        True,
        True,
        False,
    ]
    assert max(len(value) for table in made._counting._tables.values() for value in table) < 300


def test_places_of_sessions_that_ended_leave_nothing_behind() -> None:
    made = book(
        rule(Step.CONNECT, concurrent=2), rule(Step.CONNECT, effect=Effect(delay=1.0), concurrent=5, per="peer")
    )
    asked: list[Occasion] = [occasion(Step.CONNECT, session=number) for number in range(50)]
    for one in asked:
        made.answer(one)
        made.ended(one.session)
    assert made._counting._held == {}
