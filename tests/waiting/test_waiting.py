"""Waiting: nobody misses a message, nobody waits for another's, everybody ends when the client or the server does."""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailtrap.errors import Unavailable
from mailtrap.query import parse
from mailtrap.sandbox import Sandbox
from mailtrap.waiting.matcher import Waiter
from mailtrap.waiting.wish import Outcome, Unit, Waited
from tests.web.serving import MIXED, PLAIN, capture, running_sandbox, running_server

PATIENCE = 60.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as (sandbox, _, _):
        yield sandbox
        sandbox.waiting.stop()


def about(subject: str, body: str = "Hi Bob") -> bytes:
    return PLAIN.replace(b"Hello", subject.encode()).replace(b"Hi Bob", body.encode())


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        threading.Event().wait(0.002)


class Waits(threading.Thread):
    """One who waits, on a thread; `found` once it has ended."""

    def __init__(self, sandbox: Sandbox, query: str, **more: Any) -> None:
        super().__init__()
        self.sandbox, self.query, self.more = sandbox, parse(query), {"timeout": PATIENCE, **more}
        self.found: Waited | None = None
        self.start()

    def run(self) -> None:
        self.found = self.sandbox.wait(self.query, **self.more)

    def ids(self) -> list[int]:
        self.join(PATIENCE)
        assert self.found is not None
        assert self.found.outcome is Outcome.MET
        return [message.id for message in self.found.messages]


def test_what_is_there_is_found_at_once(sandbox: Sandbox) -> None:
    ids = [capture(sandbox, about(f"Order {number}")) for number in range(3)]
    assert Waits(sandbox, "subject:order", count=2).ids() == ids
    assert Waits(sandbox, "subject:order", after=ids[1]).ids() == ids[2:]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "subject:welcome",
        'subject="Welcome aboard"',
        "rcpt:bob@b.test -subject:x",
        "subject:wel* OR body:never",
        "aboard",
        "body:earnest",
        "header:Subject:aboard",
        "has:text -has:attachment",
        "from:ann inbox:default",
        "larger:10 is:unseen",
    ],
)
def test_what_comes_later_wakes_however_it_is_asked_for(sandbox: Sandbox, query: str) -> None:
    waits = Waits(sandbox, query, after=capture(sandbox, about("Something else", "nothing")))
    until(lambda: sandbox.waiting.count == 1)
    id = capture(sandbox, about("Welcome aboard", "in earnest"))
    assert waits.ids() == [id]


def test_only_what_matches_wakes(sandbox: Sandbox) -> None:
    waits = [Waits(sandbox, f"subject:number{number}") for number in range(20)]
    until(lambda: sandbox.waiting.count == 20)
    order = list(range(20))
    random.Random(5).shuffle(order)
    ids = {number: capture(sandbox, about(f"number{number}")) for number in order}
    assert [one.ids() for one in waits] == [[ids[number]] for number in range(20)]


def test_many_who_wait_for_the_same_are_all_woken(sandbox: Sandbox) -> None:
    waits = [Waits(sandbox, "body:same") for _ in range(20)]
    until(lambda: sandbox.waiting.count == 20)
    id = capture(sandbox, about("x", "the same"))
    assert [one.ids() for one in waits] == [[id]] * 20


def test_recipients_are_counted(sandbox: Sandbox) -> None:
    waits = Waits(sandbox, "subject:news", count=5, unit=Unit.RECIPIENTS)
    until(lambda: sandbox.waiting.count == 1)
    first = capture(sandbox, about("News"), ("a@b.test", "b@b.test", "c@b.test"))
    assert waits.is_alive()
    second = capture(sandbox, about("News"), ("d@b.test", "e@b.test"))
    assert waits.ids() == [first, second]
    assert waits.found is not None
    assert waits.found.counted == 5


def test_an_inbox_hears_of_its_own_mail_only(sandbox: Sandbox) -> None:
    waits = Waits(sandbox, "subject:hello", inbox="One")
    until(lambda: sandbox.waiting.count == 1)
    capture(sandbox, inbox="two")
    id = capture(sandbox, inbox="three one")
    assert waits.ids() == [id]


def test_that_nothing_comes_can_be_waited_for(sandbox: Sandbox) -> None:
    assert sandbox.wait(parse("subject:x"), none=True, within=0.05).outcome is Outcome.MET
    id = capture(sandbox)
    at_once = sandbox.wait(parse("subject:hello"), none=True, within=PATIENCE)
    assert (at_once.outcome, [one.id for one in at_once.messages]) == (Outcome.UNWANTED, [id])


