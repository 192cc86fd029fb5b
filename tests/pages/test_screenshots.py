"""The pictures in docs/screenshots/: taken from the running program, so that they cannot grow old."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.pages.conftest import PHONE, Site, Visit
from tests.pages.test_inbox import live
from tests.pages.test_reader import press

SCREENSHOTS = Path(__file__).parents[2] / "docs/screenshots"
LARGEST = 300 * 1024

ORDER = """<body style="margin:0;padding:32px;background:#f4f1ec;font:16px/1.5 sans-serif;color:#222">
<div style="max-width:520px;margin:auto;background:#fff;border-radius:12px;padding:32px">
<h1 style="margin:0 0 12px;font-size:24px">Your order is on its way</h1>
<p>Hello Ben, order <b>48213</b> left our warehouse this morning and should reach you by Thursday.</p>
<p><a href="https://shop.test/track/48213" style="display:inline-block;padding:12px 20px;background:#1d6b3a;color:#fff;
border-radius:8px;text-decoration:none">Track the parcel</a></p></div></body>"""

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


def fill(site: Site) -> None:
    for number, (sender, subject, text) in enumerate(MAIL):
        attachment = b"%PDF-1.4" * 900 if number in (0, 5) else b""
        site.send(subject, text=text, html=f"<p>{text}</p>", sender=sender, attachment=attachment)
    site.send(
        "Your order 48213 has shipped",
        text="Hello Ben, your order left our warehouse this morning.",
        html=ORDER,
        sender="Orders <orders@shop.test>",
        recipients=["ben@example.test", "audit@shop.test"],
    )


def take(page: Page, name: str) -> None:
    page.evaluate("document.fonts.ready")
    picture = page.screenshot(animations="disabled", caret="hide")
    assert len(picture) <= LARGEST
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / f"{name}.png").write_bytes(picture)


def test_screenshots_are_taken(site: Site, visit: Visit) -> None:
    empty = live(visit(site.web + "/"))
    expect(empty.get_by_role("heading", name="Ready for mail")).to_be_visible()
    take(empty, "empty")
    fill(site)
    page = live(visit(site.web + "/"))
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
    dark = live(visit(site.web + "/messages/9", scheme="dark"))
    expect(dark.frame_locator("#frame").get_by_role("heading")).to_be_visible()
    dark.get_by_role("button", name="Phone, 375 px").click()
    take(dark, "dark")
    phone = live(visit(site.web + "/", size=PHONE))
    expect(phone.locator(".row")).to_have_count(9)
    take(phone, "phone")
