"""The page of fault rules: made, ordered, switched and tried by mouse and by keyboard."""

from __future__ import annotations

import smtplib
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect

from mailtrap.faults.rule import Effect, Fault, Notice, Said, Step
from mailtrap.web.faultpages import who_would_be_hit
from tests.pages.conftest import PHONE, Serve, Site, Visit, answered
from tests.pages.test_reader import press

REFUSED = Effect(reply=Said(550, "5.1.1", "No such user"))


def rules(site: Site, *names: str) -> list[int]:
    """Rules of these names, each for the recipient of that name; their ids."""
    book = site.server.sandbox.faults
    return [book.add(Fault(Step.RCPT, REFUSED, name=name, when=f"rcpt:{name}@example.test")).id for name in names]


def order(site: Site) -> list[str]:
    return [rule.name for rule in site.server.sandbox.faults.rules()]


def started(page: Page) -> Page:
    expect(page.locator("body")).to_have_attribute("data-started", "true")
    return page


def faults_page(site: Site, visit: Visit, **options: object) -> Page:
    return started(visit(site.web + "/faults", **options))


def test_a_rule_is_made_by_keyboard_while_the_form_says_whom_it_would_hit(site: Site, visit: Visit) -> None:
    for name in ("ben", "eve", "ben"):
        site.send(f"For {name}", to=f"{name}@example.test")
    page = faults_page(site, visit)
    press(page, "n")
    expect(page.get_by_role("heading", name="Add a rule")).to_be_visible()
    expect(page.locator("#rule-step")).to_be_focused()
    expect(page.locator("#rule-preview")).to_contain_text("3 of the newest 3 messages would have met it")
    press(page, "Tab")
    page.keyboard.type("rc")
    press(page, "Tab")
    page.keyboard.type("ben@example.test")
    expect(page.locator("#when")).to_have_value("rcpt:ben@example.test")
    preview = page.locator("#rule-preview")
    expect(preview).to_contain_text("At RCPT, for rcpt:ben@example.test: 550 5.1.1 No such user.")
    expect(preview).to_contain_text("2 of the newest 3 messages would have met it")
    expect(preview.locator("li")).to_have_count(2)
    page.get_by_label("Only the first", exact=True).check()
    expect(preview).to_contain_text("only the first time")
    page.locator("[name=first]").fill("2")
    page.locator("[name=per]").select_option("recipient")
    expect(preview).to_contain_text("the first 2 times for each recipient")
    with answered(page, "POST"):
        page.locator("[name=first]").press("Enter")
    expect(page.locator("#rule-dialog")).to_be_hidden()
    expect(page.locator(".rule-sentence")).to_have_text(
        ["At RCPT, for rcpt:ben@example.test: 550 5.1.1 No such user, the first 2 times for each recipient."]
    )
    [rule] = site.server.sandbox.faults.rules()
    assert (rule.step, rule.when, rule.first, rule.per) == (Step.RCPT, "rcpt:ben@example.test", 2, "recipient")
    assert rule.effect == REFUSED


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        (Fault(Step.RCPT, REFUSED, when="rcpt:eve"), [("Two", ("eve@x.test",))]),
        (Fault(Step.END_OF_DATA, REFUSED, when="subject:two"), [("Two", ())]),
        (
            Fault(Step.DELIVERED, Effect(bounce=Notice(5))),
            [("Two", ("ben@x.test", "eve@x.test")), ("One", ("a@x.test",))],
        ),
        (Fault(Step.MAIL, Effect(passes=True), when="from:ana"), [("Two", ()), ("One", ())]),
        (Fault(Step.MAIL, REFUSED, inbox="another"), []),
        (Fault(Step.RCPT, REFUSED, when="rcpt:a@x.test", first=1, skip=9, enabled=False), [("One", ("a@x.test",))]),
    ],
)
def test_whom_a_rule_would_hit_is_found_on_the_newest_messages(
    site: Site, rule: Fault, met: list[tuple[str, tuple[str, ...]]]
) -> None:
    site.send("One", recipients=["a@x.test"])
    site.send("Two", recipients=["ben@x.test", "eve@x.test"])
    tried, hits = who_would_be_hit(site.server.sandbox, rule)
    assert tried == 2
    assert [(hit.message.heading.subject, hit.recipients) for hit in hits] == met
    assert site.server.sandbox.faults.rules() == []


