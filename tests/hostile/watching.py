"""Shows hostile inputs in Chromium and tells what was noticed for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.hostile.canary import Canary
from tests.hostile.inputs import FIRED, Input
from tests.hostile.servers import Site

#: Seconds that something forbidden is given to happen in, after the last page of a round has loaded.
WINDOW = 0.8
#: Tabs in the ring, and how many of them load at once.
TABS = 10
LOADING = 3


@dataclass
class Seen:
    """`second_wall`: what the browser refused because of sandbox or CSP, so what the filter had let through."""

    scripts: list[str] = field(default_factory=list)
    canary: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    second_wall: list[str] = field(default_factory=list)

    @property
    def harm(self) -> list[str]:
        return self.scripts + self.canary + self.own + self.moved


def listen(page: Page, seen_by: Callable[[str], Seen]) -> None:
    """Note for the input that `seen_by` finds in a console message whatever happens in `page`."""

    def said(message: Any) -> None:
        text = message.text
        if text.startswith(FIRED):
            seen_by(text).scripts.append(text)
        elif message.type == "error" and any(word in text for word in ("locked", "efused", "violates", "not allowed")):
            seen_by(text).second_wall.append(text)

    page.on("console", said)
    page.on("dialog", lambda dialog: (seen_by("").scripts.append("dialog"), dialog.dismiss()))
    page.on("download", lambda download: seen_by("").moved.append(f"download {download.url}"))
    page.on("popup", lambda popup: seen_by("").moved.append(f"popup {popup.url}"))


def tabs(
    context: BrowserContext,
    canary: Canary,
    site: Site,
    shown: Iterable[tuple[Input, str]],
    act: Callable[[Page, Input], None] = lambda page, item: None,
) -> dict[str, Seen]:
    """Each input in a tab of its own at its address; then `act` is done to it."""
    results: dict[str, Seen] = {}
    ring = [_Tab(context.new_page(), results, act) for _ in range(TABS)]
    items = []
    for turn, (item, address) in enumerate(shown):
        items.append(item)
        ring[turn % TABS].leave()
        ring[turn % TABS].show(item, address)
        ring[(turn - LOADING) % TABS].act()
    for tab in ring:
        tab.act()
    canary.wait_for({"nobody"}, WINDOW)
    for tab in ring:
        tab.leave()
        tab.page.close()
    _attribute(results, items, canary, site)
    return results


class _Tab:
    """A tab that shows one input for as long as the other tabs of the ring need to load theirs."""

    def __init__(self, page: Page, results: dict[str, Seen], act: Callable[[Page, Input], None]) -> None:
        self.page = page
        self._results = results
        self._act = act
        self._item: Input | None = None
        self._address = ""
        self._seen = Seen()
        page.set_default_timeout(10_000)
        listen(page, lambda _: self._seen)

    def show(self, item: Input, address: str) -> None:
        self._item, self._address = item, address
        self._seen = self._results[item.name] = Seen()
        self.page.goto(address, wait_until="commit")

    def act(self) -> None:
        """Once all is loaded, do to it what a person might do."""
        if self._item:
            self.page.wait_for_load_state("load")
            self._act(self.page, self._item)
            self._item = None

    def leave(self) -> None:
        """Whatever happened to the input shown has been noticed by now."""
        self.page.title()  # lets Playwright hand over what it noticed meanwhile
        if self._address and self.page.url.partition("#")[0] != self._address:
            self._seen.moved.append(f"now at {self.page.url}")


def frames(
    context: BrowserContext,
    canary: Canary,
    site: Site,
    page_address: str,
    items: list[Input],
    expected: set[str] = frozenset(),  # type: ignore[assignment]
) -> dict[str, Seen]:
    """All inputs at once, framed by the page at `page_address`; waits for the `expected` canaries."""
    results = {item.name: Seen() for item in items}
    keys = {item.key: results[item.name] for item in items}
    nobody = results[items[0].name]
    page = context.new_page()
    listen(page, lambda text: keys.get(text.removeprefix(FIRED).strip(), nobody))
    page.goto(page_address, wait_until="load")
    canary.wait_for(expected or {"nobody"}, 5 if expected else WINDOW)
    if page.title() != "host" or page.url != page_address:
        nobody.moved.append(f"now at {page.url}")
    page.close()
    _attribute(results, items, canary, site)
    return results


def _attribute(results: dict[str, Seen], items: list[Input], canary: Canary, site: Site) -> None:
    for name, what in canary.take():
        results.setdefault(name, Seen()).canary.append(what)
    for method, target in site.requests:
        if "hit=" in target or method == "POST":
            hit = target.rpartition("hit=")[2]
            name = next((item.name for item in items if item.key == hit), items[0].name)
            results[name].own.append(f"{method} {target}")
    site.requests.clear()
