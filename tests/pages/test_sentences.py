"""Rules, reports and invitations in words, without a browser."""

from __future__ import annotations

import time

import pytest

from mailtrap.faults.rule import Bucket, Effect, Ehlo, Fault, Greylist, Notice, Said, Step
from mailtrap.faults.scenarios import SCENARIOS
from mailtrap.mail.content import Content
from mailtrap.mail.invitations import invitation, when
from mailtrap.web import prose
from mailtrap.web.reports import report
from mailtrap.web.sentences import PER, STEPS, sentence

NO_USER = Effect(reply=Said(550, "5.1.1", "No such user"))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            Fault(Step.RCPT, NO_USER, when="rcpt:bob@x.test", first=2, per="recipient"),
            "At RCPT, for rcpt:bob@x.test: 550 5.1.1 No such user, the first 2 times for each recipient.",
        ),
        (Fault(Step.MAIL, Effect(reply=Said(451)), skip=1, every=3), "At MAIL: 451, after 1 time, every 3rd time."),
        (
            Fault(Step.RCPT, Effect(reply=Said(421), disconnect="after-reply"), probability=0.25, seed=7),
            "At RCPT: 421, then hang up, 25% of the time (seed 7).",
        ),
        (
            Fault(Step.IN_DATA, Effect(disconnect="mid-data", reset=True, after=1000)),
            "Inside the data: hang up in the middle of the data after 1,000 octets (TCP reset).",
        ),
        (
            Fault(Step.EHLO, Effect(ehlo=Ehlo(hide=("STARTTLS", "DSN")), delay=5), nth=(1, 12)),
            "At EHLO: after 5 seconds, hide STARTTLS, DSN, the 1st, 12th time.",
        ),
        (
            Fault(Step.RCPT, Effect(reply=Said(451)), greylist=Greylist()),
            "At RCPT: 451, for 5 minutes from the first try of a client, sender and recipient.",
        ),
        (
            Fault(Step.MAIL, Effect(reply=Said(450)), bucket=Bucket(10, 60), per="peer"),
            "At MAIL: 450, beyond 10 in 1 minute for each client address.",
        ),
        (
            Fault(Step.DELIVERED, Effect(bounce=Notice(60, 550, "5.2.2"), complaint=Notice(3600))),
            "Once delivered: bounces 1 minute later with 550 5.2.2, the recipient complains 1 hour later.",
        ),
    ],
)
def test_a_rule_reads_as_a_sentence(rule: Fault, words: str) -> None:
    assert sentence(rule).striptags() == words


def test_every_scenario_reads_as_a_sentence_that_names_it_or_what_happens() -> None:
    for scenario in SCENARIOS.values():
        for rule in scenario.faults():
            said = sentence(rule).striptags()
            assert said.startswith(STEPS[rule.step]), scenario.name
            assert "nothing happens" not in said, scenario.name
    assert set(STEPS) == set(Step)
    assert set(PER) == {"rule", "recipient", "sender", "session", "message", "peer", "login"}


def test_nothing_in_a_rule_is_markup() -> None:
    evil = "<img src=x onerror=alert(1)>"
    rule = Fault(Step.RCPT, Effect(reply=Said(550, "", evil), scenario=evil, route=(evil,)), when=evil)
    assert "<img" not in sentence(rule)


def test_time_ahead_is_told_roughly() -> None:
    said = [prose.roughly(seconds * 1_000_000) for seconds in (0, 12, 299, 7203, 443_000, 86_400 * 400)]
    assert said == ["less than a second", "12 seconds", "5 minutes", "2 hours", "5 days 3 hours", "400 days"]


DSN = b"""Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; bob@x.test
Action: Failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No
 such user

Final-Recipient: rfc822;eve@x.test
Action: delayed
Status: 4.2.1
--b
Content-Type: text/rfc822-headers

Subject: Hello
Message-ID:
 <one@x.test>
--b--
"""


def test_a_delivery_status_notice_is_read() -> None:
    found = report(Content(DSN.replace(b"\n", b"\r\n")))
    assert found is not None
    assert found.about == (("Reporting-MTA", "dns; mx.test"),)
    assert [(one.address, one.action, one.status, one.diagnostic) for one in found.recipients] == [
        ("bob@x.test", "failed", "5.1.1", "550 5.1.1 No such user"),
        ("eve@x.test", "delayed", "4.2.1", ""),
    ]
    assert found.original == "<one@x.test>"
    assert found.summary == "bob@x.test: Not delivered, 5.1.1; eve@x.test: Still being tried, 4.2.1"


def test_a_complaint_says_about_whom() -> None:
    fields = b"Feedback-Type: abuse\r\nOriginal-Rcpt-To: <eve@x.test>\r\n"
    found = report(Content(b"Content-Type: message/feedback-report\r\n\r\n" + fields))
    assert found is not None
    assert (found.kind, found.summary, found.original) == ("Complaint", "eve@x.test", "")


@pytest.mark.parametrize(
    "body",
    [b"", b"x" * 100_000, b":" * 50_000, b"a:\r\n\r\n" * 50_000, b"a: b\r\n " * 30_000, b"Final-Recipient: \r\n" * 9],
)
@pytest.mark.parametrize("kind", [b"message/delivery-status", b"text/calendar", b"message/feedback-report"])
def test_hostile_reports_and_calendars_are_read_in_bounds(kind: bytes, body: bytes) -> None:
    began = time.perf_counter()
    content = Content(b"Content-Type: " + kind + b"\r\n\r\n" + body)
    found = report(content)
    assert found is None or (len(found.about) <= 60 and len(found.recipients) <= 200)
    invited = invitation(content)
    assert invited is None or len(invited.events) <= 20
    assert time.perf_counter() - began < 10


def test_parameters_of_a_calendar_are_read_in_linear_time() -> None:
    began = time.perf_counter()
    for line in (b'ATTENDEE;CN="' * 2000, b"A;" * 9000 + b":", b'A;B="' + b'";C="' * 4000 + b":x", b"A" * 90_000):
        invitation(Content(b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\n" + line + b"\r\nEND:VEVENT\r\n"))
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    ("value", "zone", "words"),
    [
        ("20261124T143000Z", "", "Tue 24 Nov 2026, 14:30 UTC"),
        ("20261124T0930", "Europe/Berlin", "Tue 24 Nov 2026, 09:30 Europe/Berlin"),
        ("20261124", "", "Tue 24 Nov 2026"),
        ("20261399T999999", "", "20261399T999999"),
        ("tomorrow", "", "tomorrow"),
    ],
)
def test_a_date_of_a_calendar_is_told_in_words(value: str, zone: str, words: str) -> None:
    assert when(value, zone) == words
