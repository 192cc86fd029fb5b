"""Fixtures wait for refusals: called and awaited, of a sandbox in this process, while something else sends."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from mailtrap.client import MailMismatch
from mailtrap.testing.boxes import MailInbox
from mailtrap.testing.inprocess import InProcess


@pytest.fixture(scope="module")
def running() -> Iterator[InProcess]:
    with InProcess() as running:
        yield running


@pytest.fixture
def inbox(running: InProcess, request: pytest.FixtureRequest) -> Iterator[MailInbox]:
    with running.sandbox() as sandbox, sandbox.inbox_for(request.node.name) as (box, _):
        yield box


def send(inbox: MailInbox, *to: str) -> None:
    with smtplib.SMTP(inbox.host, inbox.port, timeout=60) as client, suppress(smtplib.SMTPException):
        client.login(inbox.user, inbox.password)
        client.sendmail("app@example.test", to, "Subject: Hello\r\n\r\nhi\r\n")


@pytest.mark.parametrize("turn", range(20))
def test_a_worker_is_refused_while_the_test_waits(inbox: MailInbox, turn: int) -> None:
    rule = inbox.faults.reply(451, "4.2.2", "Mailbox full", when="rcpt:ana@example.test")
    with ThreadPoolExecutor(1) as worker:
        sending = worker.submit(send, inbox, "ben@example.test", "ana@example.test")
        found = inbox.wait_refused("rcpt:ana", code="4yz", fault=rule, timeout=60)
        sending.result(60)
    assert (found.recipients, found.text, found.inboxes) == (["ana@example.test"], "Mailbox full", [inbox.name])
    # Refused is one of two, and only here.
    assert inbox.wait("rcpt:ben@example.test").recipients == ["ben@example.test"]
    inbox.assert_none_refused("rcpt:ben", within=0)


def test_it_can_be_awaited(inbox: MailInbox) -> None:
    inbox.faults.reply(552, "5.3.4", "Too big", step="end-of-data")

    async def both() -> str:
        waiting = asyncio.create_task(inbox.aio.wait_refused("subject:hello", step="end-of-data", timeout=60))
        await asyncio.to_thread(send, inbox, "ana@example.test")
        return (await waiting).subject

    assert asyncio.run(both()) == "Hello"


def test_what_was_accepted_is_told_to_whoever_waits_in_vain(inbox: MailInbox) -> None:
    send(inbox, "ana@example.test")
    with pytest.raises(MailMismatch) as caught:
        inbox.wait_refused("rcpt:ana@example.test", timeout=0)
    assert str(caught.value).startswith(
        f"Waited 0 s: no refusal that matches rcpt:ana@example.test in inbox {inbox.name}.\n\nAccepted instead:\n"
    )


def test_no_flask_is_needed(running: InProcess) -> None:
    answer = running._server.web.desk().answer("GET", "/api/wait/refused", {"count": "0"}, b"", "")
    assert answer is not None
    assert answer.status == 200
