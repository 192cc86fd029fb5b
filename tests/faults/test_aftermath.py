"""What RFC 5321 thinks of a client: tables of deeds, and the verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtrap.faults.aftermath import Answered, Deed, History
from mailtrap.faults.deed import Noted
from mailtrap.faults.rule import SESSION_STEPS

S = 1_000_000
DAY = 86_400 * S
START = 1_767_225_600 * S
APP = "app@example.test"


def deed(session: int, at: float, step: str, code: int, *answered: tuple[str, int], **more: object) -> Deed:
    """One of sender APP, `at` seconds after the start."""
    facts: dict[str, object] = {
        "sender": "" if step in ("connect", "ehlo", "starttls", "auth") else APP,
        "peer": f"[::1]:{5000 + session}",
    }
    return Deed(
        session,
        START + round(at * S),
        step,
        code,
        answered=tuple([Answered(f"{name}@x.test", reply) for name, reply in answered]),
        **{**facts, **more},  # type: ignore[arg-type]
    )


def kept(session: int, at: float, message: int, *names: str, id_: str = "<m1@app>", **more: object) -> Deed:
    """A transaction in which all went well."""
    return deed(
        session, at, "end-of-data", 250, *[(name, 250) for name in names], message=message, message_id=id_, **more
    )


REFUSED_550 = deed(1, 0, "rcpt", 550, ("ana", 550), faults=(7,))
REFUSED_451 = deed(1, 0, "rcpt", 451, ("ana", 451), faults=(7,))
LATE_451 = deed(1, 0, "end-of-data", 451, ("ana", 451), message_id="<m1@app>", sha256="aa", faults=(7,))
PARTIAL = deed(
    1,
    0,
    "end-of-data",
    250,
    *(("ana", 250), ("ben", 550), ("cy", 250)),
    message=11,
    message_id="<m1@app>",
    sha256="aa",
    faults=(7,),
)
PARTIAL_4YZ = deed(
    1,
    0,
    "end-of-data",
    250,
    *(("ana", 250), ("ben", 452)),
    message=11,
    message_id="<m1@app>",
    sha256="aa",
    faults=(7,),
)
LOST_250 = deed(1, 0, "end-of-data", 0, ("ana", 250), message=11, message_id="<m1@app>", sha256="aa", faults=(7,))
EHLO_502 = deed(1, 0, "ehlo", 502, greeting="EHLO", faults=(7,))
BROKEN_TLS = deed(1, 0, "starttls", 0, greeting="EHLO", faults=(7,))
CLOSING = deed(1, 0, "mail", 421, faults=(7,))


@dataclass
class Row:
    """`ends` are sessions that ended: their outcome, and whether QUIT came."""

    deeds: list[Deed]
    judgement: str
    findings: list[str]
    now: float = 60.0
    ends: dict[int, tuple[str, bool]] = field(default_factory=dict)


ROWS: dict[str, Row] = {
    # 5yz: never again.
    "550, let be": Row([REFUSED_550], "good", ["ana@x.test: 550, not tried again"], ends={1: ("closed", True)}),
    "550, another message to the same": Row(
        [REFUSED_550, deed(2, 30, "rcpt", 550, ("ana", 550), faults=(7,))],
        "doubtful",
        [
            "ana@x.test: tried again after 30.0 s although 550 is for good, unless it was another message, "
            "which cannot be told"
        ],
    ),
    "550 after the content, the same again": Row(
        [
            deed(1, 0, "end-of-data", 550, ("ana", 550), message_id="<m1@app>", faults=(7,)),
            deed(2, 0.5, "end-of-data", 550, ("ana", 550), message_id="<m1@app>", faults=(7,)),
            deed(2, 1.5, "end-of-data", 550, ("ana", 550), message_id="<m1@app>", faults=(7,)),
        ],
        "bad",
        ["ana@x.test: sent again after 0.5 s, then 1.0 s although 550 is for good (RFC 5321 §4.2.1)"],
    ),
    "550 after the content, another message": Row(
        [
            deed(1, 0, "end-of-data", 550, ("ana", 550), message_id="<m1@app>", faults=(7,)),
            deed(2, 0.5, "end-of-data", 550, ("ana", 550), message_id="<m2@app>", faults=(7,)),
        ],
        "good",
        ["ana@x.test: 550, not tried again"],
    ),
    # One of several.
    "one of three refused, let be": Row([PARTIAL], "good", ["ben@x.test: 550, not tried again"]),
    "one of three refused, all sent again": Row(
        [PARTIAL, kept(2, 40, 12, "ana", "cy")],
        "bad",
        [
            "ben@x.test: 550, not tried again",
            "message 12 is a duplicate of message 11 for ana@x.test, cy@x.test: "
            "all recipients were tried again, not only those that failed",
        ],
    ),
    "one of two deferred, that one again": Row(
        [PARTIAL_4YZ, kept(2, 0.1, 12, "ben")],
        "good",
        [
            "ben@x.test: tried again after 0.1 s",
            "ben@x.test: accepted 0.1 s after 452, at try 2",
            "only the recipients that failed were tried again",
        ],
    ),
    "one of two has a full mailbox, again at once": Row(
        [
            Deed(
                1,
                START,
                "end-of-data",
                250,
                APP,
                (Answered("ana@x.test", 250), Answered("ben@x.test", 452, "4.2.2")),
                message=11,
                message_id="<m1@app>",
            ),
            kept(2, 0.1, 12, "ben"),
        ],
        "bad",
        [
            "ben@x.test: tried again after 0.1 s: at once, without waiting (RFC 5321 §4.5.4.1)",
            "ben@x.test: accepted 0.1 s after 452, at try 2",
            "only the recipients that failed were tried again",
        ],
    ),
    "the sender refused, tried again": Row(
        [deed(1, 0, "mail", 553, faults=(7,)), deed(2, 1, "mail", 553, faults=(7,))],
        "doubtful",
        [
            "mail from <app@example.test>: tried again after 1.0 s although 553 is for good, "
            "unless it was another message, which cannot be told"
        ],
    ),
    # 4yz: later.
    "451, not yet": Row([REFUSED_451], "open", ["ana@x.test: 451, not tried again yet, 60.0 s later"]),
    "451, never again": Row([REFUSED_451], "bad", ["ana@x.test: 451, gave up without another try"], now=6 * 86_400),
    "451, again at once": Row(
        [REFUSED_451, kept(2, 0.02, 12, "ana")],
        "bad",
        [
            "ana@x.test: tried again after 0.02 s: at once, without waiting (RFC 5321 §4.5.4.1)",
            "ana@x.test: accepted 0.02 s after 451, at try 2",
        ],
    ),
    "451, again soon": Row(
        [LATE_451, kept(2, 5, 12, "ana")],
        "doubtful",
        [
            "ana@x.test: tried again after 5.0 s: soon; half an hour would be right (RFC 5321 §4.5.4.1)",
            "ana@x.test: accepted 5.0 s after 451, at try 2",
        ],
    ),
    "451 twice, waiting longer each time": Row(
        [
            LATE_451,
            deed(2, 300, "end-of-data", 451, ("ana", 451), message_id="<m1@app>", faults=(7,)),
            kept(3, 900, 12, "ana"),
        ],
        "good",
        [
            "ana@x.test: tried again after 5.0 min, then 10.0 min",
            "ana@x.test: accepted 15.0 min after 451, at try 3",
        ],
    ),
    "451, waiting less each time": Row(
        [
            LATE_451,
            deed(2, 300, "end-of-data", 451, ("ana", 451), message_id="<m1@app>", faults=(7,)),
            kept(3, 310, 12, "ana"),
        ],
        "doubtful",
        [
            "ana@x.test: tried again after 5.0 min, then 10.0 s",
            "ana@x.test: waited less from try to try instead of more",
            "ana@x.test: accepted 5.2 min after 451, at try 3",
        ],
    ),
    "451, sent twice after that": Row(
        [LATE_451, kept(2, 300, 12, "ana"), kept(3, 360, 13, "ana")],
        "bad",
        [
            "ana@x.test: tried again after 5.0 min",
            "message 13 is a duplicate of message 12 (same Message-ID <m1@app>): "
            "sent again 60.0 s after it was accepted",
            "ana@x.test: accepted 5.0 min after 451, at try 2",
        ],
    ),
    "451, then 550": Row(
        [LATE_451, deed(2, 300, "end-of-data", 550, ("ana", 550), message_id="<m1@app>", faults=(7,))],
        "good",
        ["ana@x.test: tried again after 5.0 min", "ana@x.test: refused for good with 550 5.0 min after 451"],
    ),
    "451 for ever, gave up after a day": Row(
        [LATE_451, deed(2, 86_400, "end-of-data", 451, ("ana", 451), message_id="<m1@app>", faults=(7,))],
        "doubtful",
        [
            "ana@x.test: tried again after 24.0 h",
            "ana@x.test: gave up 24.0 h after 451, at try 2; four to five days would be right (RFC 5321 §4.5.4.1)",
        ],
        now=30 * 86_400,
    ),
    "451, still trying": Row(
        [LATE_451, deed(2, 300, "end-of-data", 451, ("ana", 451), message_id="<m1@app>", faults=(7,))],
        "open",
        ["ana@x.test: tried again after 5.0 min", "ana@x.test: 451 at the last try, 60.0 s ago"],
        now=360,
    ),
    "451, only another message came": Row(
        [LATE_451, kept(2, 300, 12, "ana", id_="<m2@app>")],
        "open",
        ["ana@x.test: 451, not tried again yet, 10.0 min later"],
        now=600,
    ),
    # The connection was lost.
    "reset in the content, again": Row(
        [deed(1, 0, "in-data", 0, ("ana", 250), faults=(7,)), kept(2, 60, 12, "ana")],
        "good",
        [
            "ana@x.test: tried again after 60.0 s",
            "ana@x.test: accepted 60.0 s after connection lost at in-data, at try 2",
        ],
    ),
    "lost 250, the same Message-ID again": Row(
        [LOST_250, kept(2, 12, 12, "ana")],
        "doubtful",
        [
            "message 12 is a duplicate of message 11 (same Message-ID <m1@app>): "
            "sent again 12.0 s after its 250 was lost"
        ],
    ),
    "lost 250, the same content again": Row(
        [
            deed(1, 0, "end-of-data", 0, ("ana", 250), message=11, sha256="aa", faults=(7,)),
            kept(2, 12, 12, "ana", id_="", sha256="aa"),
        ],
        "doubtful",
        ["message 12 is a duplicate of message 11 (same content): sent again 12.0 s after its 250 was lost"],
    ),
    "lost 250, not again": Row(
        [LOST_250], "open", ["ana@x.test: the 250 of message 11 was lost, not tried again yet, 60.0 s later"]
    ),
    # 421.
    "421, back later": Row(
        [CLOSING, kept(2, 60, 12, "ana")],
        "good",
        [
            "mail from <app@example.test>: tried again after 60.0 s",
            "mail from <app@example.test>: accepted 60.0 s after 421, at try 2",
            "421 respected: nothing more was sent in that session",
        ],
    ),
    "421, ignored": Row(
        [CLOSING, deed(1, 2, "rcpt", 503, ("ana", 503))],
        "bad",
        [
            "mail from <app@example.test>: tried again after 2.0 s: soon; half an hour would be right "
            "(RFC 5321 §4.5.4.1)",
            "mail from <app@example.test>: refused for good with 503 2.0 s after 421",
            "went on in the same session 2.0 s after 421",
        ],
    ),
    # Before MAIL.
    "EHLO refused, HELO": Row(
        [EHLO_502, kept(1, 0.1, 12, "ana", greeting="HELO")],
        "good",
        ["fell back to HELO 0.1 s after EHLO failed (502)"],
    ),
    "EHLO refused, gave up": Row(
        [EHLO_502],
        "doubtful",
        ["EHLO got 502, then gave up; HELO might have done (RFC 5321 §3.2)"],
        ends={1: ("closed", True)},
    ),
    "EHLO refused, nothing yet": Row([EHLO_502], "open", ["EHLO got 502, nothing followed yet"]),
    "TLS broken, in plain": Row(
        [BROKEN_TLS, kept(2, 1, 12, "ana", greeting="EHLO")],
        "doubtful",
        ["fell back to plain 1.0 s after TLS failed: whoever can break TLS can read the mail (RFC 3207 §6)"],
    ),
    "TLS broken, over TLS": Row(
        [BROKEN_TLS, kept(2, 60, 12, "ana", tls=True)], "good", ["tried again with TLS after 60.0 s"]
    ),
    "TLS broken, gave up": Row([BROKEN_TLS], "good", ["broke off rather than go on without TLS"]),
    "expired certificate, taken": Row(
        [deed(1, 0, "starttls", 220, faults=(7,))],
        "doubtful",
        ["went on over TLS although it was wrong on purpose"],
    ),
    "STARTTLS answered late, then QUIT": Row(
        [deed(1, 0, "starttls", 220, faults=(7,), tls=True)],
        "good",
        ["left after 220 at starttls, without sending mail"],
        ends={1: ("quit", True)},
    ),
    "EHLO never answered": Row(
        [deed(1, 0, "ehlo", 0, faults=(7,))], "open", ["connection: lost at ehlo, not tried again yet, 60.0 s later"]
    ),
    "login refused, then granted": Row(
        [deed(1, 0, "auth", 535, faults=(7,)), kept(2, 60, 12, "ana", login=True)],
        "good",
        ["logged in 60.0 s after 535"],
    ),
    "login refused, then granted and nothing sent": Row(
        [deed(1, 0, "auth", 535, faults=(7,)), deed(1, 2, "auth", 235, login=True)],
        "good",
        ["logged in 2.0 s after 535"],
        ends={1: ("quit", True)},
    ),
    "login refused twice": Row(
        [deed(1, 0, "auth", 535, faults=(7,)), deed(1, 2, "auth", 535, faults=(7,))],
        "doubtful",
        ["tried to log in again 2.0 s after 535", "login got 535, not tried again"],
        ends={1: ("quit", True)},
    ),
    "login refused, went on": Row(
        [deed(1, 0, "auth", 535, faults=(7,)), kept(1, 1, 12, "ana")],
        "doubtful",
        ["went on without a login 1.0 s after 535"],
    ),
    "connection refused with 554, came back": Row(
        [deed(1, 0, "connect", 554, faults=(7,)), kept(2, 5, 12, "ana")],
        "doubtful",
        ["connected again after 5.0 s although 554"],
    ),
    "connection refused with 421, came back": Row(
        [deed(1, 0, "connect", 421, faults=(7,)), kept(2, 60, 12, "ana")],
        "good",
        [
            "connection: tried again after 60.0 s",
            "connection: accepted 60.0 s after 421, at try 2",
            "421 respected: nothing more was sent in that session",
        ],
    ),
    "451 at RCPT, and again": Row(
        [
            deed(1, 0, "quit", 221, ("ana", 451), ("ben", 250), faults=(7,)),
            deed(2, 1800, "quit", 221, ("ana", 452), faults=(7,)),
        ],
        "open",
        ["ana@x.test: tried again after 30.0 min", "ana@x.test: 452 at the last try, 60.0 s ago"],
        now=1860.0,
    ),
    "451 at RCPT, and again, and closed": Row(
        [
            deed(1, 0, "mail", 0, ("ana", 451), faults=(7,)),
            deed(2, 1800, "mail", 0, ("ana", 451), faults=(7,)),
        ],
        "doubtful",
        [
            "ana@x.test: tried again after 30.0 min",
            "ana@x.test: 451 at the last try, 60.0 s ago",
            "closed without QUIT after 451 (RFC 5321 §4.1.1.10)",
        ],
        now=1860.0,
        ends={1: ("aborted", False)},
    ),
    "451 at RCPT, then never answered": Row(
        [
            deed(1, 0, "quit", 221, ("ana", 451), faults=(7,)),
            deed(2, 1800, "rcpt", 0, ("ana", 0), faults=(7,)),
        ],
        "open",
        ["ana@x.test: tried again after 30.0 min", "ana@x.test: connection lost at rcpt at the last try, 60.0 s ago"],
        now=1860.0,
    ),
    # Manners.
    "closed without QUIT": Row(
        [REFUSED_550],
        "doubtful",
        ["ana@x.test: 550, not tried again", "closed without QUIT after 550 (RFC 5321 §4.1.1.10)"],
        ends={1: ("closed", False)},
    ),
    "the server closed": Row(
        [CLOSING],
        "open",
        [
            "mail from <app@example.test>: 421, not tried again yet, 60.0 s later",
            "421 respected: nothing more was sent in that session",
        ],
        ends={1: ("fault", False)},
    ),
    "QUIT never answered": Row(
        [deed(1, 0, "quit", 0, sender="", faults=(7,))],
        "good",
        ["no reply to QUIT: nothing depended on it"],
        ends={1: ("closed", False)},
    ),
    "a reply nobody could read": Row(
        [deed(1, 0, "mail", 250, faults=(7,))], "good", ["broke the transaction off at mail"], ends={1: ("quit", True)}
    ),
    "a delay is no failure": Row(
        [kept(1, 0, 12, "ana", faults=(7,))], "good", ["message 12 was accepted all the same"]
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_verdict(name: str) -> None:
    row = ROWS[name]
    history = History()
    for one in row.deeds:
        history.note(one)
    for session, ending in row.ends.items():
        history.ended(session, *ending)
    verdict = history.verdict(1, START + round(row.now * S))
    assert verdict is not None
    assert list(verdict.findings) == row.findings
    assert verdict.judgement == row.judgement


def test_who_met_no_failure_is_not_judged_and_not_remembered() -> None:
    history = History()
    history.note(kept(1, 0, 12, "ana"))
    assert history.verdict(1, START) is None
    assert history.deeds(1) == []
    assert not history.watches(APP)


def test_whose_failure_was_noted_is_watched_whatever_the_case() -> None:
    history = History()
    history.note(REFUSED_451)
    assert history.watches("APP@example.test")
    assert not history.watches("other@example.test")


def test_who_failed_before_mail_is_watched_by_address() -> None:
    history = History()
    history.note(EHLO_502)
    assert history.watches(APP, "[::1]:9")
    assert not history.watches(APP, "[::2]:9")
    assert not history.watches("", "[::2]:9")


def test_a_lost_reply_to_quit_does_not_watch_the_null_sender() -> None:
    history = History()
    history.note(deed(1, 0, "quit", 0, sender="", faults=(7,)))
    assert not history.watches("", "[::1]:9")
    history.note(deed(2, 0, "rcpt", 451, ("ana", 451), sender="", faults=(7,)))
    assert history.watches("")
    assert len(history.deeds(1)) == 1


def test_deeds_of_later_sessions_belong_to_the_story() -> None:
    history = History()
    retry = kept(2, 60, 12, "ana")
    history.note(REFUSED_451)
    history.note(kept(3, 61, 13, "zoe", id_="<other@app>"))
    history.note(retry)
    assert history.deeds(1) == [REFUSED_451, retry]
    assert history.deeds(2) == [retry]
    assert history.deeds(3) == []


def test_two_senders_with_the_same_recipient_do_not_mix() -> None:
    history = History()
    history.note(REFUSED_451)
    history.note(deed(2, 30, "rcpt", 451, ("ana", 451), sender="other@example.test", faults=(7,)))
    assert history.deeds(1) == [REFUSED_451]


def test_mail_that_goes_on_for_ever_after_one_failure_does_not_fill_the_memory() -> None:
    history = History()
    history.note(CLOSING)
    for number in range(1000):
        history.note(kept(2 + number, number, 12 + number, "ana", id_=f"<{number}@app>"))
    assert len(history.deeds(1)) < 50


def test_the_oldest_are_forgotten_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailtrap.faults.aftermath.REMEMBERED", 100)
    keeper = Kept()
    history = History(keeper)
    for session in range(1, 201):
        history.note(deed(session, session, "rcpt", 550, ("ana", 550), sender=f"app{session}@x.test", faults=(7,)))
    assert history.verdict(150, START) is None
    assert not history.watches("app150@x.test")
    assert history.verdict(151, START) is not None
    assert history.watches("app151@x.test")
    assert sorted(keeper.noted) == list(range(151, 201))
    history.clear()
    assert not history.watches("app200@x.test")
    assert not keeper.noted


def test_a_deed_with_very_many_recipients_is_shortened_to_those_that_matter() -> None:
    history = History()
    answered = [(f"r{number}", 250) for number in range(3000)] + [("bad", 550)]
    history.note(deed(1, 0, "end-of-data", 250, *answered, message=11, message_id="<m1@app>", faults=(7,)))
    assert len(history.deeds(1)[0].answered) == 1000
    verdict = history.verdict(1, START)
    assert verdict is not None
    assert verdict.findings == ("bad@x.test: 550, not tried again",)


def test_what_was_kept_is_remembered_after_a_restart() -> None:
    keeper = Kept()
    before = History(keeper)
    before.note(LOST_250)
    before.ended(1, "closed", False)
    after = History(keeper, sorted(keeper.noted.items()))
    assert after.watches(APP)
    after.note(kept(2, 12, 12, "ana"))
    for history in (after, History(keeper, sorted(keeper.noted.items()))):
        verdict = history.verdict(1, START)
        assert verdict is not None
        assert verdict.judgement == "doubtful"
        assert "message 12 is a duplicate of message 11" in verdict.findings[0]


NAMES = st.sampled_from(["ana", "ben", "cy"])
CODES = st.sampled_from([0, 220, 250, 354, 421, 450, 452, 502, 503, 535, 550, 554])
DEEDS = st.builds(
    Deed,
    session=st.integers(1, 4),
    at=st.integers(START, START + 30 * DAY),
    step=st.sampled_from([step.value for step in SESSION_STEPS]),
    code=CODES,
    sender=st.sampled_from(["", APP, "b@x.test"]),
    answered=st.lists(st.builds(Answered, NAMES, CODES, st.sampled_from(["", "4.5.3", "4.2.2"])), max_size=3).map(
        tuple
    ),
    message=st.integers(0, 3),
    message_id=st.sampled_from(["", "<1@a>", "<2@a>"]),
    sha256=st.sampled_from(["", "aa", "bb"]),
    faults=st.sampled_from([(), (0,), (7,)]),
    greeting=st.sampled_from(["", "EHLO", "HELO"]),
    tls=st.booleans(),
    peer=st.sampled_from(["[::1]:9", "127.0.0.1:9", ""]),
)


@settings(deadline=None)
@given(st.lists(DEEDS, max_size=12), st.sampled_from(["closed", "quit", "fault", "aborted"]), st.booleans())
def test_whatever_clients_do_there_is_a_verdict(deeds: list[Deed], outcome: str, quit_sent: bool) -> None:
    history = History()
    for one in sorted(deeds, key=lambda one: one.at):
        history.note(one)
    for session in range(1, 5):
        history.ended(session, outcome, quit_sent)
        verdict = history.verdict(session, START + 40 * DAY)
        failed = [one for one in history.deeds(session) if one.session == session and one.failed]
        assert (verdict is not None) is bool(failed)
        if verdict is not None:
            assert verdict.judgement in ("good", "doubtful", "bad", "open")
            assert verdict.findings
    history.clear()
    assert not history.watches(APP, "::1")


def test_a_session_that_fails_ten_thousand_times_is_judged_in_no_time() -> None:
    history = History()
    for number in range(10_000):
        history.note(deed(1, number, "rcpt", 451, (f"r{number}", 451), faults=(7,)))
    begun = time.perf_counter()
    verdict = history.verdict(1, START + DAY)
    assert time.perf_counter() - begun < 5
    assert verdict is not None
    assert len(verdict.findings) <= 60


class Kept:
    """Keeps deeds for as long as the test runs."""

    def __init__(self) -> None:
        self.noted: dict[int, Noted] = {}
        self._last = 0

    def new_id(self) -> int:
        self._last += 1
        return self._last

    def keep(self, id: int, noted: Noted) -> None:
        self.noted[id] = noted

    def forget(self, ids: object) -> None:
        for id_ in list(ids):  # type: ignore[call-overload]
            del self.noted[id_]
