"""Waiting for a refusal: whatever is refused is heard of at once, by those it concerns and by nobody else."""

from __future__ import annotations

import http.client
import json
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from mailtrap.errors import Invalid
from mailtrap.faults.occasion import Occasion
from mailtrap.faults.rule import Said, Step
from mailtrap.query import parse
from mailtrap.server import Server
from mailtrap.settings import Settings
from mailtrap.waiting import refusals
from mailtrap.waiting.refusal import RefusalWish, checked, refusal
from mailtrap.waiting.refusals import Refusals
from mailtrap.waiting.wish import Outcome

PATIENCE = 60.0
Answer = tuple[int, dict[str, Any]]


class World:
    """A running server, and what a test asks of it."""

    def __init__(self, **settings: Any) -> None:
        ports = {name: 0 for name in ("smtp_port", "smtps_port", "web_port", "pop3_port", "pop3s_port")}
        ports |= {"imap_port": 0, "imaps_port": 0}
        self.server = Server(Settings(**ports, fault_addresses=False, **settings))
        self.at = self.server.start()
        self.sandbox = self.server.sandbox

    def ask(self, method: str, path: str, document: Any = None, token: str = "") -> Answer:
        with closing(http.client.HTTPConnection(*self.at["web"], timeout=PATIENCE * 2)) as connection:
            body = None if document is None else json.dumps(document)
            headers = {"Content-Type": "application/json"} if body else {}
            headers |= {"Authorization": f"Bearer {token}"} if token else {}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")

    def wait(self, query: str = "", token: str = "", **asked: Any) -> Answer:
        given = {"timeout": PATIENCE} | asked
        return self.ask("GET", "/api/wait/refused?" + urlencode({"query": query, **given}), token=token)

    def rule(self, step: str, code: int = 550, status: str = "5.1.1", text: str = "No", **more: Any) -> str:
        effect = more.pop("effect", None) or {"reply": {"code": code, "status": status, "text": text}}
        made, answer = self.ask("POST", "/api/faults", {"step": step, "effect": effect, **more})
        assert made == 201, answer
        return str(answer["id"])

    def smtp(self) -> smtplib.SMTP:
        return smtplib.SMTP(*self.at["smtp"], local_hostname="app.test", timeout=PATIENCE)

    def send(self, *to: str, user: str = "", subject: str = "Hello") -> None:
        with self.smtp() as client:
            if user:
                client.login(user, "secret")
            client.sendmail("shop@a.test", to, f"From: shop@a.test\nSubject: {subject}\n\nhi\n")


@contextmanager
def running(**settings: Any) -> Iterator[World]:
    world = World(**settings)
    try:
        yield world
    finally:
        world.server.stop()


@pytest.fixture
def world() -> Iterator[World]:
    with running() as world:
        yield world


@pytest.fixture
def aside() -> Iterator[Callable[..., Future[Any]]]:
    """Has something done on another thread."""
    with ThreadPoolExecutor(30) as pool:
        yield pool.submit


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        threading.Event().wait(0.002)


def waiting(world: World, count: int = 1) -> None:
    until(lambda: world.sandbox.waiting.count == count)


REPLY = {"reply": {"code": 451, "status": "4.3.0", "text": "Not now"}}


