"""Whatever rules say together, a session holds together: it never fails, never speaks after closing, always ends."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrap.faults.rule import SESSION_STEPS, Effect, Ehlo, Fault, Said
from tests.smtp.stand_ins import Played

WIRE = (
    b"EHLO x\r\nSTARTTLS\r\nEHLO y\r\nAUTH PLAIN AHUAcA==\r\n"
    b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<e@f.test>\r\nDATA\r\n"
    b"Subject: x\r\n\r\nsome text of the body, long enough\r\n.\r\n"
    b"LHLO z\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<e@f.test>\r\n"
    b"BDAT 10\r\n0123456789BDAT 30 LAST\r\n012345678901234567890123456789RSET\r\nQUIT\r\n"
)


def rarely(something: st.SearchStrategy[object], nothing: object) -> st.SearchStrategy[object]:
    return st.one_of(st.just(nothing), st.just(nothing), something)


EFFECTS = st.builds(
    Effect,
    reply=rarely(
        st.builds(
            Said, st.sampled_from([220, 235, 250, 354, 421, 450, 550]), st.sampled_from(["", "4.7.1"]), st.just("a\nb")
        ),
        None,
    ),
    delay=rarely(st.just(1.0), 0.0),
    stall=rarely(st.just(True), False),
    throttle=rarely(st.just(100), 0),
    disconnect=rarely(st.sampled_from(["before-reply", "after-reply", "mid-data", "after-store"]), ""),
    reset=st.booleans(),
    after=st.integers(0, 40),
    early_talker=rarely(st.just(1.0), 0.0),
    ehlo=rarely(st.just(Ehlo(("SIZE", "CHUNKING"), ("XTHING",))), None),
    tls=rarely(st.sampled_from(["refuse", "abort", "expired"]), ""),
    malformed=rarely(st.sampled_from(["split", "endless", "bare-lf", "empty", "no-code"]), ""),
    discard=rarely(st.just(True), False),
)
RULES = st.lists(st.builds(Fault, st.sampled_from(SESSION_STEPS), EFFECTS, first=st.integers(0, 2)), min_size=1)


@given(RULES, st.sampled_from([0, 1, 7, 40]), st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_session_survives_any_rules(rules: list[Fault], size: int, tls_first: bool, stopped: bool) -> None:
    played = Played(rules=rules, tls_first=tls_first)
    played.send(WIRE, size)
    if stopped:
        played.perform(played.session.shutdown())
        if played.session.blocked:
            played.perform(played.session.resume(None))
        assert played.closed
    played.lost()
    assert not played.session.blocked
    assert played.session.transcript.ended_at is not None
    assert played.session.transcript.outcome != "open"
