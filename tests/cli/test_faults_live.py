"""`faults`, `deliveries` and `clock` with a real sandbox: what is typed happens on the wire."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailtrap.cli import program
from mailtrap.client import Client
from mailtrap.server import Server
from mailtrap.settings import Settings


class Typed:
    """Commands against one sandbox, and mail to it."""

    def __init__(self, addresses: dict[str, tuple[str, int]]) -> None:
        self.smtp = addresses["smtp"]
        self.url = "http://{}:{}".format(*addresses["web"])

    def run(self, *arguments: str) -> Result:
        return CliRunner(env={"MAILTRAP_URL": self.url}).invoke(program, arguments)

    def done(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def send(self, *recipients: str) -> dict[str, tuple[int, bytes]]:
        """Those refused; a transaction that is refused as a whole refuses everybody."""
        with smtplib.SMTP(*self.smtp, timeout=60) as smtp:
            try:
                return smtp.sendmail("app@sender.test", recipients, "Subject: x\r\n\r\nhello\r\n")
            except smtplib.SMTPRecipientsRefused as error:
                return error.recipients


@pytest.fixture
def typed(tmp_path: Path) -> Iterator[Typed]:
    server = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, state_dir=str(tmp_path)))
    addresses = server.start()
    try:
        yield Typed(addresses)
    finally:
        server.stop()


def test_a_rule_typed_is_a_reply_on_the_wire(typed: Typed) -> None:
    add = ("add", "--step", "rcpt", "--when", "rcpt:bob@x.test", "--reply", "550 5.1.1 No such user", "--first", "2")
    (rule,) = typed.done("faults", *add)["faults"]
    assert rule["first"] == 2
    assert typed.send("anna@x.test", "bob@x.test") == {"bob@x.test": (550, b"5.1.1 No such user")}
    assert typed.done("faults", "list")["faults"][0]["hits"] == 1
    shown = typed.run("show", "latest", "--transcript").stdout.splitlines()
    (spoken,) = [line for line in shown if line.endswith("  (rule 1)")]
    assert spoken.endswith("S: 550 5.1.1 No such user  (rule 1)")
    assert [line for line in shown if line.startswith("The client: ")] == ["The client: good"]
    assert typed.run("faults", "off").exit_code == 0
    assert typed.send("bob@x.test") == {}
    typed.run("faults", "on")
    typed.run("faults", "off", rule["id"])
    assert typed.send("bob@x.test") == {}
    typed.run("faults", "on", rule["id"])
    assert [bool(typed.send("bob@x.test")) for _ in range(2)] == [True, False]
    typed.run("faults", "rewind", rule["id"])
    assert typed.send("bob@x.test")
    explained = typed.run("faults", "explain", "--from", "app@sender.test", "--to", "bob@x.test")
    assert explained.stdout.splitlines()[0] == "rcpt: rule 1: 550 5.1.1 No such user"
    assert typed.run("faults", "remove", rule["id"]).exit_code == 0
    assert typed.run("faults", "remove", rule["id"]).exit_code == 1
    assert typed.send("bob@x.test") == {}


def test_a_scenario_typed_is_on_for_those_it_is_for(typed: Typed) -> None:
    (rule,) = typed.done("faults", "add", "--scenario", "gmail-rate-ip", "--when", "domain:gmail.com")["faults"]
    assert rule["step"] == "rcpt"
    ((code, text),) = typed.send("anna@gmail.com").values()
    assert code == 421
    assert b"4.7.28" in text
    assert typed.send("anna@x.test") == {}
    both = typed.done("faults", "add", "--scenario", "partial-rcpt", "--before", rule["id"])["faults"]
    assert [one["id"] for one in typed.done("faults", "list")["faults"]] == [*[one["id"] for one in both], rule["id"]]
    assert typed.run("faults", "move", rule["id"], "1").exit_code == 0
    assert typed.done("faults", "list")["faults"][0]["id"] == rule["id"]
    assert typed.done("faults", "clear", "--all") == {"count": 3}


def test_a_file_is_imported_and_days_pass_at_once(typed: Typed, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[fault]]\nstep = "attempt"\neffect = { reply = { code = 451 } }\nfirst = 2\nper = "message"\n')
    assert len(typed.done("faults", "import", str(rules))["faults"]) == 1
    assert typed.send("bob@x.test") == {}
    (deferred,) = typed.done("deliveries", "--outcome", "deferred")["deliveries"]
    assert deferred["recipient"] == "bob@x.test"
    assert typed.done("clock")["due"] == deferred["due"]
    assert typed.done("clock", "advance", "1d")["attempts"] == 2
    listed = typed.run("deliveries", "subject:x", "--to", "bob@x.test", "--timeline")
    assert listed.stdout.startswith(f"{deferred['message']}\tbob@x.test\tdelivered\t3\t250 2.0.0 OK\n")
    assert listed.stdout.count("attempt") == 3


def test_the_client_has_a_word_for_each(typed: Typed) -> None:
    with Client(typed.url) as client:
        rule = client.add_fault({"step": "rcpt", "effect": {"reply": {"code": 451}}})
        assert client.fault(rule["id"]) == rule
        other = client.add_fault({"step": "mail", "effect": {"stall": True}}, before=rule["id"])
        client.move_fault(other["id"], 1)
        client.enable_fault(other["id"], enabled=False)
        assert client.put_fault(rule["id"], {**rule, "first": 1})["first"] == 1
        assert [one["id"] for one in client.faults()["faults"]] == [rule["id"], other["id"]]
        assert client.explain_faults("rcpt", recipient="a@x.test")["answer"]["fault"] == rule["id"]
        assert typed.send("a@x.test")
        assert client.rewind_faults(rule["id"])["hits"] == 0
        assert typed.send("a@x.test")
        session = client.sessions(fault=rule["id"], limit=1)["sessions"][0]
        assert session["verdict"]["judgement"] in ("bad", "open", "doubtful")
        assert client.sessions(judgement="good")["sessions"] == []
        assert client.switch_faults(on=False) == {"on": False}
        assert len(client.add_scenario("greylist", when="domain:x.test")["faults"]) == 1
        assert "greylist" in [one["name"] for one in client.scenarios()]
        client.import_faults('{"RejectAuthChance": 1}', "mailhog", inbox="t")
        assert client.clear_faults(inbox="t") == {"count": 1}
        client.remove_fault(other["id"])
        assert client.clear_faults(all=True) == {"count": 2}
        typed.send("a@x.test", "b@x.test")
        assert [one["recipient"] for one in client.deliveries(limit=1)] == ["a@x.test"]
        assert [one["recipient"] for one in client.deliveries()] == ["a@x.test", "b@x.test"]
        assert client.advance(3600)["ahead"] > 3590
        assert client.clock()["ahead"] > 3590
        assert client.mark_matching({"seen": True}, all=True)["count"] == 1


def test_what_is_out_of_bounds_has_a_hint_for_who_types(typed: Typed) -> None:
    result = typed.run("faults", "add", "--step", "rcpt", "--reply", "550", "--inbox", "no such")
    assert result.exit_code == 2
    assert result.stderr == (
        'mailtrap: `inbox` is "no such", but must be 1 to 64 of A-Z a-z 0-9 . _ @ + -\n'
        "  --help says what it takes, /docs/api of the sandbox more\n"
    )


def test_where_nothing_would_go_wrong_it_is_said_why(typed: Typed) -> None:
    assert typed.run("faults", "explain").stderr == "Nothing would go wrong: there is no rule.\n"
    typed.done("faults", "add", "--step", "rcpt", "--when", "rcpt:bob", "--stall")
    assert typed.run("faults", "explain").stderr == "Nothing would go wrong; --step STEP says why not.\n"
    typed.done("faults", "off")
    told = typed.run("faults", "explain", "--to", "bob@x.test").stderr
    assert told == "Nothing would go wrong: all rules are switched off; `mailtrap faults on` switches them on.\n"


def test_what_changes_a_rule_says_what_it_changed(typed: Typed) -> None:
    one, two = (typed.done("faults", "add", "--step", "rcpt", "--reply", code)["faults"][0] for code in ("451", "452"))
    assert [rule["enabled"] for rule in typed.done("faults", "off", one["id"])["faults"]] == [False]
    assert typed.run("faults", "on", one["id"]).stdout.startswith(f"{one['id']}\trcpt\t0\t")
    assert [rule["id"] for rule in typed.done("faults", "move", two["id"], "1")["faults"]] == [two["id"]]
    assert typed.send("bob@x.test")
    assert typed.done("faults", "rewind", two["id"])["faults"] == [two]
    assert [rule["id"] for rule in typed.done("faults", "rewind")["faults"]] == [two["id"], one["id"]]
    assert typed.done("faults", "off") == {"on": False}
    assert typed.done("faults", "on") == {"on": True}
    assert typed.done("faults", "remove", one["id"], two["id"]) == {"count": 2}


def test_a_file_without_rules_is_named_as_such(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("\n")
    result = typed.run("faults", "import", str(tmp_path / "empty.toml"))
    assert result.exit_code == 2
    assert "it is empty" in result.output


def test_sessions_are_listed_with_their_verdicts(typed: Typed) -> None:
    typed.send("anna@x.test")
    (rule,) = typed.done("faults", "add", "--step", "rcpt", "--when", "rcpt:bob@x.test", "--reply", "550")["faults"]
    typed.send("bob@x.test")
    (session,) = typed.done("sessions", "--fault", rule["id"])["sessions"]
    assert session["verdict"]["findings"] == ["bob@x.test: 550, not tried again"]
    refused, fine = typed.run("sessions").stdout.splitlines()
    assert refused.split("\t")[3:] == ["quit", "", "good: bob@x.test: 550, not tried again"]
    assert fine.split("\t")[3:] == ["quit", "1", ""]
    assert typed.done("sessions", "-n", "1")["sessions"] == [session]
    assert typed.done("sessions", "--judgement", "bad") == {"sessions": []}
    shown = typed.run("sessions", session["id"]).stdout
    assert f"(rule {rule['id']})" in shown
    assert shown.endswith("good\n  bob@x.test: 550, not tried again\n")
    assert typed.done("sessions", session["id"])["id"] == session["id"]
    assert typed.run("sessions", "999999").exit_code == 1


def test_a_timeline_says_why_nothing_came_back(typed: Typed) -> None:
    assert typed.send("ana+ooo@x.test", "ben+read@x.test") == {}
    listed = typed.run("deliveries", "--timeline").stdout
    assert "no automatic answer, for its header does not name the recipient" in listed
    assert "no read receipt, for its header has no Disposition-Notification-To" in listed


def test_a_scenario_may_have_a_name_of_its_own(typed: Typed) -> None:
    flags = ("--scenario", "flaky-n", "--when", "domain:x.test", "--name", "mine", "--first", "5")
    (rule,) = typed.done("faults", "add", *flags)["faults"]
    assert (rule["name"], rule["first"], rule["effect"]) == ("mine", 5, {"scenario": "flaky-n"})


def test_a_read_receipt_goes_to_whom_the_message_names_for_it(typed: Typed) -> None:
    content = "From: app@sender.test\r\nDisposition-Notification-To: Ann <receipts@sender.test>\r\n\r\nhello\r\n"
    with smtplib.SMTP(*typed.smtp, timeout=60) as smtp:
        smtp.sendmail("app@sender.test", "ana+read@x.test", content)
    typed.done("clock", "advance", "1s")
    (receipt,) = typed.done("list", "listener:notice")["messages"]
    assert receipt["envelope"]["to"] == ["receipts@sender.test"]