def test_rules_of_a_file_are_shown_but_not_changed_here(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nstep = "rcpt"\nwhen = "rcpt:ben"\neffect = { reply = { code = 550 } }\n')
    site = serve(faults=str(file))
    rules(site, "eve")
    page = faults_page(site, visit)
    expect(page.locator(".rule")).to_have_count(2)
    expect(page.locator(".rule").first).to_contain_text("from ")
    expect(page.get_by_role("button", name="Edit rule 1")).to_have_count(0)
    site.send("Hello", to="zoe@example.test")
    page.goto(site.web + "/messages/1#delivery")
    with answered(page, "POST"):
        page.get_by_role("button", name="Refuse next time").click()
    assert [rule.when for rule in site.server.sandbox.faults.rules()][1] == 'rcpt="zoe@example.test"'


def test_what_is_wrong_with_a_rule_is_said_where_it_is_wrong(site: Site, visit: Visit) -> None:
    page = faults_page(site, visit)
    page.get_by_role("button", name="Add a rule").click()
    page.locator("#when").fill("subject:hello")
    expect(page.locator("#rule-error, #when-error").locator("visible=true")).to_contain_text("subject")
    page.locator("#when").fill("rcpt:(ben")
    expect(page.locator("#when-error")).to_be_visible()
    expect(page.locator("#when-error pre")).to_contain_text("^")
    visit.complaints[:] = [line for line in visit.complaints if "400" not in line]  # type: ignore[attr-defined]


def test_every_kind_of_effect_and_frequency_survives_the_form(site: Site, visit: Visit) -> None:
    """What the API takes is shown in the form, and saving it changes nothing."""
    book = site.server.sandbox.faults
    documents = [
        '{"step":"rcpt","effect":{"reply":{"code":451,"status":"4.7.1","text":"one\\ntwo"},"delay":2.5}}',
        '{"step":"end-of-data","effect":{"disconnect":"after-store","reset":true},"skip":1,"every":2,"per":"peer"}',
        '{"step":"ehlo","effect":{"ehlo":{"hide":["STARTTLS"],"add":["X-ONE two","X-THREE"]}},"nth":[1,3]}',
        '{"step":"starttls","effect":{"tls":"expired"},"probability":0.25,"seed":7}',
        '{"step":"mail","effect":{"scenario":"gmail-rate-ip"},"bucket":{"capacity":3,"seconds":60.0}}',
        '{"step":"in-data","effect":{"disconnect":"mid-data","after":1000},"name":"cut off"}',
        '{"step":"rcpt","effect":{"reply":{"code":451}},"greylist":{"delay":60.0,"lifetime":3600.0},"inbox":"ci"}',
        '{"step":"delivered","effect":{"bounce":{"after":60.0,"status":"5.2.2","text":"full"}},"when":"rcpt:eve"}',
        '{"step":"route","effect":{"route":["mx1.test","mx2.test"]},"lasting":30.0}',
        '{"step":"connect","effect":{"stall":true},"concurrent":2,"enabled":false}',
        '{"step":"data","effect":{"pass":true}}',
    ]
    made = [msgspec.json.decode(document, type=Fault) for document in documents]
    for rule in made:
        book.add(rule)
    page = faults_page(site, visit)
    for place in range(len(made)):
        page.get_by_role("button", name=f"Edit rule {place + 1}", exact=True).click()
        with page.expect_response(lambda response: response.request.method == "PUT") as saved:
            page.get_by_role("button", name="Save").click()
        assert saved.value.ok, saved.value.text()
        expect(page.locator("#rule-dialog")).to_be_hidden()
    assert [msgspec.structs.replace(rule, id=0) for rule in book.rules()] == made


def test_the_order_is_changed_by_keyboard_and_announced(site: Site, visit: Visit) -> None:
    rules(site, "ben", "eve", "zoe")
    page = faults_page(site, visit)
    page.get_by_role("button", name="Move rule 1 down").focus()
    with answered(page, "PATCH"):
        press(page, "Enter")
    expect(page.locator(".rule-name")).to_have_text(["eve", "ben", "zoe"])
    expect(page.locator("#announcer")).to_have_text("Rule moved to place 2 of 3")
    expect(page.get_by_role("button", name="Move rule 2 down")).to_be_focused()
    with answered(page, "PATCH"):
        press(page, "Alt+ArrowDown")
    expect(page.locator(".rule-name")).to_have_text(["eve", "zoe", "ben"])
    expect(page.get_by_role("button", name="Move rule 3 down")).to_be_focused()
    assert order(site) == ["eve", "zoe", "ben"]
    press(page, "Alt+ArrowDown")
    expect(page.locator("#announcer")).to_have_text("It is the last")


@pytest.mark.parametrize(("dragged", "onto", "at", "after"), [(0, 2, 0.9, "eve zoe ben"), (2, 0, 0.1, "zoe ben eve")])
def test_the_order_is_changed_by_dragging(
    site: Site, visit: Visit, dragged: int, onto: int, at: float, after: str
) -> None:
    rules(site, "ben", "eve", "zoe")
    page = faults_page(site, visit)
    target = page.locator(".rule").nth(onto)
    box = target.bounding_box()
    assert box
    with answered(page, "PATCH"):
        page.locator(".rule-grip").nth(dragged).drag_to(target, target_position={"x": 90, "y": box["height"] * at})
    expect(page.locator(".rule-name")).to_have_text(after.split())
    assert order(site) == after.split()


def test_a_deleted_rule_stops_at_once_and_can_be_had_back_in_its_place(site: Site, visit: Visit) -> None:
    rules(site, "ben", "eve", "zoe")
    page = faults_page(site, visit)
    with answered(page, "DELETE"):
        page.get_by_role("button", name="Delete rule 2").click()
    expect(page.locator(".rule-name")).to_have_text(["ben", "zoe"])
    assert order(site) == ["ben", "zoe"]
    expect(page.get_by_role("button", name="Delete rule 2")).to_be_focused()
    with answered(page, "POST"):
        press(page, "z")
    expect(page.locator(".rule-name")).to_have_text(["ben", "eve", "zoe"])
    assert order(site) == ["ben", "eve", "zoe"]


def test_hits_are_counted_while_one_looks_and_can_be_counted_anew(site: Site, visit: Visit) -> None:
    rules(site, "ben")
    page = faults_page(site, visit)
    expect(page.locator(".rule")).to_contain_text("0 hits")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        site.send(to="ben@example.test")
    expect(page.locator(".rule")).to_contain_text("1 hit")
    with answered(page, "POST"):
        page.get_by_role("button", name="count anew").click()
    expect(page.locator(".rule")).to_contain_text("0 hits")


def test_one_rule_or_all_can_be_switched_off(site: Site, visit: Visit) -> None:
    rules(site, "ben", "eve")
    page = faults_page(site, visit)
    banner = page.locator("#banners")
    expect(banner).to_contain_text("2 fault rules on")
    with answered(page, "PATCH"):
        page.get_by_role("switch", name="Rule 1 on").press("Space")
    expect(banner).to_contain_text("1 fault rule on")
    site.send(to="ben@example.test")
    with answered(page, "PUT"):
        banner.get_by_role("button", name="Switch off").click()
    expect(banner).to_be_empty()
    expect(page.get_by_role("switch", name="Rules answer")).not_to_be_checked()
    site.send(to="eve@example.test")
    with answered(page, "PUT"):
        page.get_by_role("switch", name="Rules answer").press("Space")
    expect(banner).to_contain_text("1 fault rule on")


def test_the_banner_comes_and_goes_on_every_page_while_one_looks(site: Site, visit: Visit) -> None:
    site.send()
    pages = [
        started(visit(site.web + path))
        for path in ("/", "/messages/1", "/sessions", "/deliveries", "/settings", "/docs/api")
    ]
    for page in pages:
        expect(page.locator("#banners")).to_be_empty()
    book = site.server.sandbox.faults
    rules(site, "ben")
    for page in pages:
        expect(page.locator("#banners")).to_contain_text("1 fault rule on")
        expect(page.locator("#banners a")).to_have_attribute("href", "/faults")
    book.clear()
    for page in pages:
        expect(page.locator("#banners")).to_be_empty()


def test_a_scenario_is_found_and_switched_on_with_one_click(site: Site, visit: Visit) -> None:
    page = faults_page(site, visit)
    page.get_by_label("Find a scenario").fill("gmail no such")
    expect(page.locator("#scenario-count")).to_have_text("1 found")
    expect(page.locator(".scenario:visible")).to_contain_text("550 5.1.1")
    page.get_by_label("Only for what this query matches").fill("rcpt:ben")
    with answered(page, "POST"):
        page.get_by_role("button", name="Switch on gmail-nosuchuser").click()
    expect(page.locator(".rule-sentence")).to_contain_text("At RCPT, for rcpt:ben: as gmail-nosuchuser (550 5.1.1")
    [rule] = site.server.sandbox.faults.rules()
    assert (rule.when, rule.effect.scenario) == ("rcpt:ben", "gmail-nosuchuser")


def test_it_is_explained_which_rule_would_answer_and_why_the_others_would_not(site: Site, visit: Visit) -> None:
    first, second = rules(site, "ben", "eve")
    page = faults_page(site, visit)
    form = page.locator("#explain-form")
    form.get_by_label("Sender").fill("ana@example.test")
    form.get_by_label("Recipient").fill("eve@example.test")
    form.get_by_label("Recipient").press("Enter")
    told = page.locator("#explanation")
    expect(told.locator(".note a")).to_have_attribute("href", f"#rule-{second}")
    expect(told.locator("li").nth(0)).to_contain_text(f"Rule {first} ben")
    expect(told.locator("li").nth(0)).to_contain_text("would not answer")
    expect(told.locator("li").nth(1)).to_contain_text("would answer")
    assert site.server.sandbox.faults.hits(second) == 0


def test_login_inbox_and_subject_can_be_asked_about(site: Site, visit: Visit) -> None:
    book = site.server.sandbox.faults
    book.add(Fault(Step.POP3_LOGIN, Effect(answer="[IN-USE] Locked"), when="login:ana"))
    book.add(Fault(Step.END_OF_DATA, Effect(stall=True), when="subject:invoice", inbox="shop"))
    page = faults_page(site, visit)
    form, told = page.locator("#explain-form"), page.locator("#explanation")
    form.get_by_label("Step").select_option("pop3.login")
    form.get_by_label("Login").fill("ana")
    form.get_by_label("Login").press("Enter")
    expect(told.locator("li").nth(0)).to_contain_text("would answer")
    form.get_by_label("Login").fill("")
    form.get_by_label("Step").select_option("end-of-data")
    form.get_by_label("Inbox").fill("shop")
    form.get_by_label("Subject").fill("Your invoice")
    form.get_by_label("Subject").press("Enter")
    expect(told.locator("li").nth(1)).to_contain_text("would answer")


def test_a_rule_of_pop3_is_written_in_the_form(site: Site, visit: Visit) -> None:
    page = faults_page(site, visit)
    page.get_by_role("button", name="Add a rule").first.click()
    form = page.locator("#rule-form")
    form.get_by_label("Step").select_option("pop3.login")
    form.locator(".kind-chip", has_text="Answer").locator("visible=true").first.click()
    expect(form.locator(".kind-chip", has_text="Malformed reply")).to_be_hidden()
    form.get_by_label("What is said").fill("-ERR [IN-USE] Locked")
    expect(page.locator("#rule-preview")).to_contain_text("meets whoever collects mail")
    page.locator("#rule-save").click()
    expect(page.locator(".rule-sentence")).to_contain_text("When somebody logs in by POP3: -ERR [IN-USE] Locked.")
    [rule] = site.server.sandbox.faults.rules()
    assert (rule.step, rule.effect) == (Step.POP3_LOGIN, Effect(answer="-ERR [IN-USE] Locked"))


def test_rules_of_others_are_imported(site: Site, visit: Visit) -> None:
    page = faults_page(site, visit)
    page.get_by_role("button", name="Import").click()
    dialog = page.locator("#import-dialog")
    dialog.get_by_role("textbox", name="Settings").fill("no JSON")
    dialog.get_by_role("button", name="Import").click()
    expect(page.locator("#import-error")).to_be_visible()
    dialog.get_by_role("textbox", name="Settings").fill('{"Recipient": {"ErrorCode": 451, "Probability": 10}}')
    with answered(page, "POST"):
        dialog.get_by_role("button", name="Import").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".rule-sentence")).to_contain_text("451")
    assert [rule.probability for rule in site.server.sandbox.faults.rules()] == [0.1]
    visit.complaints[:] = [line for line in visit.complaints if "400" not in line]  # type: ignore[attr-defined]


