"""Mail arrives in front of one's eyes, and the list stays where it is."""

from __future__ import annotations

import re
import smtplib

from playwright.sync_api import Page, WebSocketRoute, expect

from mailtrap.query import Query
from mailtrap.store.base import Selection
from tests.pages.conftest import PHONE, Serve, Site, Visit


def live(page: Page) -> Page:
    """Wait until the page follows what happens."""
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    return page


def test_a_message_appears_without_reload(site: Site, visit: Visit) -> None:
    page = live(visit(site.web + "/"))
    expect(page.get_by_role("heading", name="Ready for mail")).to_be_visible()
    page.evaluate("window.untouched = true")
    site.send("Your order has shipped")
    expect(page.locator(".row-subject")).to_have_text(["Your order has shipped"])
    expect(page.locator("[data-unseen]")).to_have_text("1")
    expect(page).to_have_title("(1) Inbox · mailtrap")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("^data:image/png"))
    assert page.evaluate("window.untouched") is True
    expect(page.locator("#announcer")).to_contain_text("Your order has shipped")


def test_without_a_place_for_a_live_connection_the_page_polls(serve: Serve, visit: Visit) -> None:
    site = serve(max_live=0)
    page = visit(site.web + "/")
    expect(page.locator("#live")).to_have_attribute("data-state", "polling")
    site.send("Seen by polling")
    expect(page.locator(".row-subject")).to_have_text(["Seen by polling"])
    # The browser itself complains about the refused WebSocket; that is the point of this test.
    visit.complaints[:] = [line for line in visit.complaints if "/api/live" not in line]  # type: ignore[attr-defined]


def test_mail_that_came_while_the_page_was_loading_is_shown(site: Site, visit: Visit) -> None:
    page = visit("about:blank")
    page.route("**/static/js/inbox.js", lambda route: (site.send("In between"), route.continue_()))
    page.goto(site.web + "/")
    expect(page.locator(".row-subject")).to_have_text(["In between"])


def test_a_list_scrolled_down_does_not_move_when_mail_arrives(site: Site, visit: Visit) -> None:
    for number in range(40):
        site.send(f"Old {number}")
    page = live(visit(site.web + "/"))
    page.locator("#scroller").evaluate("e => e.scrollTop = 900")
    expect(page.get_by_text("Old 20", exact=True)).to_be_visible()
    site.send("New one")
    pill = page.get_by_role("button", name="1 new message")
    expect(pill).to_be_visible()
    assert page.locator("#scroller").evaluate("e => e.scrollTop") == 900
    pill.click()
    expect(page.get_by_text("New one", exact=True)).to_be_visible()
    expect(pill).to_be_hidden()


def test_what_is_open_and_ticked_stays_so_when_mail_arrives(site: Site, visit: Visit) -> None:
    site.send("First")
    site.send("Second")
    page = live(visit(site.web + "/"))
    page.get_by_text("First", exact=True).click()
    page.locator(".row").filter(has_text="Second").hover()
    page.locator(".row").filter(has_text="Second").get_by_role("checkbox").click()
    site.send("Third")
    expect(page.get_by_text("Third", exact=True)).to_be_visible()
    expect(page.locator(".is-open .row-subject")).to_have_text("First")
    expect(page.locator(".is-selected .row-subject")).to_have_text("Second")
    expect(page.locator("#subject")).to_have_text("First")
    expect(page.locator(".reader-people .avatar")).to_be_visible()


def test_a_message_deleted_elsewhere_goes_away(site: Site, visit: Visit) -> None:
    for subject in ("One", "Two", "Three"):
        site.send(subject)
    page = live(visit(site.web + "/messages/2"))
    expect(page.locator("#subject")).to_have_text("Two")
    site.server.store.delete(Selection(Query.EVERYTHING, (2,))).result(5)
    expect(page.locator(".row-subject")).to_have_text(["Three", "One"])
    expect(page.get_by_text("No message selected")).to_be_visible()


def test_the_sample_message_can_be_sent_from_the_empty_inbox(site: Site, visit: Visit) -> None:
    page = live(visit(site.web + "/"))
    page.get_by_role("button", name="Send a test message").click()
    expect(page.locator(".row-subject")).to_contain_text(["It works"])


def test_the_empty_inbox_says_how_to_connect(site: Site, visit: Visit) -> None:
    page = visit(site.web + "/")
    port = str(site.smtp[1])
    stacks = page.locator(".snippet-tabs [role=tab]")
    assert stacks.all_inner_texts() == [
        *("Django", "Flask", "Rails", "Laravel", "Node", "Spring", ".NET", "Go", "PHP", "curl", "sendmail")
    ]
    for stack in stacks.all()[:-1]:
        stack.click()
        expect(page.locator(".snippets [role=tabpanel]:visible")).to_contain_text(port)


