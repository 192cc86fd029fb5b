"""What the JSON API does."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from mailtrap.clock import rfc3339
from mailtrap.mail.transcript import Transcript
from mailtrap.sandbox import Sandbox
from mailtrap.web import messages as web_messages
from mailtrap.web import submission as web_submission
from tests.web.serving import MIXED, PLAIN, capture, running_sandbox


def listed(client: FlaskClient, **query: Any) -> list[int]:
    answer = client.get("/api/messages", query_string=query)
    assert answer.status_code == 200, answer.get_json()
    return [int(message["id"]) for message in answer.get_json()["messages"]]


def test_a_listed_message_has_the_documented_shape(client: FlaskClient, sandbox: Sandbox) -> None:
    capture(sandbox, recipients=("bob@b.test", "hidden@b.test"))
    answer = client.get("/api/messages").get_json()
    (summary,) = answer["messages"]
    assert answer["total"] == 1
    assert answer["next"] is None
    assert summary["id"] == "1"
    assert summary["subject"] == "Hello"
    assert summary["from"] == {"name": "Ann", "address": "ann@a.test"}
    assert summary["to"] == [{"name": "", "address": "bob@b.test"}]
    assert summary["envelope"] == {"from": "ann@a.test", "to": ["bob@b.test", "hidden@b.test"]}
    assert summary["blind_recipients"] == ["hidden@b.test"]
    assert summary["sha256"] == hashlib.sha256(PLAIN).hexdigest()
    assert summary["size"] == len(PLAIN)
    assert summary["received_at"].endswith("Z")
    assert summary["seen"] is False
    assert "text" not in summary


def test_pages_follow_each_other_without_gap_or_repetition(client: FlaskClient, sandbox: Sandbox) -> None:
    ids = [capture(sandbox) for _ in range(7)]
    for cursor in ("before", "after"):
        seen: list[int] = []
        following: dict[str, str] = {}
        while True:
            answer = client.get("/api/messages", query_string={"limit": "3", **following}).get_json()
            seen += [int(message["id"]) for message in answer["messages"]]
            assert answer["total"] >= len(answer["messages"])
            if answer["next"] is None:
                break
            following = {cursor: answer["next"]}
        assert seen == ids[::-1]


def test_before_after_and_offset_choose_among_the_newest(client: FlaskClient, sandbox: Sandbox) -> None:
    ids = [capture(sandbox) for _ in range(5)]
    assert listed(client, after=ids[2]) == [ids[4], ids[3]]
    assert listed(client, before=ids[2]) == [ids[1], ids[0]]
    assert listed(client, after=f"b{ids[3]}", before=ids[2]) == [ids[1], ids[0]]
    assert listed(client, offset=3) == [ids[1], ids[0]]
    assert listed(client, inbox="other") == []


def test_a_query_sees_what_was_committed_before_it(client: FlaskClient, sandbox: Sandbox) -> None:
    for word in ("apple", "pear"):
        id = capture(sandbox, PLAIN.replace(b"Hi Bob", word.encode()))
        assert listed(client, query=word) == [id]
    assert listed(client, query="apple OR pear", inbox="default") == [2, 1]
    assert listed(client, query="apple", inbox="other") == []


def test_a_bad_query_points_at_the_character(client: FlaskClient) -> None:
    answer = client.get("/api/messages", query_string={"query": 'subject:"open'})
    assert answer.status_code == 400
    error = answer.get_json()["error"]
    assert error["code"] == "bad_query"
    assert isinstance(error["position"], int)


def test_raw_gives_the_exact_octets(client: FlaskClient, sandbox: Sandbox) -> None:
    octets = b"\x00odd\rbare\nlines " + bytes(range(256)) + b"\r\n.\r\n.." + b"x" * 3_000_000
    id = capture(sandbox, octets)
    answer = client.get(f"/api/messages/{id}/raw")
    assert answer.data == octets
    assert answer.content_length == len(octets)
    assert answer.content_type == "message/rfc822"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    head = client.head(f"/api/messages/{id}/raw")
    assert (head.data, head.content_length) == (b"", len(octets))


def test_a_message_shows_what_is_in_it(client: FlaskClient, sandbox: Sandbox) -> None:
    id = capture(sandbox, MIXED)
    message = client.get(f"/api/messages/{id}").get_json()
    assert {"name": "Subject", "value": "Mixed"} in message["header"]
    assert "Grüße" in message["html"]
    assert [part["path"] for part in message["parts"]] == ["1", "2", "3"]
    assert message["parts"][1]["filename"] == "dot.png"
    assert [link["href"] for link in message["links"]] == ["https://x.test/"]
    assert message["arrival"]["listener"] == "smtp"
    assert message["session"] is None
    assert message["truncated"] == []
    html = client.get(f"/api/messages/{id}/html")
    assert html.mimetype == "text/plain"
    assert "Grüße" in html.text
    assert html.headers["Content-Disposition"].startswith("attachment")
    assert "Grüße" in client.get(f"/api/messages/{id}/text").text


def test_a_message_tells_codes_links_pictures_and_ways_out(client: FlaskClient, sandbox: Sandbox) -> None:
    page = (
        b'<div style="display:none">Preview</div><p>Your verification code is <b>482</b><b>913</b></p>'
        b'<a href="https://x.test/verify?a=1&amp;b=2">Verify</a><img src="https://x.test/o.gif" width=1 height=1>'
    )
    head = b"Subject: Sign in\r\nList-Unsubscribe: <https://x.test/off>\r\nContent-Type: text/html\r\n\r\n"
    message = client.get(f"/api/messages/{capture(sandbox, head + page)}").get_json()
    (code,) = message["codes"]
    assert (code["code"], code["written"], code["where"]) == ("482913", "482913", "html")
    assert code["confidence"] > 0.9
    assert "verification code" in code["reason"]
    assert message["links"][0] == {
        "href": "https://x.test/verify?a=1&b=2",
        "text": "Verify",
        "kind": "verify",
        "part": "1",
        "visible": True,
    }
    assert [(link["kind"], link["part"]) for link in message["links"][1:]] == [("tracking", "1"), ("unsubscribe", "")]
    assert [(image["src"], image["tracking"]) for image in message["images"]] == [("https://x.test/o.gif", True)]
    assert message["unsubscribe"] == {"http": ["https://x.test/off"], "mailto": [], "one_click": "", "body": []}
    assert (message["preheader"], message["calendar"]) == ("Preview", [])
    assert "Preview" not in message["text"]


def test_long_texts_are_cut_in_the_message_and_whole_on_their_own(
    client: FlaskClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_messages, "LONGEST_TEXT", 3)
    id = capture(sandbox)
    message = client.get(f"/api/messages/{id}").get_json()
    assert message["text"] == "Hi "
    assert message["truncated"] == ["text"]
    assert client.get(f"/api/messages/{id}/text").text.startswith("Hi Bob")


def test_parts_are_pictures_or_opaque_downloads(client: FlaskClient, sandbox: Sandbox) -> None:
    id = capture(sandbox, MIXED)
    picture = client.get(f"/api/messages/{id}/parts/2")
    assert picture.content_type == "image/png"
    assert picture.headers["Content-Disposition"] == 'inline; filename="dot.png"'
    page = client.get(f"/api/messages/{id}/parts/3")
    assert page.content_type == "application/octet-stream"
    assert page.data.startswith(b"<script>")
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert "Set-Cookie" not in page.headers
    assert "/" not in page.headers["Content-Disposition"]
    for answer in (picture, page):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for missing in ("9", "1.1", "x"):
        assert client.get(f"/api/messages/{id}/parts/{missing}").status_code == 404


def test_post_keeps_the_body_exactly_and_answers_with_the_summary(client: FlaskClient, sandbox: Sandbox) -> None:
    answer = client.post("/api/messages", data=PLAIN, content_type="message/rfc822")
    assert answer.status_code == 201
    summary = answer.get_json()
    assert summary["envelope"] == {"from": "ann@a.test", "to": ["bob@b.test"]}
    assert client.get(f"/api/messages/{summary['id']}/raw").data == PLAIN
    named = client.post(
        "/api/messages?envelope-from=&envelope-to=x@x.test,%20y@y.test&inbox=qa",
        data=PLAIN,
        content_type="message/rfc822",
    ).get_json()
    assert named["envelope"] == {"from": "", "to": ["x@x.test", "y@y.test"]}
    assert named["inbox"] == "qa"


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2020-01-02T03:04:05.678901Z", "2020-01-02T03:04:05.678901Z"),
        ("2020-01-02T03:04:05%2B02:00", "2020-01-02T01:04:05.000000Z"),
        ("1066-10-14T09:00:00Z", "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_what_is_imported_may_have_arrived_long_ago(client: FlaskClient, at: str, told: str) -> None:
    path = f"/api/messages?imported=true&received-at={at}"
    for octets in (PLAIN, PLAIN + b"x" * web_submission.HELD):
        answer = client.post(path, data=octets, content_type="message/rfc822")
        assert answer.status_code == 201, answer.get_json()
        assert answer.get_json()["received_at"] == told
    assert listed(client, query="before:2020-01-03") == [2, 1]


def test_nothing_arrives_in_times_to_come_and_mail_of_today_arrives_now(client: FlaskClient, sandbox: Sandbox) -> None:
    path = "/api/messages?received-at=2999-01-01T00:00:00Z&imported="
    before = rfc3339(sandbox.clock.now())
    answer = client.post(path + "true", data=PLAIN, content_type="message/rfc822").get_json()
    assert before <= answer["received_at"] <= rfc3339(sandbox.clock.now())
    for refused in (path + "false", "/api/messages?imported=true&received-at=2020-01-02T03:04:05"):
        answer = client.post(refused, data=PLAIN, content_type="message/rfc822")
        assert (answer.status_code, "received-at" in answer.get_json()["error"]["message"]) == (400, True)
    assert listed(client) == [1]


@pytest.mark.parametrize("size", [10, web_submission.HELD])
def test_without_a_limit_any_size_is_taken(size: int) -> None:
    with running_sandbox(max_message_size=0) as (_, _, app):
        answer = app.test_client().post("/api/messages", data=PLAIN + b"x" * size, content_type="message/rfc822")
        assert answer.status_code == 201


def test_post_takes_a_message_too_big_to_hold_in_pieces(client: FlaskClient) -> None:
    octets = PLAIN + b"0123456789abcdef" * 200_000
    summary = client.post("/api/messages", data=octets, content_type="message/rfc822").get_json()
    assert summary["sha256"] == hashlib.sha256(octets).hexdigest()
    assert client.get(f"/api/messages/{summary['id']}/raw").data == octets


def test_post_refuses_nothing_and_control_characters(client: FlaskClient) -> None:
    assert client.post("/api/messages", data=b"", content_type="message/rfc822").status_code == 400
    odd = client.post("/api/messages?envelope-from=a%0d%0ab@c.test", data=PLAIN, content_type="message/rfc822")
    assert odd.status_code == 400
    assert listed(client) == []


def test_marks_are_kept_and_only_what_is_said_changes(client: FlaskClient, sandbox: Sandbox) -> None:
    id = capture(sandbox)
    assert client.patch(f"/api/messages/{id}", json={"tags": ["b", "a"]}).get_json()["seen"] is False
    marked = client.patch(f"/api/messages/{id}", json={"seen": True}).get_json()
    assert marked["seen"] is True
    assert sorted(marked["tags"]) == ["a", "b"]
    changed = client.patch(f"/api/messages/{id}", json={"add_tags": ["c"], "remove_tags": ["a"]}).get_json()
    assert sorted(changed["tags"]) == ["b", "c"]
    assert client.get("/api/tags").get_json() == {"tags": [{"name": "b", "count": 1}, {"name": "c", "count": 1}]}


def test_many_messages_are_marked_by_query_or_ids(client: FlaskClient, sandbox: Sandbox) -> None:
    ids = [capture(sandbox) for _ in range(3)]
    assert client.patch(f"/api/messages?ids={ids[0]},{ids[2]}", json={"seen": True}).get_json()["count"] == 2
    assert listed(client, query="is:seen") == [ids[2], ids[0]]
    assert client.patch("/api/messages?query=-is:seen", json={"tags": ["t"]}).get_json()["ids"] == [str(ids[1])]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/messages?query=%20", '`query` is " ", but must be a query that is not empty; all=true means all'),
        ("/api/messages?ids=1,,2", '`ids` is "1,,2", but must be ids, such as 1,2,3'),
        ("/api/messages?ids=", "`ids` is empty, but must be ids, such as 1,2,3"),
    ],
)
def test_nobody_is_told_a_regular_expression(client: FlaskClient, path: str, words: str) -> None:
    assert client.delete(path).get_json()["error"]["message"] == words


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?all=false",
        "?al=true",
        "?query=%22",
        "?ids=",
        "?ids=1,x",
        "?ids=1&ids=2",
        "?all=maybe",
        "?query=",
        "?inbox=",
        "?query=%20",
        "?query=&inbox=",
        "?all=false&ids=1",
    ],
)
def test_a_malformed_change_changes_nothing(client: FlaskClient, sandbox: Sandbox, query: str) -> None:
    capture(sandbox)
    for answer in (client.delete(f"/api/messages{query}"), client.patch(f"/api/messages{query}", json={"seen": True})):
        assert answer.status_code == 400
        assert answer.get_json()["error"]["message"]
    assert listed(client, query="-is:seen") == [1]


def test_everything_is_marked_only_when_asked_for(client: FlaskClient, sandbox: Sandbox) -> None:
    ids = [capture(sandbox) for _ in range(2)]
    refused = client.patch("/api/messages", json={"seen": True}).get_json()["error"]
    assert (refused["message"], refused["hint"]) == (
        "Which messages? Nothing was changed",
        "say query=…, ids=1,2,3 or all=true",
    )
    assert client.patch("/api/messages?all=true", json={"seen": True}).get_json()["count"] == 2
    assert listed(client, query="is:seen") == ids[::-1]


def test_deletion_takes_what_matches(client: FlaskClient, sandbox: Sandbox) -> None:
    ids = [capture(sandbox, PLAIN.replace(b"Hello", b"n%d" % n)) for n in range(5)]
    assert client.delete("/api/messages?query=subject:n0").get_json() == {"count": 1, "ids": [str(ids[0])]}
    assert client.delete(f"/api/messages?ids={ids[1]}").get_json()["count"] == 1
    assert client.delete(f"/api/messages/{ids[2]}").get_json()["count"] == 1
    assert client.delete(f"/api/messages/{ids[2]}").status_code == 404
    assert client.delete("/api/messages?inbox=other").get_json()["count"] == 0
    assert listed(client) == [ids[4], ids[3]]
    assert client.delete("/api/messages?all=true").get_json()["count"] == 2
    assert listed(client) == []


@pytest.mark.parametrize("id", ["0", "99", "x", "-1", "1e3", "9" * 40, "9223372036854775808", "1%00", "١"])
def test_an_unknown_id_is_not_found(client: FlaskClient, sandbox: Sandbox, id: str) -> None:
    capture(sandbox)
    for path in ("", "/raw", "/text", "/html", "/parts/1", "/transcript"):
        answer = client.get(f"/api/messages/{id}{path}")
        assert answer.status_code in (400, 404), path
        assert answer.get_json()["error"]["status"] == answer.status_code
    assert client.get(f"/api/sessions/{id}").status_code in (400, 404)


@pytest.mark.parametrize(
    ("query", "named"),
    [("limit=0", "limit"), ("limit=501", "limit"), ("limit=ten", "limit"), ("offset=-1", "offset"), ("nope=1", "nope"),
     ("limit=1&limit=2", "limit"), ("before=x", "before"), ("after=", "after")],
)  # fmt: skip
def test_a_bad_parameter_is_named(client: FlaskClient, query: str, named: str) -> None:
    answer = client.get(f"/api/messages?{query}")
    assert answer.status_code == 400
    assert named in answer.get_json()["error"]["message"]


def test_sessions_are_listed_and_shown_with_their_lines(client: FlaskClient, sandbox: Sandbox) -> None:
    numbers = [sandbox.store.new_session() for _ in range(3)]
    for number in numbers:
        transcript = Transcript(number, "smtp", "127.0.0.1:1", sandbox.clock.now(), helo="c.test")
        sandbox.session_started(transcript)
        transcript.add(sandbox.clock.now(), "S", b"220 hello\r\n")
        transcript.add(sandbox.clock.now(), "C", b"EHLO c.test\r\n")
        if number != numbers[2]:
            transcript.ended_at, transcript.outcome = sandbox.clock.now(), "quit"
            sandbox.session_ended(transcript)
    sandbox.store.delete(web_messages.Selection(web_messages.Query.EVERYTHING)).result()  # the writer keeps its order
    page = client.get("/api/sessions?limit=2").get_json()
    assert [int(session["id"]) for session in page["sessions"]] == [numbers[2], numbers[1]]
    assert page["sessions"][0]["ended_at"] is None
    rest = client.get(f"/api/sessions?before={page['next']}").get_json()
    assert [int(session["id"]) for session in rest["sessions"]] == [numbers[0]]
    assert rest["next"] is None
    shown = client.get(f"/api/sessions/{numbers[0]}").get_json()
    assert [(line["side"], line["text"]) for line in shown["lines"]] == [("S", "220 hello"), ("C", "EHLO c.test")]
    assert client.get("/metrics").text.count('mailtrap_sessions_total{outcome="quit"} 2\n') == 1


def test_a_message_that_came_without_dialogue_has_a_transcript_without_lines(client: FlaskClient) -> None:
    id = client.post("/api/messages", data=PLAIN, content_type="message/rfc822").get_json()["id"]
    transcript = client.get(f"/api/messages/{id}/transcript").get_json()
    assert (transcript["listener"], transcript["outcome"], transcript["lines"]) == ("http", "none", [])
    assert transcript["messages"] == [id]


def test_events_continue_where_the_last_answer_ended(client: FlaskClient, sandbox: Sandbox) -> None:
    start = client.get("/api/info").get_json()["seq"]
    ids = [capture(sandbox) for _ in range(2)]
    sandbox.store.catch_up()
    answer = client.get(f"/api/events?after={start}").get_json()
    captured = [event["id"] for event in answer["events"] if event["kind"] == "captured"]
    assert captured == [str(id) for id in ids]
    assert answer["resume"] is False
    assert client.get(f"/api/events?after={answer['seq']}").get_json()["events"] == []
    assert client.get("/api/events?after=5").get_json()["resume"] is True
    assert client.get("/api/events").status_code == 400


def test_text_that_is_not_unicode_becomes_valid_json(client: FlaskClient, sandbox: Sandbox) -> None:
    capture(sandbox, b"Subject: \xff\xfe =?utf-8?q?=ed=a0=80?=\r\nX-\xff: \xff\r\n\r\n\xff\r\n", ("\udcff@b.test",)[:0])
    for path in ("/api/messages", "/api/messages/1"):
        json.loads(client.get(path).data.decode("utf-8"))


def test_info_and_health_say_how_it_is(client: FlaskClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    capture(sandbox)
    info = client.get("/api/info").get_json()
    assert info["counts"]["messages"] == 1
    assert client.get("/livez").get_json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(sandbox.store, "healthy", lambda: "the disk is full")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "the disk is full" in answer.get_json()["error"]["message"]


def test_metrics_are_in_prometheus_text_format(client: FlaskClient, sandbox: Sandbox) -> None:
    capture(sandbox)
    client.get("/api/nope")
    text = client.get("/metrics").text
    assert "mailtrap_messages_captured_total 1\n" in text
    assert 'mailtrap_http_requests_total{status="404"} 1\n' in text
    for line in text.splitlines():
        assert line.startswith(("# HELP mailtrap_", "# TYPE mailtrap_", "mailtrap_")), line
