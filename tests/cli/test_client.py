"""The client pages through, streams, and says what went wrong and what to do."""

from __future__ import annotations

import ast
import io
import re
import socket
import sys
from pathlib import Path

import pytest

from mailtrap import client as module
from mailtrap.client import ApiError, ApiInvalid, ApiNotFound, ApiUnavailable, Client, Unreachable
from mailtrap.errors import Invalid
from tests.cli.sandbox_stand_in import StandIn, error


def test_messages_are_fetched_page_by_page_newest_first(stand_in: StandIn) -> None:
    stand_in.messages = {id: b"x" for id in range(1, 451)}
    with Client(stand_in.url) as client:
        assert [int(message["id"]) for message in client.messages()] == list(range(450, 0, -1))
    assert len(stand_in.asked) == 3
    assert stand_in.connections == 1


def test_a_limit_is_kept_across_pages(stand_in: StandIn) -> None:
    stand_in.messages = {id: b"x" for id in range(1, 451)}
    with Client(stand_in.url) as client:
        assert len(list(client.messages(limit=201))) == 201
        assert len(list(client.messages(limit=3))) == 3
    assert [asked["limit"] for _, asked in stand_in.asked] == ["200", "1", "3"]


def test_the_query_reaches_the_server_as_typed(stand_in: StandIn) -> None:
    with Client(stand_in.url) as client:
        list(client.messages('subject:"grüß & 日本" -x', inbox="a/b"))
    assert stand_in.asked[0][1] == {"query": 'subject:"grüß & 日本" -x', "inbox": "a/b", "limit": "200"}


def test_octets_are_streamed_to_a_file(stand_in: StandIn) -> None:
    octets = bytes(range(256)) * 4096
    stand_in.messages = {7: octets}
    sink = io.BytesIO()
    with Client(stand_in.url) as client:
        assert client.raw_to("7", sink) == len(octets)
        assert client.raw("7") == octets
    assert sink.getvalue() == octets


def test_a_message_is_posted_with_its_envelope(stand_in: StandIn) -> None:
    with Client(stand_in.url) as client:
        assert client.post(b"\x00\r\nx", sender="", recipients=["a@b", "c@d"], inbox="i")["id"] == "1"
    assert stand_in.asked == [("POST /api/messages", {"envelope-from": "", "envelope-to": "a@b,c@d", "inbox": "i"})]
    assert stand_in.messages == {1: b"\x00\r\nx"}
    assert stand_in.headers[0]["Content-Type"] == "message/rfc822"


def test_an_id_cannot_lead_to_another_path(stand_in: StandIn) -> None:
    with Client(stand_in.url) as client, pytest.raises(ApiNotFound):
        client.get("../info?x")
    assert stand_in.asked[0][0] == "GET /api/messages/..%2Finfo%3Fx"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, ApiInvalid), (404, ApiNotFound), (503, ApiUnavailable), (507, ApiUnavailable), (418, ApiError)],
)
def test_a_refusal_says_what_the_server_said(status: int, kind: type[ApiError], stand_in: StandIn) -> None:
    stand_in.answers["GET /api/info"] = status, error(status, "word", "what was wrong", "what to do")
    with Client(stand_in.url) as client, pytest.raises(kind) as caught:
        client.info()
    assert type(caught.value) is kind
    assert (str(caught.value), caught.value.hint, caught.value.status, caught.value.code) == (
        "what was wrong",
        "what to do",
        status,
        "word",
    )


def test_a_refused_login_says_how_to_log_in(stand_in: StandIn) -> None:
    stand_in.answers["GET /api/info"] = 401, error(401, "unauthorized", "who are you?")
    with Client(stand_in.url) as client, pytest.raises(ApiError) as caught:
        client.info()
    assert "MAILTRAP_API_TOKEN" in caught.value.hint


@pytest.mark.parametrize(("status", "octets"), [(200, b"<html>"), (200, b"[]"), (500, b"oops"), (404, b'{"error": 1}')])
def test_another_server_is_recognised_as_such(status: int, octets: bytes, stand_in: StandIn) -> None:
    stand_in.answers["GET /api/info"] = status, octets
    with Client(stand_in.url) as client, pytest.raises(Unreachable, match="is not a mailtrap"):
        client.info()


def test_what_does_not_speak_http_is_recognised_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        client = Client(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=10)
        import threading

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 localhost ESMTP\r\n")
                connection.recv(1000)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(Unreachable, match="does not speak HTTP"):
            client.info()
        thread.join(10)


def test_nobody_there_is_said_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(Unreachable, match=f"no sandbox answers at {url}: Connection refused") as caught:
        Client(url).info()
    assert "mailtrap serve" in caught.value.hint


def test_a_kept_connection_that_was_closed_is_replaced(stand_in: StandIn) -> None:
    stand_in.messages = {1: b"x"}
    with Client(stand_in.url) as client:
        client.raw("1")
        stand_in.hang_up = {"/api/messages/1/raw"}
        assert client.raw("1") == b"x"
    assert stand_in.connections == 2


def test_a_post_is_never_repeated(stand_in: StandIn) -> None:
    stand_in.messages = {1: b"x"}
    with Client(stand_in.url) as client:
        client.raw("1")
        stand_in.hang_up = {"/api/messages"}
        with pytest.raises(Unreachable, match="hung up"):
            client.post(b"y")
    assert stand_in.messages == {1: b"x"}


@pytest.mark.parametrize(
    ("login", "token", "header"),
    [("", "secret", "Bearer secret"), ("us%40er:p%3Ass@", None, "Basic dXNAZXI6cDpzcw=="), ("", None, None)],
)
def test_credentials_are_sent(login: str, token: str | None, header: str | None, stand_in: StandIn) -> None:
    with Client(stand_in.url.replace("://", f"://{login}"), token) as client:
        client.page()
        assert "@" not in client.url
    assert stand_in.headers[0].get("Authorization") == header


def test_a_base_path_is_kept(stand_in: StandIn) -> None:
    stand_in.answers["GET /mail/api/info"] = 200, b'{"name": "mailtrap"}'
    with Client(stand_in.url + "/mail/") as client:
        assert client.info() == {"name": "mailtrap"}


@pytest.mark.parametrize("url", ["localhost:8025", "ftp://x", "http://", "http://x:y", "", "http://x:99999"])
def test_what_is_no_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        Client(url)
    assert "http://127.0.0.1:8025" in caught.value.hint


def test_ready_is_what_readyz_says(stand_in: StandIn) -> None:
    stand_in.answers["GET /readyz"] = 503, b"{}"
    with Client(stand_in.url) as client:
        assert not client.ready()
        stand_in.answers["GET /readyz"] = 200, b"{}"
        assert client.ready()


def test_it_needs_nothing_but_the_standard_library() -> None:
    named: set[str] = set()
    for file in Path(module.__file__).parent.glob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
        named |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        named |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    foreign = {name for name in named if name.partition(".")[0] not in sys.stdlib_module_names}
    # `from mailtrap import telling`, which imports nothing of ours.
    assert {name for name in foreign if not re.match(r"mailtrap\.client\b", name)} == {"mailtrap", "mailtrap.errors"}
