"""The web server on real sockets: keep-alive, limits, slow and rude clients, stopping."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mailtrap.errors import SettingsError
from mailtrap.net.tls import ca_file, server_context
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.web import exchange, server
from mailtrap.web.server import WebServer
from tests.web.serving import PLAIN, LiveClient, capture, running_sandbox, running_server, talk

POST = "POST /api/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\n"

Listening = tuple[Sandbox, tuple[str, int]]


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, bytes]:
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    with connection.getresponse() as answer:
        return answer.status, answer.read()


def error_of(answer: bytes) -> dict[str, Any]:
    """The error in a raw HTTP answer."""
    error: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    return error


def test_a_connection_takes_many_requests(listening: Listening) -> None:
    sandbox, address = listening
    id = capture(sandbox)
    with closing(http.client.HTTPConnection(*address)) as connection:
        assert ask(connection, "GET", "/livez") == (200, b'{"status":"ok"}')
        sock = connection.sock
        assert ask(connection, "GET", f"/api/messages/{id}/raw") == (200, PLAIN)
        assert ask(connection, "HEAD", f"/api/messages/{id}/raw") == (200, b"")
        assert (
            ask(connection, "PATCH", f"/api/messages/{id}", b'{"seen":true}', Content_Type="application/json")[0] == 200
        )
        assert ask(connection, "GET", "/nope")[0] == 404
        assert ask(connection, "POST", "/api/messages", PLAIN, Content_Type="message/rfc822")[0] == 201
        assert connection.sock is sock


def test_requests_sent_at_once_are_answered_in_order(listening: Listening) -> None:
    requests = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3
    last = b"GET /nope HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = talk(listening[1], requests + last)
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200"] * 3 + [b"404"]


def test_a_body_without_a_length_is_taken(listening: Listening) -> None:
    sandbox, address = listening
    pieces = [PLAIN, b"x" * 70_000, b"y" * 2_000_000]
    with closing(http.client.HTTPConnection(*address)) as connection:
        connection.request(
            "POST", "/api/messages", iter(pieces), {"Content-Type": "message/rfc822"}, encode_chunked=True
        )
        with connection.getresponse() as answer:
            id = json.loads(answer.read())["id"]
    assert b"".join(sandbox.store.octets(int(id))) == b"".join(pieces)


def test_a_client_that_asks_first_is_told_to_go_on_or_not_to(listening: Listening) -> None:
    with socket.create_connection(listening[1], 10) as sock:
        head = (
            "POST /api/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\nExpect: 100-continue\r\n"
        )
        sock.sendall(f"{head}Content-Length: {len(PLAIN)}\r\n\r\n".encode())
        assert sock.recv(1000).startswith(b"HTTP/1.1 100")
        sock.sendall(PLAIN)
        assert sock.recv(1000).startswith(b"HTTP/1.1 201")
        sock.sendall(f"{head}Content-Length: 999999999\r\n\r\n".encode())
        assert sock.recv(1000).startswith(b"HTTP/1.1 413")


def test_a_body_that_is_too_large_is_refused_and_the_client_gets_to_see_it(listening: Listening) -> None:
    with closing(http.client.HTTPConnection(*listening[1])) as connection:
        status, body = ask(connection, "POST", "/api/messages", bytes(70_000_000), Content_Type="message/rfc822")
    assert status == 413
    assert json.loads(body)["error"]["code"] == "too_large"


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 400),
        (b"GET http://evil.test/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 421),
        (b"GET //evil.test/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (b"a" * 1_000_000, 431),
        (b"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST /api/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\n"
         b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    ],
)  # fmt: skip
def test_broken_requests_get_the_one_error_shape(listening: Listening, octets: bytes, status: int) -> None:
    answer = talk(listening[1], octets)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    assert error_of(answer)["status"] == status
    assert "bytearray" not in error_of(answer)["message"]
    assert b"nosniff" in answer


def test_an_absolute_target_names_the_host(listening: Listening) -> None:
    octets = b"GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert talk(listening[1], octets).startswith(b"HTTP/1.1 200")


def test_slow_clients_cost_no_thread_and_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_TIME", 1.0)
    with running_server(max_web_threads=2) as (_, address):
        slow = [socket.create_connection(address, 10) for _ in range(50)]
        for sock in slow:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        with closing(http.client.HTTPConnection(*address)) as connection:
            for _ in range(20):
                assert ask(connection, "GET", "/livez")[0] == 200
        for sock in slow:
            assert sock.recv(1000).startswith(b"HTTP/1.1 408")
            assert sock.recv(1000).count(b"HTTP/") == 0
            sock.close()


def test_a_body_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PATIENCE", 0.2)
    monkeypatch.setattr(server, "PATIENCE", 0.2)
    with running_server() as (sandbox, address):
        answer = talk(address, f"{POST}Content-Length: 1000\r\n\r\nSubject: ".encode())
        assert answer.startswith(b"HTTP/1.1 408"), answer
        assert error_of(answer)["code"] == "request_timeout"
        assert sandbox.store.counters().messages == 0


def test_a_client_that_leaves_in_the_middle_leaves_nothing(listening: Listening) -> None:
    sandbox, address = listening
    before = sandbox.store.counters().captured
    with socket.create_connection(address, 10) as sock:
        sock.sendall(f"{POST}Content-Length: 99\r\n\r\nSub".encode())
    with closing(http.client.HTTPConnection(*address)) as connection:
        assert ask(connection, "GET", "/livez")[0] == 200
    assert sandbox.store.counters().captured == before


def serving(app: Callable[..., Iterable[bytes]], **settings: Any) -> tuple[WebServer, tuple[str, int]]:
    web = WebServer(app, Settings(web_port=0, **settings))
    return web, web.start()


def test_beyond_the_bound_of_threads_the_answer_is_503_at_once() -> None:
    entered, leave = threading.Semaphore(0), threading.Event()

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        entered.release()
        assert leave.wait(10)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    web, address = serving(app, max_web_threads=3)
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answers: list[bytes] = []
    busy = [threading.Thread(target=lambda: answers.append(talk(address, request))) for _ in range(3)]
    for thread in busy:
        thread.start()
        assert entered.acquire(timeout=10)
    refused = talk(address, request)
    leave.set()
    for thread in busy:
        thread.join(10)
    web.stop()
    assert refused.startswith(b"HTTP/1.1 503")
    assert error_of(refused)["code"] == "unavailable"
    assert [answer[-2:] for answer in answers] == [b"ok"] * 3


def test_an_application_that_fails_in_the_middle_cuts_the_answer_short(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "200000")])
        yield b"x" * 100_000
        raise RuntimeError("broken")

    web, address = serving(app)
    answer = talk(address, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    web.stop()
    assert len(answer) < 150_000
    assert "broken" in caplog.text


def test_stopping_closes_what_is_idle_and_lets_answers_finish() -> None:
    entered, leave = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        entered.set()
        leave.wait(10)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    web, address = serving(app)
    idle = socket.create_connection(address, 10)
    answers: list[bytes] = []
    busy = threading.Thread(target=lambda: answers.append(talk(address, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")))
    busy.start()
    assert entered.wait(10)
    stopping = threading.Thread(target=web.stop)
    stopping.start()
    assert idle.recv(10) == b""
    leave.set()
    stopping.join(10)
    busy.join(10)
    idle.close()
    assert answers[0].endswith(b"done")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(address, 1)
    web.stop()


def test_a_taken_port_is_an_error(listening: Listening) -> None:
    with pytest.raises(SettingsError, match="in use"):
        WebServer(lambda *_: [], Settings(web_port=listening[1][1])).start()


def test_over_tls_requests_bodies_and_live_notices_work(tmp_path: Path) -> None:
    with running_sandbox(state_dir=str(tmp_path), web_tls=True) as (sandbox, settings, app):
        web = WebServer(app, settings, server_context(settings))
        address = web.start()
        trusting = ssl.create_default_context(cafile=str(ca_file(settings)))
        with closing(http.client.HTTPSConnection("localhost", address[1], timeout=10, context=trusting)) as connection:
            octets = PLAIN + b"x" * 300_000
            assert ask(connection, "POST", "/api/messages", octets, Content_Type="message/rfc822")[0] == 201
            assert ask(connection, "GET", "/api/messages/1/raw") == (200, octets)
            own = f"https://localhost:{address[1]}"
            assert ask(connection, "DELETE", "/api/messages/1", Origin=own)[0] == 200
            assert ask(connection, "DELETE", "/api/messages/1", Origin=own.replace("https", "http"))[0] == 403
        with LiveClient(address, tls=trusting, Host=f"localhost:{address[1]}", Origin=own) as client:
            assert client.notice()["kind"] == "hello"
            ids = [str(capture(sandbox)) for _ in range(20)]
            assert [notice["id"] for notice in client.notices("captured", 20)] == ids
            client.send(0x9, b"ping")
            while (frame := client.frame())[0] == 0x81:
                pass
            assert frame == (0x8A, b"ping")
        # Whoever speaks plain HTTP to a TLS port, or nothing at all, is in nobody's way.
        assert b"HTTP" not in talk(address, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        web.stop()
