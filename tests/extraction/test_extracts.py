"""Links with what they are for, pictures, ways to unsubscribe, calendars, preview text and what a person reads."""

from __future__ import annotations

import base64
import quopri
import time

import pytest

from mailtrap.mail.content import Content
from mailtrap.mail.extraction import calendar, codes, pictures, preheader, unsubscribing
from mailtrap.mail.link_kinds import link_kind, picture_kind
from mailtrap.mail.page import read


def message(body: str, head: str = "", subtype: str = "html") -> Content:
    """A message of one part."""
    return Content(f"Subject: x\r\n{head}Content-Type: text/{subtype}; charset=utf-8\r\n\r\n{body}".encode())


@pytest.mark.parametrize(
    ("href", "text", "kind"),
    [
        ("https://a.test/confirm?token=1", "", "verify"),
        ("https://a.test/x", "Verify email address", "verify"),
        ("https://u1.ct.sendgrid.net/ls/click?upn=abc", "E-Mail bestätigen", "verify"),
        ("https://a.test/auth/magic-link/abc", "Sign in to Acme", "verify"),
        ("https://a.test/x", "メールアドレスを確認する", "verify"),
        ("https://a.test/x", "تأكيد البريد الإلكتروني", "verify"),
        ("https://a.test/reset-password/abc", "Click here", "reset"),
        ("https://a.test/x", "Passwort zurücksetzen", "reset"),
        ("https://a.test/x", "Réinitialiser mon mot de passe", "reset"),
        ("https://a.test/x", "重置密码", "reset"),
        ("https://a.test/users/password/edit?reset_password_token=x", "", "reset"),
        ("https://a.test/x", "Se désinscrire", "unsubscribe"),
        ("https://a.test/unsubscribe?u=1", "here", "unsubscribe"),
        ("https://a.test/x", "配信停止はこちら", "unsubscribe"),
        ("https://list-manage.com/track/click?u=1", "Read more", "tracking"),
        ("https://a.test/logo.png", "", "asset"),
        ("https://a.test/blog/post", "Read more", "link"),
        ("mailto:help@a.test", "help@a.test", "link"),
    ],
)
def test_what_a_link_is_for(href: str, text: str, kind: str) -> None:
    assert link_kind(href, text) == kind


@pytest.mark.parametrize(
    ("href", "width", "height", "visible", "kind"),
    [
        ("https://a.test/o.gif", "1", "1", True, "tracking"),
        ("https://a.test/wf/open?upn=x", "", "", True, "tracking"),
        ("https://a.test/logo.png", "120", "40", True, "asset"),
        ("https://a.test/line.gif", "600", "1", True, "asset"),
        ("cid:logo@a", "1", "1", True, "asset"),
    ],
)
def test_what_a_picture_is_for(href: str, width: str, height: str, visible: bool, kind: str) -> None:
    assert picture_kind(href, width, height, visible) == kind


HREF = "https://a.test/verify?token=a%2Bb%3D%3D&next=%2Fhome&x=1;y=ü#!/ok(1)"


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_an_address_survives_every_encoding_octet_for_octet(encoding: str) -> None:
    page = f'<p><a href="{HREF.replace("&", "&amp;")}">Verify <b>now</b></a></p>'.encode()
    body = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes}.get(encoding, lambda raw: raw)(page)
    head = f"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    (link,) = Content(head.encode() + body.replace(b"\n", b"\r\n")).links
    assert (link.href, link.text, link.kind, link.part, link.visible) == (HREF, "Verify now", "verify", "1", True)


def test_an_address_that_was_wrapped_on_the_way_is_whole() -> None:
    body = "Go to https://a.test/verify?token=aaaa \r\nbbbb and on\r\n"
    head = "Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n"
    assert [link.href for link in Content((head + body).encode()).links] == ["https://a.test/verify?token=aaaabbbb"]


def test_links_that_nobody_sees_say_so() -> None:
    page = '<div style="display:none"><a href="https://a.test/1">x</a></div><a href="https://a.test/2">y</a>'
    assert [(link.href, link.visible) for link in message(page).links] == [
        ("https://a.test/1", False),
        ("https://a.test/2", True),
    ]


@pytest.mark.parametrize(
    ("page", "text", "hidden"),
    [
        ("<div style='display:none'>Preview</div><p>Seen", "Seen", "Preview"),
        ("<div style='DISPLAY : none !important'>Preview</div><p>Seen", "Seen", "Preview"),
        ("<span style='font-size:0;max-height:0'>Preview &zwnj;&nbsp;&#847;</span><p>Seen", "Seen", "Preview"),
        ("<style>.pre,.x{opacity:0}</style><p class='a pre'>Preview</p>Seen", "Seen", "Preview"),
        ("<style>@media print{.pre{display:none}}</style><p class=pre>Seen</p>", "Seen", ""),
        ("<p hidden>Preview<p>Seen", "Seen", "Preview"),
        ("<td style='font-size:0'><p style='font-size:14px'>Seen</p></td>", "Seen", ""),
        (
            "<p>Seen</p>" + "word " * 40 + "<div style='display:none'>Not at the top</div>",
            "Seen\n\n" + "word " * 39 + "word",
            "",
        ),
        ("<title>T</title><script>1</script><p>Seen<br>too", "Seen\ntoo", ""),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc", ""),
    ],
)
def test_what_a_person_reads_and_what_is_hidden(page: str, text: str, hidden: str) -> None:
    content = message(page)
    assert content.text == text
    assert preheader(content) == hidden