def test_on_a_phone_list_and_reader_are_two_views(site: Site, visit: Visit) -> None:
    site.send("Small", html="<p>Hello</p>")
    page = live(visit(site.web + "/", size=PHONE))
    page.get_by_text("Small", exact=True).click()
    expect(page.locator("#subject")).to_be_visible()
    expect(page.locator("#query")).to_be_hidden()
    page.get_by_role("button", name="Back to the list").click()
    expect(page.locator("#query")).to_be_visible()
    expect(page.locator("#subject")).to_be_hidden()
    for path in ("/", "/messages/1", "/messages/1#envelope", "/sessions", "/settings", "/sessions/1"):
        page.goto(site.web + path)
        page.wait_for_load_state()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, path


def test_everything_works_below_a_base_path(serve: Serve, visit: Visit) -> None:
    site = serve(base_path="/tools/mail")
    page = live(visit(site.web + "/"))
    site.send("Below", html="<h1>Prefixed</h1>")
    page.get_by_text("Below", exact=True).click()
    expect(page).to_have_url(site.web + "/messages/1")
    expect(page.frame_locator("#frame").get_by_role("heading")).to_have_text("Prefixed")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()


def test_a_flood_of_mail_is_shown_whole(site: Site, visit: Visit) -> None:
    page = live(visit(site.web + "/"))
    with smtplib.SMTP(*site.smtp) as client:
        for number in range(1, 401):
            client.sendmail("a@example.test", ["b@example.test"], f"Subject: Number {number}\r\n\r\nx")
    expect(page.locator("#count")).to_have_text("400")
    expect(page.locator(".row-subject").first).to_have_text("Number 400")
    expect(page.locator("[data-unseen]")).to_have_text("400")
    page.locator("#scroller").evaluate("e => e.scrollTop = e.scrollHeight")
    expect(page.get_by_text("Number 1", exact=True)).to_be_visible()


def test_mail_that_came_while_the_connection_was_down_is_shown(site: Site, visit: Visit) -> None:
    connections: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        connections.append(socket)
        socket.connect_to_server()

    page = visit("about:blank")
    page.route_web_socket("**/api/live*", pass_on)
    page.goto(site.web + "/")
    live(page)
    connections[0].close()
    site.send("Meanwhile")
    expect(page.locator(".row-subject")).to_have_text(["Meanwhile"])
    live(page)
    site.send("Afterwards")
    expect(page.locator(".row-subject")).to_have_text(["Afterwards", "Meanwhile"])


def test_new_mail_is_notified_to_those_who_asked(site: Site, visit: Visit) -> None:
    page = visit("about:blank")
    page.add_init_script(
        """
        localStorage.setItem("mailtrap.notify", "yes");
        window.notified = [];
        window.Notification = class extends EventTarget {
            static permission = "granted";
            constructor(title, { body }) { super(); window.notified.push([title, body]); }
        };
        document.hasFocus = () => false;
        """
    )
    page.goto(site.web + "/")
    live(page)
    site.send("Look here")
    expect(page.locator(".row-subject")).to_have_text(["Look here"])
    assert page.evaluate("window.notified") == [["Ana", "Look here"]]


def test_retention_is_said_where_one_looks(serve: Serve, visit: Visit) -> None:
    site = serve(max_messages=2)
    for subject in ("One", "Two", "Three"):
        site.send(subject)
    page = live(visit(site.web + "/"))
    expect(page.locator(".row-subject")).to_have_text(["Three", "Two"])
    expect(page.get_by_role("link", name="1 evicted")).to_be_visible()
    page.get_by_role("link", name="1 evicted").click()
    expect(page.get_by_text("1 message", exact=True)).to_be_visible()


def test_a_server_that_is_gone_is_shown_as_gone(site: Site, visit: Visit) -> None:
    page = live(visit(site.web + "/"))
    site.server.stop()
    expect(page.locator("#live")).to_have_attribute("data-state", "offline")
    visit.complaints.clear()  # type: ignore[attr-defined]  # the browser's, about the refused connections


def test_the_end_of_the_list_is_a_key_away_from_anywhere(site: Site, visit: Visit) -> None:
    for n in range(30):
        site.send(f"Number {n}")
    page = live(visit(site.web + "/"))
    page.keyboard.press("End")
    expect(page.get_by_role("link", name="Number 0")).to_be_focused()
    page.keyboard.press("Home")
    expect(page.get_by_role("link", name="Number 29")).to_be_focused()


def test_where_there_is_one_inbox_only_switching_says_so(site: Site, visit: Visit) -> None:
    page = live(visit(site.web + "/"))
    page.keyboard.press("i")
    expect(page.get_by_role("region", name="Notices").get_by_text("There is one inbox so far")).to_be_visible()
