"""`/api/live` on real sockets: everyone is told everything, nobody holds up anybody."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from time import monotonic
from typing import Any

import pytest

from mailtrap.events import Bus, Kind
from mailtrap.sandbox import Sandbox
from mailtrap.web import live
from mailtrap.web.live import Channel, Hub, frame
from mailtrap.web.shapes import Announcement
from tests.web.serving import LiveClient, capture, running_server

Listening = tuple[Sandbox, tuple[str, int]]


def test_a_listener_is_greeted_and_told(listening: Listening) -> None:
    sandbox, address = listening
    with LiveClient(address) as client:
        assert client.status == 101
        assert b"sec-websocket-extensions" not in client.head.lower()
        hello = client.notice()
        assert hello["kind"] == "hello"
        id = capture(sandbox)
        (captured,) = client.notices("captured", 1)
        assert captured["id"] == str(id)
        assert captured["inbox"] == "default"
        assert captured["seq"] > hello["seq"]


def test_who_comes_back_is_told_what_it_missed(listening: Listening) -> None:
    sandbox, address = listening
    with LiveClient(address) as client:
        seq = client.notice()["seq"]
    ids = [str(capture(sandbox)) for _ in range(3)]
    with LiveClient(address, f"/api/live?after={seq}") as client:
        assert client.notice() == {"seq": seq, "kind": "hello"}
        assert [notice["id"] for notice in client.notices("captured", 3)] == ids
    with LiveClient(address, "/api/live?after=7") as client:
        assert client.notice()["kind"] == "hello"
        assert client.notice()["kind"] == "resume"


def test_an_inbox_is_listened_to_alone(listening: Listening) -> None:
    sandbox, address = listening
    with LiveClient(address, "/api/live?inbox=qa") as client:
        client.notice()
        capture(sandbox)
        id = capture(sandbox, inbox="qa")
        assert client.notice()["id"] == str(id)


def test_the_handshake_is_refused_for_other_sites_and_nonsense(listening: Listening) -> None:
    address = listening[1]
    own = f"http://127.0.0.1:{address[1]}"
    expected: list[tuple[int, str, dict[str, str]]] = [
        (101, "/api/live", {"Origin": own}),
        (101, "/%61pi/live", {"Origin": own}),
        (403, "/api/live", {"Origin": "http://evil.test"}),
        (403, "/%61pi/live", {"Origin": "http://evil.test"}),
        (403, "//api//live/", {"Origin": "null"}),
        (403, "/api/live", {"Origin": "http://127.0.0.1:1"}),
        (403, "/api/live", {"Sec-Fetch-Site": "cross-site"}),
        (421, "/api/live", {"Host": "evil.test", "Origin": "http://evil.test"}),
        (400, "/api/live", {"Sec-WebSocket-Version": "12"}),
        (400, "/api/live", {"Sec-WebSocket-Key": "x"}),
        (400, "/api/live?after=x", {}),
        (400, "/api/live?nope=1", {}),
        (405, "/api/messages", {}),
        (404, "/api/nope", {}),
    ]
    for status, path, headers in expected:
        with LiveClient(address, path, **headers) as client:
            assert client.status == status, (path, headers)
    with closing(http.client.HTTPConnection(*address)) as connection:
        connection.request("GET", "/api/live")
        assert connection.getresponse().status == 400


def test_beyond_the_bound_it_is_503_and_a_place_that_is_left_is_free_again() -> None:
    with running_server(max_live=2) as (_sandbox, address), ExitStack() as stack:
        first, _ = [stack.enter_context(LiveClient(address)) for _ in range(2)]
        with LiveClient(address) as third:
            assert third.status == 503
            assert b"Retry-After" in third.head
        with closing(http.client.HTTPConnection(*address)) as connection:
            connection.request("GET", "/metrics")
            assert b"mailtrap_live_connections 2\n" in connection.getresponse().read()
        first.send(0x8, b"\x03\xe8")
        assert first.notice()["kind"] == "hello"
        with pytest.raises(EOFError):
            first.notice()
        assert first.sock.recv(1) == b""
        # The place is given back just after the connection has gone.
        deadline = monotonic() + 10
        while (status := stack.enter_context(LiveClient(address)).status) == 503:
            assert monotonic() < deadline
        assert status == 101


def test_fifty_listeners_are_told_of_every_message_in_order() -> None:
    with running_server() as (sandbox, address), ExitStack() as stack:
        clients = [stack.enter_context(LiveClient(address)) for _ in range(50)]
        told: list[list[str]] = []

        def listen(client: LiveClient) -> None:
            told.append([notice["id"] for notice in client.notices("captured", 100)])

        threads = [threading.Thread(target=listen, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        ids = [str(capture(sandbox)) for _ in range(100)]
        for thread in threads:
            thread.join(30)
        assert told == [ids] * 50


def test_what_a_listener_says_is_bounded_and_dropped(listening: Listening) -> None:
    _sandbox, address = listening
    with LiveClient(address) as client:
        client.notice()
        for _ in range(2000):
            client.send(0x1, b"x" * 100)
        client.send(0x9, b"are you there")
        first, payload = client.frame()
        assert (first, payload) == (0x8A, b"are you there")
    with LiveClient(address) as client:
        client.notice()
        with pytest.raises((EOFError, ConnectionError)):
            client.send(0x1, bytes(10_000_000))
            client.notice()
    with LiveClient(address, Sec_WebSocket_Extensions="permessage-deflate") as client:
        client.notice()
        with pytest.raises((EOFError, ConnectionError)):
            client.send(0x1 | 0x40, b"\x00" * 10)
            client.notice()


def test_pings_go_between_frames_not_into_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PING_INTERVAL", 0.3)
    with running_server() as (sandbox, address), LiveClient(address) as client:
        client.notice()
        enough = threading.Event()

        def send() -> None:
            while not enough.is_set():
                capture(sandbox)

        sender = threading.Thread(target=send)
        sender.start()
        pings = 0
        while pings < 2:
            first, payload = client.frame()
            assert first in (0x81, 0x89)
            if first == 0x89:
                pings += 1
                client.send(0xA, payload)
            else:
                json.loads(payload)
        enough.set()
        sender.join(10)


def test_stopping_the_server_ends_live_connections_at_once() -> None:
    with running_server() as (_, address):
        client = LiveClient(address)
        client.notice()
    assert client.sock.recv(10) in (b"", b"\x88\x02\x03\xe8")
    client.sock.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    yield ours, theirs
    ours.close()
    theirs.close()


class _Reader:
    """Takes frames off a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.client = LiveClient.__new__(LiveClient)
        self.client.sock = sock
        self.client._buffer = b""

    def notice(self) -> dict[str, Any]:
        return self.client.notice()


