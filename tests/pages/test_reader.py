"""Reading a message, by keyboard alone and by mouse."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mailtrap.mail import samples
from mailtrap.web.ui import PANELS
from tests.pages.conftest import PHONE, Site, Visit, answered
from tests.pages.test_inbox import live


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_whole_reading_path_by_keyboard(site: Site, visit: Visit) -> None:
    for subject in ("Third", "Second", "First"):
        site.send(subject, html=f"<h1>{subject}</h1>")
    page = live(visit(site.web + "/"))
    press(page, "j")
    expect(page.get_by_role("link", name="First")).to_be_focused()
    press(page, "j")
    press(page, "Enter")
    expect(page.locator("#subject")).to_have_text("Second")
    expect(page.locator("#subject")).to_be_focused()
    expect(page.frame_locator("#frame").get_by_role("heading")).to_have_text("Second")
    expect(page.locator(".is-open")).not_to_have_class("is-unread")
    page.get_by_role("tab", name="Preview").focus()
    press(page, "ArrowRight")
    expect(page.get_by_role("tab", name="Text")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_contain_text("Some words.")
    expect(page).to_have_url(site.web + "/messages/2#text")
    press(page, "5")
    expect(page.get_by_role("tab", name="Headers")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_contain_text("<one@example.test>")
    press(page, "j")
    expect(page.locator("#subject")).to_have_text("Third")
    expect(page.get_by_role("tab", name="Headers")).to_have_attribute("aria-selected", "true")
    press(page, "Escape")
    expect(page.get_by_text("No message selected")).to_be_visible()
    expect(page.get_by_role("link", name="Third")).to_be_focused()
    press(page, "g", "s")
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-started", "true")
    press(page, "g", "i")
    expect(page.locator(".row")).to_have_count(3)


def test_opening_marks_as_read_and_u_takes_it_back(site: Site, visit: Visit) -> None:
    site.send("Read me")
    page = live(visit(site.web + "/"))
    press(page, "j")
    assert site.server.store.counters().unseen == 1
    with answered(page, "PATCH"):
        press(page, "Enter")
    expect(page.locator("[data-unseen]")).to_be_hidden()
    assert site.server.store.counters().unseen == 0
    press(page, "u")
    expect(page.locator("[data-unseen]")).to_have_text("1")
    expect(page.locator(".row.is-unread")).to_have_count(1)


def test_a_deep_link_opens_message_and_tab(site: Site, visit: Visit) -> None:
    site.send("Linked", text="The text of it")
    page = visit(site.web + "/messages/1#raw")
    expect(page.locator("#subject")).to_have_text("Linked")
    expect(page.get_by_role("tabpanel")).to_contain_text("Message-ID: <one@example.test>")
    expect(page.locator(".is-open .row-subject")).to_have_text("Linked")


def test_back_and_forward_move_between_messages(site: Site, visit: Visit) -> None:
    site.send("A")
    page = live(visit(site.web + "/"))
    page.locator(".row-link").click()
    expect(page.locator("#subject")).to_have_text("A")
    page.go_back()
    expect(page.get_by_text("No message selected")).to_be_visible()
    page.go_forward()
    expect(page.locator("#subject")).to_have_text("A")


def test_the_envelope_names_blind_copies(site: Site, visit: Visit) -> None:
    site.send("Quiet", recipients=["ben@example.test", "audit@example.test"])
    page = visit(site.web + "/messages/1")
    expect(page.locator(".note-blind")).to_contain_text("audit@example.test")
    page.locator(".note-blind a").click()
    panel = page.get_by_role("tabpanel")
    expect(panel.locator("dd").filter(has_text="audit@example.test")).to_contain_text(
        "only in the envelope: blind copy"
    )
    expect(panel.locator("dd").filter(has_text="<ben@example.test>")).not_to_contain_text("blind copy")


def test_every_tab_shows_its_view(site: Site, visit: Visit) -> None:
    html = '<p class="lead">Hi <a href="https://shop.test/track?id=1&amp;x=2">Track it</a></p>'
    site.send("Views", html=html, attachment=b"%PDF-1.4")
    page = visit(site.web + "/messages/1")
    panel = page.get_by_role("tabpanel")
    for tab, shown in {
        "Text": "Some words.",
        "HTML": '<p class="lead">',
        "Links": "https://shop.test/track?id=1&x=2",
        "Headers": "Subject",
        "Envelope": "What the header says",
        "Structure": "multipart/mixed",
        "Files": "terms.pdf",
        "Dialogue": "kept as message 1",
        "Raw": "Subject: Views",
    }.items():
        page.get_by_role("tab", name=tab).click()
        expect(panel).to_contain_text(shown)
    page.get_by_role("tab", name="Structure").click()
    page.locator("[data-part='1.1']").click()
    expect(panel.locator(".part-view")).to_contain_text("Some words.")
    page.get_by_role("tab", name="Headers").click()
    page.get_by_label("Find in the header").fill("message-id")
    expect(panel.locator("tbody tr:visible")).to_have_count(1)


def test_the_preview_has_widths_schemes_and_no_remote_content_unless_asked(site: Site, visit: Visit) -> None:
    site.send("Wide", html='<p>Hi</p><img src="http://127.0.0.1:9/p.gif" alt="far">')
    page = visit(site.web + "/messages/1")
    frame = page.locator("#frame")
    assert frame.get_attribute("sandbox") == ""
    page.get_by_role("button", name="Phone, 375 px").click()
    expect(page.locator("#preview-width")).to_have_text("375 px")
    colours = page.eval_on_selector_all(
        "[data-width] .icon", "icons => icons.map((one) => getComputedStyle(one).color)"
    )
    assert colours[0] != colours[1] == colours[2] == colours[3]  # also while the mouse is on it
    page.get_by_role("button", name="Free: drag the edge").click()
    grip = page.locator("#grip")
    expect(grip).not_to_have_attribute("aria-valuenow", "375")
    before = int(grip.get_attribute("aria-valuenow") or 0)
    grip.focus()
    press(page, "ArrowLeft")
    expect(grip).to_have_attribute("aria-valuenow", str(before - 20))
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(frame).to_have_attribute("src", "/preview/1?remote=0&scheme=dark")
    expect(page.locator("#remote-label")).to_have_text("1 remote thing blocked")


def test_on_a_phone_mail_of_a_fixed_width_is_made_to_fit(site: Site, visit: Visit) -> None:
    site.send("Wide", html="<body style='margin:0'><table width=640><tr><td>wide</td></tr></table>")
    site.send("Fluid", html="<p>fluid</p>")
    page = visit(site.web + "/messages/1", size=PHONE)
    fit = page.get_by_role("button", name="Fit to the screen")
    inside = page.frame_locator("#frame").locator("table")
    width = "table => table.ownerDocument.documentElement.clientWidth"
    expect(fit).to_have_attribute("aria-pressed", "true")
    assert (page.locator("#frame").bounding_box() or {})["width"] == PHONE["width"]
    assert inside.evaluate(width) == 640
    fit.click()
    expect(fit).to_have_attribute("aria-pressed", "false")
    assert inside.evaluate(width) == PHONE["width"]
    page = visit(site.web + "/messages/2", size=PHONE)
    expect(page.locator("#remote-label")).to_have_text("Remote content")
    expect(page.locator("#fit")).to_be_hidden()
    page = visit(site.web + "/messages/1")
    expect(page.locator("#fit")).to_be_hidden()


def test_after_a_click_into_the_mail_the_page_has_its_keys_again_once_the_pointer_leaves(
    site: Site, visit: Visit
) -> None:
    for subject in ("Older", "Newer"):
        site.send(subject, html=f"<h1>{subject}</h1><a href='https://a.test/'>there</a>" + "<p>line</p>" * 200)
    page = live(visit(site.web + "/messages/1"))
    frame = page.locator("#frame")
    page.frame_locator("#frame").get_by_role("heading").click()
    expect(frame).to_be_focused()
    page.get_by_role("heading", name="Older").hover()
    expect(frame).not_to_be_focused()
    press(page, "k")
    expect(page.locator("#subject")).to_have_text("Newer")
    page.frame_locator("#frame").get_by_role("heading", name="Newer").wait_for()  # a frame that loads has no focus
    # By Tab one comes to scroll, wherever the pointer is.
    page.locator("#remote").focus()
    press(page, "Tab")
    expect(frame).to_be_focused()
    page.get_by_role("heading", name="Newer").hover()
    page.get_by_role("tab", name="Text").hover()
    press(page, "PageDown")
    expect(page.frame_locator("#frame").get_by_role("heading")).not_to_be_in_viewport()
    expect(frame).to_be_focused()


def test_hostile_headers_stay_text(site: Site, visit: Visit) -> None:
    evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    site.send(evil, sender=f'"{evil[2:30]}" <ana@example.test>', text=evil)
    page = live(visit(site.web + "/"))
    expect(page.locator(".row-subject")).to_have_text([evil])
    press(page, "j", "Enter")
    expect(page.locator("#subject")).to_have_text(evil)
    for tab in ("Text", "Headers", "Envelope", "Raw", "Dialogue"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel")).to_contain_text(evil if tab in ("Text", "Raw") else "ana@example.test")
    assert page.locator("#reader img").count() == 0


def test_the_exact_octets_can_be_downloaded(site: Site, visit: Visit, tmp_path: Path) -> None:
    site.send("Exactly")
    page = visit(site.web + "/messages/1")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download .eml").click()
    octets = Path(download.value.path()).read_bytes()
    assert octets == b"".join(site.server.store.octets(1))


def test_pictures_are_shown_and_other_files_only_offered(site: Site, visit: Visit) -> None:
    sample = samples.sample(0)
    with smtplib.SMTP(*site.smtp) as client:
        client.sendmail("a@example.test", ["b@example.test"], sample)
    page = visit(site.web + "/messages/1#attachments")
    cards = page.locator(".card")
    expect(cards).to_have_count(2)
    expect(cards.filter(has_text="banner.png").locator("img")).to_have_js_property("naturalWidth", 520)
    expect(cards.filter(has_text="deliveries.csv").locator("img")).to_have_count(0)
    page.get_by_role("tab", name="Structure").click()
    page.locator("[data-part='1.2.2']").click()
    expect(page.locator(".part-image")).to_have_js_property("naturalWidth", 520)
    expect(page.frame_locator("#frame").locator("img")).to_have_js_property("naturalWidth", 520)


def test_a_deep_link_brings_the_list_to_its_message(site: Site, visit: Visit) -> None:
    for number in range(40):
        site.send(f"Number {number}")
    page = live(visit(site.web + "/messages/10"))
    expect(page.locator(".is-open .row-subject")).to_be_in_viewport()
    expect(page.locator(".is-open .row-subject")).to_have_text("Number 9")
    expect(page.locator("[data-unseen]")).to_have_text("39")


def test_what_is_shown_can_be_copied(site: Site, visit: Visit) -> None:
    html = "<p>Hello</p>\n<!-- &amp; -->\n"
    site.send("Copied", html=html)
    page = visit(site.web + "/messages/1#source", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the HTML").click()
    expect(page.get_by_text("Copied", exact=True).last).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").strip() == html.strip()
    page.get_by_role("tab", name="Envelope").click()
    page.get_by_role("button", name="Copy the Message-ID").click()
    expect(page.locator(".toast")).to_have_count(2)
    assert page.evaluate("navigator.clipboard.readText()") == "<one@example.test>"


def test_dark_is_only_for_mail_that_can_bear_it(site: Site, visit: Visit) -> None:
    site.send("News", html='<table bgcolor="#ffffff"><tr><td><h1>Why your crumb is dense</h1></table>')
    site.send("Plain", html="<h1>Words only</h1>")
    ink = "heading => getComputedStyle(heading).color"
    page = visit(site.web + "/messages/1")
    note = page.get_by_text("Has no dark colours of its own")
    expect(page.locator("#remote-label")).to_have_text("Remote content")
    expect(note).to_be_hidden()
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(note).to_be_visible()
    assert page.frame_locator("#frame").get_by_role("heading").evaluate(ink) == "rgb(0, 0, 0)"
    page = visit(site.web + "/messages/2")
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("#frame")).to_have_attribute("src", "/preview/2?remote=0&scheme=dark")
    heading = page.frame_locator("#frame").get_by_role("heading")
    expect(heading).to_have_css("color", "rgb(255, 255, 255)")
    expect(page.get_by_text("Has no dark colours of its own")).to_be_hidden()


def test_addresses_in_text_are_links_and_text_is_copied_as_it_is(site: Site, visit: Visit) -> None:
    text = "See https://shop.test/a?b=1&c=<2> (or mailto:ana@shop.test).\nNot javascript:alert(1)."
    site.send("Linked", text=text)
    page = visit(site.web + "/messages/1")
    for tab in ("Preview", "Text"):
        page.get_by_role("tab", name=tab).click()
        links = page.get_by_role("tabpanel").locator("pre a")
        expect(links).to_have_text(["https://shop.test/a?b=1&c=", "mailto:ana@shop.test"])
        assert links.first.get_attribute("rel") == "noopener noreferrer nofollow"
        expect(page.get_by_role("tabpanel").locator("pre")).to_have_text(text)
    expect(page.get_by_role("tabpanel")).to_contain_text("characters")


def test_a_one_time_code_stands_above_the_message_and_can_be_copied(site: Site, visit: Visit) -> None:
    site.send("Sign in", text="Your verification code is 123 456.\n\nhttps://shop.test/verify?t=1 to go on.")
    page = visit(site.web + "/messages/1")
    codes = page.get_by_role("list", name="One-time codes")
    expect(codes).to_contain_text("123456")
    expect(codes.get_by_role("button", name="Copy the code 123456")).to_have_attribute("data-copy", "123456")
    page.get_by_role("tab", name="Links").click()
    expect(page.locator("#panel-links .link-verify")).to_have_text("verify")


def test_an_order_number_stands_nowhere_as_a_code(site: Site, visit: Visit) -> None:
    site.send("Order 482913", text="Order number: 482913")
    page = visit(site.web + "/messages/1")
    expect(page.locator("#subject")).to_have_text("Order 482913")
    expect(page.get_by_role("list", name="One-time codes")).to_have_count(0)


def test_text_from_right_to_left_reads_so_and_stands_on_the_left(site: Site, visit: Visit) -> None:
    site.send("\u05e9\u05dc\u05d5\u05dd!", text="\u05e9\u05dc\u05d5\u05dd.\n\nHello.")
    page = live(visit(site.web + "/messages/1"))
    for selector in (".row-subject", ".row-snippet", "#subject"):
        expect(page.locator(selector)).to_have_css("direction", "rtl")
        expect(page.locator(selector)).to_have_css("text-align", "left")
    expect(page.locator("#panel-preview pre")).to_have_css("unicode-bidi", "plaintext")


def test_a_body_type_that_was_not_said_is_told_but_not_warned_of(site: Site, visit: Visit) -> None:
    """Django, Flask-Mail and smtplib all send UTF-8 without BODY=8BITMIME."""
    octets = (
        b"From: a@b.test\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@b.test>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
    )
    with smtplib.SMTP(*site.smtp) as client:
        client.sendmail("a@b.test", ["c@d.test"], octets)
    page = live(visit(site.web + "/messages/1"))
    expect(page.locator(".row-snippet")).to_have_text("Gr\u00fc\u00dfe")
    assert page.locator(".badge-warn, .reader .note-warn").count() == 0
    page.get_by_role("tab", name="Envelope").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("8bit-undeclared")


def test_an_address_with_another_tab_leads_there(site: Site, visit: Visit) -> None:
    site.send("Tabs")
    page = live(visit(site.web + "/messages/1#envelope"))
    for tab in ("headers", "", "raw"):
        page.goto(site.web + f"/messages/1#{tab}")
        expect(page.locator("#panel-" + (tab or "preview"))).to_be_visible()


def test_who_got_a_message_for_many_is_counted(site: Site, visit: Visit) -> None:
    to = ", ".join(f"Person {number} <p{number}@example.test>" for number in range(30))
    with smtplib.SMTP(*site.smtp) as client:
        client.sendmail("a@b.test", ["p1@example.test"], f"To: {to}\r\nSubject: All\r\n\r\nx".encode())
    page = visit(site.web + "/messages/1")
    head = page.locator(".reader-to")
    expect(head).to_contain_text("Person 3 <p3@example.test>, and 26 more")
    assert head.evaluate("one => one.scrollHeight <= one.clientHeight")
    head.get_by_role("link", name="and 26 more").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("p29@example.test")


@pytest.mark.parametrize("size", [PHONE, {"width": 790, "height": 700}, {"width": 1280, "height": 800}])
def test_no_tab_grows_wider_than_its_place_whatever_is_in_the_mail(
    site: Site, visit: Visit, size: dict[str, int]
) -> None:
    long = "x" * 240
    mail = (
        f"From: {long}@a.test\r\nTo: {long}@b.test\r\nSubject: {long}\r\nX-{long}: {long * 5}\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        f"<a href='https://{long * 3}.test/{long}'>{long * 3}</a>\r\n--b\r\nContent-Type: application/{long}\r\n"
        f"Content-ID: <{long}>\r\nContent-Disposition: attachment; filename={long}.pdf\r\n\r\nz\r\n--b--\r\n"
    )
    recipient = f"{'r' * 60}@{'d' * 60}.{'e' * 60}.test"
    with smtplib.SMTP(*site.smtp) as client:
        client.sendmail("a@example.test", [recipient], mail)
    page = live(visit(site.web + "/messages/1", size=size))
    for name in (*PANELS, "delivery"):
        page.locator(f"#tab-{name}").click()
        panel = page.locator(f"#panel-{name}")
        expect(panel).to_have_attribute("data-ready", "true")
        assert panel.evaluate("e => e.scrollWidth <= e.clientWidth"), name
