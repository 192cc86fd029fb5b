"""Every hostile body, looked at in Chromium: nothing runs, nothing is loaded, nobody is reached."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page

from mailtrap.web.htmlfilter import filter_html
from mailtrap.web.urlfilter import Addresses
from tests.hostile.canary import Canary
from tests.hostile.inputs import BODIES, CLICKS, NETWORK, OWN, SCRIPTS, USER_INTERFACE, Input
from tests.hostile.servers import Naked, Site
from tests.hostile.watching import Seen, frames, tabs

NAMES = [item.name for item in BODIES]
BY_NAME = {item.name: item for item in BODIES}
#: Those that are also read in the whole page of the message, which takes longer.
READ = [*SCRIPTS, *OWN, *USER_INTERFACE, *CLICKS, *NETWORK[::4]]
ALIVE = [item for item in BODIES if item.alive]


@pytest.fixture(scope="module")
def delivered(site: Site, canary: Canary) -> list[tuple[Input, int]]:
    return [(item, site.deliver(item.mail(canary.port(item.name), site.base))) for item in BODIES]


@pytest.fixture(scope="module")
def unprotected(chromium: BrowserContext, naked: Naked, canary: Canary, site: Site) -> dict[str, Seen]:
    for item in ALIVE:
        naked.documents[f"/{item.key}"] = item.filled(canary.port(item.name), site.base).encode()
    address = f"{naked.base}/frames?" + "&".join(f"/{item.key}" for item in ALIVE)
    expected = {item.name for item in ALIVE if item.alive == "connect"}
    return frames(chromium, canary, site, address, ALIVE, expected)


@pytest.fixture(scope="module")
def unprotected_clicks(chromium: BrowserContext, naked: Naked, canary: Canary, site: Site) -> dict[str, Seen]:
    for item in CLICKS:
        naked.documents[f"/click/{item.key}"] = item.filled(canary.port(item.name), site.base).encode()
    addresses = [(item, f"{naked.base}/click/{item.key}") for item in CLICKS]
    return tabs(chromium, canary, site, addresses, lambda page, item: page.mouse.click(200, 200))


@pytest.fixture(scope="module")
def filtered_only(chromium: BrowserContext, naked: Naked, canary: Canary, site: Site) -> dict[str, Seen]:
    for item in BODIES:
        html = item.filled(canary.port(item.name), site.base)
        shown = filter_html(html, Addresses(False, lambda cid: "", site.own))
        naked.documents[f"/filtered/{item.key}"] = shown.html.encode("utf-8", "replace")
    address = f"{naked.base}/frames?" + "&".join(f"/filtered/{item.key}" for item in BODIES)
    return frames(chromium, canary, site, address, BODIES)


@pytest.fixture(scope="module")
def direct(chromium: BrowserContext, delivered: list[tuple[Input, int]], canary: Canary, site: Site) -> dict[str, Seen]:
    def click(page: Page, item: Input) -> None:
        if item.click:
            page.mouse.click(200, 200)

    return tabs(chromium, canary, site, [(i, f"{site.base}/preview/{n}") for i, n in delivered], click)


@pytest.fixture(scope="module")
def framed(chromium: BrowserContext, delivered: list[tuple[Input, int]], canary: Canary, site: Site) -> dict[str, Seen]:
    address = f"{site.base}/host?" + urlencode([("id", number) for _, number in delivered])
    return frames(chromium, canary, site, address, BODIES)


@pytest.fixture(scope="module")
def read(chromium: BrowserContext, delivered: list[tuple[Input, int]], canary: Canary, site: Site) -> dict[str, Seen]:
    def click(page: Page, item: Input) -> None:
        page.bring_to_front()
        if item.click:
            box = page.locator("iframe#frame").bounding_box()
            assert box is not None
            page.mouse.click(box["x"] + 60, box["y"] + 60)
        for tab in ("text", "source", "links") if item in SCRIPTS else ():
            page.locator(f"#tab-{tab}").dispatch_event("click")
            page.locator(f"#panel-{tab}[data-ready=true]").wait_for(state="attached")

    return tabs(chromium, canary, site, [(i, f"{site.base}/messages/{n}") for i, n in delivered if i in READ], click)


@pytest.fixture(scope="module")
def with_remote(
    chromium: BrowserContext, delivered: list[tuple[Input, int]], canary: Canary, site: Site
) -> dict[str, Seen]:
    address = f"{site.base}/host?" + urlencode([("remote", 1), *(("id", number) for _, number in delivered)])
    return frames(chromium, canary, site, address, BODIES)


@pytest.mark.parametrize("name", [item.name for item in ALIVE])
def test_without_protection_it_would_have_been_noticed(unprotected: dict[str, Seen], name: str) -> None:
    seen = unprotected[name]
    assert {"script": seen.scripts, "connect": seen.canary, "own": seen.own}[BY_NAME[name].alive]


@pytest.mark.parametrize("name", [item.name for item in CLICKS if item.key not in ("59", "62")])
def test_without_protection_a_click_would_have_been_noticed(unprotected_clicks: dict[str, Seen], name: str) -> None:
    assert unprotected_clicks[name].harm  # 59 and 62: Chromium itself follows neither


@pytest.mark.parametrize("name", NAMES)
def test_the_filter_alone_leaves_nothing_alive(filtered_only: dict[str, Seen], name: str) -> None:
    assert filtered_only[name].harm == []


@pytest.mark.parametrize("name", NAMES)
def test_opened_by_its_own_address_nothing_happens(direct: dict[str, Seen], name: str) -> None:
    assert direct[name].harm == []
    if not BY_NAME[name].click:
        assert direct[name].second_wall == []


@pytest.mark.parametrize("name", NAMES)
def test_in_a_frame_of_ours_nothing_happens(framed: dict[str, Seen], name: str) -> None:
    assert framed[name].harm == []
    assert framed[name].second_wall == []


@pytest.mark.parametrize("name", [item.name for item in READ])
def test_in_the_page_of_the_message_nothing_happens(read: dict[str, Seen], name: str) -> None:
    assert read[name].harm == []


@pytest.mark.parametrize("name", NAMES)
def test_with_remote_content_nothing_runs_and_we_are_not_reached(with_remote: dict[str, Seen], name: str) -> None:
    seen = with_remote[name]
    assert (seen.scripts, seen.own, seen.moved) == ([], [], [])


def test_remote_content_is_loaded_when_asked_for(with_remote: dict[str, Seen]) -> None:
    loaded = {item.name for item in BODIES if with_remote[item.name].canary}
    assert {"22 link stylesheet", "23 import", "24 background url inline", "25 font-face", "29 img src"} <= loaded
    assert not loaded & {"20 meta refresh", "41 iframe", "42 object", "43 embed", "45 preconnect", "48 frameset"}


def test_every_preview_was_answered(direct: dict[str, Seen], delivered: list[tuple[Input, int]], site: Site) -> None:
    assert {site.statuses[f"/preview/{number}"] for _, number in delivered} == {200}
