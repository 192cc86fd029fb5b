"""Clients that do the same every time get the verdict they deserve; Postfix asks for notices and gets each of them."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.interop.cases import Target, start
from tests.interop.reactions import SCENARIOS, call, react
from tests.interop.relays import postfix_here
from tests.interop.senders import SENDERS, Postfix, smtplib_


@pytest.fixture
def folder() -> Iterator[Path]:
    """Relays drop root's rights, and pytest's own folders are for their owner only."""
    with TemporaryDirectory(prefix="reactions-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def target(folder: Path) -> Iterator[Target]:
    target = start(folder)
    yield target
    target.stop()


def test_smtplib_is_judged_by_what_it_does(target: Target) -> None:
    got = {scenario: react(target, smtplib_, "smtplib", scenario) for scenario in SCENARIOS}
    assert {scenario: (one.judgement, one.kept) for scenario, one in got.items()} == {
        "550 for one of two": ("good", 1),
        "451 twice": ("bad", 0),
        "421 at MAIL": ("bad", 0),
        "greylisted": ("bad", 0),
        "closed after the dot": ("bad", 1),
        "RST in the data": ("bad", 0),
        "EHLO 502": ("good", 1),
        "STARTTLS broken": ("good", 0),
        "250 late by 2 s": ("good", 1),
        "552 at end of data": ("good", 0),
    }
    assert "gave up" in " ".join(got["451 twice"].findings)


@pytest.mark.skipif(not postfix_here(), reason="Postfix is not on this machine")
def test_postfix_retries_bounces_and_delivers_as_we_say(target: Target, folder: Path) -> None:
    own = folder / "postfix"
    own.mkdir()
    with SENDERS["Postfix"][0](target, own) as send:  # type: ignore[attr-defined]
        for scenario in ("550 for one of two", "451 twice", "closed after the dot", "552 at end of data"):
            one = react(target, send, "Postfix", scenario)
            assert set(one.said) == one.fates, scenario
            assert one.judgement in ("good", "doubtful"), one.findings
            duplicates = any("duplicate" in finding for finding in one.findings)
            assert duplicates is (scenario == "closed after the dot")


@pytest.mark.skipif(not postfix_here(), reason="Postfix is not on this machine")
def test_postfix_asks_for_notices_and_gets_each(target: Target, folder: Path) -> None:
    own = folder / "postfix"
    own.mkdir()
    call(
        target,
        "POST",
        "/api/faults",
        {"step": "attempt", "when": "rcpt:late@b.test", "effect": {"reply": {"code": 451, "status": "4.2.1"}}},
    )
    relay = Postfix(target, own)
    relay.run("start")
    try:
        content = b"From: app@example.test\r\nTo: x@b.test\r\nSubject: Asking\r\n\r\nHello\r\n"
        for recipient in ("fine@b.test", "late@b.test", "gone+bounce-5.1.1@b.test"):
            relay.submit("app@example.test", content, recipient, notify="success,delay,failure")
        deadline = time.monotonic() + 60
        after = target.get("/api/events?after=0")["seq"]
        while len(relay.queue()) and time.monotonic() < deadline:
            after = target.get(f"/api/events?after={after}")["seq"]
        assert relay.statuses().count("sent") >= 3
    finally:
        relay.run("stop")
    call(target, "POST", "/api/clock/advance", {"seconds": 5 * 3600})
    found = target.get("/api/messages?query=rcpt%3Dapp@example.test")["messages"]
    actions = {}
    for one in found:
        message = email.message_from_bytes(target.raw(one["id"]), policy=email.policy.default)
        status = message.get_payload(1)
        recipient = status.get_payload(1)  # type: ignore[union-attr]
        actions[str(recipient["Final-Recipient"])] = str(recipient["Action"])
        assert str(recipient["Original-Recipient"]).startswith("rfc822;")
    assert actions == {
        "rfc822; fine@b.test": "delivered",
        "rfc822; late@b.test": "delayed",
        "rfc822; gone+bounce-5.1.1@b.test": "failed",
    }


def test_nobody_is_told_of_mail_from_the_null_path(target: Target) -> None:
    import smtplib

    with smtplib.SMTP("localhost", target.smtp, timeout=60) as client:
        client.ehlo()
        client.mail("")
        client.rcpt("gone+bounce@b.test", ["NOTIFY=SUCCESS,FAILURE,DELAY"])
        client.data(b"Subject: x\r\n\r\nx\r\n")
    call(target, "POST", "/api/clock/advance", {"seconds": 6 * 86_400})
    assert len(target.get("/api/messages")["messages"]) == 1
