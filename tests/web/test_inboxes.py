"""Inboxes over the API, and that the token of one opens nothing of another, whatever route there is."""

from __future__ import annotations

import itertools
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from mailtrap.faults.rule import Effect, Fault, Said, Step
from mailtrap.mail.arrival import Login
from mailtrap.mail.transcript import Transcript
from mailtrap.query import Query
from mailtrap.sandbox import Sandbox
from mailtrap.store.base import Selection
from mailtrap.web.scope import _PUBLIC
from tests.web.serving import LiveClient, capture, running_sandbox, running_server

#: Stands in everything of the other inbox, and nowhere else.
CANARY = "canary7391"
THEIRS = (
    f"From: {CANARY}@a.test\r\nTo: {CANARY}@b.test\r\nSubject: {CANARY}\r\nMIME-Version: 1.0\r\n"
    f'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>{CANARY}</p>\r\n'
    f'--b\r\nContent-Type: text/plain; name="{CANARY}.txt"\r\nContent-ID: <{CANARY}>\r\n\r\n{CANARY}\r\n--b--\r\n'
).encode()
MINE = THEIRS.replace(CANARY.encode(), b"mine")


def make(client: FlaskClient, **wish: Any) -> Any:
    answer = client.post("/api/inboxes", json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json


# -- What the API says ------------------------------------------------------------------------------------------------


def test_an_inbox_is_made_shown_and_removed(client: FlaskClient, sandbox: Sandbox) -> None:
    made = make(client, name="ci-1", addresses=["@shop.example"], max_messages=9)
    assert (made["name"], made["token"], made["has_token"], made["implicit"]) == ("ci-1", None, False, False)
    capture(sandbox, recipients=("x@shop.example",))
    shown = client.get("/api/inboxes/CI-1").json
    assert (shown["messages"], shown["unseen"], shown["addresses"]) == (1, 1, ["@shop.example"])
    assert "token" not in shown
    listed = client.get("/api/inboxes").json["inboxes"]
    assert [(one["name"], one["messages"]) for one in listed] == [("default", 0), ("ci-1", 1)]
    assert client.delete("/api/inboxes/ci-1").json == {"count": 1, "ids": ["1"]}
    assert client.delete("/api/inboxes/ci-1").status_code == 404
    assert client.get("/api/inboxes/ci-1").status_code == 404
    assert client.get("/api/messages").json["total"] == 0


def test_it_takes_its_rules_along_and_no_others(client: FlaskClient, sandbox: Sandbox) -> None:
    for name in ("a", "b", ""):
        sandbox.faults.add(Fault(Step.RCPT, Effect(reply=Said(550)), inbox=name))
    make(client, name="a")
    client.delete("/api/inboxes/A")
    assert [rule.inbox for rule in sandbox.faults.rules()] == ["b", ""]


def test_one_that_is_there_is_a_conflict_unless_only_mail_has_made_it(client: FlaskClient, sandbox: Sandbox) -> None:
    sandbox.inboxes.open("seen")
    capture(sandbox, recipients=("x+seen@b.test",))
    made = make(client, name="seen", ttl=60)
    assert (made["messages"], made["ttl"], made["implicit"]) == (1, 60, False)
    assert client.post("/api/inboxes", json={"name": "Seen"}).status_code == 409
    assert make(client)["name"].startswith("inbox-")


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "two words"},
        {"name": ""},
        {"name": "x" * 65},
        {"name": "é"},
        {"ttl": -1},
        {"addresses": ["nobody"]},
        {"helo": "*" * 5},
        {"name": "default", "ttl": 5},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(client: FlaskClient, wish: dict[str, Any]) -> None:
    answer = client.post("/api/inboxes", json=wish)
    assert answer.status_code == 400
    assert answer.json["error"]["message"]
    assert len(client.get("/api/inboxes").json["inboxes"]) == 1


def test_mail_posted_goes_where_it_says_or_where_the_request_says(client: FlaskClient, sandbox: Sandbox) -> None:
    def post(octets: bytes, **query: str) -> list[str]:
        answer = client.post("/api/messages", data=octets, query_string=query, content_type="message/rfc822")
        assert answer.status_code == 201, answer.text
        found: list[str] = answer.json["inboxes"]
        return found

    make(client, name="a")
    assert post(MINE) == ["default"]
    assert post(b"X-Mail-Inbox: new\r\n" + MINE) == ["new"]
    assert post(MINE, **{"envelope-to": "x+a@b.test"}) == ["a"]
    assert post(b"X-Mail-Inbox: new\r\n" + MINE, inbox="A other") == ["a", "other"]
    assert client.post("/api/messages?inbox=two,words", data=MINE, content_type="message/rfc822").status_code == 400
    assert {name: count for name, (count, _) in sandbox.store.inboxes().items()} == {
        "default": 1,
        "new": 1,
        "a": 2,
        "other": 1,
    }


