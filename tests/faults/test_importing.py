"""Mailpit's chaos triggers and MailHog's Jim become rules that do the same."""

from __future__ import annotations

from typing import Any

import pytest

from mailtrap.clock import Clock
from mailtrap.errors import Invalid
from mailtrap.faults.book import Book
from mailtrap.faults.importing import read_rules
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Step


def test_a_trigger_of_mailpit_becomes_a_rule() -> None:
    rules = read_rules(
        "mailpit",
        {
            "Sender": {"ErrorCode": 421, "Probability": 10},
            "Recipient": {"ErrorCode": 550, "Probability": 100},
            "Authentication": {"ErrorCode": 535, "Probability": 0},
        },
    )
    assert [(rule.step, rule.probability) for rule in rules] == [(Step.MAIL, 0.1), (Step.RCPT, None)]
    assert [rule.effect.reply and rule.effect.reply.code for rule in rules] == [421, 550]


def test_triggers_may_be_text_and_as_the_command_line_has_them() -> None:
    document = '{"sender": {"errorCode": 452, "probability": 5}}'
    assert read_rules("mailpit", document) == read_rules("mailpit", "Sender:452:5")
    three = read_rules("mailpit", "Sender:451:10,Recipient:451:20,Authentication:535:5")
    assert [rule.step for rule in three] == [Step.AUTH, Step.MAIL, Step.RCPT]


def test_a_code_that_is_left_out_is_the_usual_one() -> None:
    (rule,) = read_rules("mailpit", {"Recipient": {"Probability": 50}})
    assert rule.effect.reply is not None
    assert rule.effect.reply.code == 451


def test_jim_refuses_hangs_up_and_slows_down_as_often_as_he_did() -> None:
    rules = read_rules(
        "mailhog",
        {
            "AcceptChance": 0.9,
            "DisconnectChance": 0.25,
            "LinkSpeedAffect": 0.6,
            "LinkSpeedMin": 1024,
            "LinkSpeedMax": 10240,
            "RejectSenderChance": 0.05,
            "RejectRecipientChance": 1,
            "RejectAuthChance": 0.5,
        },
    )
    steps = {rule.name: rule.step for rule in rules}
    assert steps["jim accept"] is Step.CONNECT
    assert steps["jim sender"] is Step.MAIL
    assert {rule.effect.throttle for rule in rules if rule.step is Step.GREETING} == {1024, 5632, 10240}
    book = Book(Clock(), rules)
    many = 3000
    slowed = [book.answer(Occasion(Step.GREETING, 0, session=n)) for n in range(many)]
    assert sum([one is not None for one in slowed]) == pytest.approx(0.6 * many, rel=0.1)
    for speed in (1024, 5632, 10240):
        met = [one for one in slowed if one is not None and one.effect.throttle == speed]
        assert len(met) == pytest.approx(0.2 * many, rel=0.2)
    closed = [book.answer(Occasion(Step.CONNECT, 0, session=n)) for n in range(many)]
    assert sum([one is not None for one in closed]) == pytest.approx(0.1 * many, rel=0.25)
    refused = book.answer(Occasion(Step.RCPT, 0, recipient="a@x.test"))
    assert refused is not None


def test_jim_uninvited_does_nothing() -> None:
    assert read_rules("mailhog", {}) == []


@pytest.mark.parametrize(
    ("format", "document", "message"),
    [
        ("postfix", "", "no format postfix"),
        ("toml", {"fault": []}, "is text"),
        ("mailpit", "Sender:451", "no trigger"),
        ("mailpit", "Sender:x:1", "no trigger"),
        ("mailpit", {"Sendr": {}}, "no field `sendr`"),
        (
            "mailpit",
            {"Sender": {"ErrorCode": 250, "Probability": 1}},
            "`sender.errorcode` is 250, but must be",
        ),
        (
            "mailpit",
            {"Sender": {"ErrorCode": 450, "Probability": 101}},
            "`sender.probability` is 101, but must be",
        ),
        ("mailpit", '{"Sender": ', "cannot be read"),
        ("mailhog", "[]", "cannot be read"),
        ("mailhog", {"AcceptChance": 2}, "`acceptchance` is 2, but must be a number from 0 to 1"),
        ("mailhog", {"LinkSpeedMin": 5, "LinkSpeedMax": 4}, "above"),
    ],
)
def test_what_cannot_be_read_is_said(format: str, document: str | dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_rules(format, document)
    assert message in str(caught.value)
    assert caught.value.hint
