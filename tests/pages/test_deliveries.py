"""From a message to its failure and its end: rules made from a message, verdicts, the clock, the bounce."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mailtrap.faults.rule import Effect, Fault, Notice, Said, Step
from tests.pages.conftest import PHONE, Site, Visit, answered
from tests.pages.test_faults import started
from tests.pages.test_inbox import live
from tests.pages.test_reader import press

CORPUS = Path(__file__).parents[1] / "corpus"

INVITATION = b"""From: Maya <maya@studio.test>
To: ben@example.test
Subject: Standup
MIME-Version: 1.0
Content-Type: text/calendar; method=REQUEST; charset=utf-8

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:1@studio.test
SUMMARY:Standup <script>alert(1)</script>\\, daily
DTSTART;TZID=Europe/Berlin:20261124T093000
DTEND;TZID=Europe/Berlin:20261124T094500
LOCATION:Room 4\\nsecond floor
ORGANIZER;CN="Maya; Lindqvist":mailto:maya@studio.test
ATTENDEE;PARTSTAT=ACCEPTED;CN=Ben:mailto:ben@exam
 ple.test
BEGIN:VALARM
DESCRIPTION:not this
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def tab(page: Page, name: str) -> Page:
    """Open a tab of the reader and wait until it is there."""
    page.get_by_role("tab", name=name).click()
    expect(page.locator(f"#panel-{name.lower()}")).to_have_attribute("data-ready", "true")
    return page


def test_from_a_message_to_a_refusal_its_verdict_and_a_bounce_by_keyboard(site: Site, visit: Visit) -> None:
    site.send("Welcome")
    page = live(visit(site.web + "/"))
    page.locator(".row-link").wait_for()
    # A rule from a message: refuse this recipient the next time.
    press(page, "j", "Enter")
    expect(page.locator("#subject")).to_have_text("Welcome")
    press(page, "!")
    refuse = page.get_by_role("button", name="Refuse next time")
    expect(refuse).to_be_focused()
    with page.expect_response(lambda response: response.request.method == "POST"):
        press(page, "Enter")
    expect(page.locator(".toast")).to_contain_text("ben@example.test is refused the next time")
    expect(page.locator("#banners")).to_contain_text("1 fault rule on")
    # The next send is refused, and seen while one looks.
    press(page, "g", "s")
    started(page)
    expect(page.locator("tbody tr")).to_have_count(1)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        site.send("Again")
    assert refused.value.recipients["ben@example.test"][0] == 550
    expect(page.locator("tbody tr")).to_have_count(2)
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("fault")
    expect(row.locator(".judged")).to_be_visible()
    # Its transcript and verdict.
    row.get_by_role("link").first.focus()
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Session 2")).to_be_visible()
    spoke = page.locator(".line-fault")
    expect(spoke).to_contain_text("550 5.1.1 No such user")
    expect(spoke.get_by_role("link")).to_have_attribute("href", "/faults#rule-1")
    expect(page.locator(".verdict")).to_contain_text("What the client did next")
    expect(page.locator(".verdict li").first).to_contain_text("ben@example.test")
    # The third passes: the rule was for the next one only. It shall bounce.
    page.goto(site.web + "/messages/1#delivery")
    live(page)
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_role("button", name="Bounce").press("Enter")
    site.send("Once more")
    page.goto(site.web + "/messages/latest#delivery")
    live(page)
    expect(page.locator("#subject")).to_have_text("Once more")
    expect(page.locator(".delivery-who")).to_contain_text("Delivered")
    # The clock is advanced, and the bounce read.
    page.get_by_role("button", name="Advance the clock by 5 min").focus()
    with page.expect_response(lambda response: response.url.endswith("/api/clock/advance")):
        press(page, "Enter")
    expect(page.locator(".delivery-who")).to_contain_text("Bounced")
    expect(page.locator("#banners")).to_contain_text("The clock is 5 minutes ahead")
    expect(page.get_by_role("button", name="Advance the clock by 5 min")).to_be_focused()
    timeline = page.locator(".timeline")
    for step in ("Accepted", "Routed", "Attempt", "Delivered", "Bounced", "Notice to the sender"):
        expect(timeline).to_contain_text(step)
    notice = timeline.get_by_role("link", name="message 3")
    notice.focus()
    press(page, "Enter")
    live(page)
    expect(page.locator(".reader-head .note")).to_contain_text("ben@example.test: Not delivered, 5.1.1")
    page.get_by_role("link", name="What it says").press("Enter")
    panel = page.locator("#panel-notice")
    expect(panel).to_contain_text("No such user")
    expect(panel.get_by_role("link", name="message 2")).to_have_attribute("href", "/messages/2")


