"""Rules that are ruled out without a look at the occasion never answer in it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Fault, Step
from tests.faults.asking import START, book, content, rule

PEOPLE = ("ann@a.test", "bob@b.test", "bob@a.test", "eve+defer-2@b.test")
OF_FACTS = (
    *("", "rcpt:bob@b.test", "rcpt=ann@a.test", "rcpt:*@b.test", "domain:a.test", "from:ann", "from=bob@b.test"),
    *("reverse-path:*@a.test", "-rcpt:bob@b.test", "helo:x", "peer:192.0.2.1", "from:ann rcpt:bob@b.test"),
)
OF_CONTENT = ("subject:order", "subject=none", "from:carl", "(rcpt:ann OR subject:order)", "body:never")
STEPS = (Step.MAIL, Step.RCPT, Step.END_OF_DATA, Step.ATTEMPT)


@st.composite
def rules(draw: st.DrawFn) -> Fault:
    step = draw(st.sampled_from(STEPS))
    known = OF_FACTS if step in (Step.MAIL, Step.RCPT) else OF_FACTS + OF_CONTENT
    when = draw(st.sampled_from([one for one in known if step is not Step.MAIL or not re.search("rcpt|domain", one)]))
    return rule(step, when, inbox=draw(st.sampled_from(["", "default", "other"])))


@given(
    st.lists(rules(), max_size=5),
    st.sampled_from(STEPS),
    st.sampled_from(["", *PEOPLE]),
    st.lists(st.sampled_from(PEOPLE), max_size=3),
    st.sampled_from([b"", b"Subject: order 7\r\nFrom: carl@a.test\r\n\r\n", b"Subject: none\r\n\r\n"]),
)
def test_what_is_ruled_out_does_not_answer(
    faults: list[Fault], step: Step, sender: str, recipients: list[str], octets: bytes
) -> None:
    made = book(*faults)
    one = recipients[0] if step is Step.RCPT and recipients else ""
    asked = tuple(recipients) if step is not Step.RCPT else (one,) if one else ()
    known = content(octets, sender, asked) if step in (Step.END_OF_DATA, Step.ATTEMPT) else None
    occasion = Occasion(
        step, START, peer="192.0.2.1:999", helo="x", sender=sender, recipient=one, recipients=asked,
        content=(lambda: known) if known else None,
    )  # fmt: skip
    ruled_out = made.rules_out(step, sender, asked, known.message.heading if known else None)
    # Whoever has not read the content yet must not be told that nothing matches.
    may = made.might_answer(occasion) and made.might_answer(replace(occasion, content=None))
    if ruled_out or not may:
        assert made.answer(occasion) is None


def test_most_mail_is_ruled_out_by_its_envelope() -> None:
    made = book(
        rule(when="rcpt:bob@b.test"), rule(Step.MAIL, "from:eve@x.test"), rule(Step.END_OF_DATA, "subject:order")
    )
    heading = content(b"Subject: hello\r\n\r\n").message.heading
    assert made.rules_out(Step.RCPT, "ann@a.test", ("ann@a.test",))
    assert made.rules_out(Step.MAIL, "ann@a.test", ())
    assert made.rules_out(Step.END_OF_DATA, "ann@a.test", ("ann@a.test",), heading)
    assert not made.rules_out(Step.RCPT, "ann@a.test", ("bob@b.test",))
    assert not made.rules_out(Step.END_OF_DATA, "ann@a.test", ("ann@a.test",))
    assert not made.rules_out(Step.RCPT, "ann@a.test", ("ann+bounce@a.test",))
