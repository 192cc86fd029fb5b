"""`faults`, `deliveries` and `clock`: what flags mean, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result

from mailtrap.cli import program
from mailtrap.cli.rules import in_words
from mailtrap.client.faults import Step
from mailtrap.client.refusal import RefusedStep
from mailtrap.faults import rule
from mailtrap.faults.scenarios import SCENARIOS
from mailtrap.waiting.refusal import COMMAND
from tests.cli.sandbox_stand_in import StandIn, error

RULE: dict[str, Any] = {
    "id": "3",
    "name": "bob",
    "step": "rcpt",
    "when": "rcpt:bob@x.test",
    "effect": {"reply": {"code": 550, "status": "5.1.1", "text": "No such\nuser"}},
    "first": 2,
    "per": "sender",
    "probability": None,
    "inbox": "",
    "enabled": True,
    "hits": 1,
}


def run(stand_in: StandIn | None, *arguments: str, **more: object) -> Result:
    environ = {"MAILTRAP_URL": stand_in.url if stand_in else "http://127.0.0.1:1"}
    return CliRunner(env=environ).invoke(program, arguments, **more)  # type: ignore[arg-type]


def added(stand_in: StandIn, *flags: str) -> dict[str, Any]:
    """The rule that the flags send."""
    stand_in.answers["POST /api/faults"] = 201, json.dumps(RULE).encode()
    result = run(stand_in, "faults", "add", *flags)
    assert result.exit_code == 0, result.output
    sent: dict[str, Any] = json.loads(stand_in.bodies[-1])
    return sent


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        (
            ("--step", "rcpt", "--when", "rcpt:bob@x.test", "--reply", "550 5.1.1 No such user", "--first", "2"),
            {
                "step": "rcpt",
                "when": "rcpt:bob@x.test",
                "first": 2,
                "effect": {"reply": {"code": 550, "status": "5.1.1", "text": "No such user"}},
            },
        ),
        (("--step", "mail", "--reply", "451"), {"step": "mail", "effect": {"reply": {"code": 451}}}),
        (
            ("--step", "mail", "--delay", "1.5m", "--throttle", "2KB", "--off"),
            {"step": "mail", "effect": {"delay": 90.0, "throttle": 2048}, "enabled": False},
        ),
        (
            ("--step", "end-of-data", "--disconnect", "after-store", "--reset", "--nth", "1,3", "--per", "message"),
            {
                "step": "end-of-data",
                "effect": {"disconnect": "after-store", "reset": True},
                "nth": [1, 3],
                "per": "message",
            },
        ),
        (
            ("--step", "ehlo", "--hide", "STARTTLS", "--hide", "SIZE", "--offer", "X-A 1"),
            {"step": "ehlo", "effect": {"ehlo": {"hide": ["STARTTLS", "SIZE"], "add": ["X-A 1"]}}},
        ),
        (
            ("--step", "delivered", "--bounce", "550 5.2.2 Full", "--later", "2h", "--auto-reply", "Away"),
            {
                "step": "delivered",
                "effect": {
                    "bounce": {"code": 550, "status": "5.2.2", "text": "Full", "after": 7200.0},
                    "auto-reply": {"text": "Away", "after": 7200.0},
                },
            },
        ),
        (
            ("--step", "mail", "--reply", "421 4.7.0", "--bucket", "10/60s", "--inbox", "t1", "--name", "n"),
            {
                "step": "mail",
                "effect": {"reply": {"code": 421, "status": "4.7.0"}},
                "bucket": {"capacity": 10, "seconds": 60.0},
                "inbox": "t1",
                "name": "n",
            },
        ),
        (
            ("--scenario", "greylist", "--step", "rcpt", "--greylist", "5m"),
            {"step": "rcpt", "effect": {"scenario": "greylist"}, "greylist": {"delay": 300.0}},
        ),
        (
            ("--rule", '{"step": "rcpt", "effect": {"stall": true}, "every": 2}', "--every", "3"),
            {"step": "rcpt", "effect": {"stall": True}, "every": 3},
        ),
    ],
)
def test_flags_make_the_rule_they_say(stand_in: StandIn, flags: tuple[str, ...], rule: dict[str, Any]) -> None:
    assert added(stand_in, *flags) == rule


def test_a_scenario_alone_is_left_to_the_server(stand_in: StandIn) -> None:
    stand_in.answers["POST /api/scenarios/gmail-rate-ip"] = 201, json.dumps({"faults": [RULE], "on": True}).encode()
    flags = ("--scenario", "gmail-rate-ip", "--when", "domain:gmail.com", "--first", "1", "--before", "7")
    result = run(stand_in, "faults", "add", *flags)
    assert result.exit_code == 0
    assert stand_in.asked == [("POST /api/scenarios/gmail-rate-ip", {"before": "7"})]
    assert json.loads(stand_in.bodies[0]) == {"when": "domain:gmail.com", "first": 1}
    assert result.stdout == "3\trcpt\t1\trcpt:bob@x.test\tbob: 550 5.1.1 No such user; first 2; per sender\n"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--step", "rcpt"), "What should happen?"),
        (("--reply", "550"), "Where?"),
        (("--step", "rcpt", "--reply", "no"), "write it as '550 5.1.1 No such user'"),
        (("--step", "rcpt", "--delay", "5 weeks"), "write it as 500ms, 5s, 2m, 1h or 5d"),
        (("--step", "rcpt", "--delay", "-1"), "no duration"),
        (("--step", "rcpt", "--throttle", "fast"), "no size"),
        (("--step", "rcpt", "--reply", "550", "--bucket", "10"), "write it as 10/60s"),
        (("--step", "rcpt", "--reply", "550", "--nth", "1,,2"), "write them as 1,3,4"),
        (
            ("--step", "rcpt", "--reply", "550", "--later", "1h"),
            "--later is for what comes back after a delivery: --bounce",
        ),
        (("--step", "elsewhere", "--reply", "550"), "elsewhere"),
        (("--rule", "{"), "not JSON"),
        (("--rule", "[]"), "a rule is an object"),
    ],
)
def test_flags_that_cannot_be_meant_are_refused(stand_in: StandIn, flags: tuple[str, ...], words: str) -> None:
    result = run(stand_in, "faults", "add", *flags)
    assert result.exit_code == 2
    assert words in result.stderr
    assert stand_in.asked == []


def test_what_the_server_refuses_is_said_with_its_hint(stand_in: StandIn) -> None:
    stand_in.answers["POST /api/faults"] = (
        400,
        error(400, "bad_request", "`subject:x` cannot be known", "use end-of-data"),
    )
    result = run(stand_in, "faults", "add", "--step", "rcpt", "--when", "subject:x", "--reply", "550")
    assert result.exit_code == 2
    assert result.stderr == "mailtrap: `subject:x` cannot be known\n  use end-of-data\n"


def test_rules_are_listed_one_a_line_and_cannot_steer_a_terminal(stand_in: StandIn) -> None:
    other = {**RULE, "id": "4", "name": "", "when": "", "inbox": "t\x1b[1", "effect": {"stall": True}, "enabled": False}
    other |= {"first": 0, "per": "rule", "origin": "/etc/rules.toml"}
    stand_in.answers["GET /api/faults"] = 200, json.dumps({"faults": [RULE, other], "on": False}).encode()
    result = run(stand_in, "faults", "list")
    assert result.stdout.splitlines() == [
        "3\trcpt\t1\trcpt:bob@x.test\tbob: 550 5.1.1 No such user; first 2; per sender",
        "4\trcpt [t\\x1b[1]\t1\t\tstall\t(from /etc/rules.toml)\t(off)",
    ]
    assert "switched off" in result.stderr
    assert json.loads(run(stand_in, "faults", "list", "--json").stdout)["faults"][0] == RULE


@pytest.mark.parametrize(
    ("arguments", "asked", "body"),
    [
        (("remove", "3"), [("DELETE /api/faults/3", {})], b""),
        (("clear", "--all"), [("DELETE /api/faults", {"all": "true"})], b""),
        (("clear", "--inbox", "t1"), [("DELETE /api/faults", {"inbox": "t1"})], b""),
        (("on", "3"), [("PATCH /api/faults/3", {})], b'{"enabled": true}'),
        (("off", "3"), [("PATCH /api/faults/3", {})], b'{"enabled": false}'),
        (("on",), [("PUT /api/faults/switch", {})], b'{"on": true}'),
        (("off",), [("PUT /api/faults/switch", {})], b'{"on": false}'),
        (("move", "3", "1"), [("PATCH /api/faults/3", {})], b'{"place": 0}'),
        (("rewind", "3"), [("POST /api/faults/3/rewind", {})], b""),
        (("rewind",), [("POST /api/faults/rewind", {})], b""),
    ],
)
def test_each_command_is_one_request(
    stand_in: StandIn, arguments: tuple[str, ...], asked: list[tuple[str, dict[str, str]]], body: bytes
) -> None:
    changes = asked[0][0].startswith(("PATCH", "POST /api/faults/3"))
    stand_in.answers[asked[0][0]] = 200, json.dumps(RULE).encode() if changes else b'{"count": 1}'
    result = run(stand_in, "faults", *arguments)
    assert result.exit_code == 0, result.output
    assert stand_in.asked == asked
    assert stand_in.bodies == [body]


@pytest.mark.parametrize("flags", [(), ("--all", "--inbox", "x")])
def test_clearing_asks_which(stand_in: StandIn, flags: tuple[str, ...]) -> None:
    assert run(stand_in, "faults", "clear", *flags).exit_code == 2
    assert stand_in.asked == []


@pytest.mark.parametrize(
    ("document", "format_"),
    [
        ('[[fault]]\nstep = "rcpt"\n', "toml"),
        ('{"Recipient": {"ErrorCode": 550, "Probability": 10}}', "mailpit"),
        ("Sender:451:10,Recipient:451:20", "mailpit"),
        ('{"DisconnectChance": 0.1}', "mailhog"),
    ],
)
def test_a_file_of_rules_is_recognised(stand_in: StandIn, tmp_path: Path, document: str, format_: str) -> None:
    stand_in.answers["POST /api/faults/import"] = 201, json.dumps({"faults": [RULE], "on": True}).encode()
    (tmp_path / "rules").write_text(document)
    assert run(stand_in, "faults", "import", "rules").exit_code == 0
    assert run(stand_in, "faults", "import", "-", input=document).exit_code == 0
    for body in stand_in.bodies:
        assert json.loads(body) == {"document": document, "format": format_}


def test_scenarios_are_listed_without_a_sandbox() -> None:
    result = run(None, "faults", "scenarios")
    assert result.exit_code == 0
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [line[0] for line in lines] == list(SCENARIOS)
    assert all(len(line) == 5 for line in lines)
    whole = json.loads(run(None, "faults", "scenarios", "greylist", "--json").stdout)["scenarios"]
    assert [one["name"] for one in whole] == [name for name in SCENARIOS if name.startswith("greylist")]
    assert whole[0]["faults"][0]["effect"] == {"scenario": "greylist"}


def test_explaining_names_the_rule_and_why_not_the_others(stand_in: StandIn) -> None:
    told = {
        "answer": {"fault": "3", "name": "bob", "effect": RULE["effect"]},
        "rules": [
            {"fault": "2", "name": "", "answers": False, "why": "is for rcpt:eve"},
            {"fault": "3", "name": "bob", "answers": True, "why": "answers"},
        ],
    }
    stand_in.answers["POST /api/faults/explain"] = 200, json.dumps(told).encode()
    result = run(stand_in, "faults", "explain", "--step", "rcpt", "--from", "", "--to", "bob@x.test")
    assert result.stdout.splitlines() == [
        "rcpt: rule 3 (bob): 550 5.1.1 No such user",
        "  rule 2: is for rcpt:eve",
        "  rule 3 (bob): answers",
    ]
    assert json.loads(stand_in.bodies[0]) == {"step": "rcpt", "sender": "", "recipient": "bob@x.test"}
    run(stand_in, "faults", "explain", "--to", "bob@x.test")
    assert [json.loads(body)["step"] for body in stand_in.bodies[1:]][:2] == ["connect", "greeting"]


def test_a_rule_is_told_in_few_words() -> None:
    assert (
        in_words({"effect": {"delay": 5.0, "reply": {"code": 451}}, "every": 3, "seed": 7}) == "delay 5; 451; every 3"
    )
    assert in_words({"effect": {"throttle": 2048}, "probability": 0.1, "seed": 7}) == (
        "throttle 2048; probability 0.1; seed 7"
    )
    assert in_words({"effect": {"ehlo": {"hide": ["A", "B"]}}, "greylist": {"delay": 300.0}}) == (
        "ehlo hide A,B; greylist delay 300"
    )


DELIVERY: dict[str, Any] = {
    "message": "7",
    "recipient": "bob@x.test",
    "outcome": "deferred",
    "tries": 2,
    "attempts": [{"code": 451, "status": "4.7.1", "text": "later"}],
    "due": "2026-01-01T00:05:00.000000Z",
    "timeline": [{"at": "2026-01-01T00:00:00.000000Z", "what": "accepted", "text": ""}],
}


def test_deliveries_are_listed_with_their_last_reply(stand_in: StandIn) -> None:
    page = {"deliveries": [DELIVERY, {**DELIVERY, "due": None, "attempts": []}], "next": None}
    stand_in.answers["GET /api/deliveries"] = 200, json.dumps(page).encode()
    result = run(stand_in, "deliveries", "from:shop", "--outcome", "deferred", "--to", "bob@x.test", "--timeline")
    assert result.stdout.splitlines() == [
        "7\tbob@x.test\tdeferred\t2\t451 4.7.1 later\tnext 2026-01-01T00:05:00.000000Z",
        "  2026-01-01T00:00:00.000000Z  accepted",
        "7\tbob@x.test\tdeferred\t2\t",
        "  2026-01-01T00:00:00.000000Z  accepted",
    ]
    assert stand_in.asked[0][1] == {
        "query": "from:shop",
        "outcome": "deferred",
        "recipient": "bob@x.test",
        "limit": "50",
    }
    assert json.loads(run(stand_in, "deliveries", "--json").stdout)["deliveries"] == page["deliveries"]


def test_the_clock_is_shown_and_advanced(stand_in: StandIn) -> None:
    now = {"now": "2026-01-01T00:00:00.000000Z", "ahead": 7200.0, "due": None}
    stand_in.answers["GET /api/clock"] = 200, json.dumps(now).encode()
    shown = run(stand_in, "clock")
    assert (shown.stdout, shown.stderr) == ("2026-01-01T00:00:00.000000Z\n", "2 h ahead of real time.\n")
    came = {**now, "before": "x", "attempts": 3, "outcomes": {"delivered": 2, "bounced": 1}, "notices": 1}
    stand_in.answers["POST /api/clock/advance"] = 200, json.dumps(came).encode()
    advanced = run(stand_in, "clock", "advance", "5d")
    assert json.loads(stand_in.bodies[-1]) == {"seconds": 432000.0}
    assert advanced.stderr == "1 bounced, 2 delivered, 3 attempts, 1 notice.\n"
    assert json.loads(run(stand_in, "clock", "advance", "1h", "--json").stdout) == came
    assert run(stand_in, "clock", "advance", "soon").exit_code == 2


def test_the_steps_of_clients_are_those_of_rules() -> None:
    assert get_args(Step) == tuple([step.value for step in rule.Step])
    assert get_args(RefusedStep) == (*[step.value for step in rule.SESSION_STEPS], COMMAND)
