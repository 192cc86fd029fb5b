"""The pictures in docs/screenshots/: taken from the running program, so that they cannot grow old."""

from __future__ import annotations

import random
import smtplib
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mailtrap.clock import Clock
from mailtrap.faults.rule import Effect, Fault, Greylist, Notice, Said, Step
from tests.pages.conftest import PHONE, Serve, Site, Visit
from tests.pages.test_inbox import live
from tests.pages.test_reader import press

SCREENSHOTS = Path(__file__).parents[2] / "docs/screenshots"
LARGEST = 300 * 1024
NOTICEABLE = 0.003

ORDER = """<body style="margin:0;padding:32px;background:#f4f1ec;font:16px/1.5 sans-serif;color:#222">
<div style="max-width:520px;margin:auto;background:#fff;border-radius:12px;padding:32px">
<h1 style="margin:0 0 12px;font-size:24px">Your order is on its way</h1>
<p>Hello Ben, order <b>48213</b> left our warehouse this morning and should reach you by Thursday.</p>
<p><a href="https://shop.test/track/48213" style="display:inline-block;padding:12px 20px;background:#1d6b3a;color:#fff;
border-radius:8px;text-decoration:none">Track the parcel</a></p></div></body>"""

#: When the pictures are taken, and how many minutes before that each message came.
NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
AGES = (4310, 2905, 1502, 1380, 331, 186, 47, 12)

MAIL: tuple[tuple[str, str, str], ...] = (
    (
        "Northwind <billing@northwind.test>",
        "Invoice 2026-0311 is due",
        "The amount of 1,240.00 EUR is due on 31 March.",
    ),
    ("CI <ci@build.test>", "Build 1182 failed on main", "The build of 4f2a91c failed in step test after 3 min 12 s."),
    ("Maya Lindqvist <maya@studio.test>", "Re: Contract draft, second round", "Two small changes in section four."),
    ("Accounts <no-reply@app.test>", "Reset your password", "Somebody asked to reset the password of your account."),
    ("Weekly <digest@app.test>", "Your week: 14 updates", "Fourteen issues were closed, three are new."),
    ("Sam Okafor <sam@studio.test>", "Photos from Lagos", "Here are the ones we talked about."),
    ("Accounts <no-reply@app.test>", "Your sign-in code is 493 817", "It is valid for ten minutes."),
    ("Zoë Fröhlich <zoe@example.test>", "Zahlungserinnerung für März", "Leider haben wir noch keinen Eingang."),
)


class Then(Clock):
    """A clock that stands where it was put, but for a millisecond and a half each time someone looks."""

    at = 0

    def now(self) -> int:
        self.at += 1_500
        return self.at + self.ahead

    def put(self, minutes_ago: int) -> None:
        self.at = int(NOW.timestamp() * 1_000_000) - minutes_ago * 60_000_000


def fill(site: Site, clock: Then) -> None:
    for number, (sender, subject, text) in enumerate(MAIL):
        clock.put(AGES[number])
        attachment = b"%PDF-1.4" * 900 if number in (0, 5) else b""
        site.send(subject, text=text, html=f"<p>{text}</p>", sender=sender, attachment=attachment)
    clock.put(3)
    site.send(
        "Your order 48213 has shipped",
        text="Hello Ben, your order left our warehouse this morning.",
        html=ORDER,
        sender="Orders <orders@shop.test>",
        recipients=["ben@example.test", "audit@shop.test"],
    )


def difference(page: Page, old: bytes, new: bytes) -> float:
    """Which share of the pixels is another: a port number or two must not touch files under version control."""
    share = page.evaluate(
        """async (pictures) => {
            const [old, now] = await Promise.all(pictures.map(async (data) => {
                const image = new Image();
                image.src = "data:image/png;base64," + data;
                await image.decode();
                const canvas = new OffscreenCanvas(image.width, image.height);
                const pen = canvas.getContext("2d");
                pen.drawImage(image, 0, 0);
                return pen.getImageData(0, 0, image.width, image.height);
            }));
            if (old.width !== now.width || old.height !== now.height) return 1;
            let other = 0;
            for (let i = 0; i < old.data.length; i += 4) {
                if (Math.abs(old.data[i] - now.data[i]) + Math.abs(old.data[i + 1] - now.data[i + 1]) > 24) other += 1;
            }
            return other / (old.data.length / 4);
        }""",
        [b64encode(old).decode(), b64encode(new).decode()],
    )
    return float(share)


def take(page: Page, name: str) -> None:
    page.evaluate("document.fonts.ready")
    # An icon takes its new colour one frame after the button that it is on.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    picture = page.screenshot(animations="disabled", caret="hide")
    assert len(picture) <= LARGEST
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    file = SCREENSHOTS / f"{name}.png"
    if not file.exists() or difference(page, file.read_bytes(), picture) > NOTICEABLE:
        file.write_bytes(picture)


