"""The search box and the palette."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.pages.conftest import Site, Visit
from tests.pages.test_inbox import live
from tests.pages.test_reader import press


def test_a_search_narrows_the_list_and_is_in_the_address(site: Site, visit: Visit) -> None:
    site.send("Invoice 7")
    site.send("Greetings")
    page = live(visit(site.web + "/"))
    press(page, "/")
    page.keyboard.type("subject:invoice")
    press(page, "Enter")
    expect(page.locator(".row-subject")).to_have_text(["Invoice 7"])
    expect(page).to_have_url(site.web + "/?query=subject%3Ainvoice")
    page.reload()
    expect(page.locator(".row-subject")).to_have_text(["Invoice 7"])
    expect(page.locator("#query")).to_have_value("subject:invoice")


def test_operators_are_completed(site: Site, visit: Visit) -> None:
    site.send("Unread one")
    page = live(visit(site.web + "/"))
    press(page, "/")
    page.keyboard.type("is:unr")
    expect(page.get_by_role("option")).to_have_count(1)
    press(page, "Tab")
    expect(page.locator("#query")).to_have_value("is:unread ")
    expect(page.locator(".row-subject")).to_have_text(["Unread one"])


def test_a_bad_query_is_explained_where_it_is_wrong(site: Site, visit: Visit) -> None:
    site.send("Still here")
    page = live(visit(site.web + "/"))
    page.locator("#query").fill("from:ana (subject:x")
    press(page, "Enter")
    error = page.locator("#query-error")
    expect(error).to_be_visible()
    query, caret = error.locator("pre").inner_text().rstrip("\n").split("\n")
    assert query == "from:ana (subject:x"
    assert caret.index("^") == query.index("(")
    expect(page.locator(".row-subject")).to_have_text(["Still here"])
    # The browser notes the 400 in its console; the page has told it better.
    visit.complaints[:] = [line for line in visit.complaints if "400" not in line]  # type: ignore[attr-defined]


def test_a_pause_while_typing_moves_no_cursor(site: Site, visit: Visit) -> None:
    site.send("Still here")
    page = live(visit(site.web + "/"))
    press(page, "/")
    page.keyboard.type("form:ana")
    expect(page.locator("#query-error")).to_be_visible()
    page.keyboard.type(" OR ben")
    expect(page.locator("#query")).to_have_value("form:ana OR ben")
    press(page, "Enter")
    expect(page.locator("#query-error")).to_be_visible()
    page.keyboard.type("x")
    expect(page.locator("#query")).to_have_value("xform:ana OR ben")
    visit.complaints[:] = [line for line in visit.complaints if "400" not in line]  # type: ignore[attr-defined]


def test_a_query_that_is_not_finished_is_not_called_wrong(site: Site, visit: Visit) -> None:
    site.send("Still here")
    page = live(visit(site.web + "/"))
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for begun in ("(ana", "ana OR", "-", "from:", 'subject:"a', "NOT"):
        page.locator("#query").fill(begun)
        page.clock.run_for(1000)  # longer than the hand has to rest
        expect(page.locator("#query-error")).to_be_hidden()
    page.locator("#query").fill("still")
    page.clock.run_for(1000)
    expect(page.locator(".row-subject")).to_have_text(["Still here"])
    queries = {parse_qs(urlsplit(url).query).get("query", [""])[0] for url in asked if "/api/messages" in url}
    assert queries - {"is:unread"} == {"still"}


def test_where_no_word_matches_those_that_begin_so_are_offered(site: Site, visit: Visit) -> None:
    site.send("Plantation")
    page = live(visit(site.web + "/"))
    press(page, "/")
    page.keyboard.type("subject:plant")
    press(page, "Enter")
    page.get_by_role("button", name="Words that begin so: subject:plant*").click()
    expect(page.locator(".row-subject")).to_have_text(["Plantation"])
    expect(page.locator("#query")).to_have_value("subject:plant*")
    for final in ("is:tagged", "tag:nowhere", 'subject="zz"', "subject:zz*"):
        page.locator("#query").fill(final)
        press(page, "Enter")
        expect(page.get_by_text(f"Nothing matches {final}")).to_be_visible()
        expect(page.locator("#nothing-wider")).to_be_hidden()


def test_new_mail_shows_up_in_a_search_only_if_it_matches(site: Site, visit: Visit) -> None:
    site.send("Invoice 1")
    page = live(visit(site.web + "/?query=subject:invoice"))
    expect(page.locator(".row-subject")).to_have_text(["Invoice 1"])
    site.send("Something else")
    site.send("Invoice 2")
    expect(page.locator(".row-subject")).to_have_text(["Invoice 2", "Invoice 1"])


def test_the_palette_runs_commands_and_searches(site: Site, visit: Visit) -> None:
    site.send("Find me")
    page = live(visit(site.web + "/"))
    press(page, "Control+k")
    page.keyboard.type("find")
    press(page, "Enter")
    expect(page.locator("#query")).to_have_value("find")
    press(page, "Escape", "Control+k")
    page.keyboard.type("go to sett")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()


def test_the_help_lists_the_keys(site: Site, visit: Visit) -> None:
    page = live(visit(site.web + "/"))
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_searches_made_before_are_offered(site: Site, visit: Visit) -> None:
    site.send("Invoice 7")
    page = live(visit(site.web + "/?query=is:unread"))
    page.locator("#query").fill("subject:invoice")
    press(page, "Enter")
    expect(page).to_have_url(site.web + "/?query=subject%3Ainvoice")  # by then it is one made before
    page.get_by_role("button", name="Clear the search").click()
    option = page.get_by_role("option", name="subject:invoice")
    expect(option).to_be_visible()
    press(page, "ArrowDown", "Enter")
    expect(page.locator("#query")).to_have_value("subject:invoice")
    expect(page).to_have_url(site.web + "/?query=subject%3Ainvoice")


def test_whoever_has_not_searched_yet_is_shown_what_to_type(site: Site, visit: Visit) -> None:
    site.send("Invoice 7")
    page = live(visit(site.web + "/"))
    press(page, "/")
    expect(page.get_by_role("option")).to_have_count(6)
    page.get_by_role("option", name="subject:").click()
    expect(page.locator("#query")).to_have_value("subject:")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.type("nothing-like-it")
    press(page, "Enter")
    expect(page.get_by_text("Nothing matches subject:nothing-like-it")).to_be_visible()
    page.get_by_role("button", name="Show all messages").click()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator("#query")).to_have_value("")


def test_what_is_wrong_with_a_query_is_set_as_code(site: Site, visit: Visit) -> None:
    page = live(visit(site.web + "/"))
    page.locator("#query").fill("from:(")
    press(page, "Enter")
    expect(page.locator("#query-error code").first).to_have_text("(")
    expect(page.locator("#query-error p")).not_to_contain_text("`")
    visit.complaints[:] = [line for line in visit.complaints if "400" not in line]  # type: ignore[attr-defined]