def test_pictures() -> None:
    head = "Content-Type: multipart/related; boundary=b\r\n\r\n"
    page = '<img src="cid:logo@a" alt="Logo" width="120"><img src="https://t.test/o" style="width:1px;height:1px">'
    logo_part = "Content-Type: image/png\r\nContent-ID: <logo@a>\r\n\r\nx"
    body = f"--b\r\nContent-Type: text/html\r\n\r\n{page}\r\n--b\r\n{logo_part}\r\n--b--"
    logo, pixel = pictures(Content((head + body).encode()))
    assert (logo.src, logo.alt, logo.width, logo.attached, logo.tracking) == ("cid:logo@a", "Logo", "120", "2", False)
    assert (pixel.src, pixel.tracking) == ("https://t.test/o", True)


def test_ways_to_unsubscribe() -> None:
    fields = "List-Unsubscribe: <mailto:off@a.test>,\r\n <https://a.test/off?u=1>\r\n"
    page = '<a href="https://a.test/prefs">Unsubscribe</a>'
    found = unsubscribing(message(page, f"{fields}List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"))
    assert found is not None
    assert (found.http, found.mailto) == (("https://a.test/off?u=1",), ("mailto:off@a.test",))
    assert (found.one_click, found.body) == ("https://a.test/off?u=1", ("https://a.test/prefs",))
    without = unsubscribing(message("x", fields))
    assert without is not None
    assert without.one_click == ""
    assert unsubscribing(message("x")) is None


def test_a_calendar() -> None:
    lines = ["BEGIN:VCALENDAR", "METHOD:REQUEST", "BEGIN:VEVENT", "UID:1@a.test", "SUMMARY:Plan\\, next"]
    lines += ["DTSTART;TZID=Europe/Berlin:20261124T143000", "DTEND:20261124T150000Z", "LOCATION:Room 4", "END:VEVENT"]
    (found,) = calendar(message("\r\n".join([*lines, "END:VCALENDAR"]), subtype="calendar"))
    (event,) = found.events
    assert (found.token, found.method, event.what, event.where) == ("REQUEST", "Invitation", "Plan, next", "Room 4")
    assert (event.starts_at, event.zone, event.ends_at) == (
        "2026-11-24T14:30:00",
        "Europe/Berlin",
        "2026-11-24T15:00:00Z",
    )


HOSTILE = {
    "styles": "<p style='" + "a:b;" * 10_000 + "'>x",
    "many styles": "<p style='display:none'>x" * 10_000,
    "style sheets": "<style>" + ".a{display:none}" * 10_000 + "</style>" * 3,
    "braces": "<style>" + "{" * 50_000 + "</style>",
    "comments in css": "<style>" + "/*" * 50_000 + "</style>",
    "selectors": "<style>" + ".a," * 30_000 + "{}</style>",
    "ends": "</p>" * 50_000,
    "open": "<p>" * 50_000,
    "spans": "<span>" * 30_000 + "</span>" * 30_000,
    "nested links": "<a href=x>" * 20_000,
    "long address": "<a href='" + "x" * 300_000 + "'>",
    "passwords": "<a href='x'>" + "change " * 10_000,
    "cells": "<table>" + "<td>1" * 30_000,
    "classes": "<style>.a{}</style><p class='" + "a " * 50_000 + "'>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_take_little_time(name: str) -> None:
    content = message(HOSTILE[name])
    start = time.process_time()
    page = read(HOSTILE[name])
    codes(content), pictures(content), unsubscribing(content), preheader(content)
    took = time.process_time() - start
    assert len(page.lines) <= 50_000
    assert took < 20  # a fifth of a second on an idle machine


def test_nothing_raises_whatever_html_it_is() -> None:
    pieces = [
        "<",
        "</",
        ">",
        "<td",
        " style=",
        "'display:none'",
        "<style>",
        "{",
        "}",
        "&#0;",
        "\0",
        "<a href=",
        "é",
        "/>",
    ]
    text = "".join(pieces[(n * n + n // 7) % len(pieces)] for n in range(20_000))
    content = message(text)
    for value in (content.text, preheader(content), *[link.href for link in content.links]):
        value.encode("utf-8")
    codes(content)
