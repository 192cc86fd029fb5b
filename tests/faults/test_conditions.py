"""What `when` means at each step, and that finding rules by look-up leaves none out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mailtrap.errors import Invalid
from mailtrap.faults.checking import condition_of
from mailtrap.faults.conditions import KNOWN, Evidence, known_at, read, terms
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Fault, Step
from mailtrap.mail.arrival import Login, Tls
from mailtrap.mail.message import Understanding
from mailtrap.query import Searchable, parse
from mailtrap.query.terms import FIELDS, FLAGS
from tests.faults.asking import NO, START, book, content, occasion, rcpt, rule

OCTETS = (
    b"Subject: Reset your password\r\nFrom: Ann <ann@header.test>\r\nTo: bob@b.test\r\nX-Job: nightly\r\n\r\n"
    b"Open the link\r\n"
)
FACTS: dict[str, Any] = {
    "sender": "ann@a.test",
    "recipient": "Bob+x@b.test",
    "recipients": ("carl@c.test",),
    "helo": "ci-7",
    "listener": "smtps",
    "login": Login("PLAIN", "app"),
    "tls": Tls("TLSv1.3", "X"),
    "session": 3,
    "size": 2000,
    "inbox": "ci",
    "message": 12,
}


def asked(step: Step = Step.DELIVERED, octets: bytes | None = OCTETS, **facts: Any) -> Occasion:
    given = {**FACTS, **facts}
    if octets is not None:
        given["content"] = lambda: content(octets, given["sender"], ("Bob+x@b.test", "dora@d.test"))
    return occasion(step, **given)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("", True),
        ("rcpt:bob", True),
        ("rcpt=BOB+X@b.test", True),
        ("rcpt:dora", False),
        ("rcpt:carl", False),
        ("domain:B.test", True),
        ("domain:d.test", False),
        ("domain:*.test", True),
        ("from:ann@a.test", True),
        ("from:ann@header.test", True),
        ("from=Ann", True),
        ("from:carl", False),
        ("reverse-path:ann@header.test", False),
        ("peer:192.0.2.1", True),
        ("peer:192.0.2.1:999", False),
        ("peer:192.0.2.*", True),
        ("helo:ci-*", True),
        ("login:APP", True),
        ("listener:smtps", True),
        ("inbox:ci", True),
        ("session:3", True),
        ("id:12", True),
        ("id:13", False),
        ("is:tls is:authenticated", True),
        ("is:utf8", False),
        ("larger:1KB smaller:2KB", True),
        ("after:2027-01-15T08:00:00Z before:2027-01-15T08:00:01Z", True),
        ("before:2027-01-15T08:00:00Z", False),
        ("subject:reset", True),
        ('subject="Reset your password"', True),
        ("to:bob", True),
        ("header:X-Job:nightly", True),
        ("header:X-Other", False),
        ("body:link", True),
        ("nightly", True),
        ("bob", True),
        ("dora", True),
        ("has:html", False),
        ("-subject:reset", False),
        ("subject:reset OR rcpt:dora", True),
        ("rcpt:dora OR (subject:reset -from:ann)", False),
        ("(rcpt:bob OR rcpt:dora) body:link", True),
    ],
)
def test_a_condition_holds_of_the_recipient_in_question_and_the_message(when: str, holds: bool) -> None:
    assert condition_of(rule(Step.DELIVERED, when)).matches(Evidence(asked())) is holds
    made = book(rule(Step.DELIVERED, when), addresses=False)
    assert (made.answer(asked()) is not None) is holds
    assert [one.answers for one in made.explain(asked())] == [holds]


def test_without_a_recipient_in_question_all_so_far_are() -> None:
    made = book(rule(Step.DATA, "rcpt:carl"))
    assert made.answer(asked(Step.DATA, recipient="", recipients=("ben@b.test", "carl@c.test"))) is not None
    assert made.answer(asked(Step.DATA, recipient="", recipients=())) is None


def test_from_is_the_reverse_path_alone_until_the_content_is_known() -> None:
    at_rcpt, at_end = rule(Step.RCPT, "from:header.test"), rule(Step.END_OF_DATA, "from:header.test")
    assert book(at_rcpt).answer(asked(Step.RCPT)) is None
    assert book(at_end).answer(asked(Step.END_OF_DATA)) is not None


def test_size_is_what_was_declared_until_it_is_known() -> None:
    made = book(rule(Step.MAIL, "larger:1MB"))
    declared = occasion(Step.MAIL, sender="a@b", parameters=(("BODY", "8BITMIME"), ("size", "2000000")))
    assert made.answer(declared) is not None
    assert made.answer(replace(declared, size=10)) is None
    for parameters in ((), (("SIZE", None),), (("SIZE", "\u0663" * 8),), (("SIZE", "9" * 400),)):
        assert made.answer(replace(declared, parameters=parameters)) is None


def test_smtputf8_is_known_with_mail() -> None:
    made = book(rule(Step.MAIL, "is:utf8"))
    assert made.answer(occasion(Step.MAIL, sender="a@b", parameters=(("SMTPUTF8", None),))) is not None
    assert made.answer(occasion(Step.MAIL, sender="a@b")) is None


def test_the_message_is_looked_at_only_where_it_must_be() -> None:
    looked = []

    def look() -> Searchable:
        looked.append(1)
        return content(OCTETS)

    end = replace(asked(Step.END_OF_DATA), content=look)
    made = book(
        rule(Step.END_OF_DATA, "rcpt:dora subject:reset"),
        rule(Step.END_OF_DATA, "subject:reset domain:c.test"),
        rule(Step.END_OF_DATA, "helo:other (body:link OR subject:reset)"),
    )
    assert made.answer(end) is None
    assert looked == []
    made.add(rule(Step.END_OF_DATA, "subject:other"))
    made.add(rule(Step.END_OF_DATA, "subject:reset"))
    assert made.answer(end) is not None
    assert looked


def test_content_that_is_not_known_matches_nothing() -> None:
    made = book(rule(Step.ATTEMPT, "-subject:x"))
    assert made.answer(asked(Step.ATTEMPT, None)) is None
    (why,) = made.explain(asked(Step.ATTEMPT, None))
    assert "needs the content" in why.why


# -- What is known when -----------------------------------------------------------------------------------------------


def test_what_is_known_is_of_the_language() -> None:
    flags = {f"{name}:{flag}" for name, those in FLAGS.items() for flag in those}
    assert set(KNOWN) <= set(FIELDS) | flags


@pytest.mark.parametrize("step", Step)
def test_each_example_is_known_at_a_step_or_refused_there(step: Step) -> None:
    known = 0
    for field in FIELDS.values():
        if field.name in ("before", "after"):
            continue
        (term,) = terms(parse(field.example).root)
        if step in known_at(term):
            known += 1
            read(field.example, step)
        else:
            with pytest.raises(Invalid, match="cannot be known"):
                read(field.example, step)
    assert known >= 4


def test_more_is_known_from_step_to_step() -> None:
    order = [*list(Step)[:10], Step.ROUTE, Step.ATTEMPT, Step.DELIVERED]
    for steps in (*KNOWN.values(), known_at(next(terms(parse("subject:x").root)))):
        found = [step in steps for step in order]
        assert found == sorted(found)
    assert all(KNOWN[name] == frozenset(Step) for name in ("peer", "listener", "inbox", "before", "after"))


# -- Finding rules by look-up -----------------------------------------------------------------------------------------

LOCALS = ["bob", "Bob", "ann", "bob+x", "ünï", "a.b", "x"]
DOMAINS = ["b.test", "B.test", "c.b.test", "bücher.test", ""]
ADDRESSES = [f"{local}@{domain}" for local in LOCALS for domain in DOMAINS] + ["postmaster", "", "日本@例.test"]
PIECES = [
    "bob",
    "B.TEST",
    "b.test",
    "*",
    "?",
    "@",
    "ünï",
    "x",
    "a.b",
    ".test",
    "bob@b.test",
    "日本",
    "10.0.0.1",
    "ci-7",
]
values = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join)
singles = st.builds(
    "{}{}{}".format,
    st.sampled_from(["rcpt", "domain", "from", "reverse-path", "helo", "peer", "login", "listener"]),
    st.sampled_from([":", "="]),
    values,
)
conditions = st.recursive(
    singles | st.sampled_from(["larger:1KB", "is:tls", "session:1"]),
    lambda inner: st.one_of(
        st.builds("-({})".format, inner),
        st.builds("({} {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
    ),
    max_leaves=4,
)
facts = st.fixed_dictionaries(
    {
        "sender": st.sampled_from(ADDRESSES),
        "helo": st.sampled_from(["ci-7", "bob", "", "x\0b"]),
        "peer": st.sampled_from(["10.0.0.1:25", "[::1]:25", "10.0.0.1", ""]),
        "login": st.none() | st.builds(Login, st.just("PLAIN"), st.sampled_from(["bob", "B.test"])),
        "listener": st.sampled_from(["smtp", "x"]),
        "size": st.sampled_from([0, 5000]),
    }
)


def written(whens: list[str], step: Step = Step.DATA) -> list[Fault]:
    rules = []
    for when in whens:
        one = Fault(step, NO, when=when)
        try:
            condition_of(one)
        except Invalid:
            continue
        rules.append(one)
    return rules


@given(
    st.lists(conditions, min_size=1, max_size=8),
    st.lists(st.tuples(facts, st.lists(st.sampled_from(ADDRESSES), max_size=3)), min_size=1, max_size=4),
)
def test_the_rule_that_answers_is_the_first_whose_query_matches(
    whens: list[str], occasions: list[tuple[dict[str, Any], list[str]]]
) -> None:
    made = book(*written(whens), addresses=False)
    for known, recipients in occasions * 2:
        one = Occasion(Step.DATA, START, session=1, recipients=tuple(recipients), **known)
        evidence = Evidence(one)
        expected = [each.id for each in made.rules() if condition_of(each).query.matches(evidence.facts)]
        explained = [each for each in made.explain(one) if each.answers]
        answer = made.answer(one)
        assert (answer.fault.id if answer else None) == (expected[0] if expected else None)
        assert [each.fault.id for each in explained] == expected[:1]


def test_one_recipient_in_question_is_looked_up_alone() -> None:
    made = book(rule(when="rcpt:bob"), rule(when="domain:c.test"))
    assert made.answer(rcpt("bob@c.test", recipients=("x@c.test",))) is not None
    assert made.answer(rcpt("eve@b.test", recipients=("bob@c.test",))) is None


HEADINGS = [
    b"Subject: Bob\r\nFrom: Bob <bob@b.test>, ann@a.test\r\n\r\nx",
    b"Subject: =?utf-8?q?=C3=BCn=C3=AF_b=2Etest?=\r\nFrom: =?utf-8?q?=C3=BCn=C3=AF?= <x@B.test>\r\n\r\nbob",
    b"\r\n",
    b"Subject: bob@b.test ci x\r\nFrom: <>\r\nSender: ann@a.test\r\n\r\n",
]
of_message = st.builds(
    "{}{}{}".format,
    st.sampled_from(["subject", "from", "rcpt", "reverse-path"]),
    st.sampled_from([":", "="]),
    values | st.sampled_from(["Bob", '"Bob <bob@b.test>"', '"ünï <x@b.test>"', '"bob@b.test ci x"', '""']),
)
mixed = st.recursive(
    of_message,
    lambda inner: st.one_of(
        st.builds("-({})".format, inner),
        st.builds("({} {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
    ),
    max_leaves=4,
)


@given(
    st.lists(mixed, min_size=1, max_size=8),
    st.lists(st.tuples(facts, st.sampled_from(ADDRESSES), st.sampled_from(HEADINGS)), min_size=1, max_size=4),
)
def test_the_same_holds_once_the_message_is_known(
    whens: list[str], occasions: list[tuple[dict[str, Any], str, bytes]]
) -> None:
    made = book(*written(whens, Step.END_OF_DATA), addresses=False)
    for known, recipient, octets in occasions * 2:
        found = content(octets, known["sender"], (recipient,))
        one = Occasion(
            Step.END_OF_DATA, START, session=1, recipients=(recipient,), content=lambda found=found: found, **known
        )
        expected = [each.id for each in made.rules() if condition_of(each).matches(Evidence(one))]
        answer = made.answer(one)
        assert (answer.fault.id if answer else None) == (expected[0] if expected else None)


def test_what_the_heading_tells_is_told_without_a_look_at_the_rest() -> None:
    found = content(OCTETS)
    looked = []

    def look() -> Understanding:
        looked.append(1)
        return found.understanding

    end = asked(Step.END_OF_DATA)
    end.content = lambda: Searchable(found.message, look)
    made = book(
        rule(Step.END_OF_DATA, "subject:other"),
        rule(Step.END_OF_DATA, "-subject:reset"),
        rule(Step.END_OF_DATA, "from:eve"),
        rule(Step.END_OF_DATA, "to:eve"),
    )
    assert made.answer(end) is None
    assert looked == []
    made.add(rule(Step.END_OF_DATA, "body:link"))
    assert made.answer(end) is not None
    assert looked == [1]


@pytest.mark.parametrize(
    ("when", "step", "hint"),
    [
        ("to:bob@b.test", Step.RCPT, "it is a header field, known at {}; `rcpt:bob@b.test` means the recipient"),
        ("to=bob@b.test", Step.DATA, "it is a header field, known at {}; `rcpt=bob@b.test` means the recipient"),
        ("cc:*@b.test", Step.RCPT, "it is a header field, known at {}; `rcpt:*@b.test` means the recipient"),
        ("-to:bob", Step.RCPT, "it is a header field, known at {}; `rcpt:bob` means the recipient"),
        ("bob@b.test", Step.RCPT, "it is known at {}; `rcpt:bob@b.test` means the recipient"),
        (
            "to:bob",
            Step.MAIL,
            "it is a header field, known at {}; `rcpt:bob` means the recipient, who is known at "
            "rcpt, data, in-data, end-of-data, rset",
        ),
        ("bob", Step.RCPT, "it is known at {}"),
        ("subject:bob@b.test", Step.RCPT, "it is known at {}"),
        ("header:To", Step.RCPT, "it is known at {}"),
    ],
)
def test_who_asks_for_a_header_field_too_early_is_told_of_the_recipient(when: str, step: Step, hint: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(when, step)
    assert refused.value.hint == hint.format("end-of-data, route, attempt, delivered")