def test_screenshots_are_taken(serve: Serve, visit: Visit) -> None:
    random.seed(1)  # MIME boundaries, and with them the hash that one picture shows
    clock = Then()
    clock.put(5000)
    site = serve(clock=clock)

    def look(path: str, **options: Any) -> Page:
        page = visit("about:blank", **options)
        page.clock.set_fixed_time(NOW)
        page.goto(site.web + path)
        return live(page)

    empty = look("/")
    expect(empty.get_by_role("heading", name="Ready for mail")).to_be_visible()
    take(empty, "empty")
    fill(site, clock)
    page = look("/")
    expect(page.locator(".row")).to_have_count(9)
    press(page, "j", "j", "t")
    page.keyboard.type("release")
    press(page, "Enter", "Escape")
    expect(page.locator(".row .tag")).to_be_visible()
    take(page, "inbox")
    press(page, "k", "Enter")
    expect(page.frame_locator("#frame").get_by_role("heading")).to_be_visible()
    expect(page.locator(".is-unread")).to_have_count(8)
    take(page, "message")
    page.get_by_role("tab", name="Envelope").click()
    expect(page.get_by_text("only in the envelope: blind copy")).to_be_visible()
    take(page, "envelope")
    page.get_by_role("tab", name="Dialogue").click()
    expect(page.get_by_text("kept as message 9")).to_be_visible()
    take(page, "transcript")
    dark = look("/messages/9", scheme="dark")
    expect(dark.frame_locator("#frame").get_by_role("heading")).to_be_visible()
    dark.get_by_role("button", name="Phone, 375 px").click()
    take(dark, "dark")
    phone = look("/", size=PHONE)
    expect(phone.locator(".row")).to_have_count(9)
    take(phone, "phone")
    # The standing clock is a script, and the mail's frame runs none, not even that.
    visit.complaints[:] = [line for line in visit.complaints if "/preview/" not in line]  # type: ignore[attr-defined]


RULES = (
    Fault(
        Step.RCPT,
        Effect(reply=Said(550, "5.1.1", "No such user")),
        name="an old address",
        when="rcpt:gone@example.test",
        first=2,
        per="recipient",
    ),
    Fault(Step.END_OF_DATA, Effect(scenario="gmail-unauth-block"), when="domain:gmail.com"),
    Fault(Step.ATTEMPT, Effect(reply=Said(451, "4.7.1", "Try again later")), when="rcpt:slow", first=2),
    Fault(Step.ATTEMPT, Effect(reply=Said(552, "5.2.2", "Mailbox full")), when="rcpt:full@example.test"),
    Fault(Step.DELIVERED, Effect(complaint=Notice(3600)), when="from:digest", name="newsletters annoy"),
    Fault(Step.RCPT, Effect(reply=Said(451, "4.7.1", "Greylisted")), greylist=Greylist(), enabled=False),
)


def fail(site: Site, clock: Then) -> None:
    """Mail that meets these rules: refused and tried again, late, returned."""
    fill(site, clock)
    clock.put(2)
    for rule in RULES:
        site.server.sandbox.faults.add(rule)
    orders: dict[str, Any] = {
        "sender": "Orders <orders@shop.test>",
        "text": "Hello, your order left our warehouse this morning.",
    }
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            site.send("Your order 48214 has shipped", recipients=["gone@example.test"], **orders)
    everyone = ["ben@example.test", "slow@example.test", "full@example.test"]
    site.send("Your order 48215 has shipped", recipients=everyone, **orders)
    site.server.sandbox.advance(7200)


def test_screenshots_of_failures_are_taken(serve: Serve, visit: Visit) -> None:
    random.seed(2)
    clock = Then()
    clock.put(5000)
    site = serve(clock=clock)
    fail(site, clock)

    def look(path: str, **options: Any) -> Page:
        page = visit("about:blank", **options)
        page.clock.set_fixed_time(NOW)
        page.goto(site.web + path)
        expect(page.locator("body")).to_have_attribute("data-started", "true")
        return page

    page = look("/faults")
    expect(page.locator(".rule")).to_have_count(6)
    take(page, "faults")
    page = look("/deliveries")
    expect(page.locator("tbody tr").first).to_be_visible()
    take(page, "deliveries")
    page = live(look("/messages/10#delivery", scheme="dark"))
    expect(page.locator(".delivery")).to_have_count(3)
    take(page, "delivery")
    page = look("/sessions/10")
    expect(page.locator(".verdict")).to_contain_text("tried again")
    take(page, "verdict")
    visit.complaints[:] = [line for line in visit.complaints if "/preview/" not in line]  # type: ignore[attr-defined]