@pytest.mark.parametrize(
    ("step", "effect", "expected"),
    [
        ("connect", REPLY, ("connect", 451, "", [])),
        ("greeting", REPLY, ("greeting", 451, "", [])),
        ("ehlo", REPLY, ("ehlo", 451, "", [])),
        ("auth", REPLY, ("auth", 451, "", [])),
        ("mail", REPLY, ("mail", 451, "shop@a.test", [])),
        ("rcpt", REPLY, ("rcpt", 451, "shop@a.test", ["ana@a.test"])),
        ("data", REPLY, ("data", 451, "shop@a.test", ["ana@a.test", "ben@a.test"])),
        ("in-data", {**REPLY, "after": 3}, ("in-data", 451, "shop@a.test", ["ana@a.test", "ben@a.test"])),
        ("end-of-data", REPLY, ("end-of-data", 451, "shop@a.test", ["ana@a.test", "ben@a.test"])),
        ("connect", {"disconnect": "before-reply"}, ("connect", 0, "", [])),
        ("mail", {"disconnect": "before-reply"}, ("mail", 0, "shop@a.test", [])),
        ("rcpt", {"disconnect": "before-reply", "reset": True}, ("rcpt", 0, "shop@a.test", ["ana@a.test"])),
        ("rcpt", {"disconnect": "after-reply"}, ("rcpt", 0, "shop@a.test", ["ana@a.test"])),
        ("rcpt", {**REPLY, "disconnect": "after-reply"}, ("rcpt", 451, "shop@a.test", ["ana@a.test"])),
        ("rcpt", {"stall": True}, ("rcpt", 0, "shop@a.test", ["ana@a.test"])),
        (
            "in-data",
            {"disconnect": "mid-data", "after": 3},
            ("in-data", 0, "shop@a.test", ["ana@a.test", "ben@a.test"]),
        ),
        (
            "end-of-data",
            {"disconnect": "before-reply"},
            ("end-of-data", 0, "shop@a.test", ["ana@a.test", "ben@a.test"]),
        ),
        (
            "end-of-data",
            {"disconnect": "after-store"},
            ("end-of-data", 0, "shop@a.test", ["ana@a.test", "ben@a.test"]),
        ),
    ],
)
def test_whatever_a_rule_refuses_is_heard_of_once(
    world: World, aside: Callable[..., Future[Answer]], step: str, effect: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    rule = world.rule(step, effect=effect, first=1)
    waits = aside(world.wait)
    waiting(world)
    lines = ["EHLO app.test", "AUTH PLAIN AHUAcA==", "MAIL FROM:<shop@a.test>", "RCPT TO:<ana@a.test>"]
    lines += ["RCPT TO:<ben@a.test>", "DATA"]
    with suppress(OSError), socket.create_connection(world.at["smtp"], PATIENCE) as sock, sock.makefile("rb") as file:
        _talk(sock, file, lines, patient="stall" not in effect)
    status, answer = waits.result(PATIENCE)
    assert status == 200
    [found] = answer["refusals"]
    assert (found["step"], found["code"], found["from"], found["recipients"]) == expected
    assert (found["fault"], found["status"], found["text"]) == (
        rule,
        "4.3.0" if expected[1] else "",
        "Not now" if expected[1] else "",
    )
    [session] = answer["sessions"]
    assert session["id"] == found["session"]
    assert (found["message"] is not None) == (effect == {"disconnect": "after-store"})
    assert world.sandbox.refusals.since(0)[1] == 1


def _talk(sock: socket.socket, file: Any, lines: list[str], patient: bool) -> None:
    """Say all that, with content where it is asked for, up to the first refusal; or up to the first RCPT."""
    reply = _reply(file)
    for line in lines:
        if not reply.startswith((b"2", b"3")):
            return
        sock.sendall(line.encode() + b"\r\n")
        if not patient and line.startswith("RCPT"):
            return
        reply = _reply(file)
        if reply.startswith(b"354"):
            sock.sendall(b"Subject: Hello\r\n\r\nhi\r\n.\r\n")
            reply = _reply(file)


def _reply(file: Any) -> bytes:
    while True:
        line = file.readline()
        if not isinstance(line, bytes) or line[3:4] != b"-":
            return line or b""


def test_a_login_and_a_handshake_that_go_wrong_are_refusals(world: World) -> None:
    world.rule("starttls", effect={"tls": "abort"}, first=1)
    with suppress(smtplib.SMTPException, OSError), world.smtp() as client:
        client.starttls()
    world.rule("starttls", effect={"tls": "refuse"})
    with world.smtp() as client, suppress(smtplib.SMTPException):
        client.starttls()
    _, answer = world.wait(count=2, step="starttls")
    assert [one["code"] for one in answer["refusals"]] == [0, 454]


def test_what_the_sandbox_itself_refuses_counts(world: World) -> None:
    world.server.stop()
    with running(max_message_size=2000, max_recipients=1) as world:
        with world.smtp() as client:
            client.docmd("FOO")
            client.docmd("RCPT TO:<early@a.test>")
            client.ehlo()
            client.docmd("MAIL FROM:<shop@a.test")
            client.docmd("MAIL FROM:<shop@a.test> SIZE=99999")
            client.docmd("AUTH NONSENSE")
            client.docmd("AUTH PLAIN", "!")
            client.docmd("MAIL FROM:<shop@a.test>")
            client.docmd("RCPT TO:<ana@a.test>")
            client.docmd("RCPT TO:<ben@a.test>")
            client.docmd("DATA")
            client.send(b"Subject: big\r\n\r\n" + b"x" * 70 * 40 + b"\r\n.\r\n")
            client.getreply()
        _, answer = world.wait(count=8)
        found = [(one["step"], one["code"], one["from"], one["recipients"], one["fault"]) for one in answer["refusals"]]
        assert found == [
            ("command", 500, "", [], None),
            ("rcpt", 503, "", ["early@a.test"], None),
            ("mail", 501, "", [], None),
            ("mail", 552, "shop@a.test", [], None),
            ("auth", 504, "", [], None),
            ("auth", 501, "", [], None),
            ("rcpt", 452, "shop@a.test", ["ben@a.test"], None),
            ("end-of-data", 552, "shop@a.test", ["ana@a.test"], None),
        ]


def test_who_comes_one_too_many_is_refused(world: World) -> None:
    world.server.stop()
    with running(max_connections=1) as world, world.smtp():
        with suppress(smtplib.SMTPException, OSError), world.smtp():
            pass
        _, answer = world.wait()
        assert [(one["step"], one["code"]) for one in answer["refusals"]] == [("connect", 421)]


def test_who_comes_one_too_many_for_tls_is_refused_without_a_word(world: World) -> None:
    world.server.stop()
    with running(max_connections=1) as world, world.smtp():
        with socket.create_connection(world.at["smtps"], timeout=PATIENCE) as client:
            assert client.recv(100) == b""
        _, answer = world.wait("listener:smtps", step="connect", code="0")
        (refused,) = answer["refusals"]
        assert (refused["code"], refused["text"], refused["fault"]) == (0, "", None)
        _, session = world.ask("GET", f"/api/sessions/{refused['session']}")
        assert (session["outcome"], session["listener"]) == ("refused", "smtps")
        assert "Refused before TLS: 421" in session["lines"][0]["text"]


def test_of_lmtp_each_recipient_is_refused_by_itself(world: World) -> None:
    world.rule("end-of-data", 552, "5.2.2", "Full", when="rcpt:ben@a.test")
    with smtplib.LMTP(*world.at["smtp"], timeout=PATIENCE) as client:
        for line in ("LHLO app.test", "MAIL FROM:<shop@a.test>", "RCPT TO:<ana@a.test>", "RCPT TO:<ben@a.test>"):
            client.docmd(line)
        client.docmd("DATA")
        client.send(b"Subject: x\r\n\r\nhi\r\n.\r\n")
        assert [client.getreply()[0] for _ in range(2)] == [250, 552]
    _, answer = world.wait()
    assert [(one["recipients"], one["message"]) for one in answer["refusals"]] == [(["ben@a.test"], "1")]


def test_who_is_silent_and_what_is_accepted_is_not_refused(world: World) -> None:
    world.send("ana@a.test")
    with world.smtp() as client:
        client.ehlo()
    assert world.sandbox.refusals.since(0) == ([], 0)
    assert world.wait(count=0)[1]["cursor"] == "0"


def test_no_refusal_is_missed(world: World, aside: Callable[..., Future[Answer]]) -> None:
    """It comes before, at and after every moment of a wait's beginning; and its dialogue is there when it is heard."""
    world.rule("rcpt")
    with world.smtp() as client:
        client.ehlo()
        client.docmd("MAIL FROM:<shop@a.test>")
        for turn in range(300):
            to = f"turn{turn}@a.test"
            if turn % 3 == 0:
                client.docmd(f"RCPT TO:<{to}>")
                waits = aside(world.wait, f"rcpt:{to}")
            else:
                waits = aside(world.wait, f"rcpt:{to}")
                if turn % 3 == 1:
                    waiting(world)
                client.docmd(f"RCPT TO:<{to}>")
            status, answer = waits.result(PATIENCE)
            assert (status, answer["count"]) == (200, 1)
            [found] = answer["refusals"]
            assert found["recipients"] == [to]
            if turn % 30 == 1:
                lines = world.ask("GET", f"/api/sessions/{found['session']}")[1]["lines"]
                assert [line["text"] for line in lines[-2:]] == [f"RCPT TO:<{to}>", "550 5.1.1 No"]


def test_no_refusal_is_missed_however_close(aside: Callable[..., Future[Any]]) -> None:
    known = Refusals()
    for turn in range(500):
        one = refusal(Occasion(Step.RCPT, turn, recipient=f"turn{turn}@a.test"), Said(550, "5.1.1", "No"))
        noting = aside(known.note, one)
        found = known.wait(RefusalWish(parse(f"rcpt:turn{turn}@a.test")), PATIENCE)
        noting.result(PATIENCE)
        assert (found.outcome, found.counted, found.newest) == (Outcome.MET, 1, turn + 1)


def test_only_what_matches_wakes(world: World, aside: Callable[..., Future[Answer]]) -> None:
    world.rule("rcpt")
    waits = {number: aside(world.wait, f"rcpt:to{number}@a.test") for number in range(10)}
    waiting(world, 10)
    with world.smtp() as client:
        client.ehlo()
        client.docmd("MAIL FROM:<shop@a.test>")
        for number in (7, 0, 9, 3, 4, 1, 8, 2, 6, 5):
            client.docmd(f"RCPT TO:<to{number}@a.test>")
            answer = waits.pop(number).result(PATIENCE)[1]
            assert [one["recipients"] for one in answer["refusals"]] == [[f"to{number}@a.test"]]
            assert not any([other.done() for other in waits.values()])


@pytest.mark.parametrize(
    "asked",
    [
        {"query": "from:shop@a.test"},
        {"query": "domain:b.test"},
        {"query": "login:one peer:127.0.0.1 helo:app.test listener:smtp -is:tls"},
        {"query": "reverse-path:*@a.test"},
        {"query": "rcpt:nobody OR rcpt:ana"},
        {"code": "550"},
        {"code": "5yz"},
        {"status": "5.1.1"},
        {"step": "rcpt"},
        {"inbox": "ONE"},
        {"query": "inbox:one after:1h"},
    ],
)
def test_it_can_be_asked_for_in_many_ways(world: World, asked: dict[str, str]) -> None:
    world.rule("end-of-data", 452, "4.3.1", inbox="two")
    rule = world.rule("rcpt", inbox="one")
    for user, to in (("one", "ana@b.test"), ("two", "ben@c.test")):
        with suppress(smtplib.SMTPException):
            world.send(to, user=user)
    status, answer = world.wait(**asked)
    both = asked.get("query") in ("from:shop@a.test", "reverse-path:*@a.test")
    assert status == 200
    assert [one["recipients"] for one in answer["refusals"]] == [["ana@b.test"], ["ben@c.test"]][: 1 + both]
    assert answer["refusals"][0]["fault"] == rule
    assert world.wait(fault=rule, **asked)[1]["count"] == 1
    assert world.wait(code="4yz")[1]["refusals"][0]["subject"] == "Hello"
    assert world.wait("subject:hello from:shop", timeout=0)[1]["count"] == 1


def test_what_cannot_be_known_cannot_be_asked_for() -> None:
    for query in (
        "hello",
        "body:x",
        "has:attachment",
        "id:3",
        "tag:x",
        "is:seen",
        "header:X-A",
        "bcc:x",
        "ana -body:x",
    ):
        with pytest.raises(Invalid, match="cannot be known of what was refused"):
            checked(parse(query))
    checked(parse("subject:x -rcpt:y (from:a OR to:b) larger:1KB is:utf8 session:3 message-id:1"))


def test_what_makes_no_sense_is_refused(world: World) -> None:
    for asked in (
        {"within": 1},
        {"none": "true", "count": 2},
        {"code": "250"},
        {"step": "route"},
        {"unit": "messages"},
    ):
        assert world.wait(**asked)[0] == 400, asked  # type: ignore[arg-type]
    assert world.wait("body:x")[0] == 400


def test_refusals_are_counted_and_the_cursor_passes_over_what_was(world: World) -> None:
    rule = world.rule("rcpt", first=5)
    with world.smtp() as client:
        client.ehlo()
        client.docmd("MAIL FROM:<shop@a.test>")
        for number in range(3):
            client.docmd(f"RCPT TO:<to{number}@a.test>")
        status, answer = world.wait(count=3)
        assert (status, answer["count"], answer["cursor"]) == (200, 3, "3")
        assert [one["id"] for one in answer["refusals"]] == ["1", "2", "3"]
        status, answer = world.wait(after=answer["cursor"], timeout=0.05)
        assert (status, answer["error"]["code"], answer["count"]) == (408, "timeout", 0)
        assert {miss["term"] for near in answer["nearest"] for miss in near["failed"]} == {"after=3"}
        client.docmd("RCPT TO:<to3@a.test>")
        assert [one["id"] for one in world.wait(after="3")[1]["refusals"]] == ["4"]
        status, answer = world.wait(count=5, timeout=0.05)
        assert (status, answer["count"], len(answer["refusals"])) == (408, 4, 4)
    assert world.wait(count=0, fault=rule)[1]["count"] == 4


def test_that_nothing_is_refused_can_be_waited_for(world: World, aside: Callable[..., Future[Answer]]) -> None:
    assert world.wait(none="true", within=0.05)[0] == 200
    world.rule("rcpt", when="rcpt:ana@a.test")
    waits = aside(world.wait, "rcpt:ana@a.test", none="true", within=PATIENCE)
    others = aside(world.wait, "rcpt:ben@a.test", none="true", within=0.3)
    waiting(world, 2)
    with suppress(smtplib.SMTPException):
        world.send("ana@a.test")
    status, answer = waits.result(PATIENCE)
    assert (status, answer["error"]["code"], answer["refusals"][0]["recipients"]) == (409, "unwanted", ["ana@a.test"])
    assert answer["told"].startswith("Expected no refusal that matches rcpt:ana@a.test, but there is one:")
    assert others.result(PATIENCE)[0] == 200


def test_what_was_there_instead_is_told(world: World) -> None:
    world.rule("rcpt", 451, "4.7.1", "Later", when="rcpt:ana@a.test", first=1)
    with suppress(smtplib.SMTPException):
        world.send("ana@a.test")
    world.send("ana@a.test")
    world.send("ben@a.test")
    status, answer = world.wait("rcpt:ana@a.test", code="550", timeout=0.05)
    assert status == 408
    [near] = answer["nearest"]
    assert near["refusal"]["code"] == 451
    assert [(miss["term"], miss["expected"], miss["actual"]) for miss in near["failed"]] == [("code=550", "550", "451")]
    assert [one["id"] for one in answer["accepted"]] == ["1"]
    assert [one["id"] for one in answer["arrived"]] == ["2"]
    assert answer["sessions"][0]["verdict"]["judgement"]


def test_a_token_opens_the_refusals_of_its_inbox_alone(world: World) -> None:
    world.rule("rcpt", when="rcpt:*@b.test")
    token = world.ask("POST", "/api/inboxes", {"name": "one", "token": True})[1]["token"]
    for user in ("one", "two", ""):
        with suppress(smtplib.SMTPException):
            world.send(f"{user or 'nobody'}@b.test", user=user)
    status, answer = world.wait(token=token, count=0)
    assert (status, [one["recipients"] for one in answer["refusals"]]) == (200, [["one@b.test"]])
    assert [session["login"]["user"] for session in answer["sessions"]] == ["one"]
    assert world.wait(token=token, inbox="two")[0] == 404
    status, answer = world.wait("rcpt:two@b.test", token=token, timeout=0.05)
    assert status == 408
    assert [near["refusal"]["recipients"] for near in answer["nearest"]] == [["one@b.test"]]
    assert (answer["others"], answer["accepted"], answer["arrived"]) == ([], [], [])
    assert [session["login"]["user"] for session in answer["sessions"]] == ["one"]
    assert world.wait(count=0)[1]["count"] == 3


def test_an_inbox_takes_its_refusals_with_it(world: World) -> None:
    world.rule("rcpt")
    world.ask("POST", "/api/inboxes", {"name": "one"})
    for user in ("one", "two"):
        with suppress(smtplib.SMTPException):
            world.send("ana@b.test", user=user)
    world.sandbox.remove_inbox("ONE")
    answer = world.wait(count=0)[1]
    assert [one["inboxes"] for one in answer["refusals"]] == [["two"]]
    assert answer["cursor"] == "2"


def test_too_many_are_turned_away_whatever_they_wait_for(aside: Callable[..., Future[Answer]]) -> None:
    with running(max_waiters=2) as world:
        waits = [aside(world.wait), aside(world.ask, "GET", "/api/wait?timeout=60")]
        waiting(world, 2)
        assert world.wait(timeout=1)[0] == 503
        assert world.ask("GET", "/api/wait?timeout=1")[0] == 503
        world.sandbox.stop_waiting()
        assert [one.result(PATIENCE)[0] for one in waits] == [503, 503]


def test_a_client_that_hangs_up_is_waited_for_no_longer(world: World) -> None:
    with socket.create_connection(world.at["web"], PATIENCE) as sock:
        sock.sendall(b"GET /api/wait/refused?timeout=600 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        waiting(world)
    waiting(world, 0)


def test_who_waits_ends_with_the_server(aside: Callable[..., Future[Any]]) -> None:
    with running() as world:
        waits = aside(world.sandbox.wait_refused, RefusalWish(parse("")), PATIENCE)
        waiting(world)
    assert waits.result(PATIENCE)[0].outcome is Outcome.STOPPED


def test_time_that_is_virtual_has_no_say_in_the_wait(world: World) -> None:
    world.rule("rcpt")
    world.ask("POST", "/api/clock/advance", {"seconds": 86_400})
    with suppress(smtplib.SMTPException):
        world.send("ana@a.test")
    _, answer = world.wait()
    assert answer["refusals"][0]["at"][:10] > time.strftime("%Y-%m-%d", time.gmtime())
    assert world.wait("rcpt:ben", timeout=0.05)[1]["nearest"]


def test_ids_grow_over_a_restart(tmp_path: Path) -> None:
    cursors = []
    for _ in range(2):
        with running(database=str(tmp_path / "mail.db"), state_dir=str(tmp_path)) as world:
            world.rule("rcpt")
            with suppress(smtplib.SMTPException):
                world.send("ana@a.test")
            after = cursors[-1] if cursors else "0"
            status, answer = world.wait(after=after)
            assert (status, answer["count"]) == (200, 1)
            cursors.append(answer["cursor"])
            until(lambda: world.sandbox.open_sessions() == 0)
    assert int(cursors[1]) > int(cursors[0])


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Refusals()
    monkeypatch.setattr(refusals, "REMEMBERED", 10)
    for number in range(25):
        known.note(refusal(Occasion(Step.RCPT, number, recipient="a@a.test"), Said(550)))
    found, newest = known.since(0)
    assert ([one.id for one in found], newest) == (list(range(16, 26)), 25)
    monkeypatch.setattr(refusals, "RECIPIENTS", 30)
    many = tuple([f"to{number}@a.test" for number in range(1100)])
    known.note(refusal(Occasion(Step.DATA, 1, recipients=many), None))
    [last] = known.since(0)[0]
    assert len(last.recipients) == 1000
