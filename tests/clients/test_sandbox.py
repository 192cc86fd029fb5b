"""The client for tests, called and awaited: every documented call against a running sandbox, and what goes wrong."""

from __future__ import annotations

import asyncio
import inspect
import os
import smtplib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import docs.clients as documented
from mailtrap.client import ApiInvalid, AsyncInbox, AsyncSandbox, Inbox, MailMismatch, Message, Sandbox, Unreachable
from mailtrap.client.message import NotLoaded
from mailtrap.errors import Invalid
from tests.cli.sandbox_stand_in import standing_in
from tests.clients.calls import CALLS
from tests.clients.conftest import World

_EACH = sorted({function.__name__: function for function in CALLS.values()}.items())


@pytest.mark.parametrize("call", [call for _, call in _EACH], ids=[name for name, _ in _EACH])
def test_a_call_returns_when_it_is_done(call, world: World) -> None:  # type: ignore[no-untyped-def]
    with Sandbox(world.url) as sandbox:
        asyncio.run(call(sandbox, world))


@pytest.mark.parametrize("call", [call for _, call in _EACH], ids=[name for name, _ in _EACH])
def test_a_call_can_be_awaited(call, world: World) -> None:  # type: ignore[no-untyped-def]
    asyncio.run(call(AsyncSandbox(world.url), world))


def test_who_awaits_without_asyncio_is_told_what_to_do(world: World) -> None:
    # As trio does it: the coroutine is driven by something else than a loop of asyncio.
    waiting = AsyncSandbox(world.url).wait("subject:hello")
    with pytest.raises(Invalid, match="need asyncio") as caught:
        waiting.send(None)
    assert "trio.to_thread.run_sync" in caught.value.hint


def test_every_documented_call_is_exercised() -> None:
    assert {f"{call.of}.{call.name}" for call in documented.python()} - set(CALLS) == set()


def test_both_clients_are_asked_the_same() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(Sandbox) - public(AsyncSandbox) == {"close"}
    assert public(AsyncSandbox) - public(Sandbox) == set()
    assert public(Inbox) == public(AsyncInbox)


def test_a_verb_looks_like_a_method(world: World) -> None:
    with Sandbox(world.url) as sandbox:
        assert str(inspect.signature(sandbox.cursor)) == "() -> 'Steps[str]'"
        assert list(inspect.signature(sandbox.wait).parameters) == ["query", "inbox", "after", "timeout"]
        assert sandbox.wait.__doc__
        assert sandbox.wait.__name__ == "wait"


def test_what_has_to_be_awaited_says_so(world: World) -> None:
    async def look() -> None:
        sandbox = AsyncSandbox(world.url)
        await sandbox.send(subject="x", inbox=world.inbox)
        [message] = await sandbox.list(inbox=world.inbox)
        with pytest.raises(NotLoaded) as caught:
            message.text  # noqa: B018
        assert "await sandbox.load(message)" in caught.value.hint
        got = await sandbox.get(message.id)
        assert got.text.strip() == ""
        with pytest.raises(NotLoaded):
            got.raw  # noqa: B018

    asyncio.run(look())


def test_a_message_is_asked_for_only_once(world: World) -> None:
    asked: list[str] = []
    with Sandbox(world.url) as sandbox:
        transport = sandbox._transport
        ask = transport.ask
        transport.ask = lambda request: asked.append(request.path) or ask(request)  # type: ignore[method-assign,func-returns-value]
        world.mail()
        message = sandbox.wait(inbox=world.inbox)
        assert (message.subject, message.recipients[0]) == ("Hello", "bob@b.test")
        assert asked == ["/api/wait"]
        for _ in range(2):
            assert (message.text, message.links, message.header("To")) == ("hi\n", [], "Bob <bob@b.test>")
            assert message.raw
            assert message.attachments[0].octets
        text, raw, part = [f"{message.path}/{name}" for name in ("text", "raw", "parts/2")]
        assert asked == ["/api/wait", text, message.path, raw, part]


def test_a_long_text_is_whole(world: World) -> None:
    text = "\n".join(["a line of a long text"] * 60_000) + "\n"
    with Sandbox(world.url) as sandbox:
        sent = sandbox.send(text=text, inbox=world.inbox)
        assert sent.text.replace("\r\n", "\n") == text


def test_an_attached_message_is_an_attachment(world: World) -> None:
    inner = b"Subject: inner\r\n\r\nhi\r\n"
    octets = (
        b'Subject: outer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nsee\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n"
        + inner
        + b"\r\n--b--\r\n"
    )
    with Sandbox(world.url) as sandbox:
        [attachment] = sandbox.send(octets, inbox=world.inbox).attachments
        assert attachment.type == "message/rfc822"
        assert attachment.octets == inner


def test_who_waits_is_woken(world: World) -> None:
    with Sandbox(world.url) as sandbox, ThreadPoolExecutor(20) as threads:
        inboxes = [sandbox.inbox(f"{world.inbox}-{number}") for number in range(20)]
        waiting = [threads.submit(inbox.wait, "subject:late", timeout=60) for inbox in inboxes]
        for inbox in inboxes:
            inbox.send(subject=f"late {inbox.name}")
        found = [future.result(60) for future in waiting]
    assert [message.inbox for message in found] == [inbox.name for inbox in inboxes]


