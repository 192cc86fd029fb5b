"""What rules that do not match cost; printed, and held to limits that only another order of growth breaks."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from mailtrap.faults.rule import Step
from tests.faults.asking import book, content, occasion, rcpt, rule

MANY = 2000


def cost(ask: Callable[[], object]) -> float:
    """Microseconds of processor time for one call, the best of some runs."""
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        for _ in range(MANY):
            ask()
        best = min(best, (time.process_time() - start) / MANY * 1e6)
    return best


@pytest.mark.parametrize(
    "when",
    [
        "rcpt:user{}@x.test",
        "rcpt=user{}@x.test",
        "rcpt:*@d{}.test",
        "domain:d{}.test",
        "rcpt:(a{}@x.test OR b{}@x.test)",
        "from:user{}@x.test",
        "reverse-path:*{}@x.test",
        "from:ann rcpt:user{}@x.test",
        "peer:10.0.0.{}",
        "login:user{}",
        "rcpt:*odd{}*",
    ],
)
def test_a_hundred_rules_cost_little_more_than_one(when: str) -> None:
    one = book(rule(when=when.format(1, 1)))
    hundred = book(*[rule(when=when.format(number, number)) for number in range(1, 101)])
    same = rcpt("bob@b.test")
    addresses = [f"bob{number}@b.test" for number in range(5 * MANY + 5)]
    others = [rcpt(address) for address in addresses]
    at_most, fresh = cost(lambda: hundred.answer(same)), iter(others)
    distinct = cost(lambda: hundred.answer(next(fresh)))
    single = cost(lambda: one.answer(same))
    print(
        f"{when}: 1 rule {single:.2f} µs, 100 rules {at_most:.2f} µs, "
        f"100 rules and a new recipient each time {distinct:.2f} µs"
    )
    assert all(hundred.answer(asked) is None for asked in others[:10])
    # As much, and some four times as much; asking a hundred rules one by one takes fifty times as much and more.
    assert at_most < 20 * max(single, 1)
    assert distinct < 40 * max(single, 1)


def test_a_hundred_subjects_cost_little_more_than_the_heading() -> None:
    found = content(b"Subject: Reset your password\r\nFrom: ann@a.test\r\n\r\nOpen the link\r\n")
    ends = occasion(Step.END_OF_DATA, content=lambda: found)
    subjects = book(*[rule(Step.END_OF_DATA, f'subject:"order {number}"') for number in range(100)])
    authors = book(*[rule(Step.END_OF_DATA, f"from:user{number}@x.test") for number in range(100)])
    took = [cost(lambda made=made: made.answer(ends)) for made in (subjects, authors)]
    print(f"100 subjects {took[0]:.2f} µs, 100 authors {took[1]:.2f} µs")
    assert max(took) < 40


def test_rules_of_another_step_or_inbox_cost_nothing() -> None:
    elsewhere = book(*[rule(Step.DATA, when=f"rcpt:u{number}") for number in range(100)])
    assert not elsewhere.may_answer(Step.RCPT, "bob@b.test")
    theirs = book(*[rule(inbox=f"ci-{number}") for number in range(100)])
    took = cost(lambda: theirs.answer(rcpt()))
    print(f"100 rules of other inboxes: {took:.2f} µs, the occasion included")
    assert took < 20
