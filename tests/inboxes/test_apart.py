"""Inboxes over the wire: parallel senders see their own mail only, and failures meet only whom they are for."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mailtrap.client import Client
from mailtrap.events import Event, Kind
from mailtrap.faults.rule import Effect, Fault, Said, Step
from mailtrap.query import Query
from mailtrap.server import Server
from mailtrap.settings import Settings

#: Seconds after which a test gives up.
PATIENCE = 120.0
INBOXES = 32
EACH = 50
MESSAGE = b"From: app@shop.test\r\nTo: ben@example.test\r\nSubject: Your code\r\n\r\n123456\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, state_dir=str(tmp_path)))
    started.start()
    yield started
    started.stop()


def logged_in(server: Server, user: str) -> smtplib.SMTP:
    host, _, port = server.about.addresses["smtp"].rpartition(":")
    client = smtplib.SMTP(host, int(port), timeout=PATIENCE)
    client.login(user, "secret")
    return client


def connected(server: Server) -> smtplib.SMTP:
    host, _, port = server.about.addresses["smtp"].rpartition(":")
    return smtplib.SMTP(host, int(port), timeout=PATIENCE)


def client_of(server: Server, token: str | None = None) -> Client:
    return Client(f"http://{server.about.addresses['web']}", token)


def send(server: Server, user: str, count: int = EACH, recipients: tuple[str, ...] = ("ben@example.test",)) -> None:
    with logged_in(server, user) as client:
        for _ in range(count):
            client.sendmail("app@shop.test", recipients, MESSAGE)


def test_32_senders_of_50_equal_messages_each_see_exactly_their_own(server: Server) -> None:
    names = [f"test-{n}" for n in range(INBOXES)]
    removed: list[list[int]] = []
    early = threading.Event()

    def hear(events: list[Event]) -> None:
        if any(event.kind is Kind.CAPTURED and event.inbox == "test-0" for event in events):
            early.set()

    server.bus.subscribe(hear)

    def remove() -> None:
        # In the midst of everybody's mail.
        assert early.wait(PATIENCE)
        for _ in range(5):
            removed.append(server.sandbox.remove_inbox("test-0"))
            early.clear()
            if not early.wait(0.2):
                break

    with ThreadPoolExecutor(INBOXES + 1) as pool:
        removing = pool.submit(remove)
        sending = [pool.submit(send, server, name) for name in names]
        for one in (*sending, removing):
            one.result(PATIENCE)
    with client_of(server) as client:
        counts = {one["name"]: (one["messages"], one["unseen"]) for one in client.inboxes()["inboxes"]}
        assert {name: counts[name] for name in names[1:]} == dict.fromkeys(names[1:], (EACH, EACH))
        seen = {name: {one["id"] for one in client.messages(inbox=name)} for name in names}
        asked = {name: client.page(f"subject:code inbox:{name}", limit=1)["total"] for name in names[1:]}
        assert client.page()["total"] == sum(len(ids) for ids in seen.values())
    assert {name: len(ids) for name, ids in seen.items() if name != "test-0"} == dict.fromkeys(names[1:], EACH)
    assert asked == dict.fromkeys(names[1:], EACH)
    assert len(set().union(*seen.values())) == sum(len(ids) for ids in seen.values())
    # What was removed is exactly what is missing: nothing of anybody else's, and nothing twice.
    gone = [id for ids in removed for id in ids]
    assert gone
    assert len(gone) == len(set(gone))
    assert len(gone) + len(seen["test-0"]) == EACH
    assert not {str(id) for id in gone} & set().union(*seen.values())


def test_a_message_for_several_inboxes_is_stored_once_and_is_in_each(server: Server) -> None:
    sandbox = server.sandbox
    for name in ("a", "b"):
        sandbox.inboxes.open(name)
    with connected(server) as client:
        client.sendmail("x@y.test", ["one+a@z.example", "two@b.test", "three@z.example"], MESSAGE)
    with client_of(server) as api:
        (mine,), (other,) = list(api.messages(inbox="a")), list(api.messages(inbox="b"))
        assert mine == other
        assert (mine["inbox"], mine["inboxes"]) == ("a", ["a", "b"])
        assert (api.page()["total"], api.page(inbox="default")["total"]) == (1, 0)
        assert api.remove_inbox("a") == {"count": 1, "ids": [mine["id"]]}
        (left,) = api.messages()
        assert left["inboxes"] == ["b"]
        assert api.page(inbox="a")["total"] == 0
        api.remove_inbox("b")
        assert api.page()["total"] == 0


def refused_at(server: Server, user: str = "", recipient: str = "ben@example.test", octets: bytes = MESSAGE) -> bool:
    """Whether a client that logs in so (or not at all) is refused."""
    with logged_in(server, user) if user else connected(server) as client:
        try:
            client.sendmail("app@shop.test", [recipient], octets)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPSenderRefused):
            return True
        return False


NO = Effect(reply=Said(451, "4.3.0", "Not now"))


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA, Step.END_OF_DATA])
def test_a_rule_of_one_inbox_meets_nobody_else(server: Server, step: Step) -> None:
    book = server.sandbox.faults
    server.sandbox.inboxes.open("mine")
    book.add(Fault(step, NO, inbox="Mine"))
    assert refused_at(server, "mine")
    assert not refused_at(server, "other")
    assert not refused_at(server)
    # Without a login the recipient tells, which is not known at MAIL.
    assert refused_at(server, recipient="x+mine@example.test") is (step is not Step.MAIL)
    assert not refused_at(server, recipient="x+other@example.test")
    named = b"X-Mail-Inbox: mine\r\n" + MESSAGE
    assert refused_at(server, octets=named) is (step is Step.END_OF_DATA)


def test_parallel_tests_count_apart_and_never_see_each_other(server: Server) -> None:
    book = server.sandbox.faults
    names = [f"test-{n}" for n in range(8)]
    for name in names:
        book.add(Fault(Step.RCPT, NO, first=2, inbox=name))

    def run(name: str) -> list[bool]:
        return [refused_at(server, name) for _ in range(4)]

    with ThreadPoolExecutor(len(names)) as pool:
        assert list(pool.map(run, names)) == [[True, True, False, False]] * len(names)
    with client_of(server) as api:
        for name in names:
            listed = api._json("GET", "/api/sessions", {"inbox": name})["sessions"]
            assert len(listed) == 4
            assert {session["login"]["user"] for session in listed} == {name}


def test_a_rule_of_an_inbox_goes_on_to_delivery(server: Server) -> None:
    server.sandbox.faults.add(Fault(Step.ATTEMPT, Effect(reply=Said(550, "5.1.1", "Nobody")), inbox="a"))
    for name in ("a", "b"):
        send(server, name, 1)
    with client_of(server) as api:
        outcomes = {}
        for name in ("a", "b"):
            server.sandbox.office.catch_up()
            server.sandbox.advance(1)
            outcomes[name] = {
                one["outcome"] for one in api.deliveries(inbox=name) if one["recipient"].startswith("ben")
            }
        assert outcomes == {"a": {"bounced"}, "b": {"delivered"}}
        # The notice is in the inbox of what it is about.
        notices = [one for one in api.messages(inbox="a") if one["envelope"]["from"] == ""]
        assert [one["inboxes"] for one in notices] == [["a"]]


def test_events_say_all_inboxes(server: Server) -> None:
    heard: list[Event] = []
    met = threading.Event()

    def hear(events: list[Event]) -> None:
        heard.extend(events)
        if any(event.kind is Kind.CAPTURED for event in heard):
            met.set()

    server.bus.subscribe(hear)
    with connected(server) as client:
        client.sendmail("x@y.test", ["z@z.example"], b"X-Mail-Inbox: b a\r\n" + MESSAGE)
    assert met.wait(PATIENCE)
    (captured,) = [event for event in heard if event.kind is Kind.CAPTURED]
    assert captured.inbox == "b a"
    assert [captured.concerns(name) for name in ("A", "b", "ab")] == [True, True, False]
    with client_of(server) as api:
        told = {
            name: [
                e["id"]
                for e in api._json("GET", "/api/events", {"after": str(captured.seq - 1), "inbox": name})["events"]
                if e["kind"] == "captured"
            ]
            for name in ("a", "b", "default")
        }
    assert told == {"a": [captured.id], "b": [captured.id], "default": []}


def test_inboxes_tokens_and_rules_are_there_after_a_restart(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"database": str(tmp_path / "mail.db"), "state_dir": str(tmp_path)}
    first = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, **settings))
    first.start()
    try:
        with client_of(first) as api:
            token = api.add_inbox("kept", token=True, addresses=["@shop.example"])["token"]
            api.add_inbox("gone")
            api.remove_inbox("gone")
        send(first, "implicit", 1)
    finally:
        first.stop()
    second = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, **settings))
    second.start()
    try:
        assert [inbox.name for inbox in second.sandbox.inboxes.all()] == ["default", "kept", "implicit"]
        with connected(second) as client:
            client.sendmail("x@y.test", ["z@shop.example"], MESSAGE)
        with client_of(second, token) as api:
            assert [one["envelope"]["to"] for one in api.messages()] == [["z@shop.example"]]
        assert second.store.page(Query.EVERYTHING, limit=9).total == 2
    finally:
        second.stop()
