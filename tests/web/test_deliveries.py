"""The API's deliveries and clock: what became of messages, page by page, in virtual time."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from mailtrap.sandbox import Sandbox
from mailtrap.web import deliveries as web_deliveries
from tests.web.serving import PLAIN, capture


def listed(client: FlaskClient, **query: Any) -> list[tuple[str, str, str]]:
    """Message, recipient, outcome; page by page, so that nothing is told twice or left out."""
    found: list[tuple[str, str, str]] = []
    while True:
        page = client.get("/api/deliveries", query_string=query).get_json()
        found += [(one["message"], one["recipient"], one["outcome"]) for one in page["deliveries"]]
        if page["next"] is None:
            assert len(found) == len(set(found))
            return found
        query["before"] = page["next"]


def rule(client: FlaskClient, **fault: Any) -> None:
    assert client.post("/api/faults", json=fault).status_code == 201


def refuse(client: FlaskClient, code: int, when: str, step: str = "attempt") -> None:
    rule(client, step=step, when=when, effect={"reply": {"code": code, "status": f"{code // 100}.1.1", "text": "No"}})


@pytest.fixture(autouse=True)
def stopped(sandbox: Sandbox) -> Any:
    yield
    sandbox.office.stop()


def test_what_no_rule_concerns_was_delivered_at_once(client: FlaskClient, sandbox: Sandbox) -> None:
    id = capture(sandbox, recipients=("anna@a.test", "bob@b.test"))
    answer = client.get("/api/deliveries").get_json()
    assert answer["next"] is None
    assert [one["recipient"] for one in answer["deliveries"]] == ["anna@a.test", "bob@b.test"]
    first = answer["deliveries"][0]
    assert (first["message"], first["outcome"], first["notice"], first["due"]) == (str(id), "delivered", None, None)
    assert [(one["code"], one["status"], one["fault"]) for one in first["attempts"]] == [(250, "2.0.0", None)]
    assert [step["what"] for step in first["timeline"]] == ["accepted", "routed", "attempt", "delivered"]
    assert client.get(f"/api/messages/{id}").get_json()["deliveries"] == answer["deliveries"]


def test_a_refused_delivery_says_by_whom_and_why(client: FlaskClient, sandbox: Sandbox) -> None:
    refuse(client, 550, "rcpt:bob@b.test")
    id = capture(sandbox, recipients=("anna@a.test", "bob@b.test"))
    expected = [(str(id), "anna@a.test", "delivered"), (str(id), "bob@b.test", "bounced")]
    assert listed(client, message=id) == expected
    (bounced,) = client.get("/api/deliveries?outcome=bounced").get_json()["deliveries"]
    attempt = bounced["attempts"][-1]
    assert (attempt["code"], attempt["status"], attempt["text"], attempt["fault"]) == (550, "5.1.1", "No", "1")
    assert bounced["notices"] == [bounced["notice"]]
    notice = client.get(f"/api/messages/{bounced['notice']}").get_json()
    assert (notice["envelope"]["from"], notice["envelope"]["to"]) == ("", ["ann@a.test"])


def test_time_passes_when_it_is_told_to(client: FlaskClient, sandbox: Sandbox) -> None:
    rule(client, step="attempt", effect={"reply": {"code": 451, "status": "4.7.1"}}, first=2, per="message")
    id = capture(sandbox)
    (deferred,) = client.get("/api/deliveries").get_json()["deliveries"]
    assert (deferred["outcome"], deferred["tries"]) == ("deferred", 1)
    before = client.get("/api/clock").get_json()
    assert before["due"] == deferred["due"] > before["now"]
    passed = client.post("/api/clock/advance", json={"seconds": 86_400}).get_json()
    assert passed["attempts"] == 2
    assert passed["outcomes"]["delivered"] == 1
    assert passed["due"] is None
    assert 86_399 < passed["ahead"] < 86_401
    (delivered,) = client.get(f"/api/deliveries?message={id}").get_json()["deliveries"]
    assert (delivered["outcome"], delivered["tries"]) == ("delivered", 3)
    times = [attempt["at"] for attempt in delivered["attempts"]]
    assert times == sorted(times)
    assert before["now"] < times[-1] < passed["now"]
    assert client.get("/api/clock").get_json()["now"] >= passed["now"]


@pytest.mark.parametrize("seconds", [-1, 1e308, 315_360_001, None, "5d", True, [5]])
def test_time_does_not_go_back_or_out_of_sight(client: FlaskClient, sandbox: Sandbox, seconds: Any) -> None:
    assert client.post("/api/clock/advance", json={"seconds": seconds}).status_code == 400
    assert sandbox.clock.ahead == 0


def test_the_clock_stops_before_years_have_five_digits(client: FlaskClient, sandbox: Sandbox) -> None:
    decade = 315_360_000
    sandbox.clock.forward(sandbox.clock.now() + (web_deliveries.MOST_AHEAD - 3 * decade // 2) * 1_000_000)
    answers = [client.post("/api/clock/advance", json={"seconds": decade}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert "thousands of years" in answers[1].get_json()["error"]["message"]
    assert client.get("/api/clock").get_json()["now"].startswith("67")
    assert client.get("/api/deliveries").status_code == 200


def test_pages_follow_on_one_another(client: FlaskClient, sandbox: Sandbox) -> None:
    refuse(client, 451, "rcpt:(one OR three)")
    names = ("one@x.test", "two@x.test", "three@x.test")
    ids = [capture(sandbox, recipients=names) for _ in range(3)]
    outcomes = dict(zip(names, ("deferred", "delivered", "deferred"), strict=True))
    everything = [(str(id), name, outcomes[name]) for id in reversed(ids) for name in names]
    for limit in (1, 2, 4, 9, 500):
        assert listed(client, limit=limit) == everything
        assert listed(client, limit=limit, outcome="deferred") == [one for one in everything if one[2] == "deferred"]
        assert listed(client, limit=limit, outcome="delivered") == [one for one in everything if one[2] == "delivered"]
        assert listed(client, limit=limit, message=ids[1]) == [one for one in everything if one[0] == str(ids[1])]
        assert listed(client, limit=limit, recipient="TWO@x.test") == [one for one in everything if one[1] == names[1]]
        assert listed(client, limit=limit, query="rcpt:three", outcome="deferred") == [
            one for one in everything if one[2] == "deferred"
        ]


def test_a_long_search_goes_on_where_it_stopped(
    client: FlaskClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_deliveries, "MOST_SCANNED", 2)
    monkeypatch.setattr(web_deliveries, "_BATCH", 1)
    oldest = capture(sandbox, recipients=("rare@x.test",))
    for _ in range(6):
        capture(sandbox, recipients=("often@x.test",))
    first = client.get("/api/deliveries?outcome=delivered&query=hello&recipient=rare@x.test").get_json()
    assert len(listed(client)) == 7
    assert listed(client, recipient="rare@x.test", query="hello") == [(str(oldest), "rare@x.test", "delivered")]
    assert len(first["deliveries"]) == 1, "only messages with that recipient are looked at"


def test_deliveries_are_found_by_inbox_and_query(client: FlaskClient, sandbox: Sandbox) -> None:
    capture(sandbox, PLAIN, inbox="one")
    other = capture(sandbox, PLAIN.replace(b"Hello", b"Invoice"), inbox="two")
    assert listed(client, inbox="two") == [(str(other), "bob@b.test", "delivered")]
    assert listed(client, query="subject:invoice") == [(str(other), "bob@b.test", "delivered")]
    assert listed(client, query="subject:invoice", inbox="one") == []
    assert listed(client, outcome="deferred") == []


@pytest.mark.parametrize("query", ["message=99", "message=999999999999999999"])
def test_deliveries_of_a_message_that_is_not_there(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/deliveries?{query}").status_code == 404


@pytest.mark.parametrize("query", ["query=(", "outcome=eaten", "limit=0", "before=x", "message=1,2", "message="])
def test_nonsense_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/deliveries?{query}")
    assert answer.status_code == 400
    assert answer.get_json()["error"]["message"]


def test_a_cursor_from_nowhere_is_harmless(client: FlaskClient, sandbox: Sandbox) -> None:
    capture(sandbox)
    assert len(client.get("/api/deliveries?before=9999999999999999999").get_json()["deliveries"]) == 1
    assert client.get("/api/deliveries?before=0").get_json() == {"deliveries": [], "next": None}
