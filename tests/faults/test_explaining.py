"""Why a rule would not answer, in words; explaining changes nothing, and agrees with what then happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.faults.rule import Bucket, Effect, Fault, Greylist, Step
from tests.faults.asking import book, content, occasion, rcpt, rule


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (rule(), "it answers"),
        (rule(effect=Effect(passes=True)), "it lets this pass, and no later rule is asked"),
        (rule(Step.MAIL), "it waits for step mail; this is rcpt"),
        (rule(enabled=False), "it is switched off"),
        (rule(inbox="ci"), "it belongs to inbox ci; this is default"),
        (rule(when="rcpt:eve"), "`rcpt:eve` does not hold: it is bob@b.test"),
        (rule(when="domain:c.test rcpt:bob"), "`domain=c.test` does not hold: it is b.test"),
        (rule(when="rcpt:bob from:eve"), "`from:eve` does not hold: it is ann@a.test"),
        (rule(when="-rcpt:bob"), "`-rcpt:bob` does not hold, for `rcpt:bob` does: it is bob@b.test"),
        (rule(when="rcpt:(eve OR dan)"), "`rcpt:eve OR rcpt:dan` does not hold: it is bob@b.test"),
        (rule(when="helo:x OR peer:10.0.0.1"), "`helo=x OR peer=10.0.0.1` does not hold"),
        (rule(when="peer:10.0.0.1"), "`peer=10.0.0.1` does not hold: it is 192.0.2.1"),
        (rule(when="login:app"), "`login=app` does not hold: it is empty"),
        (rule(when="larger:1KB"), "`larger:1024` does not hold: it has 0 octets"),
        (rule(when="session:2"), "`session:2` does not hold: it is 1"),
        (rule(when="is:tls"), "`is:tls` does not hold"),
        (
            rule(when="before:2026-01-01"),
            "`before:2026-01-01T00:00:00Z` does not hold: it is 2027-01-15T08:00:00.000000Z",
        ),
        (rule(skip=2), "it skips the first 2; this is number 1"),
        (rule(every=3), "its turn comes one time in 3; this is number 1"),
        (rule(nth=(2, 4)), "its turn comes at number 2, 4; this is number 1"),
        (rule(probability=0.0), "luck spares number 1"),
        (rule(bucket=Bucket(5, 60.0)), "the bucket of 5 in 60 s has room"),
        (rule(concurrent=2), "2 may be at once; with this one it is 1"),
    ],
)
def test_why(asked: Fault, why: str) -> None:
    made = book(asked)
    (told,) = made.explain(rcpt())
    assert told.why.startswith(why)
    assert told.answers is why.startswith(("it answers", "it lets"))
    assert told.fault == made.rules()[0]


def test_those_after_the_one_that_answers_say_so() -> None:
    made = book(rule(when="rcpt:eve"), rule(name="here"), rule(when="rcpt:bob"), rule(when="rcpt:dan"))
    told = made.explain(rcpt())
    assert [one.answers for one in told] == [False, True, False, False]
    assert told[2].why == f"it matches, but rule {told[1].fault.id} (here) comes first"
    assert "rcpt:dan" in told[3].why


def test_an_address_that_means_something_is_explained_last() -> None:
    made = book(rule(when="rcpt:eve"))
    told = made.explain(rcpt("a+550@b.test"))
    assert [(one.fault.id, one.answers) for one in told] == [(made.rules()[0].id, False), (0, True)]
    assert told[1].fault.name == "a+550@b.test"


def test_everything_switched_off_is_said() -> None:
    made = book(rule())
    made.suspend(True)
    (told,) = made.explain(rcpt())
    assert (told.answers, told.why) == (False, "all rules are switched off")


def test_the_content_is_looked_at() -> None:
    made = book(rule(Step.END_OF_DATA, "subject:other"), rule(Step.END_OF_DATA, "header:X-Other"))
    end = occasion(Step.END_OF_DATA, content=lambda: content(b"Subject: Hello\r\n\r\n"))
    assert [one.why for one in made.explain(end)] == [
        "`subject:other` does not hold: it is Hello",
        "`header:X-Other` does not hold",
    ]


def test_the_luck_of_a_session_is_that_of_its_number_whatever_a_greylist_knows() -> None:
    """A greylist remembers triplets beside the values that are counted for; they are none of them."""
    by_luck = rule(greylist=Greylist(0.0, 0.0), probability=0.5, per="session")
    told = []
    for each in range(20):
        made = book(by_luck)
        for before in range(each):
            made.answer(rcpt(f"{before}@b.test", session=1))
        asked = rcpt("new@b.test", session=2)
        (explained,) = made.explain(asked)
        assert explained.answers is (made.answer(asked) is not None)
        told.append(explained.answers)
    assert len(set(told[1:])) == 1


def test_long_values_are_cut() -> None:
    made = book(rule(when=f"rcpt:{'a' * 3000}"))
    (told,) = made.explain(rcpt("b" * 3000 + "@b.test"))
    assert len(told.why) < 600


often = st.fixed_dictionaries(
    {},
    optional={
        "first": st.integers(0, 3),
        "skip": st.integers(0, 2),
        "every": st.integers(0, 3),
        "nth": st.lists(st.integers(1, 4), max_size=2).map(tuple),
        "lasting": st.sampled_from([0.0, 5.0]),
        "probability": st.none() | st.floats(0, 1),
        "per": st.sampled_from(["rule", "recipient", "sender", "session", "message", "peer"]),
        "bucket": st.none() | st.builds(Bucket, st.integers(1, 2), st.floats(1, 10)),
        "greylist": st.none() | st.builds(Greylist, st.floats(0, 10), st.floats(0, 30)),
    },
)
rules = st.builds(
    lambda when, often: rule(when=when, **often), st.sampled_from(["", "rcpt:a", "from:x", "-session:1"]), often
)
asked = st.fixed_dictionaries(
    {
        "recipient": st.sampled_from(["a@b.test", "c@b.test", "a+defer-1@b.test"]),
        "sender": st.sampled_from(["x@y.test", ""]),
        "session": st.integers(1, 2),
        "wait": st.integers(0, 8),
    }
)


@given(st.lists(rules, max_size=4), st.lists(asked, min_size=1, max_size=12))
def test_explaining_agrees_with_answering_and_changes_nothing(rules: list[Fault], asked: list[dict[str, Any]]) -> None:
    made, silent = book(*rules), book(*rules)
    at = 0
    for facts in asked:
        at += facts["wait"]
        one = rcpt(facts["recipient"], facts["sender"], at, session=facts["session"])
        told = made.explain(one)
        assert made.explain(one) == told
        answer = made.answer(one)
        found = [each.fault for each in told if each.answers]
        assert found == ([answer.fault] if answer else [])
        assert silent.answer(one) == answer
