"""A sandbox in this process is asked without HTTP, and answers as it does by HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from mailtrap.client.connections import Connections
from mailtrap.client.steps import Request, Transport
from mailtrap.testing.boxes import MailInbox
from mailtrap.testing.inprocess import InProcess, LocalSandbox

#: What differs each time.
_CHANGING = {"received_at", "now", "free", "stored_bytes", "uptime", "seconds", "waited", "now_real", "requests"}


@pytest.fixture(scope="module")
def running() -> Iterator[InProcess]:
    with InProcess() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def local(running: InProcess) -> LocalSandbox:
    return running.sandbox()


@pytest.fixture
def direct(local: LocalSandbox) -> Transport:
    return local._transport


@pytest.fixture
def http(running: InProcess) -> Iterator[Transport]:
    connections = Connections(running.site.url, None, None, 60)
    yield connections
    connections.close()


@pytest.fixture
def inbox(local: LocalSandbox) -> Iterator[MailInbox]:
    with local.inbox_for("test direct") as (box, _):
        message = (
            b"Subject: Hello\r\nContent-Type: text/html\r\n\r\n<a href='https://shop.example/verify?t=1'>Go</a>\r\n"
        )
        box.send(message, to="ana@example.test")
        assert box.list("subject:hello")  # by then it is in the index, as it is for whoever asks next
        yield box


def _json(body: object) -> dict[str, Any]:
    return {"body": json.dumps(body).encode(), "type": "application/json"}


_REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/api/messages", {"asked": {"inbox": "INBOX", "limit": "5"}}),
    ("GET", "/api/messages", {"asked": {"inbox": "INBOX", "query": "subject:hello"}}),
    ("GET", "/api/messages", {"asked": {"query": "subject:("}}),
    ("GET", "/api/messages", {"asked": {"limit": "none"}}),
    ("GET", "/api/messages", {"asked": {"colour": "blue"}}),
    ("GET", "/api/messages/ID", {}),
    ("GET", "/api/messages/ID/raw", {}),
    ("GET", "/api/messages/ID/text", {}),
    ("GET", "/api/messages/ID/html", {}),
    ("GET", "/api/messages/ID/parts/1", {}),
    ("GET", "/api/messages/ID/parts/7", {}),
    ("GET", "/api/messages/ID/parts/%2F", {}),
    ("GET", "/api/messages/ID/transcript", {}),
    ("GET", "/api/messages/999999", {}),
    ("GET", "/api/messages/99999999999999999999", {}),
    ("GET", "/api/messages/none", {}),
    ("GET", "/api/messages/%D9%A1", {}),
    ("GET", "/api/messages/", {"asked": {"inbox": "INBOX"}}),
    ("PUT", "/api/messages/ID", {}),
    ("PATCH", "/api/messages/ID", _json({"seen": True, "tags": ["a"]})),
    ("PATCH", "/api/messages/ID", _json({"seen": "perhaps"})),
    ("PATCH", "/api/messages/ID", {"body": b"{", "type": "application/json"}),
    ("PATCH", "/api/messages/ID", {}),
    ("GET", "/api/wait", {"asked": {"inbox": "INBOX", "query": "rcpt:ana@example.test"}}),
    ("GET", "/api/wait", {"asked": {"inbox": "INBOX", "query": "rcpt:bob@example.test", "timeout": "0"}}),
    ("GET", "/api/wait", {"asked": {"inbox": "INBOX", "none": "true", "within": "0"}}),
    ("POST", "/api/assert", _json({"inbox": "INBOX", "expectations": [{"subject": "Hello"}]})),
    ("POST", "/api/assert", _json({"inbox": "INBOX", "timeout": 0, "expectations": [{"subject": "Bye"}]})),
    ("GET", "/api/inboxes/INBOX", {}),
    ("GET", "/api/inboxes/nobody", {}),
    ("POST", "/api/inboxes", _json({"name": "INBOX"})),
    ("GET", "/api/sessions", {"asked": {"inbox": "INBOX"}}),
    ("GET", "/api/sessions/999999", {}),
    ("GET", "/api/faults", {"asked": {"inbox": "INBOX"}}),
    ("POST", "/api/faults", _json({"inbox": "INBOX", "at": "nowhere"})),
    ("GET", "/api/deliveries", {"asked": {"inbox": "INBOX"}}),
    ("GET", "/api/scenarios", {}),
    ("GET", "/api/tags", {}),
    ("GET", "/api/nothing", {}),
    ("GET", "/livez", {}),
]


@pytest.mark.parametrize(("method", "path", "rest"), _REQUESTS)
def test_the_same_is_answered_as_by_http(
    method: str, path: str, rest: dict[str, Any], direct: Transport, http: Transport, inbox: MailInbox
) -> None:
    [message] = inbox.list()

    def filled(text: str) -> str:
        return text.replace("INBOX", inbox.name).replace("/ID", f"/{message.id}")

    asked = {name: filled(value) for name, value in rest.get("asked", {}).items()}
    body = filled(rest["body"].decode()).encode() if "body" in rest else None
    request = Request(method, filled(path), asked, body, rest.get("type", ""))
    here, there = direct.ask(request), http.ask(request)
    assert (here.status, here.reason) == (there.status, there.reason)
    assert _settled(here.octets) == _settled(there.octets)


def _settled(octets: bytes) -> Any:
    octets = re.sub(rb"Waited [0-9.e-]+ s", b"Waited s", octets)
    try:
        return _without_changing(json.loads(octets))
    except ValueError:
        return octets


def _without_changing(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_changing(one) for name, one in value.items() if name not in _CHANGING}
    return [_without_changing(one) for one in value] if isinstance(value, list) else value


def test_what_tests_ask_most_needs_no_flask() -> None:
    code = """
import smtplib, sys
from mailtrap.testing.inprocess import InProcess
with InProcess() as running, running.sandbox() as sandbox, sandbox.inbox_for("test") as (inbox, _):
    with smtplib.SMTP(inbox.host, inbox.port) as client:
        client.login(inbox.user, inbox.password)
        client.sendmail("app@example.test", ["ana@example.test"], b"Subject: Your code\\n\\nYour code is 493817.\\n")
    message = inbox.wait("subject:code", timeout=60)
    assert message.code == "493817" and b"Subject" in message.raw and "FROM:<app@example.test>" in message.transcript
    assert inbox.expect("subject:code", code="493817", timeout=60) == message and inbox.list() == [message]
    inbox.assert_none("subject:other", within=0)
    inbox.faults.reply(451, "4.7.1", "Try again later")
    sandbox.clock.advance(1)
    assert sandbox.sessions() and sandbox.info() and inbox.info()
    assert inbox.delete() == 1
    print("flask" in sys.modules, "werkzeug" in sys.modules)
    inbox.send(to="ana@example.test", subject="By HTTP")
    print("flask" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == ["False", "False", "True"], done.stderr
