"""`wait` and `assert` against a real sandbox: exit codes, what is printed, what is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from mailtrap.cli import program
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Said, Step
from mailtrap.sandbox import Sandbox
from mailtrap.waiting.refusal import refusal
from tests.web.serving import MIXED, PLAIN, capture, running_server


@pytest.fixture
def served() -> Iterator[tuple[Sandbox, str]]:
    with running_server() as (sandbox, (host, port)):
        yield sandbox, f"http://{host}:{port}"


def run(url: str, *arguments: str) -> Result:
    return CliRunner(env={"MAILTRAP_URL": url}).invoke(program, arguments)


def test_wait_prints_what_came(served: tuple[Sandbox, str]) -> None:
    sandbox, url = served
    sending = threading.Timer(0.1, capture, (sandbox,))
    sending.start()
    result = run(url, "wait", "subject:hello", "--timeout", "30")
    sending.join()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith('message 1 "Hello" from <ann@a.test> to <bob@b.test>')


def test_wait_tells_what_came_instead(served: tuple[Sandbox, str]) -> None:
    sandbox, url = served
    capture(sandbox)
    result = run(url, "wait", "--query", "subject:helo", "--timeout", "0.1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "expected: helo" in result.stderr
    assert "  actual: Hello" in result.stderr
    answer = json.loads(run(url, "wait", "subject:helo", "-t", "0", "--json").stdout)
    assert answer["error"]["code"] == "timeout"


def test_wait_for_none(served: tuple[Sandbox, str]) -> None:
    sandbox, url = served
    assert run(url, "wait", "--none", "--within", "0.1").exit_code == 0
    capture(sandbox)
    result = run(url, "wait", "--none", "--within", "30")
    assert result.exit_code == 1
    assert result.stderr.startswith("Expected no mail, but there is some:")
    assert run(url, "wait", "--none", "--within", "0", "--after", "1").exit_code == 0
    assert run(url, "wait", "--none", "--timeout", "0", "--after", "1").exit_code == 0
    assert json.loads(run(url, "wait", "--none", "-t", "7", "--json").stdout)["wanted"]["seconds"] == 7
    assert json.loads(run(url, "wait", "--none", "-t", "7", "--within", "3", "--json").stdout)["wanted"]["seconds"] == 3
    assert run(url, "wait", "--within", "1").exit_code == 2


def test_wait_for_a_refusal(served: tuple[Sandbox, str]) -> None:
    sandbox, url = served
    later = "wait", "--refused", "rcpt:ana", "--step", "rcpt", "--code", "550", "--timeout", "30"
    sending = threading.Timer(0.1, refuse, (sandbox,))
    sending.start()
    result = run(url, *later)
    sending.join()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith('refusal 1 "550 5.1.1 No" at rcpt of <ana@b.test> from <shop@a.test>, by rule 7')
    result = run(url, "wait", "--refused", "--code", "4yz", "-t", "0")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Waited 0 s: no refusal that matches code=4yz.")
    assert json.loads(run(url, "wait", "--refused", "--json").stdout)["cursor"] == "1"
    assert run(url, "wait", "--refused", "--none", "--within", "0", "--after", "1").exit_code == 0
    result = run(url, "wait", "--refused", "--none", "--within", "30", "--fault", "7")
    assert result.exit_code == 1
    assert result.stderr.startswith("Expected no refusal that matches fault=7, but there is one:")


def refuse(sandbox: Sandbox) -> None:
    occasion = Occasion(Step.RCPT, sandbox.clock.now(), sender="shop@a.test", recipient="ana@b.test")
    sandbox.refusals.note(refusal(occasion, Said(550, "5.1.1", "No"), 7))


def test_assert_says_what_is_otherwise(served: tuple[Sandbox, str]) -> None:
    sandbox, url = served
    capture(sandbox, PLAIN)
    capture(sandbox, MIXED)
    good = run(url, "assert", "subject:mixed", "--subject", "Mixed", "--to", "BOB@b.test", "--attachment", "dot.png")
    assert (good.exit_code, good.stderr) == (0, "")
    assert good.stdout.startswith('message 2 "Mixed"')
    bad = run(url, "assert", "subject:mixed", "--subject", "Mixt", "--aligned", "--count", "1")
    assert bad.exit_code == 1
    assert "1 of 3 expectations does not hold" in bad.stderr
    assert "expected: Mixt\n      actual: Mixed" in bad.stderr
    none = run(url, "assert", "subject:nobody", "--subject", "x", "--inbox", "a").stderr
    assert "\nThere is no mail that matches subject:nobody in inbox a.\n" in none
    assert "\nThis one matches the query:\n" in run(url, "assert", "subject:mixed", "--count", "2").stderr
    assert run(url, "assert", "--order", "subject:hello", "--order", "subject:mixed").exit_code == 0
    assert run(url, "assert", "--order", "subject:mixed", "--order", "subject:hello").exit_code == 1
    assert json.loads(run(url, "assert", "--count", "3", "--json").stdout)["results"][0]["actual"] == "2"
    assert run(url, "assert", "--expect", '{"header": {"name": "Subject", "value": "Hello"}}').exit_code == 0


def test_assert_with_a_query_alone_says_that_there_is_such_mail(served: tuple[Sandbox, str]) -> None:
    sandbox, url = served
    began = time.monotonic()
    bad = run(url, "assert", "subject:hello")
    assert time.monotonic() - began < 5  # it looks once, and waits for as long as --timeout says
    assert (bad.exit_code, bad.stdout) == (1, "")
    assert bad.stderr.startswith("Waited 0 s: no mail that matches subject:hello.")
    capture(sandbox)
    good = run(url, "assert", "subject:hello")
    assert (good.exit_code, good.stderr) == (0, "")
    assert good.stdout.startswith('message 1 "Hello"')
    assert run(url, "assert", "--query", "subject:helo").exit_code == 1
    assert run(url, "assert", "subject:hello", "--inbox", "other").exit_code == 1
    assert run(url, "assert", "subject:hello", "--after", "1").exit_code == 1
    sending = threading.Timer(0.1, capture, (sandbox, MIXED))
    sending.start()
    assert run(url, "assert", "subject:mixed", "--timeout", "30").exit_code == 0
    sending.join()
    assert json.loads(run(url, "assert", "subject:mixed", "--json").stdout)["count"] == 1
    assert json.loads(run(url, "assert", "subject:nobody", "--json").stdout)["error"]["code"] == "timeout"


@pytest.mark.parametrize(
    "arguments",
    [
        ("wait", "--within", "1"),
        ("wait", "--step", "rcpt"),
        ("wait", "--refused", "--unit", "recipients"),
        ("wait", "--refused", "--step", "route"),
        ("wait", "--none", "--count", "2"),
        ("wait", "subjct:x"),
        ("wait", "--count", "0"),
        ("assert",),
        ("assert", "--timeout", "1"),
        ("assert", "subjct:x"),
        ("assert", "--order", "one"),
        ("assert", "--expect", "[]"),
        ("assert", "--expect", '{"subjet": "x"}'),
        ("assert", "--subject-matches", "("),
        ("assert", "--attachment", "colour=red"),
    ],
)
def test_wrong_usage_is_told_apart(served: tuple[Sandbox, str], arguments: tuple[str, ...]) -> None:
    assert run(served[1], *arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [("wait", "x"), ("assert", "x"), ("assert", "--count", "1")])
def test_nobody_there_is_told_apart(arguments: tuple[str, ...]) -> None:
    assert run("http://127.0.0.1:9", *arguments).exit_code == 3
