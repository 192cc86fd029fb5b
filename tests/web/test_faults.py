"""The API's rules: what is taken, what is refused with words, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from mailtrap.faults.aftermath import Answered, Deed
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Step
from mailtrap.faults.scenarios import SCENARIOS
from mailtrap.mail.transcript import Transcript
from mailtrap.sandbox import Sandbox
from tests.web.serving import capture

NO_BOB = {
    "step": "rcpt",
    "when": "rcpt:bob@x.test",
    "effect": {"reply": {"code": 550, "status": "5.1.1", "text": "No such user"}},
}
LATER = {"step": "rcpt", "effect": {"reply": {"code": 451}}, "first": 2, "per": "sender", "name": "later"}


def added(client: FlaskClient, *rules: dict[str, Any]) -> list[str]:
    answers = [client.post("/api/faults", json=rule) for rule in rules]
    assert [answer.status_code for answer in answers] == [201] * len(rules)
    return [answer.get_json()["id"] for answer in answers]


def order(client: FlaskClient, **query: str) -> list[str]:
    return [rule["id"] for rule in client.get("/api/faults", query_string=query).get_json()["faults"]]


def said(sandbox: Sandbox, recipient: str, **facts: Any) -> int:
    """The code that a rule says to RCPT; 250 if none does."""
    answer = sandbox.faults.answer(Occasion(Step.RCPT, sandbox.clock.now(), recipient=recipient, **facts))
    return answer.effect.reply.code if answer and answer.effect.reply else 250


def test_a_rule_is_told_whole_and_in_force_at_once(client: FlaskClient, sandbox: Sandbox) -> None:
    answer = client.post("/api/faults", json=NO_BOB)
    assert answer.status_code == 201
    assert answer.get_json() == {
        **NO_BOB,
        **{"id": "1", "name": "", "first": 0, "skip": 0, "every": 0, "nth": [], "lasting": 0.0, "probability": None},
        **{"seed": 0, "per": "rule", "bucket": None, "concurrent": 0, "greylist": None, "inbox": "", "enabled": True},
        **{"hits": 0, "origin": ""},
    }
    assert (said(sandbox, "bob@x.test"), said(sandbox, "anna@x.test")) == (550, 250)
    assert client.get("/api/faults/1").get_json()["hits"] == 1
    assert client.get("/api/faults").get_json()["on"] is True


def test_what_was_answered_can_be_changed_and_sent_back(client: FlaskClient, sandbox: Sandbox) -> None:
    (id,) = added(client, NO_BOB)
    rule = client.get(f"/api/faults/{id}").get_json()
    rule["effect"]["reply"]["code"] = 553
    changed = client.put(f"/api/faults/{id}", json=rule)
    assert changed.status_code == 200
    assert changed.get_json()["effect"]["reply"]["code"] == 553
    assert said(sandbox, "bob@x.test") == 553
    assert client.put("/api/faults/99", json=rule).status_code == 404


def test_rules_are_asked_in_their_order(client: FlaskClient, sandbox: Sandbox) -> None:
    first, second = added(client, NO_BOB, LATER)
    third = client.post(f"/api/faults?before={second}", json={**LATER, "first": 0}).get_json()["id"]
    assert order(client) == [first, third, second]
    assert client.patch(f"/api/faults/{first}", json={"place": 2}).status_code == 200
    assert order(client) == [third, second, first]
    assert said(sandbox, "bob@x.test") == 451
    client.patch(f"/api/faults/{first}", json={"place": 0})
    assert said(sandbox, "bob@x.test") == 550
    assert client.post("/api/faults?before=99", json=LATER).status_code == 404


def test_a_rule_is_switched_off_and_on(client: FlaskClient, sandbox: Sandbox) -> None:
    (id,) = added(client, NO_BOB)
    assert client.patch(f"/api/faults/{id}", json={"enabled": False}).get_json()["enabled"] is False
    assert said(sandbox, "bob@x.test") == 250
    client.patch(f"/api/faults/{id}", json={"enabled": True})
    assert said(sandbox, "bob@x.test") == 550


def test_one_switch_is_for_all_rules_and_addresses(client: FlaskClient, sandbox: Sandbox) -> None:
    added(client, NO_BOB)
    assert client.put("/api/faults/switch", json={"on": False}).get_json() == {"on": False}
    assert client.get("/api/faults").get_json()["on"] is False
    assert (said(sandbox, "bob@x.test"), said(sandbox, "eve+550@x.test")) == (250, 250)
    client.put("/api/faults/switch", json={"on": True})
    assert (said(sandbox, "bob@x.test"), said(sandbox, "eve+550@x.test")) == (550, 550)


def test_rewinding_counts_anew(client: FlaskClient, sandbox: Sandbox) -> None:
    (id,) = added(client, LATER)
    assert [said(sandbox, "a@x.test", sender="s@x.test") for _ in range(3)] == [451, 451, 250]
    assert client.get(f"/api/faults/{id}").get_json()["hits"] == 2
    assert client.post(f"/api/faults/{id}/rewind").get_json()["hits"] == 0
    assert said(sandbox, "a@x.test", sender="s@x.test") == 451
    assert client.post("/api/faults/rewind").get_json()["faults"][0]["hits"] == 0
    assert client.post("/api/faults/99/rewind").status_code == 404


def test_clearing_takes_those_of_one_inbox_or_all(client: FlaskClient) -> None:
    mine, shared = added(client, {**NO_BOB, "inbox": "mine"}, NO_BOB)
    assert order(client, inbox="mine") == [mine, shared]
    assert order(client, inbox="other") == [shared]
    assert client.delete("/api/faults?inbox=mine").get_json() == {"count": 1}
    assert order(client) == [shared]
    assert client.delete(f"/api/faults/{shared}").get_json() == {"count": 1}
    assert client.delete(f"/api/faults/{shared}").status_code == 404
    added(client, NO_BOB, LATER)
    assert client.delete("/api/faults?all=true").get_json() == {"count": 2}


@pytest.mark.parametrize("query", ["", "?all=false", "?inbox=", "?al=true", "?all=false&inbox=x"])
def test_a_malformed_removal_removes_nothing(client: FlaskClient, query: str) -> None:
    ids = added(client, NO_BOB, {**NO_BOB, "inbox": "x"})
    answer = client.delete(f"/api/faults{query}")
    assert answer.status_code == 400
    assert answer.get_json()["error"]["message"]
    assert order(client) == ids


def test_a_scenario_that_is_not_there_says_which_may_be_meant(client: FlaskClient) -> None:
    for name, meant in (("gmail-nosuchusr", "did you mean gmail-nosuchuser"), ("xyzzy", "`mailtrap faults scenarios`")):
        answer = client.post(f"/api/scenarios/{name}", json={})
        assert answer.status_code == 404
        assert answer.get_json()["error"]["message"] == f"There is no scenario {name}"
        assert meant in answer.get_json()["error"]["hint"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"effect": {"delay": 1e308}}, "`effect.delay` is 1e+308, but must be a number from 0 to 10000000"),
        ({"effect": {"delay": -1}}, "`effect.delay` is -1, but must be a number"),
        ({"effect": {"throttle": 10**30}}, "effect.throttle"),
        ({"effect": {"reply": {"code": 199}}}, "effect.reply.code"),
        ({"effect": {"reply": {"code": 600}}}, "effect.reply.code"),
        ({"effect": {"reply": {"code": 550, "status": "5.1.1\n"}}}, "an enhanced status such as 5.1.1"),
        ({"effect": {"reply": {"code": 550, "text": "a\rb"}}}, "text without control characters"),
        (
            {"effect": {"reply": {"code": 550, "text": "x" * 5000}}},
            "has 5000 characters, but must be text without control characters, of at most 4000 characters",
        ),
        ({"effect": {"ehlo": {"add": ["X\r\nY"]}}}, "printable ASCII"),
        ({"effect": {"route": ["mx one"]}}, "the name of a host"),
        ({"effect": {"explode": True}}, "explode"),
        ({"effect": {"disconnect": "soon"}}, "effect.disconnect"),
        ({"effect": {"scenario": "gmail-nosuchusr"}}, "There is no such scenario"),
        ({"effect": {}}, "says nothing"),
        ({"first": -1}, "first"),
        ({"first": 1.5}, "first"),
        ({"nth": [0]}, "nth"),
        ({"probability": 1.1}, "probability"),
        ({"seed": 2**63}, "seed"),
        ({"bucket": {"capacity": 0, "seconds": 1}}, "bucket.capacity"),
        ({"bucket": {"capacity": 1, "seconds": 0}}, "bucket.seconds"),
        ({"greylist": {"delay": 1e300}}, "greylist.delay"),
        ({"inbox": "no such/name"}, '`inbox` is "no such/name", but must be 1 to 64 of A-Z a-z 0-9 . _ @ + -'),
        ({"inbox": "n" * 65}, "but must be 1 to 64 of"),
        ({"inbox": "n\n"}, "but must be 1 to 64 of"),
        ({"name": "a\nb"}, "one line without control characters"),
        ({"when": "subject:x"}, "cannot be known at step rcpt"),
        ({"when": "rcpt:("}, ""),
        ({"when": "x" * 5000}, "when"),
        ({"step": "elsewhere"}, "step"),
        ({"often": 3}, "often"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_words(
    client: FlaskClient, change: dict[str, Any], words: str
) -> None:
    (id,) = added(client, NO_BOB)
    for answer in (
        client.post("/api/faults", json={**NO_BOB, **change}),
        client.put(f"/api/faults/{id}", json={**NO_BOB, **change}),
    ):
        assert answer.status_code == 400
        error = answer.get_json()["error"]
        assert words in error["message"]
        assert error["hint"]
        assert "regex" not in error["message"]
    rule = client.get(f"/api/faults/{id}").get_json()
    assert {name: rule[name] for name in NO_BOB} == NO_BOB
    assert order(client) == [id]


@pytest.mark.parametrize(
    "body", [b'{"step":"rcpt","effect":{"delay":NaN}}', b'{"step":"rcpt","effect":{"delay":1e999}}']
)
def test_numbers_that_json_does_not_have_are_refused(client: FlaskClient, body: bytes) -> None:
    assert client.post("/api/faults", data=body, content_type="application/json").status_code == 400


def test_names_beside_ids_are_not_taken_for_ids(client: FlaskClient) -> None:
    for name in ("explain", "import", "rewind", "switch"):
        answer = client.get(f"/api/faults/{name}")
        assert answer.status_code == 405
        assert answer.headers["Allow"]
    for id in ("abc", "1e3", "9" * 30, "-1", "%F0%9F%8E%89"):
        assert client.get(f"/api/faults/{id}").status_code == 404


def test_explaining_says_which_rule_and_why_not_the_others(client: FlaskClient, sandbox: Sandbox) -> None:
    other, bob, late = added(client, {**NO_BOB, "inbox": "other"}, NO_BOB, LATER)
    told = client.post("/api/faults/explain", json={"step": "rcpt", "recipient": "bob@x.test"}).get_json()
    assert told["answer"] == {"fault": bob, "name": "", "effect": NO_BOB["effect"]}
    assert [(rule["fault"], rule["answers"]) for rule in told["rules"]] == [(other, False), (bob, True), (late, False)]
    assert "inbox other" in told["rules"][0]["why"]
    assert all(rule["why"] for rule in told["rules"])
    assert client.get(f"/api/faults/{bob}").get_json()["hits"] == 0, "nothing is counted"
    meant = client.post("/api/faults/explain", json={"step": "rcpt", "recipient": "eve+550@x.test", "inbox": "other"})
    assert meant.get_json()["answer"]["fault"] == late


def test_explaining_takes_what_is_not_given_from_a_message(client: FlaskClient, sandbox: Sandbox) -> None:
    rule = {"step": "end-of-data", "when": "subject:hello from:ann", "effect": {"reply": {"code": 554}}}
    (id,) = added(client, rule)
    message = capture(sandbox)
    asked = {"step": "end-of-data", "message": str(message)}
    assert client.post("/api/faults/explain", json=asked).get_json()["answer"]["fault"] == id
    other = client.post("/api/faults/explain", json={**asked, "message": "99"})
    assert other.status_code == 404
    without = client.post("/api/faults/explain", json={"step": "end-of-data", "sender": "ann@a.test"}).get_json()
    assert without["answer"] is None
    assert "content" in without["rules"][0]["why"]


@pytest.mark.parametrize(
    ("step", "when", "answers"),
    [
        ("end-of-data", "rcpt:carl", True),
        ("end-of-data", "NOT rcpt:carl", False),
        ("data", "rcpt:carl", True),
        ("rcpt", "rcpt:carl", False),
        ("rcpt", "rcpt:bob", True),
        ("attempt", "rcpt:carl", False),
    ],
)
def test_explaining_with_a_message_asks_about_its_recipients_as_the_step_does(
    client: FlaskClient, sandbox: Sandbox, step: str, when: str, answers: bool
) -> None:
    added(client, {"step": step, "when": when, "effect": {"reply": {"code": 554}}})
    message = capture(sandbox, recipients=("bob@b.test", "carl@b.test"))
    told = client.post("/api/faults/explain", json={"step": step, "message": str(message)}).get_json()
    assert (told["answer"] is not None) is answers


def test_every_scenario_is_listed_and_can_be_switched_on(client: FlaskClient) -> None:
    listed = client.get("/api/scenarios").get_json()["scenarios"]
    assert [one["name"] for one in listed] == list(SCENARIOS)
    for one in listed:
        answer = client.post(f"/api/scenarios/{one['name']}", json={"inbox": "t"})
        assert answer.status_code == 201, answer.get_json()
        assert len(answer.get_json()["faults"]) == len(one["faults"])
        assert {rule["inbox"] for rule in answer.get_json()["faults"]} == {"t"}
    assert client.post("/api/scenarios/nothing-like-it", json={}).status_code == 404


def test_a_scenario_is_switched_on_for_whom_and_how_often(client: FlaskClient, sandbox: Sandbox) -> None:
    wish = {"when": "domain:gmail.com", "first": 1, "name": "rate"}
    (rule,) = client.post("/api/scenarios/gmail-rate-ip", json=wish).get_json()["faults"]
    # MAIL does not know the recipient yet: a reply is said to RCPT instead.
    assert (rule["step"], rule["first"], rule["name"]) == ("rcpt", 1, "rate")
    assert [said(sandbox, "a@gmail.com"), said(sandbox, "a@gmail.com"), said(sandbox, "a@x.test")] == [421, 250, 250]
    (own,) = client.post("/api/scenarios/gmail-rate-ip", json={"when": "from:ann"}).get_json()["faults"]
    assert own["step"] == "mail"
    both = client.post("/api/scenarios/partial-rcpt?before=1", json={}).get_json()["faults"]
    assert order(client)[:3] == [*[one["id"] for one in both], rule["id"]]
    refused = client.post("/api/scenarios/starttls-expired", json={"when": "rcpt:x"})
    assert refused.status_code == 400
    assert len(order(client)) == 4


@pytest.mark.parametrize(
    ("format_", "document", "steps"),
    [
        ("toml", '[[fault]]\nstep = "rcpt"\neffect = { reply = { code = 550 } }\n', ["rcpt"]),
        ("mailpit", {"Recipient": {"ErrorCode": 451, "Probability": 10}}, ["rcpt"]),
        ("mailpit", '{"Sender": {"ErrorCode": 451, "Probability": 10}}', ["mail"]),
        ("mailhog", {"RejectSenderChance": 0.5}, ["mail"]),
    ],
)
def test_rules_of_others_are_imported(client: FlaskClient, format_: str, document: Any, steps: list[str]) -> None:
    answer = client.post("/api/faults/import", json={"format": format_, "document": document, "inbox": "t"})
    assert answer.status_code == 201
    assert [(rule["step"], rule["inbox"]) for rule in answer.get_json()["faults"]] == [(step, "t") for step in steps]


@pytest.mark.parametrize(
    ("format_", "document"),
    [
        ("toml", '[[fault]]\nstep="rcpt"\neffect={stall=true}\n[[fault]]\nstep="rcpt"\neffect={reply={code=10}}'),
        ("toml", "[[[["),
        ("toml", {"fault": []}),
        ("mailpit", "[]"),
        ("mailhog", '{"AcceptChance": 7}'),
        ("sendmail", ""),
    ],
)
def test_an_import_that_makes_no_sense_adds_nothing(client: FlaskClient, format_: str, document: Any) -> None:
    answer = client.post("/api/faults/import", json={"format": format_, "document": document})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["hint"]
    assert order(client) == []


def ended_session(sandbox: Sandbox, outcome: str = "closed") -> Transcript:
    transcript = Transcript(sandbox.store.new_session(), "smtp", "127.0.0.1:1", sandbox.clock.now())
    transcript.ended_at, transcript.outcome = sandbox.clock.now(), outcome
    return transcript


def test_sessions_are_found_by_verdict_and_by_the_rule_that_spoke(client: FlaskClient, sandbox: Sandbox) -> None:
    quiet, refused, again = (ended_session(sandbox) for _ in range(3))
    at = sandbox.clock.now()
    bob = (Answered("bob@x.test", 550),)
    for transcript in (refused, again):
        sandbox.history.note(
            Deed(
                transcript.session, at, "rcpt", 550, "ann@a.test", bob, message_id="<1@a>", faults=(7,), greeting="EHLO"
            )
        )
    for transcript in (quiet, refused, again):
        sandbox.session_started(transcript)
        sandbox.session_ended(transcript)
        sandbox.history.ended(transcript.session, "closed", True)
    sandbox.store.catch_up()

    def found(**query: str) -> list[str]:
        return [one["id"] for one in client.get("/api/sessions", query_string=query).get_json()["sessions"]]

    ids = [str(transcript.session) for transcript in (again, refused, quiet)]
    assert found() == ids
    assert found(fault="7") == ids[:2]
    assert found(fault="8") == []
    told = client.get(f"/api/sessions/{ids[1]}").get_json()
    assert told["faults"] == ["7"]
    assert told["verdict"]["judgement"] == "bad", "the same message, although 550 is for good"
    assert ids[1] in found(judgement="bad")
    assert client.get(f"/api/sessions/{ids[2]}").get_json()["verdict"] is None
    assert client.get("/api/sessions?judgement=splendid").status_code == 400
    page = client.get("/api/sessions?fault=7&limit=1").get_json()
    assert [one["id"] for one in page["sessions"]] == ids[:1]
    assert found(fault="7", before=page["next"]) == ids[1:2]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_what_is_no_id_is_told_in_the_one_shape(client: FlaskClient, method: str) -> None:
    answer = getattr(client, method)("/api/faults/abc", json={"enabled": True})
    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"], error["message"]) == (
        404,
        "not_found",
        "'abc' is no id: ids are numbers",
    )
    assert error["hint"] == "GET /api/faults lists what there is"


def test_a_path_that_is_nowhere_is_told_in_the_one_shape(client: FlaskClient) -> None:
    error = client.get("/api/fault").get_json()["error"]
    assert error["message"] == "There is nothing at this address"
    assert "/api/openapi.json" in error["hint"]


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ({"login": "ana"}, True),
        ({"login": "ben"}, False),
        ({"login": "ana", "inbox": "other"}, True),
        ({}, False),
    ],
)
def test_who_would_meet_a_rule_of_pop3(client: FlaskClient, asked: dict[str, str], answers: bool) -> None:
    rule = {"step": "pop3.login", "when": "login:ana listener:pop3", "effect": {"answer": "[IN-USE] Locked"}}
    added(client, rule)
    told = client.post("/api/faults/explain", json={"step": "pop3.login", **asked}).get_json()
    assert (told["answer"] is not None) is answers
    assert told["rules"][0]["answers"] is answers


def test_a_subject_can_be_asked_about_without_a_message(client: FlaskClient) -> None:
    added(client, {"step": "end-of-data", "when": "subject:invoice", "effect": {"reply": {"code": 550}}})
    for subject, answers in (("Your invoice", True), ("Hello", False)):
        told = client.post("/api/faults/explain", json={"step": "end-of-data", "subject": subject}).get_json()
        assert told["rules"][0]["answers"] is answers