def test_a_listener_that_does_not_read_is_told_to_resume_and_holds_nobody_up(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "ROOM", 2000)
    bus = Bus()
    hub = Hub(bus, 10)
    slow = Channel(pair[0])
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    quick = Channel(ours)
    listeners = [hub.join(slow, "", None), hub.join(quick, "", None)]
    quick_reader, slow_reader = _Reader(theirs), _Reader(pair[1])
    assert quick_reader.notice()["kind"] == "hello"
    total = 20_000
    for start in range(0, total, 500):
        bus.publish([(Kind.CAPTURED, str(number), "default") for number in range(start, start + 500)])
        assert [quick_reader.notice()["id"] for _ in range(500)] == [str(n) for n in range(start, start + 500)]
    assert 0 < slow.backlog < 500 * 100
    assert slow_reader.notice()["kind"] == "hello"
    last = -1
    while (notice := slow_reader.notice())["kind"] == "captured":
        assert int(notice["id"]) == last + 1
        last += 1
    assert notice == {"seq": bus.seq, "kind": "resume"}
    assert last < total - 1
    bus.publish([(Kind.CAPTURED, "next", "default")])
    assert slow_reader.notice()["id"] == "next"
    for listener in listeners:
        hub.leave(listener)
    theirs.close()
    quick.close()


def test_frames_are_those_of_rfc_6455() -> None:
    short = frame(Announcement(1, "hello"))
    assert short == b'\x81\x18{"seq":1,"kind":"hello"}'
    long = frame(Announcement(1, "captured", "7", "x" * 200))
    assert long[:2] == b"\x81\x7e"
    assert int.from_bytes(long[2:4], "big") == len(long) - 4