def test_many_tasks_wait_at_once(world: World) -> None:
    async def wait() -> list[Message]:
        async with AsyncSandbox(world.url) as sandbox:
            inboxes = [sandbox.inbox(f"{world.inbox}-{number}") for number in range(50)]
            waiting = [asyncio.create_task(inbox.wait(timeout=60)) for inbox in inboxes]
            await asyncio.gather(*(inbox.send(subject=inbox.name) for inbox in inboxes))
            return await asyncio.gather(*waiting)

    assert [message.subject for message in asyncio.run(wait())] == [f"{world.inbox}-{number}" for number in range(50)]


def test_a_task_that_is_cancelled_waits_no_longer(world: World) -> None:
    async def cancel() -> None:
        task = asyncio.create_task(AsyncSandbox(world.url).wait("subject:never", inbox=world.inbox, timeout=300))
        while not task.done():
            await asyncio.sleep(0)
            task.cancel()
        assert task.cancelled()

    before = threading.active_count()
    asyncio.run(cancel())
    assert threading.active_count() <= before


def test_one_sandbox_serves_one_loop_after_the_other(world: World) -> None:
    sandbox = AsyncSandbox(world.url)
    for _ in range(3):
        assert asyncio.run(sandbox.info())["name"] == "mailtrap"


def test_a_connection_that_the_server_has_ended_is_replaced_even_for_a_post() -> None:
    with standing_in() as stand_in, Sandbox(stand_in.url) as sandbox:
        stand_in.answers["POST /api/clock/advance"] = (
            200,
            b'{"now": "2026-01-01T00:00:00Z", "attempts": 0, "outcomes": {}, "notices": 0}',
        )
        sandbox.clock.advance(1)
        idle = sandbox._transport._idle[0]._connection.sock  # type: ignore[attr-defined]
        # As a server does that has waited long enough: it says good-bye, and the next request must not meet that.
        idle.shutdown(socket.SHUT_RDWR)
        sandbox.clock.advance(1)
    assert stand_in.connections == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_process_has_connections_of_its_own() -> None:
    with standing_in() as stand_in, Sandbox(stand_in.url) as sandbox:
        stand_in.answers["GET /api/info"] = 200, b'{"name": "mailtrap"}'
        sandbox.info()
        transport = sandbox._transport
        transport._process = 0  # type: ignore[attr-defined]  # as after a fork
        sandbox.info()
    assert stand_in.connections == 2


def test_nobody_there_is_said_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(Unreachable, match=f"no sandbox answers at {url}") as caught:
        Sandbox(url).info()
    assert "mailtrap serve" in caught.value.hint
    with pytest.raises(Unreachable, match=f"no sandbox answers at {url}"):
        asyncio.run(AsyncSandbox(url).info())


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (b"220 localhost ESMTP\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\nContent-Length: 9\n\nx", "hung up"),
    ],
)
def test_strangers_are_recognised_as_such(said: bytes, what: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(said)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(Unreachable, match=what):
            asyncio.run(AsyncSandbox(f"http://127.0.0.1:{server.getsockname()[1]}").info())
        thread.join(60)


def test_an_answer_in_chunks_is_put_together() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                connection.sendall(b'7;x=y\r\n{"name"\r\n6\r\n: "me"\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n')

        thread = threading.Thread(target=answer)
        thread.start()
        assert asyncio.run(AsyncSandbox(f"http://127.0.0.1:{server.getsockname()[1]}").info()) == {"name": "me"}
        thread.join(60)


def test_a_refusal_is_what_the_server_said(world: World) -> None:
    with Sandbox(world.url) as sandbox:
        with pytest.raises(ApiInvalid, match="Which messages"):
            sandbox.delete()
        with pytest.raises(ApiInvalid):
            sandbox.wait("subject:(")
        with pytest.raises(ApiInvalid):
            asyncio.run(AsyncSandbox(world.url).list("subject:("))


def test_a_mismatch_is_an_assertion_that_failed(world: World) -> None:
    world.mail("Wellcome")
    with Sandbox(world.url) as sandbox, pytest.raises(AssertionError) as caught:
        sandbox.inbox(world.inbox).wait("subject:Welcome", timeout=0.05)
    assert isinstance(caught.value, MailMismatch)
    assert "Welcome" in str(caught.value)
    assert "Wellcome" in str(caught.value)
    assert caught.value.evidence["arrived"][0]["subject"] == "Wellcome"


def test_a_refused_sender_is_told_of(world: World) -> None:
    with Sandbox(world.url) as sandbox:
        inbox = sandbox.inbox(world.inbox)
        inbox.faults.reply(451, "4.7.1", "Try again later")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            world.mail()
        with pytest.raises(MailMismatch) as caught:
            inbox.wait(timeout=0.05)
    lines = [line["text"] for session in caught.value.evidence["refused"] for line in session["lines"]]
    assert "451 4.7.1 Try again later" in lines


def test_the_environment_says_where(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTRAP_URL", world.url)
    with Sandbox() as sandbox:
        assert sandbox.url == world.url
        assert sandbox.info()["name"] == "mailtrap"
    monkeypatch.delenv("MAILTRAP_URL")
    assert AsyncSandbox().url == "http://127.0.0.1:8025"
