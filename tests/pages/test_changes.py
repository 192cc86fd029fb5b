"""Selecting, marking, tagging, deleting, and thinking better of it."""

from __future__ import annotations

import threading

from playwright.sync_api import Page, expect

from mailtrap.events import Event, Kind
from tests.pages.conftest import Site, Visit, answered
from tests.pages.test_inbox import live
from tests.pages.test_reader import press


def three(site: Site, visit: Visit, **options: bool) -> Page:
    for subject in ("Three", "Two", "One"):
        site.send(subject)
    return live(visit(site.web + "/", **options))


def test_deleting_can_be_undone(site: Site, visit: Visit) -> None:
    page = three(site, visit)
    press(page, "j", "#")
    expect(page.locator(".row-subject")).to_have_text(["Two", "Three"])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".row-subject")).to_have_text(["One", "Two", "Three"])
    assert site.subjects() == ["One", "Two", "Three"]


def test_deleting_happens_when_the_time_to_undo_is_over(site: Site, visit: Visit) -> None:
    page = three(site, visit, clock=True)
    press(page, "j", "#")
    expect(page.locator(".row-subject")).to_have_text(["Two", "Three"])
    assert len(site.subjects()) == 3
    with answered(page, "DELETE"):
        page.clock.fast_forward(8_100)
    assert site.subjects() == ["Two", "Three"]
    expect(page.locator(".row-subject")).to_have_text(["Two", "Three"])
    expect(page.locator("#count")).to_have_text("2")


def test_leaving_the_page_deletes_at_once(site: Site, visit: Visit) -> None:
    page = three(site, visit)
    press(page, "j", "#")
    expect(page.locator(".row-subject")).to_have_text(["Two", "Three"])
    deleted = threading.Event()

    def hear(events: list[Event]) -> None:
        if any(event.kind is Kind.DELETED for event in events):
            deleted.set()

    site.server.bus.subscribe(hear)
    page.goto(site.web + "/settings")
    assert deleted.wait(5)
    assert site.subjects() == ["Two", "Three"]


def test_all_that_match_are_selected_but_not_what_comes_later(site: Site, visit: Visit) -> None:
    page = three(site, visit, clock=True)
    press(page, "j", "Control+a")
    expect(page.locator("#bulk-count")).to_have_text("3 selected")
    site.send("Late")
    expect(page.get_by_role("button", name="1 new message")).to_be_visible()
    press(page, "Delete")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    with answered(page, "DELETE"):
        page.clock.fast_forward(8_100)
    assert site.subjects() == ["Late"]
    expect(page.locator(".row-subject")).to_have_text(["Late"])


def test_a_range_is_selected_with_shift(site: Site, visit: Visit) -> None:
    page = three(site, visit)
    press(page, "j", "x")
    page.get_by_text("Three", exact=True).click(modifiers=["Shift"])
    expect(page.locator("#bulk-count")).to_have_text("3 selected")
    press(page, "Escape")
    expect(page.locator("#bulk")).to_be_hidden()


def test_tags_are_put_on_and_taken_off_by_keyboard(site: Site, visit: Visit) -> None:
    page = three(site, visit)
    press(page, "j", "t")
    page.keyboard.type("release")
    with answered(page, "PATCH"):
        press(page, "Enter")
    press(page, "Escape")
    expect(page.locator(".row .tag")).to_have_text(["release"])
    assert site.server.store.tags() == {"release": 1}
    press(page, "t")
    with answered(page, "PATCH"):
        page.get_by_role("button", name="release").click()
    press(page, "Escape")
    expect(page.locator(".row .tag")).to_have_count(0)
    assert site.server.store.tags() == {}


def test_everything_is_marked_read_at_once(site: Site, visit: Visit) -> None:
    page = three(site, visit)
    expect(page.locator(".is-unread")).to_have_count(3)
    press(page, "Shift+R")
    expect(page.locator(".is-unread")).to_have_count(0)
    expect(page.locator("[data-unseen]")).to_be_hidden()
