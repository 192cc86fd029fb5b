"""The page of inboxes: what they hold, adding one by keyboard, removing one that is asked about first."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from mailtrap.faults.rule import Effect, Fault, Said, Step
from mailtrap.inboxes import Inbox
from tests.pages.conftest import DESKTOP, Serve, Site, Visit
from tests.pages.test_accessibility import AXE, violations
from tests.pages.test_inbox import live
from tests.pages.test_inboxes import to
from tests.pages.test_reader import press


def names(page: Page) -> list[str]:
    return page.locator("#inboxes-box tbody td:first-child").all_inner_texts()


def cells(page: Page, name: str) -> list[str]:
    return [text.strip() for text in page.locator(f"tr[data-name='{name}'] td").all_inner_texts()][:6]


def test_every_inbox_is_listed_with_what_it_holds_and_for_how_long(site: Site, visit: Visit) -> None:
    directory = site.server.sandbox.inboxes
    directory.add(Inbox("ci-1", ttl=7200, max_messages=1, addresses=("@ci.test",), helo="ci-*"), token=True)
    directory.add(Inbox("plain"))
    to(site, "plain", "One")
    page = visit(site.web + "/inboxes")
    assert names(page) == ["default", "plain", "ci-1"]
    assert cells(page, "default") == ["default", "0", "0", "what is for no other inbox", "none", ""]
    assert cells(page, "plain") == ["plain", "1", "1", "by its name", "none", ""]
    what = ["@ci.test HELO ci-*", "goes after 2 hours without mail\nat most 1 message", "token"]
    told = cells(page, "ci-1")
    assert (told[:3], [re.sub(r"[ \n]+", " ", text) for text in told[3:]]) == (
        ["ci-1", "0", "0"],
        [text.replace("\n", " ") for text in what],
    )
    # What comes is counted while one looks.
    to(site, "plain", "Two")
    expect(page.locator("tr[data-name=plain] td").nth(1)).to_have_text("2")
    page.get_by_role("link", name="plain").click()
    expect(live(page).locator(".row-subject")).to_have_text(["Two", "One"])
    page.get_by_role("link", name="All inboxes").click()
    expect(page).to_have_url(site.web + "/inboxes")


def test_an_inbox_is_added_by_keyboard_and_its_token_told_once(site: Site, visit: Visit) -> None:
    page = visit(site.web + "/")
    press(live(page), "g", "b")
    expect(page.get_by_role("heading", name="Inboxes")).to_be_visible()
    page.wait_for_load_state("load")  # keys mean something once the scripts have run
    press(page, "n")
    page.keyboard.type("qa")
    page.get_by_label("A token that opens").check()
    page.get_by_label("It goes after").fill("soon")
    press(page, "Enter")
    page.get_by_role("button", name="Add the inbox").click()
    expect(page.locator("#add-error")).to_have_text("How long? Such as 30 min, 2 h or 1 d")
    page.get_by_label("It goes after").fill("90 min")
    page.get_by_label("It keeps at most").fill("20")
    page.get_by_label("Recipients").fill("ana@x.test, @y.test")
    page.get_by_label("Clients that say").fill("ci-*")
    page.get_by_role("button", name="Add the inbox").click()
    token = page.locator("#token")
    expect(token).not_to_be_empty()
    directory = site.server.sandbox.inboxes
    made = directory.get("qa")
    assert made is not None
    assert (made.ttl, made.max_messages, made.addresses, made.helo) == (5400, 20, ("ana@x.test", "@y.test"), "ci-*")
    assert directory.of_token(token.inner_text()) == made
    press(page, "Escape")
    expect(token).to_be_empty()
    assert names(page) == ["default", "qa"]
    press(page, "n")
    page.keyboard.type("qa")
    press(page, "Enter")
    expect(page.locator("#add-error")).to_contain_text("There is an inbox qa already")
    visit.complaints[:] = [line for line in visit.complaints if "409" not in line]  # type: ignore[attr-defined]


def test_an_inbox_is_removed_with_its_mail_once_that_was_asked(site: Site, visit: Visit) -> None:
    sandbox = site.server.sandbox
    sandbox.inboxes.add(Inbox("ci-1"))
    sandbox.inboxes.add(Inbox("empty"))
    sandbox.faults.add(Fault(Step.RCPT, Effect(reply=Said(550)), inbox="ci-1", when="rcpt:nobody"))
    to(site, "ci-1", "Mine")
    site.send("Other")
    page = visit(site.web + "/inboxes")
    expect(page.locator("tr[data-name=default] button")).to_have_count(0)
    page.get_by_role("button", name="Remove empty").click()
    expect(page.get_by_role("dialog")).to_contain_text("There is nothing in it.")
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator("tr[data-name=empty]")).to_have_count(0)
    remove = page.get_by_role("button", name="Remove ci-1")
    expect(remove).to_be_focused()
    remove.click()
    expect(page.get_by_role("dialog")).to_contain_text("1 message and 1 fault rule will be gone with it, for good")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert names(page) == ["default", "ci-1"]
    remove.click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator("#toasts")).to_contain_text("ci-1 removed with 1 message")
    expect(page.locator("tr[data-name]")).to_have_count(1)
    assert site.subjects() == ["Other"]
    assert sandbox.faults.rules() == []
    expect(page.get_by_role("button", name="Add an inbox")).to_be_focused()


def test_the_token_of_an_inbox_opens_no_page_of_all(serve: Serve, visit: Visit) -> None:
    site = serve(api_token="all")
    _, token = site.server.sandbox.inboxes.add(Inbox("mine"), token=True)
    page = live(visit(site.web + "/", http_credentials={"username": "any", "password": token}))
    expect(page.get_by_role("link", name="All inboxes")).to_have_count(0)
    for path in ("/inboxes", "/inboxes/list"):
        assert page.request.get(site.web + path).status == 404


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_page_fits_and_has_no_serious_violation(site: Site, visit: Visit, scheme: str, size: str) -> None:
    site.server.sandbox.inboxes.add(Inbox("x" * 64, ttl=60, max_age=60, addresses=("a" * 60 + "@b.test",)), token=True)
    to(site, "x" * 64, "Long")
    screen = {"width": 360, "height": 740} if size == "phone" else DESKTOP
    page = visit(site.web + "/inboxes", size=screen, scheme=scheme, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    if size == "phone":
        assert page.locator(".table-box").evaluate("box => box.scrollWidth <= box.clientWidth")
        pressed = page.get_by_role("button", name="Remove").bounding_box()
        assert pressed is not None
        assert min(pressed["width"], pressed["height"]) >= 44
    dialogs = {"page": lambda: None, "add": lambda: press(page, "n"), "remove": page.locator("[data-act=remove]").click}
    for name, open_dialog in dialogs.items():
        open_dialog()
        assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"], name
        if AXE.exists():
            assert violations(page) == [], name
        press(page, "Escape")
