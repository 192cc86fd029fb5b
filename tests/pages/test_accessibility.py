"""axe-core finds nothing serious on any page, in either scheme, on desktop or phone."""

from __future__ import annotations

import smtplib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mailtrap.faults.rule import Effect, Fault, Notice, Said, Step
from tests.pages.conftest import DESKTOP, PHONE, Site, Visit
from tests.pages.test_inbox import live
from tests.pages.test_reader import press

AXE = Path(__file__).parents[2] / ".cache/node_modules/axe-core/axe.min.js"
SIZES = {"desktop": DESKTOP, "phone": PHONE}

pytestmark = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (make test-all)")


def violations(page: Page) -> list[str]:
    """What axe calls serious or critical, with the elements it means. The mail in the frame is not ours to judge."""
    page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate(
        "axe.run({exclude: [['#frame']]}, {resultTypes: ['violations'], iframes: false})"
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_of_faults_have_no_serious_violation(site: Site, visit: Visit, scheme: str, size: str) -> None:
    book = site.server.sandbox.faults
    page = visit(site.web + "/faults", size=SIZES[size], scheme=scheme, bypass_csp=True)
    found = {"none": violations(page)}
    book.add(Fault(Step.RCPT, Effect(reply=Said(550, "5.1.1", "Nobody")), name="ben", when="rcpt:ben", first=1))
    book.add(Fault(Step.END_OF_DATA, Effect(scenario="gmail-unauth-block"), inbox="other", enabled=False))
    expect(page.locator(".rule")).to_have_count(2)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        site.send("Refused")
    site.send("Accepted")
    site.server.sandbox.advance(3600)
    expect(page.locator("#banners")).to_contain_text("1 hour ahead")
    found["rules"] = violations(page)
    page.get_by_role("button", name="Edit rule 1").click()
    expect(page.locator(".preview-count")).to_be_visible()
    found["form"] = violations(page)
    press(page, "Escape")
    page.get_by_role("button", name="Import").click()
    found["import"] = violations(page)
    press(page, "Escape")
    page.locator("#explain-form").get_by_role("button").click()
    expect(page.locator(".explained")).to_be_visible()
    found["explained"] = violations(page)
    book.suspend(True)
    expect(page.get_by_role("switch", name="Rules answer")).not_to_be_checked()
    found["off"] = violations(page)
    for path in ("/deliveries", "/deliveries?outcome=expired", "/sessions", "/sessions/1"):
        page.goto(site.web + path)
        found[path] = violations(page)
    assert {where: what for where, what in found.items() if what} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_has_a_serious_violation(site: Site, visit: Visit, scheme: str, size: str) -> None:
    page = visit(site.web + "/", size=SIZES[size], scheme=scheme, bypass_csp=True)
    expect(page.get_by_role("heading", name="Ready for mail")).to_be_visible()
    found = {"empty": violations(page)}
    html = '<p>Hi <a href="https://shop.test/">there</a><img src="http://127.0.0.1:9/x.gif" alt=""></p><!-- note -->'
    site.send("Plain", recipients=["ben@example.test", "audit@example.test"])
    site.send("Rich", html=html, attachment=b"%PDF-1.4")
    expect(live(page).locator(".row")).to_have_count(2)
    press(page, "j", "t")
    page.keyboard.type("release")
    press(page, "Enter")
    found["tags"] = violations(page)
    press(page, "Escape", "x")
    found["selected"] = violations(page)
    press(page, "Escape", "?")
    found["help"] = violations(page)
    press(page, "Escape", "Control+k")
    found["palette"] = violations(page)
    press(page, "Escape")
    site.server.sandbox.faults.add(Fault(Step.DELIVERED, Effect(bounce=Notice(0, 550, "5.1.1", "Nobody"))))
    site.send("Bounced")
    site.server.sandbox.advance(60)
    tabs = ("preview", "text", "source", "links", "headers", "envelope", "structure", "attachments", "dialogue", "raw")
    for tab in tabs:
        page.goto(f"{site.web}/messages/2#{tab}")
        page.reload()
        expect(page.locator(f"#panel-{tab}")).to_have_attribute("data-ready", "true")
        found[tab] = violations(page)
    for path in ("/?query=nothing", "/messages/1#envelope", "/sessions", "/sessions/1", "/settings", "/docs/api"):
        page.goto(site.web + path)
        found[path] = violations(page)
    for path, panel in (("/messages/3#delivery", "delivery"), ("/messages/4#notice", "notice")):
        page.goto(site.web + path)
        page.reload()
        expect(page.locator(f"#panel-{panel}")).to_have_attribute("data-ready", "true")
        found[path] = violations(page)
    page.goto(site.web + "/messages/99")
    found["error"] = violations(page)
    visit.complaints[:] = [line for line in visit.complaints if "404" not in line]  # type: ignore[attr-defined]
    assert {where: what for where, what in found.items() if what} == {}