def test_no_wake_is_lost(sandbox: Sandbox) -> None:
    """Mail comes at every moment of a wait's beginning; none is missed, none is told of twice."""
    for number in range(200):
        sending = threading.Thread(target=capture, args=(sandbox, about(f"turn{number}")))
        if number % 2:
            sending.start()
        found = Waits(sandbox, f"subject:turn{number}")
        if not number % 2:
            sending.start()
        assert len(found.ids()) == 1
        sending.join()


def test_messages_are_understood_before_they_are_indexed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.store._indexer, "_may_work", lambda: False)
    ids = [capture(sandbox, MIXED if number == 7 else PLAIN) for number in range(60)]
    found = sandbox.wait(parse("has:attachment filename:dot"), timeout=PATIENCE)
    assert [(one.id, one.attachments, one.snippet) for one in found.messages] == [(ids[7], 2, "Grüße x")]
    assert sandbox.store.indexed < ids[7]


def test_nobody_is_left_behind(sandbox: Sandbox) -> None:
    before = threading.active_count()
    for _ in range(3):
        assert sandbox.wait(parse("subject:x"), timeout=0.01).outcome is Outcome.TIMEOUT
    sandbox.waiting.stop()
    until(lambda: threading.active_count() == before)
    with pytest.raises(Unavailable):
        sandbox.wait(parse("subject:x"), timeout=0.01)


def test_who_waits_ends_with_the_server(sandbox: Sandbox) -> None:
    waits = Waits(sandbox, "subject:x")
    until(lambda: sandbox.waiting.count == 1)
    sandbox.waiting.stop()
    waits.join(PATIENCE)
    assert waits.found is not None
    assert waits.found.outcome is Outcome.STOPPED


def test_a_waiter_may_be_offered_to_after_it_has_gone(sandbox: Sandbox) -> None:
    capture(sandbox)
    [message] = sandbox.store.page(parse(""), limit=1).messages
    found = Waits(sandbox, "")
    found.ids()
    gone = Waiter(sandbox_wish())
    gone.close()
    gone.offer(message)
    gone.stop()
    assert gone.is_met


def sandbox_wish() -> Any:
    from mailtrap.waiting.wish import Wish

    return Wish(parse(""))


def test_too_many_are_turned_away() -> None:
    with running_server(max_waiters=1) as (sandbox, address):
        waits = Waits(sandbox, "subject:x")
        until(lambda: sandbox.waiting.count == 1)
        assert get(address, "/api/wait?timeout=1")[0] == 503
        sandbox.waiting.stop()
        waits.join(PATIENCE)


def test_the_time_is_told_by_timeout_or_for_none_by_within_too() -> None:
    with running_server() as (sandbox, address):
        for path in ("/api/wait", "/api/wait/refused"):
            for none in ("none=true&timeout=0", "none=true&within=0", "none=true&within=0&timeout=600"):
                status, answer = get(address, f"{path}?{none}")
                assert (status, answer["seconds"] < 2) == (200, True)
            status, answer = get(address, f"{path}?timeout=0")
            assert (status, answer["wanted"]["seconds"], answer["seconds"] < 2) == (408, 0, True)
            for wrong in ("within=0", "none=false&within=0&timeout=1"):
                status, answer = get(address, f"{path}?{wrong}")
                assert (status, "`within`" in answer["error"]["message"]) == (400, True)
        capture(sandbox)
        status, answer = get(address, "/api/wait?none=true&timeout=7")
        assert (status, answer["wanted"]["seconds"]) == (409, 7)
        assert get(address, "/api/wait?none=true")[1]["wanted"]["seconds"] == 2


def test_a_client_that_hangs_up_is_waited_for_no_longer() -> None:
    with running_server() as (sandbox, address):
        with socket.create_connection(address, PATIENCE) as sock:
            sock.sendall(b"GET /api/wait?timeout=600&query=subject:x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until(lambda: sandbox.waiting.count == 1)
        until(lambda: sandbox.waiting.count == 0)


def test_without_anything_to_do_nothing_is_done() -> None:
    with running_server() as (sandbox, _):
        waits = [Waits(sandbox, f"subject:x{number}", timeout=1.5) for number in range(50)]
        until(lambda: sandbox.waiting.count == 50)
        before = time.process_time()
        threading.Event().wait(1.0)
        assert time.process_time() - before < 0.2
        for one in waits:
            one.join(PATIENCE)


def get(address: tuple[str, int], path: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
