"""Rules that make no sense are refused with a hint: effects that exclude each other, answers nobody would say."""

from __future__ import annotations

import re

import msgspec
import pytest

from mailtrap.errors import Invalid
from mailtrap.faults.answers import Spoken, spoken, words_at
from mailtrap.faults.checking import CHANGES, CONTENTS, checked
from mailtrap.faults.rule import COLLECTING_STEPS, Effect, Fault, Step
from mailtrap.faults.scenarios import SCENARIOS
from mailtrap.inboxes import NAME_IN_WORDS

TWO = {"code": 250}
NO = {"code": 550}


@pytest.mark.parametrize(
    ("step", "effect", "told"),
    [
        ("rcpt", {"stall": True, "disconnect": "before-reply"}, "`stall` keeps the connection"),
        ("rcpt", {"stall": True, "reset": True}, "`stall` keeps the connection"),
        ("rcpt", {"reply": NO, "disconnect": "before-reply"}, "`reply` is never said"),
        ("end-of-data", {"reply": TWO, "disconnect": "after-store"}, "`reply` is never said"),
        ("rcpt", {"reply": NO, "disconnect": "mid-data"}, "after a refusal"),
        ("mail", {"reply": NO, "disconnect": "after-store"}, "after a refusal"),
        ("end-of-data", {"reply": NO, "discard": True}, "`discard` says 250"),
        ("end-of-data", {"discard": True, "disconnect": "after-store"}, "`discard` says 250"),
        ("rcpt", {"pass": True, "reply": NO}, "`pass` lets all go well"),
        ("rcpt", {"pass": True, "delay": 2}, "`pass` lets all go well"),
        ("starttls", {"tls": "refuse", "reply": {"code": 220}}, "tls: refuse"),
        ("starttls", {"tls": "expired", "reply": {"code": 454}}, "no handshake to go wrong"),
        ("starttls", {"tls": "expired", "disconnect": "after-reply"}, "a handshake that does not begin"),
        ("starttls", {"tls": "abort", "stall": True}, "a handshake that does not begin"),
        ("mail", {"malformed": "nul", "disconnect": "before-reply"}, "never said"),
        ("mail", {"malformed": "nul", "stall": True}, "never said"),
        ("ehlo", {"ehlo": {"hide": ["SIZE"]}, "reply": NO}, "never given"),
        ("greeting", {"early-talker": 2, "disconnect": "before-reply"}, "nothing is said here"),
        ("route", {"unreachable": "null-mx", "reply": NO}, "nobody is there"),
        ("route", {"unreachable": "null-mx", "route": ["mx.test"]}, "nobody is there"),
        ("attempt", {"unreachable": "timeout", "bounce": {}}, "What is not delivered"),
        ("attempt", {"reply": NO, "opens": {}}, "What is not delivered"),
        ("pop3.login", {"answer": "[IN-USE] x", "disconnect": "before-reply"}, "`answer` is never said"),
        ("pop3.retr", {"answer": "no", "after": 100}, "so `after` counts nothing"),
        ("pop3.quit", {"answer": "no", "disconnect": "after-store"}, "after a refusal"),
        ("pop3.capa", {"answer": "no", "capabilities": {"hide": ["UIDL"]}}, "instead of the capabilities"),
        ("pop3.stls", {"answer": "no", "tls": "expired"}, "no handshake to go wrong"),
        ("imap.capability", {"capabilities": {"hide": ["IDLE"]}, "stall": True}, "never given"),
    ],
)  # fmt: skip
def test_effects_that_exclude_each_other_are_refused(step: str, effect: dict[str, object], told: str) -> None:
    with pytest.raises(Invalid, match=told) as refused:
        checked(msgspec.convert({"step": step, "effect": effect}, Fault))
    assert refused.value.hint


