"""The order of rules, what changing them does, and what is refused when a rule is made."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mailtrap.errors import Invalid, NotFound, QueryError
from mailtrap.faults import book as books
from mailtrap.faults.rule import Bucket, Effect, Ehlo, Fault, Greylist, Notice, Said, Step
from tests.faults.asking import NO, book, occasion, rcpt, refused, rule

PASS = Effect(passes=True)


def test_nobody_answers_where_there_is_no_rule() -> None:
    made = book()
    assert made.answer(rcpt()) is None
    assert made.steps == frozenset()
    assert not made.may_answer(Step.RCPT, "bob@b.test")


def test_the_first_that_matches_answers() -> None:
    made = book(
        rule(when="rcpt:ben", name="ben"),
        rule(when="domain:b.test", name="b"),
        rule(name="all"),
    )
    names = [made.answer(rcpt(address)) for address in ("ben@b.test", "bob@b.test", "bob@c.test")]
    assert [answer and answer.fault.name for answer in names] == ["ben", "b", "all"]
    assert [made.hits(one.id) for one in made.rules()] == [1, 1, 1]


def test_one_that_says_not_now_leaves_it_to_the_next() -> None:
    made = book(rule(first=1, name="once"), rule(first=1, name="then"))
    names = [answer and answer.fault.name for answer in (made.answer(rcpt()) for _ in range(3))]
    assert names == ["once", "then", None]


def test_pass_ends_it() -> None:
    made = book(rule(when="rcpt:boss", effect=PASS), rule())
    assert refused(made, rcpt("boss@b.test"), rcpt("bob@b.test")) == [False, True]
    assert made.hits(made.rules()[0].id) == 1


def test_a_rule_is_for_its_step_and_its_inbox_and_only_while_enabled() -> None:
    made = book(
        rule(Step.MAIL, effect=NO), rule(inbox="CI-1", name="theirs"), rule(enabled=False), rule(inbox="ci-2", name="2")
    )
    assert made.answer(rcpt()) is None
    answers = [made.answer(rcpt(inbox=inbox)) for inbox in ("ci-1", "Ci-2", "ci-3")]
    assert [answer and answer.fault.name for answer in answers] == ["theirs", "2", None]
    assert made.steps == {Step.MAIL, Step.RCPT}


def test_rules_of_an_inbox_and_of_all_keep_their_order() -> None:
    made = book(rule(name="1", when="rcpt:x"), rule(name="2", inbox="i"), rule(name="3"), rule(name="4", inbox="i"))
    here = made.answer(rcpt(inbox="i"))
    elsewhere = made.answer(rcpt(inbox="j"))
    assert here is not None
    assert elsewhere is not None
    assert (here.fault.name, elsewhere.fault.name) == ("2", "3")
    assert [one.name for one in made.rules("I")] == ["1", "2", "3", "4"]
    assert [one.name for one in made.rules("j")] == ["1", "3"]


def test_a_scenario_is_resolved_and_its_text_filled() -> None:
    made = book(rule(effect=Effect(scenario="postfix-nouser", delay=2.0)))
    answer = made.answer(rcpt("bob@b.test"))
    assert answer is not None
    assert answer.effect.reply is not None
    assert answer.effect.reply.code == 550
    assert "<bob@b.test>" in answer.effect.reply.text
    assert answer.effect.delay == 2.0
    assert answer.fault.effect.scenario == "postfix-nouser"


# -- Changing rules ---------------------------------------------------------------------------------------------------


def test_rules_get_ids_that_are_never_given_again() -> None:
    made = book()
    a, b = made.add(rule()), made.add(rule())
    made.remove(b.id)
    c = made.add(rule())
    assert len({a.id, b.id, c.id}) == 3
    assert made.get(b.id) is None
    assert made.get(c.id) == c


def test_rules_are_added_moved_and_removed() -> None:
    made = book(rule(name="a"), rule(name="b"), rule(name="c"))
    a, b, c = made.rules()
    d = made.add(rule(name="d"), before=b.id)
    assert [one.name for one in made.rules()] == ["a", "d", "b", "c"]
    made.move(c.id, 0)
    made.move(a.id, 99)
    assert [one.name for one in made.rules()] == ["c", "d", "b", "a"]
    made.remove(d.id)
    made.put(b.id, rule(name="B"))
    assert [one.name for one in made.rules()] == ["c", "B", "a"]
    for change in (lambda: made.remove(d.id), lambda: made.move(d.id, 0), lambda: made.put(d.id, rule())):
        with pytest.raises(NotFound):
            change()
    with pytest.raises(NotFound):
        made.rewind(d.id)
    made.clear()
    assert made.rules() == []


def test_an_inbox_is_cleared_alone() -> None:
    made = book(rule(name="all"), rule(inbox="a"), rule(inbox="B", name="b"))
    made.clear("A")
    assert [one.name for one in made.rules()] == ["all", "b"]


def test_editing_a_rule_keeps_the_counters_of_all_others() -> None:
    made = book(rule(when="rcpt:a", first=2), rule(when="rcpt:b", first=2))
    a, b = made.rules()
    assert refused(made, rcpt("a@x"), rcpt("b@x")) == [True, True]
    made.put(a.id, rule(when="rcpt:a", first=1))
    assert (made.hits(a.id), made.hits(b.id)) == (0, 1)
    assert refused(made, rcpt("a@x"), rcpt("a@x"), rcpt("b@x"), rcpt("b@x")) == [True, False, True, False]


def test_what_a_rule_says_may_be_edited_without_counting_anew() -> None:
    made = book(rule(first=2))
    (one,) = made.rules()
    made.answer(rcpt())
    made.put(one.id, rule(first=2, effect=Effect(reply=Said(451)), name="new"))
    answer = made.answer(rcpt())
    assert answer is not None
    assert answer.effect.reply == Said(451)
    assert made.answer(rcpt()) is None
    assert made.hits(one.id) == 2


def test_rewinding_counts_anew() -> None:
    made = book(rule(when="rcpt:a", first=1), rule(when="rcpt:b", first=1))
    a, b = made.rules()
    both = (rcpt("a@x"), rcpt("b@x"))
    assert refused(made, *both, *both) == [True, True, False, False]
    made.rewind(a.id)
    assert refused(made, *both) == [True, False]
    made.rewind()
    assert (made.hits(a.id), made.hits(b.id)) == (0, 0)
    assert refused(made, *both) == [True, True]


def test_everything_is_switched_off_and_on_again() -> None:
    made = book(rule(first=1))
    made.suspend(True)
    assert made.suspended
    assert made.steps == frozenset()
    assert not made.may_answer(Step.RCPT, "a+550@b.test")
    assert refused(made, rcpt(), rcpt("a+550@b.test")) == [False, False]
    made.suspend(False)
    assert refused(made, rcpt(), rcpt("a+550@b.test"), rcpt()) == [True, True, False]


def test_what_has_changed_is_kept_and_told() -> None:
    kept: list[list[str]] = []
    told: list[int] = []
    made = book(keep=lambda rules: kept.append([one.name for one in rules]))
    made.on_change(lambda: told.append(len(made.rules())))
    a = made.add(rule(name="a"))
    made.add(rule(name="b"), before=a.id)
    made.put(a.id, rule(name="c"))
    made.suspend(True)
    made.remove(a.id)
    made.clear()
    assert kept == [["a"], ["b", "a"], ["b", "c"], ["b"], []]
    assert told == [1, 2, 2, 2, 1, 0]


def test_rules_of_a_file_stand_first_and_stay() -> None:
    kept: list[list[str]] = []
    made = book(
        fixed=[rule(name="f", when="rcpt:bob"), rule(name="g", when="rcpt:eve")],
        origin="faults.toml",
        keep=lambda rules: kept.append([one.name for one in rules]),
    )
    one = made.add(rule(name="own"))
    f, g, own = made.rules()
    assert (f.name, g.name, own) == ("f", "g", one)
    assert (made.origin(f.id), made.origin(own.id)) == ("faults.toml", "")
    answer = made.answer(rcpt("bob@b.test"))
    assert answer is not None
    assert answer.fault == f
    for change in (
        lambda: made.remove(f.id),
        lambda: made.put(f.id, rule()),
        lambda: made.move(g.id, 0),
        lambda: made.add(rule(), before=f.id),
    ):
        with pytest.raises(Invalid, match=r"faults\.toml"):
            change()
    other = made.add(rule(name="other"))
    made.move(other.id, 0)
    assert [rule.name for rule in made.rules()] == ["f", "g", "other", "own"]
    made.clear()
    assert [rule.name for rule in made.rules()] == ["f", "g"]
    assert kept[-1] == []


def test_there_is_an_end_to_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "MOST_RULES", 2)
    made = book(rule(), rule())
    with pytest.raises(Invalid, match="more than 2 rules"):
        made.add(rule())
    assert len(made.rules()) == 2


def test_several_are_added_together_or_not_at_all() -> None:
    made = book(rule(name="last"))
    (last,) = made.rules()
    with pytest.raises(Invalid):
        made.extend([rule(name="good"), rule(when="subject:x")])
    assert made.rules() == [last]
    made.extend([rule(name="a"), rule(name="b")], before=last.id)
    assert [one.name for one in made.rules()] == ["a", "b", "last"]


# -- Addresses that mean something ------------------------------------------------------------------------------------


def test_an_address_speaks_after_every_rule() -> None:
    made = book(rule(when="rcpt:anna", first=1, name="rule"))
    assert made.may_answer(Step.RCPT, "anna+550-5.1.1@b.test")
    first, second = (made.answer(rcpt("anna+550-5.1.1@b.test")) for _ in range(2))
    assert first is not None
    assert second is not None
    assert (first.fault.name, second.fault.id) == ("rule", 0)
    assert second.effect.reply is not None
    assert second.effect.reply.status == "5.1.1"


def test_addresses_count_for_themselves_by_sender_and_inbox() -> None:
    made = book()
    one = [rcpt("a+defer-1@b.test", sender="x@y"), rcpt("a+defer-1@b.test", sender="z@y")]
    others = [rcpt("b+defer-1@b.test", sender="x@y"), rcpt("a+defer-1@b.test", sender="x@y", inbox="ci")]
    assert refused(made, *one, *others) == [True] * 4
    assert refused(made, *one, *others) == [False] * 4
    made.rewind()
    assert refused(made, *one, *others) == [True] * 4


def test_addresses_can_be_switched_off() -> None:
    made = book(addresses=False)
    assert not made.may_answer(Step.RCPT, "a+550@b.test")
    assert made.answer(rcpt("a+550@b.test")) is None
    assert made.explain(rcpt("a+550@b.test")) == []


def test_one_address_of_several_speaks_for_the_message() -> None:
    made = book()
    ends = occasion(Step.END_OF_DATA, recipients=("ann@a.test", "bob+scenario-drop-after-dot@b.test"))
    answer = made.answer(ends)
    assert answer is not None
    assert answer.effect.disconnect == "after-store"
    ends.recipients = ("ann@a.test",)
    assert made.answer(ends) is None


def test_the_address_that_speaks_is_the_one_that_is_spoken_of() -> None:
    made = book()
    ends = occasion(Step.END_OF_DATA, recipients=("ann@a.test", "bob+scenario-yahoo-nouser@b.test"))
    answer = made.answer(ends)
    assert answer is not None
    assert answer.effect.reply is not None
    assert "bob+scenario-yahoo-nouser@b.test" in answer.effect.reply.text


# -- At once ----------------------------------------------------------------------------------------------------------


def test_many_threads_are_counted_exactly_while_rules_change() -> None:
    made = book(rule(when="rcpt:bob", first=500), rule(when="rcpt:eve", per="recipient", first=3))
    first, second = made.rules()
    met: list[int] = []
    start = threading.Barrier(5)

    def ask(number: int) -> None:
        start.wait(20)
        found = [made.answer(rcpt("bob@b.test", session=number)) for _ in range(200)]
        found += [made.answer(rcpt(f"eve@{n}.test", session=number)) for n in range(100)]
        met.append(sum([one is not None for one in found]))

    def change() -> None:
        start.wait(20)
        for _ in range(30):
            made.remove(made.add(rule(when="rcpt:nobody")).id)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)] + [threading.Thread(target=change)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(met) == 500 + 300
    assert (made.hits(first.id), made.hits(second.id)) == (500, 300)


# -- What is refused --------------------------------------------------------------------------------------------------


def fault(step: Step = Step.RCPT, effect: Effect = NO, **rest: Any) -> Fault:
    return Fault(step, effect, **rest)


@pytest.mark.parametrize(
    ("bad", "message", "hint"),
    [
        (fault(when="subject:reset"), "`subject:reset` cannot be known at step rcpt", "end-of-data, route"),
        (fault(when="reset"), "`reset` cannot be known at step rcpt", "end-of-data"),
        (fault(when="header:X-A"), "`header:X-A` cannot be known", "end-of-data"),
        (fault(when="from:ann -has:attachment"), "`has:attachment` cannot be known", "end-of-data"),
        (fault(Step.MAIL, when="(from:ann OR rcpt:bob)"), "`rcpt:bob` cannot be known at step mail", "rcpt, data"),
        (fault(Step.MAIL, when="domain:b.test"), "cannot be known at step mail", "rcpt, data"),
        (fault(Step.EHLO, when="from:ann"), "cannot be known at step ehlo", "mail, rcpt"),
        (fault(Step.EHLO, when="login:app"), "cannot be known at step ehlo", "auth, mail"),
        (fault(Step.CONNECT, when="helo:ci"), "cannot be known at step connect", "ehlo, starttls"),
        (fault(Step.END_OF_DATA, when="tag:x"), "cannot be known at step end-of-data", "route, attempt, delivered"),
        (fault(Step.QUIT, when="rcpt:bob"), "cannot be known at step quit", "rcpt"),
        (fault(when="form:ann"), "no field `form`", "from:"),
        (fault(when='inbox:"two words"'), 'No inbox can be called what `inbox="two words"` asks for', "1 to 64 of A-Z"),
        (fault(when="rcpt:ann -(inbox:a/b)"), '`inbox="a/b"` asks for', "1 to 64 of A-Z"),
        (fault(when="inbox:ci/*"), "No inbox can be called what `inbox:ci/*` asks for", "`*` is any of it"),
        (fault(when=f"inbox:{'x' * 65}"), "No inbox can be called what `inbox=xxx", "1 to 64 of A-Z"),
        (fault(when="before:2h"), "relative time", "2026-01-31"),
        (fault(effect=Effect()), "`effect` says nothing", "pass"),
        (fault(effect=Effect(scenario="gmail-nosuchusr")), "no such scenario", "gmail-nosuchuser"),
        (fault(effect=Effect(bounce=Notice())), "`bounce` means nothing at step rcpt", "delivered"),
        (fault(effect=Effect(ehlo=Ehlo(hide=("SIZE",)))), "`ehlo` means nothing at step rcpt", "ehlo"),
        (fault(effect=Effect(tls="expired")), "`tls` means nothing at step rcpt", "starttls"),
        (fault(effect=Effect(early_talker=1.0)), "`early-talker` means nothing", "greeting"),
        (fault(Step.QUIT, effect=Effect(disconnect="after-store")), "`disconnect: after-store`", "end-of-data"),
        (fault(effect=Effect(after=100, delay=1.0)), "nothing waits for them at rcpt", "in-data"),
        (fault(Step.IN_DATA, effect=Effect(after=100)), "`after` says when, but not what", "disconnect"),
        (
            fault(effect=Effect(reply=Said(99))),
            "`effect.reply.code` is 99, but must be a whole number from 200 to 599",
            "",
        ),
        (fault(effect=Effect(reply=Said(550, "5"))), "an enhanced status such as 5.1.1", ""),
        (fault(effect=Effect(reply=Said(550, text="a\0"))), "text without control characters", ""),
        (fault(probability=1.5), "`probability` is 1.5, but must be a number from 0 to 1", ""),
        (fault(first=-1), "`first` is -1, but must be a whole number from 0", ""),
        (fault(Step.MAIL, per="recipient"), "no recipient to count by at step mail", "rcpt"),
        (fault(Step.EHLO, per="sender"), "no sender to count by at step ehlo", "mail"),
        (fault(Step.QUIT, per="message"), "no message to count by at step quit", "rcpt"),
        (fault(Step.MAIL, greylist=Greylist()), "`greylist` needs the recipient", "rcpt"),
        (fault(Step.ATTEMPT, concurrent=1), "`concurrent` counts open sessions", "connect"),
        (fault(concurrent=1, per="session"), "always one", "peer"),
        (fault(bucket=Bucket(0, 1.0)), "`bucket.capacity` is 0, but must be a whole number from 1", ""),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_when_it_is_made(bad: Fault, message: str, hint: str) -> None:
    made = book(rule())
    with pytest.raises(Invalid) as caught:
        made.add(bad)
    assert message in str(caught.value)
    assert hint in caught.value.hint
    with pytest.raises(Invalid):
        made.put(made.rules()[0].id, bad)
    assert made.rules() == [rule(id=made.rules()[0].id)]


def test_a_query_that_cannot_be_read_is_pointed_at() -> None:
    with pytest.raises(QueryError) as caught:
        book(rule(when="rcpt:bob form:ann"))
    assert caught.value.position == 9


@pytest.mark.parametrize(
    ("step", "effect", "moment"),
    [
        (Step.RCPT, Effect(reset=True), "before-reply"),
        (Step.RCPT, Effect(reset=True, reply=Said(250)), "after-reply"),
        (Step.IN_DATA, Effect(reset=True, after=1000), "mid-data"),
        (Step.END_OF_DATA, Effect(reset=True, disconnect="after-store"), "after-store"),
    ],
)
def test_a_reset_comes_although_nothing_says_when(step: Step, effect: Effect, moment: str) -> None:
    made = book(Fault(step, effect))
    answer = made.answer(occasion(step, recipient="bob@b.test"))
    assert answer is not None
    assert (answer.effect.reset, answer.effect.disconnect) == (True, moment)


def test_of_several_recipients_the_one_the_rule_is_about_is_spoken_of() -> None:
    said = Effect(reply=Said(550, "5.1.1", "<{recipient}> of {domain}"))
    facts = {"recipients": ("ann@a.test", "bob@b.test", "carl@c.test")}
    for when, told in (
        ("rcpt:bob", "<bob@b.test> of b.test"),
        ("domain:c.test", "<carl@c.test> of c.test"),
        ("", "<ann@a.test> of a.test"),
    ):
        answer = book(rule(Step.END_OF_DATA, when, said)).answer(occasion(Step.END_OF_DATA, **facts))
        assert answer is not None
        assert answer.effect.reply is not None
        assert answer.effect.reply.text == told


def test_what_never_came_to_it_does_not_count() -> None:
    made = book(rule(Step.IN_DATA, first=1), rule(Step.IN_DATA, first=1, per="session"))
    there = occasion(Step.IN_DATA)
    for _ in range(3):
        answer = made.answer(there)
        assert answer is not None
        assert answer.fault.id == 1
        made.take_back(answer, there)
        assert made.hits(1) == 0
    assert made.answer(there) is not None
    assert made.hits(1) == 1
    second = made.answer(there)
    assert second is not None
    assert second.fault.id == 2
    made.take_back(second, there)
    made.rewind()
    made.take_back(second, there)
    assert made.hits(2) == 0


def test_helo_can_be_told_from_ehlo() -> None:
    made = book(rule(Step.EHLO, "-is:helo"))
    assert made.answer(occasion(Step.EHLO, helo="x", greeting="EHLO")) is not None
    assert made.answer(occasion(Step.EHLO, helo="x", greeting="HELO")) is None
