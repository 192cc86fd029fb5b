"""The switcher between inboxes, and pages that show one of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from mailtrap.inboxes import Inbox
from mailtrap.query import Query
from tests.pages.conftest import DESKTOP, PHONE, Serve, Site, Visit
from tests.pages.test_accessibility import AXE, violations
from tests.pages.test_inbox import live
from tests.pages.test_reader import press


def switcher(page: Page) -> list[str]:
    return page.locator("#inbox option").all_inner_texts()


def to(site: Site, inbox: str, subject: str) -> None:
    site.send(subject, to=f"x+{inbox}@example.test")


def test_with_one_inbox_there_is_nothing_to_switch(site: Site, visit: Visit) -> None:
    page = live(visit(site.web + "/"))
    site.send("Hello")
    expect(page.locator(".row-subject")).to_have_text(["Hello"])
    expect(page.locator("#inbox")).to_have_count(0)
    site.server.sandbox.inboxes.open("ci-1")
    expect(page.locator("#inbox")).to_have_count(1)


def test_an_inbox_is_chosen_by_keyboard_and_shows_its_mail_only(site: Site, visit: Visit) -> None:
    site.server.sandbox.inboxes.open("ci-1")
    site.send("For all")
    to(site, "ci-1", "For the test")
    page = live(visit(site.web + "/"))
    expect(page.locator(".row-subject")).to_have_text(["For the test", "For all"])
    assert switcher(page) == ["All inboxes (2)", "default (1, 1 unread)", "ci-1 (1, 1 unread)"]
    press(page, "i")
    expect(page.locator("#inbox")).to_be_focused()
    with page.expect_navigation():
        page.locator("#inbox").select_option("ci-1")
    live(page)
    assert page.url == site.web + "/?inbox=ci-1"
    expect(page.locator(".row-subject")).to_have_text(["For the test"])
    expect(page.locator("#count")).to_have_text("1")
    expect(page.locator("#inbox")).to_have_value("ci-1")
    # What comes for another one is counted there, and does not appear here.
    site.send("For all again")
    expect(page.locator("#inbox option").nth(1)).to_have_text("default (2, 2 unread)")
    expect(page.locator(".row-subject")).to_have_text(["For the test"])
    to(site, "ci-1", "For the test again")
    expect(page.locator(".row-subject")).to_have_text(["For the test again", "For the test"])


def test_the_address_keeps_the_inbox_while_one_reads_and_searches(site: Site, visit: Visit) -> None:
    site.server.sandbox.inboxes.open("ci-1")
    to(site, "ci-1", "One")
    site.send("Two")
    page = live(visit(site.web + "/?inbox=ci-1"))
    page.locator(".row-link").first.click()
    expect(page.locator("#subject")).to_have_text("One")
    assert page.url == site.web + "/messages/1?inbox=ci-1"
    page.reload()
    expect(page.locator(".row-subject")).to_have_text(["One"])
    page.locator("#query").fill("two")
    page.keyboard.press("Enter")
    expect(page.locator("#nothing")).to_contain_text("Nothing matches two")
    assert "inbox=ci-1" in page.url


def test_deleting_all_of_an_inbox_leaves_the_others(site: Site, visit: Visit) -> None:
    sandbox = site.server.sandbox
    for name in ("ci-1", "ci-2"):
        sandbox.inboxes.open(name)
    to(site, "ci-1", "Mine")
    site.send("Both", recipients=["x+ci-1@example.test", "y+ci-2@example.test"])
    site.send("Other")
    page = live(visit(site.web + "/?inbox=ci-1"))
    expect(page.locator(".row")).to_have_count(2)
    press(page, "*")
    press(page, "#")
    expect(page.locator(".row")).to_have_count(0)
    page.goto(site.web + "/?inbox=ci-2")
    live(page)
    expect(page.locator(".row-subject")).to_have_text(["Both"])
    here = [m.inboxes for m in site.server.store.page(Query.EVERYTHING, limit=9).messages]
    assert here == [("default",), ("ci-2",)]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (make test-all)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_switcher_has_no_serious_violation(site: Site, visit: Visit, scheme: str, size: str) -> None:
    site.server.sandbox.inboxes.add(Inbox("x" * 64))
    to(site, "x" * 64, "Long")
    screen = PHONE if size == "phone" else DESKTOP
    page = live(visit(site.web + "/?inbox=" + "x" * 64, size=screen, scheme=scheme, bypass_csp=True))
    expect(page.locator(".row")).to_have_count(1)
    assert violations(page) == []
    box = page.locator("#inbox").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= screen["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    if size == "phone":
        assert box["height"] >= 44


def test_a_page_with_the_token_of_an_inbox_knows_no_other(serve: Serve, visit: Visit) -> None:
    site = serve(api_token="all")
    _, token = site.server.sandbox.inboxes.add(Inbox("mine"), token=True)
    to(site, "mine", "Mine")
    site.send("Theirs")
    page = live(visit(site.web + "/", http_credentials={"username": "any", "password": token}))
    expect(page.locator(".row-subject")).to_have_text(["Mine"])
    expect(page.locator("#inbox")).to_have_count(0)
    expect(page.locator("#count")).to_have_text("1")
    site.send("Theirs again")
    to(site, "mine", "Mine again")
    expect(page.locator(".row-subject")).to_have_text(["Mine again", "Mine"])
    page.locator(".row-link").first.click()
    expect(page.locator("#subject")).to_have_text("Mine again")
