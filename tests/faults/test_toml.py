"""Rules in a file: what is read, and that a mistake is named by file, table and key."""

from __future__ import annotations

import pytest

from mailtrap.errors import Invalid
from mailtrap.faults import toml
from mailtrap.faults.rule import Bucket, Effect, Ehlo, Fault, Greylist, Said, Step
from mailtrap.faults.scenarios import scenario

FILE = """
[[fault]]
name = "Bob is gone"
step = "rcpt"
when = "rcpt:bob@x.test"
effect = { reply = { code = 550, status = "5.1.1", text = "no such user" } }

[[fault]]
step = "end-of-data"
when = 'subject:"reset your password"'
first = 2
per = "recipient"
inbox = "ci-1"
[fault.effect]
disconnect = "after-store"
reset = true

[[fault]]
step = "ehlo"
effect.ehlo.hide = ["STARTTLS"]

[[fault]]
step = "rcpt"
effect = { scenario = "greylist" }
greylist = { delay = 60 }
bucket = { capacity = 10, seconds = 60 }
nth = [1, 3]
probability = 0.5
seed = 7
enabled = false
"""


def test_a_file_says_what_the_api_says() -> None:
    assert toml.read(FILE) == [
        Fault(Step.RCPT, Effect(reply=Said(550, "5.1.1", "no such user")), name="Bob is gone", when="rcpt:bob@x.test"),
        Fault(
            Step.END_OF_DATA,
            Effect(disconnect="after-store", reset=True),
            when='subject:"reset your password"',
            first=2,
            per="recipient",
            inbox="ci-1",
        ),
        Fault(Step.EHLO, Effect(ehlo=Ehlo(hide=("STARTTLS",)))),
        Fault(
            Step.RCPT,
            Effect(scenario="greylist"),
            greylist=Greylist(60.0),
            bucket=Bucket(10, 60.0),
            nth=(1, 3),
            probability=0.5,
            seed=7,
            enabled=False,
        ),
    ]


def test_a_scenario_is_said_where_its_condition_is_known() -> None:
    (rule,) = toml.read('[[fault]]\nscenario = "gmail-rate-ip"\nwhen = "domain:gmail.com"\n')
    assert (rule.step, rule.effect.scenario, rule.when) == (Step.RCPT, "gmail-rate-ip", "domain:gmail.com")
    (rule,) = toml.read('[[fault]]\nscenario = "gmail-rate-ip"\n')
    assert rule.step is Step.MAIL


def test_a_scenario_stands_for_all_its_rules() -> None:
    text = '[[fault]]\nscenario = "partial-rcpt"\nwhen = "domain:x.test"\ninbox = "ci"\n'
    assert toml.read(text + GOOD) == [
        *scenario("partial-rcpt").faults("domain:x.test", "ci"),
        Fault(Step.RCPT, Effect(reply=Said(550))),
    ]


def test_an_empty_file_has_no_rules() -> None:
    assert toml.read("# nothing yet\n") == []


GOOD = '[[fault]]\nstep = "rcpt"\neffect = { reply = { code = 550 } }\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fault", "f.toml: it is not TOML: "),
        ("smtp-port = 25", "f.toml: there is no key `smtp-port` here"),
        ('[fault]\nstep = "rcpt"', "f.toml: `fault` must be a list of tables"),
        ("fault = [1]", "f.toml: [[fault]] number 1: it is 1, but must be an object"),
        (
            GOOD + "[[fault]]\neffect = {pass = true}",
            "f.toml: [[fault]] number 2: `step` is missing",
        ),
        (
            GOOD + '[[fault]]\nstep = "rcpt"\neffect = { reply = { code = 99 } }',
            "number 2: `effect.reply.code` is 99, but must be a whole number",
        ),
        (GOOD + '[[fault]]\nstep = "rcpt"\nefect = {}', "number 2: There is no field `efect`"),
        ('[[fault]]\nstep = "now"\neffect = {}', 'number 1: `step` cannot be "now"'),
        (GOOD + 'nth = [1, "x"]', 'number 1: `nth[1]` is "x", but must be a whole number from 1 to 1000000000'),
        (GOOD + "id = 3", "number 1: key `id`: ids are given, not chosen"),
        (GOOD + 'when = "form:ana"', "number 1: key `when`: there is no field `form`"),
        (GOOD + 'when = "subject:x"', "number 1: `subject:x` cannot be known at step rcpt"),
        (GOOD + 'name = "a\\nb"', 'number 1: `name` is "a\\nb", but must be one line without control characters'),
        ('[[fault]]\nstep = "rcpt"\neffect = { scenario = "gmail" }', "number 1: There is no such scenario"),
        ('[[fault]]\nstep = "rcpt"\neffect = {}', "number 1: `effect` says nothing"),
        ('[[fault]]\nscenario = "gmail"', "number 1: There is no such scenario"),
        ('[[fault]]\nscenario = "greylist"\nfirst = 1', "number 1: There is no field `first`"),
        ('[[fault]]\nscenario = "greylist"\nwhen = "subject:x"', "number 1: `subject:x` cannot be known"),
        (GOOD * 2001, "f.toml: it has 2001 tables, more than 2000"),
        ("a = " + "9" * 5000, "f.toml: it is not TOML: "),
        (GOOD + "nth = [1979-05-27]", '`nth[0]` is "1979-05-27", but must be a whole number'),
        (GOOD + "probability = nan", "`probability` is NaN, but must be a number from 0 to 1"),
        ("a = " + "[" * 100_000, "f.toml: it is not TOML: "),
        ('"a\\u0000\\nb" = 1', "f.toml: there is no key `a  b` here"),
    ],
)
def test_a_mistake_is_named_by_file_table_and_key(text: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        toml.read(text, "f.toml")
    said = str(caught.value)
    assert message in said
    assert said.startswith("f.toml: ")
    assert said.isprintable()
    assert len(said) < 500
    assert caught.value.hint
