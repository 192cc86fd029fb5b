"""Whatever rules say together, a session holds together: it never fails, never speaks after closing, always ends."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrap.faults.occasion import Answer, Occasion
from mailtrap.faults.rule import POP3_STEPS, Effect, Ehlo, Fault, Step
from mailtrap.net.actions import Action, Delay, Reset, Throttle
from tests.pop3.stand_ins import Played

#: What comes in one segment with STLS is thrown away.
PLAIN = b"CAPA\r\nSTLS\r\n"
WIRE = (
    b"CAPA\r\nUSER default\r\nPASS x\r\nSTAT\r\nLIST\r\nUIDL 1\r\nRETR 1\r\nTOP 2 1\r\nDELE 1\r\n"
    b"NOOP\r\nRETR 99\r\nRETR 3\r\nQUIT\r\n"
)


class Ruled(Played):
    """Played with rules that nobody has checked. With `hold` what takes time waits for `go_on`."""

    def __init__(self, rules: Sequence[Fault], *, tls_first: bool = False) -> None:
        self.rules = rules
        self.met: list[int] = [0] * len(rules)
        self.unread = b""
        super().__init__(tls_first=tls_first, prepare=self.prepare)

    def prepare(self) -> None:
        book = self.sandbox.faults
        book.steps = frozenset(rule.step for rule in self.rules)
        book.answer = self.told  # type: ignore[method-assign]
        book.take_back = lambda answer, occasion: None  # type: ignore[method-assign]

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


def rarely(something: st.SearchStrategy[object], nothing: object) -> st.SearchStrategy[object]:
    return st.one_of(st.just(nothing), st.just(nothing), something)


EFFECTS = st.builds(
    Effect,
    answer=rarely(st.sampled_from(["-ERR [IN-USE] no", "no", "+OK yes"]), ""),
    delay=rarely(st.just(1.0), 0.0),
    stall=rarely(st.just(True), False),
    throttle=rarely(st.just(100), 0),
    disconnect=rarely(st.sampled_from(["before-reply", "after-reply", "mid-data", "after-store"]), ""),
    reset=st.booleans(),
    after=rarely(st.integers(0, 40), 0),
    capabilities=rarely(st.just(Ehlo(("UIDL", "STLS"), ("XTHING",))), None),
    tls=rarely(st.sampled_from(["refuse", "abort", "expired"]), ""),
)
RULES = st.lists(st.builds(Fault, st.sampled_from(POP3_STEPS), EFFECTS, first=st.integers(0, 2)), min_size=1)


@given(RULES, st.sampled_from([0, 1, 7, 40]), st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_session_survives_any_rules(rules: list[Fault], size: int, tls_first: bool, stopped: bool) -> None:
    # An answer that does not fit its step would not have been taken.
    rules = [rule for rule in rules if rule.step is Step.POP3_GREETING or not rule.effect.answer.startswith("+OK")]
    played = Ruled(rules, tls_first=tls_first)
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
