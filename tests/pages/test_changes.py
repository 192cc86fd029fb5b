"""Selecting, marking, tagging, deleting, and thinking better of it."""

from __future__ import annotations

import smtplib
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
    assert deleted.wait(30)
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


def test_flags_of_mail_programs_are_no_tags_but_stand_with_the_envelope(site: Site, visit: Visit) -> None:
    page = three(site, visit)
    tags = ["$MDNSent", "Old", "old", "release"]
    assert page.request.patch(site.web + "/api/messages/3", data={"tags": tags}).ok
    expect(page.locator(".row .tag")).to_have_text(["old", "release"])
    page.locator(".row-link").first.click()
    expect(page.locator("#reader-tags .tag")).to_have_text(["old", "release"])
    page.get_by_role("tab", name="Envelope").click()
    facts = page.locator("#panel-envelope .facts div", has_text="Flags")
    expect(facts.locator("code")).to_have_text(["$MDNSent", "Old"])
    press(page, "t")
    expect(page.locator("#tags-chosen button[aria-pressed=true]")).to_have_text(tags)
    page.goto(site.web + "/messages/3")
    expect(page.locator("#reader-tags .tag")).to_have_text(["old", "release"])


def test_everything_is_marked_read_at_once(site: Site, visit: Visit) -> None:
    page = three(site, visit)
    expect(page.locator(".is-unread")).to_have_count(3)
    press(page, "Shift+R")
    expect(page.locator(".is-unread")).to_have_count(0)
    expect(page.locator("[data-unseen]")).to_be_hidden()


def test_what_is_read_under_a_filter_stays_in_sight_until_one_searches_again(site: Site, visit: Visit) -> None:
    for subject in ("Three", "Two", "One"):
        site.send(subject)
    page = live(visit(site.web + "/?query=is:unread"))
    expect(page.locator(".row")).to_have_count(3)
    press(page, "j")
    with answered(page, "PATCH"):
        press(page, "Enter")
    site.send("Zero")
    expect(page.locator(".row-subject")).to_have_text(["Zero", "One", "Two", "Three"])
    expect(page.locator(".is-unread")).to_have_count(3)
    page.locator("#query").focus()
    press(page, "Enter")
    expect(page.locator(".row-subject")).to_have_text(["Zero", "Two", "Three"])


def test_a_deletion_does_not_throw_the_list_about(site: Site, visit: Visit) -> None:
    for number in range(40):
        site.send(f"Number {number}")
    page = live(visit(site.web + "/", clock=True))
    page.locator("#scroller").evaluate("e => e.scrollTop = 1200")
    page.get_by_text("Number 20", exact=True).click()
    press(page, "#")
    expect(page.get_by_text("Number 20", exact=True)).to_be_hidden()
    expect(page.locator("#subject")).to_have_text("Number 19")
    with answered(page, "DELETE"):
        page.clock.fast_forward(8_100)
    expect(page.locator("#count")).to_have_text("39")
    assert page.locator("#scroller").evaluate("e => e.scrollTop") == 1200
    expect(page.locator("#subject")).to_have_text("Number 19")


def test_a_selection_of_hundreds_is_changed_in_pieces(site: Site, visit: Visit) -> None:
    with smtplib.SMTP(*site.smtp) as client:
        for number in range(350):
            client.sendmail("a@example.test", ["b@example.test"], f"Subject: Number {number}\r\n\r\nx")
    page = live(visit(site.web + "/"))
    expect(page.locator("#count")).to_have_text("350")
    press(page, "j", "x")
    page.locator("#scroller").evaluate("e => e.scrollTop = e.scrollHeight")
    page.get_by_text("Number 0", exact=True).click(modifiers=["Shift"])
    expect(page.locator("#bulk-count")).to_have_text("350 selected")
    press(page, "u")
    expect(page.locator("[data-unseen]")).to_be_hidden()
    expect(page.locator(".is-unread")).to_have_count(0)


def test_a_tag_made_just_now_is_offered_in_the_search(site: Site, visit: Visit) -> None:
    page = three(site, visit)
    press(page, "j", "t")
    page.keyboard.type("release candidate")
    with answered(page, "PATCH"):
        press(page, "Enter")
    press(page, "Escape", "/")
    page.keyboard.type("tag:")
    expect(page.get_by_role("option", name='tag:"release candidate"')).to_be_visible()
    press(page, "ArrowDown", "Enter", "Enter")
    expect(page.locator("#count")).to_have_text("1")
    expect(page).to_have_url(site.web + "/?query=tag%3A%22release%20candidate%22")


def test_the_tags_of_messages_out_of_view_can_be_chosen(site: Site, visit: Visit) -> None:
    three(site, visit)
    page = live(visit(site.web + "/?query=subject:one"))
    expect(page.locator(".row-subject")).to_have_text(["One"])
    assert page.request.patch(site.web + "/api/messages/1", data={"tags": ["far"]}).ok
    press(page, "j", "t")
    expect(page.get_by_role("button", name="far")).to_have_attribute("aria-pressed", "false")


def test_typing_a_tag_that_is_on_does_not_take_it_off(site: Site, visit: Visit) -> None:
    page = three(site, visit)
    press(page, "j", "t")
    for _ in range(2):
        page.keyboard.type("release")
        press(page, "Enter")
    expect(page.get_by_label("Add a tag")).to_have_value("")
    expect(page.get_by_role("button", name="release")).to_have_attribute("aria-pressed", "true")


def test_when_the_last_message_goes_the_page_says_how_to_connect_again(site: Site, visit: Visit) -> None:
    site.send("Only one")
    page = live(visit(site.web + "/messages/1"))
    press(page, "#")
    expect(page.get_by_role("heading", name="Ready for mail")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_role("heading", name="Ready for mail")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".row-subject")).to_have_text(["Only one"])
    expect(page.get_by_role("heading", name="Ready for mail")).to_be_hidden()
