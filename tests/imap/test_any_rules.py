"""Whatever rules say together, a session holds together: it never fails, never speaks after closing, always ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailtrap.faults.answers import words_at
from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import IMAP_STEPS, Effect, Ehlo, Fault
from mailtrap.net.actions import Action, Delay, Reset, Throttle
from tests.imap.played import Played, Stage

#: What comes in one segment with STARTTLS is thrown away.
PLAIN = b"a CAPABILITY\r\nb STARTTLS\r\n"
WIRE = (
    b"c CAPABILITY\r\nd AUTHENTICATE PLAIN\r\nAGRlZmF1bHQAeA==\r\ne LOGIN default x\r\n"
    b'f LIST "" "*"\r\ng STATUS INBOX (MESSAGES)\r\nh SELECT INBOX\r\ni FETCH 1:* (FLAGS BODY[])\r\n'
    b"j SEARCH SUBJECT one\r\nk STORE 1 +FLAGS (\\Flagged)\r\nl COPY 1 Nowhere\r\nm EXPUNGE\r\n"
    b"n APPEND INBOX {12+}\r\nSubject: x\r\n\r\no IDLE\r\nDONE\r\np NOOP\r\nq FETCH 1:* BODY[]\r\nr LOGOUT\r\n"
)


class Ruled(Played):
    """Played with rules that nobody has checked; throttled input comes again at the end."""

    def __init__(self, stage: Stage, rules: Sequence[Fault], *, tls_first: bool = False) -> None:
        self.rules = rules
        self.met: Counter[int] = Counter()
        self.unread = b""
        book = stage.sandbox.faults
        book.steps = frozenset(rule.step for rule in rules)
        book.answer = self.told  # type: ignore[method-assign]
        book.take_back = lambda answer, occasion: None  # type: ignore[method-assign]
        super().__init__(stage, tls_first=tls_first)

    def told(self, occasion: Occasion) -> Answer | None:
        for number, rule in enumerate(self.rules):
            if rule.step is occasion.step:
                self.met[number] += 1
                if not rule.first or self.met[number] <= rule.first:
                    return Answer(rule.effect, rule)
        return None

    def answer(self, action: Action) -> None:
        if isinstance(action, Throttle):
            self.unread += action.unread
        elif isinstance(action, Reset):
            self.closed = True
        elif not (isinstance(action, Delay) and action.seconds is None):
            super().answer(action)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def rarely(something: st.SearchStrategy[object], nothing: object) -> st.SearchStrategy[object]:
    return st.one_of(st.just(nothing), st.just(nothing), something)


EFFECTS = st.builds(
    Effect,
    answer=rarely(st.sampled_from(["[LIMIT] no", "NO no", "BAD no", "BYE no", "OK yes"]), ""),
    delay=rarely(st.just(1.0), 0.0),
    stall=rarely(st.just(True), False),
    throttle=rarely(st.just(100), 0),
    disconnect=rarely(st.sampled_from(["before-reply", "after-reply", "mid-data", "after-store"]), ""),
    reset=st.booleans(),
    after=rarely(st.integers(0, 40), 0),
    capabilities=rarely(st.just(Ehlo(("IDLE", "STARTTLS"), ("XTHING",))), None),
    tls=rarely(st.sampled_from(["refuse", "abort", "expired"]), ""),
)
RULES = st.lists(st.builds(Fault, st.sampled_from(IMAP_STEPS), EFFECTS, first=st.integers(0, 2)), min_size=1)


def is_taken(rule: Fault) -> bool:
    """Whether its answer fits its step; else it would not have been taken."""
    word = rule.effect.answer.partition(" ")[0]
    return not rule.effect.answer or word in ("[LIMIT]", *words_at(rule.step))


@given(RULES, st.sampled_from([0, 7, 40]), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_session_survives_any_rules(
    stage: Stage, rules: list[Fault], size: int, tls_first: bool, stopped: bool
) -> None:
    played = Ruled(stage, [rule for rule in rules if is_taken(rule)], tls_first=tls_first)
    played.send(PLAIN)
    played.send(WIRE, size)
    while played.unread:
        octets, played.unread = played.unread, b""
        played.send(octets, size)
    if stopped:
        played.perform(played.session.shutdown())
        if played.session.blocked:
            played.perform(played.session.resume(None))
        assert played.closed
    played.perform(played.session.lost())
    while played.session.blocked:
        played.perform(played.session.resume(None))
    played.session.over()
    assert played.session.transcript.ended_at is not None
    assert played.session.transcript.outcome != "open"
