"""The pages besides the inbox: sessions, settings, API, what is shown when something is not there."""

from __future__ import annotations

import smtplib

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import PHONE, Serve, Site, Visit


@pytest.mark.parametrize("path", ["/settings", "/docs/api"])
def test_the_navigation_stays_where_it_is_on_a_long_page(path: str, site: Site, visit: Visit) -> None:
    page = visit(site.web + path, size={"width": 1000, "height": 500})
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.evaluate("scrollY") > 500
    expect(page.get_by_role("link", name="mailtrap, to the inbox")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_in_viewport()


@pytest.mark.parametrize("path", ["/sessions/1", "/sessions", "/settings", "/docs/api"])
def test_on_a_phone_a_long_page_scrolls_by_itself_and_nothing_beside_it(path: str, site: Site, visit: Visit) -> None:
    with smtplib.SMTP(*site.smtp) as client:
        for _ in range(60):
            client.noop()
    page = visit(site.web + path, size=PHONE)
    root = "document.documentElement"
    assert page.evaluate(f"[{root}.scrollWidth, {root}.scrollHeight]") == [PHONE["width"], PHONE["height"]]


def test_a_session_with_many_messages_leads_to_them_all(site: Site, visit: Visit) -> None:
    with smtplib.SMTP(*site.smtp) as client:
        for number in range(14):
            client.sendmail("a@b.test", ["c@d.test"], f"Subject: no. {number}\r\n\r\nx".encode())
    page = visit(site.web + "/sessions/1")
    assert page.locator(".session-messages a").count() == 13
    page.get_by_role("link", name="All 14 messages in the inbox").click()
    expect(page.locator("#query")).to_have_value("session:1")
    expect(page.locator("#count")).to_have_text("14")


def test_settings_are_told_in_words(serve: Serve, visit: Visit) -> None:
    page = visit(serve(max_age=7200.0, max_messages=1).web + "/settings")
    expect(page.get_by_text("1 message", exact=True)).to_be_visible()
    expect(page.get_by_text("2 hours", exact=True)).to_be_visible()
    expect(page.locator("td code", has_text=":temp:").first).to_be_visible()
    assert "`" not in page.locator("main").inner_text()
    expect(page.locator("tr", has_text="base-path")).not_to_contain_text("default")


def test_the_api_page_has_no_raw_markup(site: Site, visit: Visit) -> None:
    assert "`" not in visit(site.web + "/docs/api").locator("main").inner_text()


def test_what_is_not_there_is_said_in_words_for_people(site: Site, visit: Visit) -> None:
    page = visit(site.web + "/nowhere")
    expect(page.get_by_role("heading")).to_have_text("There is no such page")
    expect(page.locator("main")).not_to_contain_text("openapi")
    page.goto(site.web + "/messages/7")
    expect(page.locator("main")).to_contain_text("There is no message 7")
    expect(page.locator("main")).to_contain_text("it may have been deleted")
    visit.complaints[:] = [line for line in visit.complaints if "404" not in line]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/sessions", "/deliveries"])
def test_on_a_narrow_phone_rows_are_cards_that_fit(site: Site, visit: Visit, path: str) -> None:
    site.send("A subject that goes on " * 5, recipients=["somebody-with-a-long-address@department.example.test"])
    page = visit(site.web + path, size={"width": 360, "height": 740})
    card = page.locator(".cards tbody tr")
    expect(card).to_have_count(1)
    right = "cells => cells.map(cell => cell.getBoundingClientRect().right)"
    assert max(card.locator("td").evaluate_all(right)) <= 360
    box = page.locator(".table-box")
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_copying_works_where_the_browser_has_no_clipboard_for_us(site: Site, visit: Visit) -> None:
    """Over HTTP from another machine there is no navigator.clipboard."""
    page = visit("about:blank", permissions=["clipboard-read"])
    page.add_init_script("Object.defineProperty(window, 'old', { value: navigator.clipboard })")
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })")
    page.goto(site.web + "/settings")
    page.get_by_role("button", name="Copy Pages and API").click()
    expect(page.locator(".toast")).to_have_text("Copied")
    assert page.evaluate("old.readText()") == site.web.removeprefix("http://")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_is_not_let_in_sees_a_page_that_has_a_look(serve: Serve, visit: Visit, scheme: str) -> None:
    page = visit(serve(base_path="/mail").web.removesuffix("/mail"), scheme=scheme)
    expect(page.get_by_role("heading")).to_have_text("404 Not Found")
    expect(page.locator("main")).to_contain_text("everything is below /mail/")
    expect(page.locator("body")).to_have_css("text-align", "center")
    light = page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(246, 245, 242)"
    assert light == (scheme == "light")
    visit.complaints[:] = [line for line in visit.complaints if "404" not in line]  # type: ignore[attr-defined]