def test_hostile_rules_stay_text(site: Site, visit: Visit) -> None:
    evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    book = site.server.sandbox.faults
    book.add(Fault(Step.RCPT, Effect(reply=Said(550, "", evil)), name=evil, when='rcpt:"<b>x"'))
    page = faults_page(site, visit)
    expect(page.locator(".rule-name")).to_have_text(evil)
    expect(page.locator(".rule-sentence")).to_contain_text(evil)
    page.get_by_role("button", name="Edit rule 1").click()
    expect(page.locator("#rule-preview")).to_contain_text(evil)
    assert page.locator("main img, dialog img").count() == 0


def test_on_a_phone_a_long_subject_does_not_widen_the_form(site: Site, visit: Visit) -> None:
    site.send("Your weekly report: " + "one more sign-up and " * 12)
    page = faults_page(site, visit, size=PHONE)
    page.get_by_role("button", name="Add a rule").click()
    expect(page.locator("#rule-preview")).to_contain_text("Your weekly report")
    assert page.locator("#rule-dialog").evaluate("e => e.scrollWidth <= e.clientWidth")


def test_on_a_phone_rules_are_moved_and_made_too(site: Site, visit: Visit) -> None:
    rules(site, "ben", "eve")
    page = faults_page(site, visit, size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    with answered(page, "PATCH"):
        page.get_by_role("button", name="Move rule 2 up").click()
    assert order(site) == ["eve", "ben"]
    page.get_by_role("button", name="Add a rule").click()
    expect(page.locator("#rule-preview")).to_contain_text("There is no mail yet")
    assert page.locator("#rule-dialog").evaluate("e => e.scrollWidth <= e.clientWidth")
    with answered(page, "POST"):
        page.get_by_role("button", name="Add the rule").click()
    expect(page.locator(".rule")).to_have_count(3)