def test_the_same_by_mouse_and_for_good(site: Site, visit: Visit) -> None:
    site.send("Hello", recipients=["ben@example.test", "eve@example.test"])
    page = live(visit(site.web + "/messages/1"))
    page.get_by_role("button", name="Fail the next one").click()
    page.get_by_role("switch", name="Every time from now on").press("Space")
    second = page.locator(".delivery").nth(1)
    with answered(page, "POST"):
        second.get_by_role("button", name="Defer").click()
    [rule] = site.server.sandbox.faults.rules()
    assert (rule.step, rule.first, rule.when) == (Step.RCPT, 0, 'rcpt="eve@example.test"')
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            site.send(recipients=["eve@example.test"])
    site.send("To ben")
    expect(page.locator(".row-subject").first).to_have_text("To ben")
    with answered(page, "DELETE"):
        page.get_by_role("button", name="Undo").click()
    expect(page.locator("#banners")).to_be_empty()


def test_deliveries_are_followed_to_their_end(site: Site, visit: Visit) -> None:
    book = site.server.sandbox.faults
    book.add(Fault(Step.ATTEMPT, Effect(reply=Said(451, "4.7.1", "Later")), when="rcpt:slow", first=2))
    book.add(Fault(Step.ATTEMPT, Effect(reply=Said(550, "5.1.1", "Nobody")), when="rcpt:nobody"))
    page = started(visit(site.web + "/deliveries"))
    expect(page.locator("main")).to_contain_text("No delivery so far")
    site.send("Three", recipients=["slow@x.test", "nobody@x.test", "ben@x.test"])
    row = page.locator("tbody tr").filter(has_text="slow@x.test")
    expect(row).to_contain_text("Deferred")
    expect(row).to_contain_text("451 4.7.1 Later")
    expect(page.locator("tbody tr").filter(has_text="nobody@x.test")).to_contain_text("Bounced")
    expect(page.locator("tbody tr").filter(has_text="ben@x.test")).to_contain_text("Delivered")
    page.get_by_role("button", name="to the next event").click()
    expect(page.locator(".toast").last).to_contain_text("1 attempt")
    page.get_by_label("Advance by").fill("2 days")
    page.get_by_label("Advance by").press("Enter")
    expect(row).to_contain_text("Delivered")
    expect(page.locator("#clock .chip")).to_contain_text("2 days")
    page.get_by_label("Advance by").fill("soon")
    page.get_by_label("Advance by").press("Enter")
    expect(page.locator(".toast-failed")).to_contain_text("How long?")
    page.get_by_role("link", name="Bounced").click()
    started(page)
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="nobody@x.test").click()
    expect(page).to_have_url(site.web + "/messages/1#delivery")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_timeline_fits_on_a_phone(site: Site, visit: Visit, scheme: str) -> None:
    book = site.server.sandbox.faults
    bounce = Notice(0, 550, "5.2.2", "mailbox full " + "x" * 300)
    book.add(Fault(Step.DELIVERED, Effect(bounce=bounce)))
    site.send(recipients=["a" * 60 + "@" + "b" * 60 + ".example.test"])
    page = live(visit(site.web + "/messages/1#delivery", size=PHONE, scheme=scheme))
    expect(page.locator(".timeline")).to_be_visible()
    for box in ("#panel-delivery", "#reader"):
        assert page.locator(box).evaluate("e => e.scrollWidth <= e.clientWidth"), box