@pytest.mark.parametrize(
    ("step", "effect"),
    [
        ("rcpt", {"delay": 1, "disconnect": "before-reply"}),
        ("rcpt", {"reply": NO, "disconnect": "after-reply"}),
        ("rcpt", {"reply": NO, "stall": True}),
        ("rcpt", {"reply": TWO, "disconnect": "mid-data", "after": 10}),
        ("in-data", {"reply": NO, "after": 10, "disconnect": "mid-data"}),
        ("starttls", {"tls": "refuse", "reply": {"code": 454}}),
        ("mail", {"malformed": "nul", "disconnect": "after-reply"}),
        ("attempt", {"bounce": {}, "delay": 5}),
        ("delivered", {"reply": NO, "opens": {}}),
        ("pop3.retr", {"after": 100, "delay": 2}),
        ("pop3.login", {"answer": "[IN-USE] x", "disconnect": "after-reply", "delay": 1}),
        ("imap.idle", {"throttle": 100}),
    ],
)
def test_effects_that_go_together_are_taken(step: str, effect: dict[str, object]) -> None:
    checked(msgspec.convert({"step": step, "effect": effect}, Fault))


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_scenario_contradicts_itself(name: str) -> None:
    for rule in SCENARIOS[name].faults():
        checked(rule)


@pytest.mark.parametrize(
    ("step", "effect", "hint"),
    [
        ("pop3.login", Effect(reply=None, answer="550 5.1.1 no"), "-ERR"),
        ("imap.login", Effect(answer="-ERR no"), "NO or BAD or BYE"),
        ("imap.greeting", Effect(answer="NO no"), "BYE or OK"),
        ("imap.login", Effect(answer="OK yes"), "NO or BAD or BYE"),
        ("pop3.login", Effect(answer="BYE"), "-ERR"),
        ("rcpt", Effect(answer="-ERR no"), "`reply`"),
        ("pop3.retr", Effect(malformed="nul"), "mail"),
        ("pop3.stat", Effect(disconnect="mid-data"), "pop3.retr"),
        ("pop3.stat", Effect(disconnect="after-store"), "imap.append"),
    ],
)
def test_what_means_nothing_where_mail_is_collected_is_refused(step: str, effect: Effect, hint: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(Fault(Step(step), effect))
    assert hint in refused.value.hint


def test_a_reply_of_smtp_is_answer_elsewhere() -> None:
    with pytest.raises(Invalid, match="means nothing at step") as refused:
        checked(msgspec.convert({"step": "pop3.login", "effect": {"reply": NO}}, Fault))
    assert "`answer`" in refused.value.hint


@pytest.mark.parametrize("per", ["recipient", "sender", "message"])
def test_there_is_no_sender_to_count_by_where_mail_is_collected(per: str) -> None:
    with pytest.raises(Invalid, match=f"There is no {per} to count by"):
        checked(Fault(Step.POP3_LOGIN, Effect(stall=True), first=1, per=per))  # type: ignore[arg-type]


def test_single_messages_and_logins_can_be_counted_by() -> None:
    checked(Fault(Step.POP3_RETR, Effect(stall=True), first=1, per="message"))
    checked(Fault(Step.POP3_LOGIN, Effect(stall=True), first=1, per="login"))
    with pytest.raises(Invalid, match="There is no login to count by"):
        checked(Fault(Step.POP3_GREETING, Effect(stall=True), first=1, per="login"))


@pytest.mark.parametrize("step", COLLECTING_STEPS)
def test_an_answer_without_a_word_refuses_in_the_way_of_its_protocol(step: Step) -> None:
    words = words_at(step)
    assert spoken("[CODE] some text", step) == Spoken(words[0], "[CODE] some text")
    assert spoken(words[0], step) == Spoken(words[0], "Not now")
    assert [spoken(f"{word} [X] y", step).word for word in words] == list(words)
    assert spoken(f"* {words[0]} y", step) == Spoken(words[0], "y")
    assert spoken("Bad weather", step).text == "Bad weather"


def test_what_may_break_off_in_the_middle_is_of_the_steps_that_say_much() -> None:
    assert {step.value for step in CONTENTS} == {"pop3.retr", "pop3.top", "imap.fetch"}
    assert all(step in COLLECTING_STEPS for step in CHANGES)


@pytest.mark.parametrize("name", ["ana", "ci-7", "a.b+c@d.test", "n" * 64, ""])
def test_a_rule_is_confined_to_what_an_inbox_can_be_called(name: str) -> None:
    assert checked(Fault(Step.RCPT, Effect(stall=True), inbox=name)).inbox == name


@pytest.mark.parametrize("name", ["no such", "a/b", "n" * 65, "n\n", "ä"])
def test_a_rule_confined_to_what_no_inbox_can_be_called_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match=re.escape(NAME_IN_WORDS)):
        checked(Fault(Step.RCPT, Effect(stall=True), inbox=name))
