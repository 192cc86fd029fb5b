"""Every documented call of the Python client, once: what it is asked, and what must come back.

Each is written for both clients: `done` awaits what has to be awaited. `CALLS` has them by what the pages call them.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from mailtrap.client import ApiInvalid, ApiNotFound, MailMismatch
from tests.clients.conftest import World

Call = Callable[[Any, World], Awaitable[None]]
CALLS: dict[str, Call] = {}
REFUSAL = (
    *("id", "at", "step", "code", "status", "text", "sender", "recipients", "inboxes"),
    *("subject", "fault", "message", "session", "verdict", "data"),
)


def call(*names: str) -> Callable[[Call], Call]:
    def register(function: Call) -> Call:
        for name in names:
            CALLS[name] = function
        return function

    return register


async def done(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def failing(ask: Callable[[], Any], kind: type[Any] = MailMismatch) -> Any:
    with pytest.raises(kind) as caught:
        await done(ask())
    return caught.value


@call("Sandbox.send", "Message.size", "Message.sha256", "Message.raw")
async def send(box: Any, world: World) -> None:
    made = await done(box.send(subject="Grüße", text="hallo\n", html="<p>hallo", to="bob@b.test", inbox=world.inbox))
    assert (made.subject, made.recipients, made.inbox) == ("Grüße", ["bob@b.test"], world.inbox)
    whole = b"From: a@a.test\nSubject: exact\n\n\x00\xff\r\n"
    kept = await done(box.send(whole, sender="", to=["x@b.test", "y@b.test"], inbox=world.inbox))
    await done(box.load(kept))
    assert kept.raw == whole
    assert kept.size == len(whole)
    assert kept.sha256 == hashlib.sha256(whole).hexdigest()
    assert kept.reverse_path == ""
    letter = EmailMessage()
    letter["To"] = "header@b.test"
    letter.set_content("hi")
    assert (await done(box.send(letter, inbox=world.inbox))).recipients == ["header@b.test"]


@call("Sandbox.list")
async def list_(box: Any, world: World) -> None:
    for number in range(3):
        await done(box.send(subject=f"number {number}", inbox=world.inbox))
    newest_first = ["number 2", "number 1", "number 0"]
    assert [one.subject for one in await done(box.list(inbox=world.inbox))] == newest_first
    assert [one.subject for one in await done(box.list(inbox=world.inbox, limit=2))] == newest_first[:2]
    assert [one.subject for one in await done(box.list("subject:1", inbox=world.inbox))] == ["number 1"]


@call("Sandbox.get", "Message.detail", "Message.data")
async def get(box: Any, world: World) -> None:
    id = (await done(box.send(subject="one", inbox=world.inbox))).id
    message = await done(box.get(id))
    assert (message.id, message.subject) == (id, "one")
    assert message.detail["arrival"]["protocol"] == message.data["arrival"]["protocol"]
    assert (await done(box.get(message))) == message
    error = await failing(lambda: box.get("999999999"), ApiNotFound)
    assert error.status == 404


@call("Sandbox.load")
async def load(box: Any, world: World) -> None:
    world.mail("to be loaded")
    [message] = await done(box.list(inbox=world.inbox))
    assert await done(box.load(message)) is message
    assert message.raw.startswith(b"From: Ann")
    assert message.attachments[0].octets == b"%PDF-1"
    assert "C: mail FROM:<bounces@a.test>" in message.transcript


@call("Sandbox.wait")
async def wait(box: Any, world: World) -> None:
    await done(box.send(subject="early", inbox=world.inbox))
    early = await done(box.wait("subject:early", inbox=world.inbox))
    assert early.subject == "early"
    mismatch = await failing(lambda: box.wait("subject:early", inbox=world.inbox, after=early, timeout=0.05))
    assert mismatch.evidence["wanted"]["after"] == early.id
    assert mismatch.evidence["nearest"]
    assert "early" in str(mismatch)
    await done(box.send(subject="early", inbox=world.inbox))
    assert (await done(box.wait("subject:early", inbox=world.inbox, after=early))).id > early.id


@call("Sandbox.wait_many")
async def wait_many(box: Any, world: World) -> None:
    for number in range(3):
        await done(box.send(subject=f"many {number}", to=["a@b.test", "c@d.test"], inbox=world.inbox))
    found = await done(box.wait_many(3, "subject:many", inbox=world.inbox))
    assert [one.subject for one in found] == ["many 0", "many 1", "many 2"]
    assert found[0].text.strip() == ""
    assert len(await done(box.wait_many(6, inbox=world.inbox, unit="recipients"))) == 3
    mismatch = await failing(lambda: box.wait_many(7, inbox=world.inbox, unit="recipients", timeout=0.05))
    assert mismatch.evidence["count"] == 6


@call("Sandbox.assert_none")
async def assert_none(box: Any, world: World) -> None:
    await done(box.assert_none("subject:unwanted", inbox=world.inbox, within=0.05))
    message = await done(box.send(subject="unwanted", inbox=world.inbox))
    mismatch = await failing(lambda: box.assert_none("subject:unwanted", inbox=world.inbox, within=30))
    assert mismatch.evidence["messages"][0]["id"] == message.id
    await done(box.assert_none("subject:unwanted", inbox=world.inbox, after=message, within=0.05))


@call("Sandbox.wait_refused", "Sandbox.refused_cursor", *[f"Refusal.{name}" for name in REFUSAL])
async def wait_refused(box: Any, world: World) -> None:
    inbox = box.inbox(world.inbox)
    rule = await done(inbox.faults.reply(550, "5.1.1", "No such user", when="rcpt:bob@b.test"))
    cursor = await done(inbox.refused_cursor())
    world.mail("to be refused in part")
    found = await done(inbox.wait_refused("rcpt:bob from:bounces@a.test", code=550, fault=rule, after=cursor))
    assert int(found.id) > int(cursor)
    assert (found.step, found.code, found.status, found.text) == ("rcpt", 550, "5.1.1", "No such user")
    assert (found.sender, found.recipients, found.inboxes) == ("bounces@a.test", ["bob@b.test"], [world.inbox])
    assert (found.fault, found.message, found.subject) == (rule.id, None, "")
    assert found.at > datetime(2026, 1, 1, tzinfo=UTC)
    assert (await done(box.session(found.session)))["id"] == found.session
    assert found.verdict["findings"]
    assert found.data["helo"]
    assert "550 5.1.1 at rcpt of bob@b.test" in repr(found)
    mismatch = await failing(lambda: inbox.wait_refused("rcpt:blind", code="5yz", timeout=0.05))
    assert mismatch.evidence["accepted"][0]["subject"] == "to be refused in part"
    assert "Accepted instead:" in str(mismatch)
    await failing(lambda: box.wait_refused(inbox=world.inbox, after=found, timeout=0.05))
    assert (await done(box.refused_cursor())) >= found.id
    await failing(lambda: box.wait_refused("body:x"), ApiInvalid)


@call("Sandbox.wait_many_refused")
async def wait_many_refused(box: Any, world: World) -> None:
    await done(box.inbox(world.inbox).faults.reply(552, step="end-of-data", first=1))
    await done(box.inbox(world.inbox).faults.reply(451, when="rcpt:blind"))
    for _ in range(2):
        world.mail_refused()
    found = await done(box.wait_many_refused(3, inbox=world.inbox))
    assert [(one.step, one.code) for one in found] == [("rcpt", 451), ("end-of-data", 552), ("rcpt", 451)]
    assert [one.subject for one in found] == ["", "Hello", ""]
    assert len(await done(box.wait_many_refused(0, "from:bounces", inbox=world.inbox, step="rcpt"))) == 2
    mismatch = await failing(lambda: box.wait_many_refused(4, inbox=world.inbox, timeout=0.05))
    assert mismatch.evidence["count"] == 3
    assert str(mismatch).startswith(f"Waited 0.05 s: 3 of 4 refusals in inbox {world.inbox}.")


@call("Sandbox.assert_none_refused")
async def assert_none_refused(box: Any, world: World) -> None:
    inbox = box.inbox(world.inbox)
    await done(inbox.faults.reply(550, when="rcpt:blind"))
    await done(inbox.assert_none_refused(within=0.05))
    world.mail()
    mismatch = await failing(lambda: inbox.assert_none_refused("rcpt:blind", within=30))
    assert mismatch.evidence["refusals"][0]["recipients"] == ["blind@b.test"]
    assert "Expected no refusal that matches rcpt:blind" in str(mismatch)
    await done(inbox.assert_none_refused("rcpt:bob", within=0.05))
    await done(inbox.assert_none_refused(code="4yz", within=0.05))
    await done(inbox.assert_none_refused(after=await done(box.refused_cursor()), within=0.05))


@call("Sandbox.expect")
async def expect(box: Any, world: World) -> None:
    world.mail("Welcome", "Hello Bob\n", html='<p>Hello <a href="https://x.test/verify?t=1">Confirm</a>')
    message = await done(
        box.expect(
            "to:bob",
            inbox=world.inbox,
            subject="Welcome",
            from_="ann@a.test",
            rcpt=["bob@b.test", "blind@b.test"],
            text_contains="Hello Bob",
            html_matches="<p>Hello",
            link_to="https://x.test/verify",
            attachment={"filename": "bill.pdf", "type": "application/pdf", "size": 6},
            header={"name": "Reply-To", "value": "help@a.test"},
            aligned=True,
        )
    )
    assert message.subject == "Welcome"
    assert (await done(box.expect("to:bob", inbox=world.inbox))) == message
    mismatch = await failing(
        lambda: box.expect(inbox=world.inbox, timeout=0.05, subject="Welcome", text_contains="Hello Eve")
    )
    assert [one["ok"] for one in mismatch.evidence["results"]] == [True, False]
    assert "Hello Eve" in str(mismatch)
    assert "Hello Bob" in str(mismatch)


@call("Sandbox.cursor")
async def cursor(box: Any, world: World) -> None:
    message = await done(box.send(subject="newest", inbox=world.inbox))
    assert await done(box.cursor()) >= message.id
    assert await done(box.inbox(world.inbox).cursor()) == message.id
    assert await done(box.inbox("nobody-ever").cursor()) == "0"


@call("Sandbox.delete")
async def delete(box: Any, world: World) -> None:
    made = [await done(box.send(subject=f"gone {number}", inbox=world.inbox)) for number in range(4)]
    other = await done(box.send(subject="stays", inbox=world.inbox + "x"))
    assert await done(box.delete("subject:0", inbox=world.inbox)) == 1
    assert await done(box.delete(ids=[made[1], made[2].id])) == 2
    assert await done(box.inbox(world.inbox).delete()) == 1
    assert (await done(box.get(other.id))).subject == "stays"
    assert await done(box.delete(all=True)) >= 1
    assert await done(box.list()) == []


@call("Sandbox.info")
async def info(box: Any, world: World) -> None:
    assert (await done(box.info()))["name"] == "mailtrap"


@call("Sandbox.inboxes")
async def inboxes(box: Any, world: World) -> None:
    world.mail()
    assert world.inbox in [one["name"] for one in await done(box.inboxes())]


@call("Sandbox.sessions", "Sandbox.session")
async def sessions(box: Any, world: World) -> None:
    world.mail()
    found = await done(box.sessions(limit=1))
    assert found[0]["login"]["user"] == world.inbox
    assert any("EHLO" in line["text"].upper() for line in (await done(box.session(found[0]["id"])))["lines"])
    assert await done(box.sessions(outcome="no-such-outcome")) == []


@call("Sandbox.inbox")
async def inbox(box: Any, world: World) -> None:
    mine, other = box.inbox(world.inbox), box.inbox(world.inbox + "x")
    await done(mine.send(subject="mine"))
    await done(other.send(subject="other"))
    assert [one.subject for one in await done(mine.list())] == ["mine"]
    assert (await done(mine.wait())).subject == "mine"
    await done(mine.assert_none("subject:other", within=0.05))
    assert (await done(other.expect(subject="other"))).inbox == other.name


@call("Sandbox.close")
async def close(box: Any, world: World) -> None:
    if hasattr(box, "close"):
        box.close()
    assert (await done(box.info()))["name"] == "mailtrap"


@call("Inbox.create", "Inbox.info", "Inbox.remove")
async def create(box: Any, world: World) -> None:
    mine = box.inbox(world.inbox)
    assert (await done(mine.create(max_messages=2)))["name"] == world.inbox
    for number in range(3):
        await done(mine.send(subject=str(number)))
    assert (await done(mine.info()))["max_messages"] == 2
    await done(mine.remove())
    assert await done(mine.list()) == []
    assert world.inbox not in [one["name"] for one in await done(box.inboxes())]


@call("Faults.add", "Faults.get", "Faults.remove")
async def add(box: Any, world: World) -> None:
    mine = box.inbox(world.inbox).faults
    last = await done(mine.add("rcpt", {"reply": {"code": 550}}, when="rcpt:nobody@b.test", name="no such user"))
    first = await done(mine.add("mail", {"delay": 0.01}, before=last, first=1))
    assert [one.id for one in await done(mine.list())] == [first.id, last.id]
    assert (last.step, last.name, last.inbox, last.hits) == ("rcpt", "no such user", world.inbox, 0)
    world.mail()
    assert (await done(mine.get(first))).hits == 1
    await done(mine.remove(first))
    assert [one.id for one in await done(mine.list())] == [last.id]


@call("Faults.reply", "Message.transcript", "Transcript.lines")
async def reply(box: Any, world: World) -> None:
    rule = await done(box.inbox(world.inbox).faults.reply(250, "2.1.5", "As you say", when="rcpt:blind@b.test"))
    assert rule.effect == {"reply": {"code": 250, "status": "2.1.5", "text": "As you say"}}
    world.mail()
    message = await done(box.wait(inbox=world.inbox))
    await done(box.load(message))
    assert "S: 250 2.1.5 As you say" in message.transcript
    [line] = [line for line in message.transcript.lines if line.fault]
    assert (line.side, line.fault) == ("S", rule.id)
    assert len(message.transcript) == len(list(message.transcript)) > 5


@call("Faults.scenario", "Faults.scenarios")
async def scenario(box: Any, world: World) -> None:
    mine = box.inbox(world.inbox).faults
    name = (await done(mine.scenarios()))[0]["name"]
    rules = await done(mine.scenario(name, when="rcpt:x@b.test", first=2))
    assert rules
    assert {one.inbox for one in rules} == {world.inbox}


@call("Faults.list", "Faults.clear")
async def clear(box: Any, world: World) -> None:
    mine, other = box.inbox(world.inbox).faults, box.inbox(world.inbox + "x").faults
    await done(mine.reply(451))
    await done(other.reply(452))
    assert [one.effect["reply"]["code"] for one in await done(mine.list())] == [451]
    assert await done(mine.clear()) == 1
    assert len(await done(other.list())) == 1
    assert await done(box.faults.clear()) >= 1
    assert await done(box.faults.list()) == []


@call("Faults.put")
async def put(box: Any, world: World) -> None:
    mine = box.inbox(world.inbox).faults
    rule = await done(mine.reply(451))
    changed = await done(mine.put(rule, {"step": "data", "effect": {"reply": {"code": 554}}}))
    assert (changed.id, changed.step, changed.inbox) == (rule.id, "data", world.inbox)


@call("Faults.enable")
async def enable(box: Any, world: World) -> None:
    mine = box.inbox(world.inbox).faults
    rule = await done(mine.reply(451, step="mail"))
    assert not (await done(mine.enable(rule, False))).enabled
    world.mail()
    assert (await done(mine.enable(rule.id))).enabled


@call("Faults.move")
async def move(box: Any, world: World) -> None:
    mine = box.inbox(world.inbox).faults
    first, second = await done(mine.reply(451)), await done(mine.reply(452))
    await done(mine.move(second, 0))
    assert [one.id for one in await done(mine.list())] == [second.id, first.id]


@call("Faults.rewind")
async def rewind(box: Any, world: World) -> None:
    mine = box.inbox(world.inbox).faults
    rule = await done(mine.add("mail", {"delay": 0.01}))
    world.mail()
    assert (await done(mine.get(rule))).hits == 1
    assert (await done(mine.rewind(rule))).hits == 0


@call("Faults.explain")
async def explain(box: Any, world: World) -> None:
    mine = box.inbox(world.inbox).faults
    rule = await done(mine.reply(451, "4.7.1", when="rcpt:slow@b.test"))
    found = await done(mine.explain("rcpt", recipient="slow@b.test", recipients=["slow@b.test"]))
    assert found["answer"]["fault"] == rule.id
    assert (await done(mine.explain("rcpt", recipient="fast@b.test", recipients=["fast@b.test"])))["answer"] is None


@call("Clock.now", "Clock.advance")
async def clock(box: Any, world: World) -> None:
    before = await done(box.clock.now())
    assert before.now.tzinfo is UTC or before.now.utcoffset() == timedelta(0)
    await done(box.inbox(world.inbox).faults.add("attempt", {"reply": {"code": 451}}, first=1, per="recipient"))
    world.mail()
    assert (await done(box.clock.now())).due is not None
    advance = await done(box.clock.advance(timedelta(hours=1)))
    assert advance.now - before.now >= timedelta(hours=1)
    assert advance.attempts >= 2
    assert (advance.outcomes["delivered"], advance.notices) == (2, 0)
    await done(box.inbox(world.inbox).clock.advance(60))
    assert (await done(box.clock.now())).ahead >= before.ahead + 3659


@call(
    *(f"Message.{name}" for name in ("subject", "sender", "to", "cc", "reply_to", "recipients", "reverse_path")),
    *(f"Message.{name}" for name in ("inbox", "inboxes", "received_at", "snippet", "seen", "tags", "id")),
)
async def facts(box: Any, world: World) -> None:
    world.mail("Facts", "once upon a time\n")
    [message] = await done(box.list(inbox=world.inbox))
    assert message.id.isdecimal()
    assert message.subject == "Facts"
    assert message.sender == ("Ann", "ann@a.test")
    assert str(message.sender) == "Ann <ann@a.test>"
    assert [str(one) for one in (*message.to, *message.cc, *message.reply_to)] == [
        "Bob <bob@b.test>",
        "cy@c.test",
        "help@a.test",
    ]
    assert message.recipients == ["bob@b.test", "blind@b.test"]
    assert message.reverse_path == "bounces@a.test"
    assert (message.inbox, message.inboxes) == (world.inbox, [world.inbox])
    assert message.received_at > datetime(2020, 1, 1, tzinfo=UTC)
    assert (await done(box.wait(inbox=world.inbox))).snippet == "once upon a time"
    assert (message.seen, message.tags) == (False, [])


@call(
    *(f"Message.{name}" for name in ("text", "html", "links", "link", "headers", "header", "deliveries")),
)
async def content(box: Any, world: World) -> None:
    world.mail("Content", "plain\n", html='<p>rich <a href="https://x.test/?a=1&amp;b=2">Confirm</a>')
    message = await done(box.wait(inbox=world.inbox))
    assert message.text.strip() == "plain"
    assert message.html.startswith("<p>rich")
    assert [(one.href, one.text) for one in message.links] == [("https://x.test/?a=1&b=2", "Confirm")]
    assert message.link("Confirm") == message.link("x.test") == "https://x.test/?a=1&b=2" == str(message.links[0])
    for absent in (lambda: message.link("nix"), lambda: message.link(kind="unsubscribe")):
        mismatch = await failing(absent)
        assert "https://x.test/?a=1&b=2" in str(mismatch)
    assert ("Subject", "Content") in message.headers
    assert (message.header("subject"), message.header("x-none")) == ("Content", None)
    assert {one["recipient"] for one in message.deliveries} == {"bob@b.test", "blind@b.test"}


@call(*(f"Message.{name}" for name in ("images", "unsubscribe", "calendar", "preheader")))
async def extracted(box: Any, world: World) -> None:
    html = (
        '<div style="display:none">A preview</div><p>See you <img src="https://x.test/logo.png" alt="Logo" width="40">'
    )
    octets = (
        b"From: a@a.test\r\nTo: b@b.test\r\nSubject: Party\r\nList-Unsubscribe: <https://x.test/out>\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/html\r\n\r\n" + html.encode() + b"\r\n"
        b"--b\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n"
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Party\r\n"
        b"DTSTART:20300101T180000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n"
    )
    message = await done(box.send(octets, inbox=world.inbox))
    assert [one["src"] for one in message.images] == ["https://x.test/logo.png"]
    assert message.unsubscribe["http"] == ["https://x.test/out"]
    assert [one["method"] for one in message.calendar] == ["REQUEST"]
    assert message.preheader == "A preview"
    plain = await done(box.send(text="hi", inbox=world.inbox))
    assert (plain.unsubscribe, plain.calendar, plain.images) == (None, [], [])


@call("Message.codes", "Message.code")
async def codes(box: Any, world: World) -> None:
    world.mail("Sign in", "Your verification code is 493817.\n")
    message = await done(box.wait(inbox=world.inbox))
    assert message.code == "493817"
    assert [str(one) for one in message.codes] == ["493817"]
    await done(box.send(subject="Sign in", text="No code today\n", inbox=world.inbox))
    without = await done(box.wait("No code today", inbox=world.inbox))
    mismatch = await failing(lambda: without.code)
    assert "actual: none" in str(mismatch)
    assert "No code today" in str(mismatch)


@call("Message.attachments", *(f"Attachment.{name}" for name in ("filename", "type", "size", "octets", "sha256")))
async def attachments(box: Any, world: World) -> None:
    world.mail()
    message = await done(box.wait(inbox=world.inbox))
    await done(box.load(message))
    [bill] = message.attachments
    assert (bill.filename, bill.type, bill.size) == ("bill.pdf", "application/pdf", 6)
    assert bill.octets == b"%PDF-1"
    assert bill.sha256 == hashlib.sha256(b"%PDF-1").hexdigest()


@call("Inbox of a token")
async def token(box: Any, world: World) -> None:
    mine = box.inbox(world.inbox)
    secret = (await done(mine.create(token=True)))["token"]
    own = type(box)(world.url, token=secret)
    world.mail("mine")
    assert (await done(own.wait("subject:mine"))).inbox == world.inbox
    assert (await done(own.expect(subject="mine"))).text.strip() == "hi"
    await done(own.assert_none("subject:other", within=0.05))
    elsewhere = await done(box.send(subject="other", inbox=world.inbox + "x"))
    await failing(lambda: own.get(elsewhere), ApiNotFound)
    await done(mine.remove())