def test_a_retry_is_seen_on_the_page_of_the_session_that_failed(site: Site, visit: Visit) -> None:
    site.server.sandbox.faults.add(Fault(Step.RCPT, Effect(reply=Said(451, "4.3.0", "Busy")), first=1))
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        site.send("Try")
    page = started(visit(site.web + "/sessions/1"))
    expect(page.locator(".verdict .chip")).to_have_text("not over yet")
    site.server.sandbox.advance(3600)
    site.send("Try")
    expect(page.locator(".verdict .chip")).to_have_text("well done")
    page.goto(site.web + "/sessions")
    page.get_by_role("link", name="Well done", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Wrong", exact=True).click()
    expect(page.locator("main")).to_contain_text("No session of this kind so far")


def test_the_verdict_in_the_reader_goes_along_with_what_the_client_does(site: Site, visit: Visit) -> None:
    refused = Effect(reply=Said(451, "4.3.0", "Busy"))
    site.server.sandbox.faults.add(Fault(Step.RCPT, refused, when="rcpt:eve", first=1))
    site.send("Partly", recipients=["ben@example.test", "eve@example.test"])
    page = tab(tab(live(visit(site.web + "/messages/1")), "Delivery"), "Dialogue")
    verdict = page.locator("#panel-dialogue .verdict .chip")
    expect(verdict).to_have_text("not over yet")
    site.server.sandbox.advance(3600)
    site.send("Partly", recipients=["eve@example.test"])
    expect(verdict).to_have_text("well done")
    tab(page, "Delivery")
    expect(page.locator("#panel-delivery .verdict .chip")).to_have_text("well done")


def test_a_recipient_is_refused_from_the_envelope_too(site: Site, visit: Visit) -> None:
    site.send("Hello")
    page = live(visit(site.web + "/messages/1#envelope"))
    with answered(page, "POST"):
        page.get_by_role("button", name="Refuse ben@example.test next time").click()
    [rule] = site.server.sandbox.faults.rules()
    assert (rule.step, rule.first, rule.when) == (Step.RCPT, 1, 'rcpt="ben@example.test"')


def test_an_invitation_is_shown_in_words_and_escaped(site: Site, visit: Visit) -> None:
    with smtplib.SMTP(*site.smtp) as client:
        client.sendmail("maya@studio.test", ["ben@example.test"], INVITATION)
    page = live(visit(site.web + "/messages/1"))
    expect(page.locator(".reader-head .note", has_text="Invitation")).to_contain_text("Tue 24 Nov 2026, 09:30")
    tab(page, "Invitation")
    panel = page.locator("#panel-invitation")
    expect(panel.get_by_role("heading")).to_contain_text("Standup <script>alert(1)</script>, daily")
    for text in ("Tue 24 Nov 2026, 09:30 Europe/Berlin", "second floor", "Maya; Lindqvist", "<ben@example.test>"):
        expect(panel).to_contain_text(text)
    expect(panel).to_contain_text("accepted")
    expect(panel).not_to_contain_text("not this")


def test_a_bounce_from_elsewhere_is_read_too(site: Site, visit: Visit) -> None:
    with smtplib.SMTP(*site.smtp) as client:
        client.sendmail("a@example.test", ["b@example.test"], (CORPUS / "bounce.eml").read_bytes())
    page = live(visit(site.web + "/messages/1#notice"))
    panel = page.locator("#panel-notice")
    expect(panel).to_contain_text("bob@recipient.test")
    expect(panel).to_contain_text("It does not say which message it is about")


def test_the_age_of_messages_goes_by_the_clock_that_was_advanced(site: Site, visit: Visit) -> None:
    site.send("Old")
    site.server.sandbox.advance(600)
    site.send("New")
    page = live(visit(site.web + "/"))
    expect(page.locator(".row-time").first).to_have_text("now")
    expect(page.locator(".row-time").last).to_contain_text("10 min")


def test_the_newest_message_has_an_address_of_its_own(site: Site, visit: Visit) -> None:
    page = visit(site.web + "/messages/latest")
    expect(page.get_by_role("heading")).to_have_text("There is no such message yet")
    visit.complaints[:] = [line for line in visit.complaints if "404" not in line]  # type: ignore[attr-defined]
    for subject in ("One", "Two"):
        site.send(subject)
    page.goto(site.web + "/messages/latest")
    expect(page).to_have_url(site.web + "/messages/2")
    site.server.store.catch_up()
    page.goto(site.web + "/messages/latest?query=subject:one")
    expect(page).to_have_url(site.web + "/messages/1")