def test_clearing_an_inbox_leaves_what_is_in_another(client: FlaskClient, sandbox: Sandbox) -> None:
    capture(sandbox, inbox="a b")
    capture(sandbox, inbox="a")
    assert client.delete("/api/messages?inbox=a").json["count"] == 2
    (left,) = client.get("/api/messages").json["messages"]
    assert left["inboxes"] == ["b"]


def test_metrics_name_so_many_inboxes_and_no_more(
    client: FlaskClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailtrap.web.metrics.MOST_INBOXES", 2)
    for inbox in ("a", "a", "b", "b", "c", "d"):
        capture(sandbox, inbox=inbox)
    told = client.get("/metrics").text
    found = dict(re.findall(r'mailtrap_inbox_messages_stored\{inbox="([^"]+)"\} (\d+)', told))
    assert found == {"a": "2", "b": "2", "(others)": "2"}
    assert 'mailtrap_inbox_messages_unseen{inbox="a"} 2' in told


# -- What the token of one inbox opens --------------------------------------------------------------------------------


class Confined:
    """Two inboxes, a token for one, and something in each that routes can ask for."""

    def __init__(self, sandbox: Sandbox, app: Flask) -> None:
        self.sandbox, self.app = sandbox, app
        self.client = app.test_client()
        self.token = make(self.client, name="mine", token=True)["token"]
        make(self.client, name="theirs", token=True)
        self.mine = capture(sandbox, MINE, inbox="mine")
        self.theirs = capture(sandbox, THEIRS, (f"{CANARY}@b.test",), inbox="theirs")
        self.shared = capture(sandbox, MINE, inbox="theirs mine")
        # Dialogues: one of each inbox, by its login.
        self.session = self._dialogue("theirs", self.theirs)
        self.my_session = self._dialogue("mine", self.mine)
        refused = Effect(reply=Said(550, "5.1.1", CANARY))
        self.fault = sandbox.faults.add(Fault(Step.RCPT, refused, inbox="theirs", name=CANARY)).id
        # One that may answer everywhere is told of, but not theirs to change.
        of_all = Fault(Step.RCPT, Effect(reply=Said(550)), when="rcpt:nobody")
        self.everybodys = sandbox.faults.add(of_all).id
        assert sandbox.store.catch_up()

    def _dialogue(self, user: str, message: int) -> int:
        transcript = Transcript(self.sandbox.store.new_session(), "smtp", "127.0.0.1:1", self.sandbox.clock.now())
        transcript.login = Login("PLAIN", user)
        transcript.add(1, "C", b"MAIL FROM:<%s@a.test>" % (CANARY if user == "theirs" else user).encode())
        transcript.messages.append(message)
        transcript.outcome, transcript.ended_at = "quit", 2
        self.sandbox.session_ended(transcript)
        return transcript.session

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        return self.client.open(path, method=method, headers={"Authorization": f"Bearer {self.token}"}, **more)


@pytest.fixture
def confined() -> Iterator[Confined]:
    with running_sandbox() as (sandbox, _, app):
        yield Confined(sandbox, app)


def everything(confined: Confined) -> dict[str, Any]:
    """What must not change."""
    store = confined.sandbox.store
    message = store.get(confined.theirs)
    return {
        "message": message,
        # Not how many are unseen: the one in both inboxes may be looked at in either.
        "count": store.inboxes()["theirs"][0],
        "rules": [rule for rule in confined.sandbox.faults.rules() if rule.inbox != "mine"],
        "inboxes": [one for one in confined.sandbox.inboxes.all() if one.name == "theirs"],
        "ahead": confined.sandbox.clock.ahead,
        "webhooks": confined.sandbox.webhooks.register.all(),
        "suspended": confined.sandbox.faults.suspended,
    }


#: Bodies that the routes which take one would do something with.
BODIES: dict[str, Any] = {
    "/api/messages": {"seen": True},
    "/api/messages/<id>": {"seen": True, "tags": [CANARY[:3]]},
    "/api/faults": {"step": "rcpt", "effect": {"reply": {"code": 550}}, "inbox": "theirs"},
    "/api/faults/<number:id>": {"step": "rcpt", "effect": {"reply": {"code": 550}}},
    "/api/faults/import": {"format": "toml", "document": "", "inbox": "theirs"},
    "/api/faults/switch": {"on": False},
    "/api/faults/explain": {"step": "rcpt", "recipient": f"{CANARY}@b.test", "inbox": "theirs"},
    "/faults/explain": {"step": "rcpt", "recipient": "nobody@b.test"},
    "/faults/preview": {"step": "rcpt", "effect": {"reply": {"code": 550}}, "when": CANARY},
    "/api/scenarios/<name>": {"inbox": "theirs"},
    "/api/clock/advance": {"seconds": 5},
    "/api/inboxes": {"name": "third"},
    "/api/webhooks": {"url": "http://localhost:9/"},
    "/api/assert": {"expectations": [{"subject": CANARY}], "inbox": "theirs"},
}


def paths(rule: Rule, confined: Confined) -> list[str]:
    """The paths of a rule that point at something of the other inbox."""
    kinds = {
        "fault": [confined.fault, confined.everybodys],
        "session": [confined.session],
        "message": [confined.theirs],
    }
    of = "fault" if "fault" in rule.rule else "session" if "session" in rule.rule else "message"
    values: dict[str, list[Any]] = {
        "id": [*kinds[of], 10**9],
        "name": ["theirs" if "inboxes" in rule.rule else "text" if "panels" in rule.rule else "greylist"],
        "part": ["1", "2"],
        "path": ["1"],
        "cid": [CANARY],
        "filename": ["css/base.css"],
    }
    wanted = sorted(rule.arguments)
    assert set(wanted) <= set(values), f"{rule.rule}: say here what its variables can be"
    with confined.app.test_request_context():
        adapter = confined.app.url_map.bind("localhost")
        return [
            adapter.build(rule.endpoint, dict(zip(wanted, chosen, strict=True)), method=method)
            for chosen in itertools.product(*[values[name] for name in wanted])
            for method in sorted(rule.methods or ())[:1]
        ]


def test_a_token_of_one_inbox_gets_404_for_another_over_every_route_of_the_map(confined: Confined) -> None:
    before = everything(confined)
    asked = 0
    for rule in confined.app.url_map.iter_rules():
        if rule.endpoint == "live.listen":
            continue  # see below: it needs a socket
        for path in paths(rule, confined):
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                more: dict[str, Any] = {}
                if method in ("POST", "PUT", "PATCH"):
                    more["json"] = BODIES.get(rule.rule, {})
                if rule.endpoint == "api.change_fault":
                    more["json"] = {"enabled": False}
                if rule.rule == "/api/messages" and method == "POST":
                    more = {"data": MINE, "content_type": "message/rfc822"}
                for query in ["inbox=theirs", ""] if "<" not in rule.rule else [""]:
                    if query and rule.endpoint in _PUBLIC:
                        continue
                    given = query
                    if (method, rule.rule, query) == ("DELETE", "/api/messages", ""):
                        given = f"ids={confined.theirs}"
                    answer = confined.ask(method, path, query_string=given, **more)
                    asked += 1
                    where = f"{method} {path}?{given}: {answer.status_code} {answer.text[:300]}"
                    answer.close()
                    assert answer.status_code < 500, where
                    # An expectation is said back to whoever has it; nothing else may hold the word.
                    if rule.rule != "/api/assert":
                        assert CANARY not in answer.text, where
                    if rule.endpoint in _PUBLIC:
                        continue
                    # Pages and the list of inboxes take no parameter; they show the one inbox there is.
                    shows_own = rule.endpoint in ("ui.inbox", "ui.switch", "ui.latest", "api.list_inboxes")
                    about = "<" in rule.rule or query or more.get("json", {}).get("inbox")
                    if query and "There is no parameter" in answer.text:
                        continue
                    if about and not shows_own:
                        assert answer.status_code == 404, where
    assert asked > 60
    assert everything(confined) == before


def test_it_opens_its_own_inbox(confined: Confined) -> None:
    listed = confined.ask("GET", "/api/messages").json
    assert [int(one["id"]) for one in listed["messages"]] == [confined.shared, confined.mine]
    assert [one["inboxes"] for one in listed["messages"]] == [["mine"], ["mine"]]
    assert confined.ask("GET", f"/api/messages/{confined.mine}").status_code == 200
    assert confined.ask("GET", f"/api/messages/{confined.mine}/raw").data == MINE
    assert confined.ask("GET", f"/preview/{confined.mine}").status_code == 200
    assert [one["id"] for one in confined.ask("GET", "/api/sessions").json["sessions"]] == [str(confined.my_session)]
    assert confined.ask("GET", f"/api/sessions/{confined.my_session}").status_code == 200
    assert [one["name"] for one in confined.ask("GET", "/api/inboxes").json["inboxes"]] == ["mine"]
    page = confined.ask("GET", "/").text
    assert "theirs" not in page
    assert CANARY not in page
    events = confined.ask("GET", "/api/events?after=1").json
    assert events["resume"]
    posted = confined.ask("POST", "/api/messages", data=MINE, content_type="message/rfc822").json
    assert posted["inboxes"] == ["mine"]


def test_its_rules_stay_in_its_inbox(confined: Confined) -> None:
    rule = {"step": "rcpt", "effect": {"reply": {"code": 550}}}
    made = confined.ask("POST", "/api/faults", json=rule)
    assert (made.status_code, made.json["inbox"]) == (201, "mine")
    id = made.json["id"]
    assert confined.ask("POST", f"/api/faults?before={confined.fault}", json=rule).status_code == 404
    assert confined.ask("PUT", f"/api/faults/{id}", json=rule).json["inbox"] == "mine"
    assert confined.ask("PUT", f"/api/faults/{id}", json={**rule, "inbox": "theirs"}).status_code == 404
    scenario = confined.ask("POST", "/api/scenarios/greylist", json={}).json
    assert {one["inbox"] for one in scenario["faults"]} == {"mine"}
    assert confined.ask("DELETE", "/api/faults?all=true").json["count"] == 1 + len(scenario["faults"])
    assert [one.id for one in confined.sandbox.faults.rules()] == [confined.fault, confined.everybodys]


def test_what_it_deletes_in_two_inboxes_stays_in_the_other(confined: Confined) -> None:
    assert confined.ask("DELETE", f"/api/messages/{confined.shared}").status_code == 200
    assert confined.ask("GET", f"/api/messages/{confined.shared}").status_code == 404
    message = confined.sandbox.store.get(confined.shared)
    assert message is not None
    assert message.inboxes == ("theirs",)


@pytest.mark.parametrize("given", ["bearer", "Basic"])
def test_it_is_taken_as_a_bearer_token_and_as_a_password(confined: Confined, given: str) -> None:
    value = confined.token if given == "bearer" else b64encode(f"any:{confined.token}".encode()).decode()
    answer = confined.client.get("/api/messages", headers={"Authorization": f"{given} {value}"})
    assert answer.json["total"] == 2


def test_a_token_opens_nothing_once_its_inbox_is_gone(confined: Confined) -> None:
    assert confined.ask("DELETE", "/api/inboxes/mine").status_code == 200
    assert confined.ask("GET", "/api/messages").status_code == 401
    assert confined.client.get("/api/messages").json["total"] == 2


def test_the_credentials_of_the_whole_sandbox_open_all_of_it() -> None:
    with running_sandbox(api_token="all") as (sandbox, _, app):
        client = app.test_client()
        made, token = sandbox.inboxes.add(sandbox.inboxes.open("mine"), token=True)
        capture(sandbox, inbox="mine")
        capture(sandbox)
        totals = {
            word: client.get("/api/messages", headers={"Authorization": f"Bearer {word}"}) for word in ("all", token)
        }
        assert [answer.json["total"] for answer in totals.values()] == [2, 1]
        assert client.get("/api/messages").status_code == 401
        assert made.name == "mine"


def test_live_notices_are_those_of_its_inbox() -> None:
    with running_server() as (sandbox, address):
        _, token = sandbox.inboxes.add(sandbox.inboxes.open("mine"), token=True)
        headers = {"Authorization": f"Bearer {token}"}
        with LiveClient(address, "/api/live?inbox=theirs", **headers) as refused:
            assert refused.status == 404
        with LiveClient(address, **headers) as listening:
            assert listening.notice()["kind"] == "hello"
            capture(sandbox, inbox="theirs")
            first = capture(sandbox, inbox="theirs mine")
            last = capture(sandbox, inbox="mine")
            told = listening.notices("captured", 2)
        assert [(one["id"], one["inbox"]) for one in told] == [(str(first), "mine"), (str(last), "mine")]
        sandbox.store.delete(Selection(Query.EVERYTHING)).result(20)
