# ruff: noqa: E501  an attack is easier to judge on one line
"""Hostile values outside the body: header fields, file names, types, identifiers, the dialogue, other parts."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.hostile.canary import Canary
from tests.hostile.inputs import FIRED, SVG
from tests.hostile.servers import Naked, Site
from tests.hostile.watching import Seen, listen

RUN = f"console.log('{FIRED}')"
TAG = f'"><img src=x: onerror="{RUN}"><script>{RUN}</script>'
TABS = ("text", "source", "links", "headers", "envelope", "structure", "attachments", "dialogue", "raw")


def multipart(*parts: str, header: str = "") -> bytes:
    inner = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return f"{header}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{inner}--b--\r\n".encode()


def part(type_: str, content: str, filename: str = "", extra: str = "") -> str:
    name = f'\r\nContent-Disposition: attachment; filename="{filename}"' if filename else ""
    coded = base64.encodebytes(content.encode()).decode().replace("\n", "\r\n")
    return f"Content-Type: {type_}{name}\r\n{extra}Content-Transfer-Encoding: base64\r\n\r\n{coded}"


QUOTED = TAG.replace('"', "'")

MESSAGES = {
    "64 subject": f"Subject: {TAG}\r\nFrom: a@x.test\r\n\r\nx".encode(),
    "64 encoded subject": b"Subject: =?utf-8?b?" + base64.b64encode(TAG.encode()) + b"?=\r\n\r\nx",
    "64 from name": f"From: =?utf-8?b?{base64.b64encode(TAG.encode()).decode()}?= <a@x.test>\r\n\r\nx".encode(),
    "64 from address": f'From: <{QUOTED}@x.test>\r\nTo: "{QUOTED}"@x.test\r\n\r\nx'.encode(),
    "64 file name": multipart(part("image/png", "x", QUOTED), part("text/plain", "x", QUOTED + ".txt")),
    "64 content type": f"Content-Type: text/html{TAG}; charset=utf-8\r\n\r\n<p>x".encode(),
    "64 charset": f'Content-Type: text/html; charset="{QUOTED}"\r\n\r\n<p>x'.encode(),
    "64 message id": f"Message-ID: <{TAG}@x>\r\n\r\nx".encode(),
    "64 header names": f'X-<script>{RUN}</script>: 1\r\nX-"onload="{RUN}: {TAG}\r\n\r\nx'.encode(),
    "65 svg xhtml html xml": multipart(
        part("image/svg+xml", SVG, "a.svg"),
        part(
            "application/xhtml+xml",
            f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{RUN}</script></html>',
            "a.xhtml",
        ),
        part("text/html", f"<script>{RUN}</script>", "a.html"),
        part(
            "text/xml",
            f'<?xml-stylesheet href="data:text/xsl,x"?><x xmlns="http://www.w3.org/1999/xhtml"><script>{RUN}</script></x>',
            "a.xml",
        ),
        part("text/javascript", RUN, "a.js"),
        part("image/png", f"<script>{RUN}</script>", "a.png"),
    ),
    "66 text that looks like html": f"Content-Type: text/plain\r\n\r\n<html><script>{RUN}</script>{TAG}".encode(),
    "67 file names": multipart(
        part("image/png", "x", "a.html\0.png"),
        part("image/png", "x", "gnp.\u202elmth.a"),
        part("image/png", "x", "../../etc/passwd"),
        "Content-Type: image/png\r\nContent-Disposition: attachment; filename*=utf-8''a%0d%0aSet-Cookie:%20x=1%22.html\r\n\r\nx",
    ),
    "68 content ids": multipart(
        'Content-Type: text/html\r\n\r\n<img src="cid:../../x"><img src="cid:(a+)+$"><img src=\'cid:.*\'>',
        part("image/png", "x", extra="Content-ID: <../../x>\r\n"),
        part("image/png", "x", extra="Content-ID: <(a+)+$>\r\n"),
        part("image/png", "x", extra=f"Content-ID: <{TAG}>\r\n"),
    ),
    "69 cid of svg": multipart(
        'Content-Type: text/html\r\n\r\n<img src="cid:s"><object data="cid:s"></object>',
        part("image/svg+xml", SVG, extra="Content-ID: <s>\r\n"),
    ),
    "70 delivery status": multipart(
        "Content-Type: text/plain\r\n\r\nbounced",
        f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; {TAG}\r\n\r\nFinal-Recipient: rfc822; {TAG}\r\nDiagnostic-Code: smtp; 550 {TAG}\r\nStatus: 5.0.0",
        f"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: {TAG}\r\nUser-Agent: {TAG}",
        f"Content-Type: message/rfc822\r\n\r\nSubject: {TAG}\r\n\r\n{TAG}",
    ),
    "72 addresses in text": (
        f"Content-Type: text/plain\r\n\r\nhttp://x\"onmouseover=\"{RUN}\" http://x'onclick='{RUN}' javascript:{RUN} "
        f'http://x/<script>{RUN}</script> mailto:"onclick={RUN}'
    ).encode(),
    "72 a megabyte of http": b"Content-Type: text/plain\r\n\r\n" + b"http://" * 150_000,
}


@pytest.fixture(scope="module")
def numbers(site: Site) -> dict[str, int]:
    return {name: site.deliver(octets, helo=TAG, user=TAG, tags=(TAG[:60],)) for name, octets in MESSAGES.items()}


@pytest.fixture(scope="module")
def tab(chromium: BrowserContext) -> Iterator[Page]:
    tab = chromium.new_page()
    tab.set_default_timeout(15_000)
    yield tab
    tab.close()


@pytest.fixture(scope="module")
def read(tab: Page, numbers: dict[str, int], site: Site) -> dict[str, tuple[Seen, int]]:
    """Each message read with all its tabs opened: what was noticed, and how many live elements the page held."""
    results = {}
    seen = Seen()
    listen(tab, lambda _: seen)
    for name, number in numbers.items():
        address = f"{site.base}/messages/{number}"
        tab.goto(address, wait_until="load")
        for name_of_tab in TABS:
            tab.locator(f"#tab-{name_of_tab}").dispatch_event("click")
            tab.locator(f"#panel-{name_of_tab}[data-ready=true]").wait_for(state="attached")
        made = tab.locator("img[src='x:'], [onerror], [onload], [onclick], [onmouseover], article script").count()
        noticed = Seen(list(seen.scripts), list(seen.canary), list(seen.own), list(seen.moved))
        results[name] = noticed, made
        if tab.url.partition("#")[0] != address:
            seen.moved.append(tab.url)
    return results


@pytest.mark.parametrize("name", list(MESSAGES))
def test_read_with_every_tab_opened_nothing_runs(read: dict[str, tuple[Seen, int]], name: str) -> None:
    seen, made = read[name]
    assert seen.harm == []
    assert made == 0


@pytest.mark.parametrize("name", list(MESSAGES))
def test_its_preview_is_harmless_and_quick(tab: Page, numbers: dict[str, int], site: Site, name: str) -> None:
    began = time.perf_counter()
    answer = tab.request.get(f"{site.base}/preview/{numbers[name]}")
    assert answer.status == 200
    assert time.perf_counter() - began < 10
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox; default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text()
    assert "image/svg" not in answer.text()


def test_no_part_of_any_message_is_shown_inline(tab: Page, numbers: dict[str, int], site: Site) -> None:
    for number in numbers.values():
        message = tab.request.get(f"{site.base}/api/messages/{number}").json()
        for one in message["parts"]:
            if one["type"].startswith("multipart/"):
                continue
            answer = tab.request.get(f"{site.base}/api/messages/{number}/parts/{one['path']}")
            assert answer.status == 200
            headers = answer.headers
            assert headers["content-disposition"].startswith("attachment")
            assert headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in headers["content-security-policy"]
            assert headers["content-type"].partition(";")[0] in ("application/octet-stream", "text/plain")
            assert "set-cookie" not in headers
            assert not set(headers["content-disposition"]) & set("\0\r\n\u202e<>/\\")


def test_another_site_cannot_use_the_api_as_a_script(
    tab: Page, naked: Naked, numbers: dict[str, int], site: Site
) -> None:
    naked.documents["/71"] = (
        f"<!doctype html><title>none</title><script src='{site.base}/api/messages' onload=\"document.title='read'\" "
        "onerror=\"document.title='blocked'\"></script>".encode()
    )
    tab.goto(naked.base + "/71", wait_until="load")
    assert tab.title() == "blocked"
    assert json.loads(tab.request.get(f"{site.base}/api/messages").text())["total"] >= len(numbers)


def test_pictures_of_a_message_are_shown_without_a_request(tab: Page, canary: Canary, site: Site) -> None:
    gif = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
    number = site.deliver(
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        b"<img id=i src=cid:one%40x><p style='background:url(cid:one@x)'>\r\n--b\r\nContent-Type: image/gif\r\n"
        b"Content-ID: <one@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(gif) + b"\r\n--b--\r\n"
    )
    site.requests.clear()
    tab.goto(f"{site.base}/preview/{number}", wait_until="load")
    assert tab.locator("#i").evaluate("image => image.naturalWidth") == 1
    assert {target for _, target in site.requests} == {f"/preview/{number}"}
    answer = tab.request.get(f"{site.base}/preview/{number}/cid/one@x")
    assert (answer.body(), answer.headers["content-type"]) == (gif, "image/gif")
    assert canary.take() == []
