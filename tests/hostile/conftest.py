"""One browser, one canary, one sandbox for all hostile mail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.hostile.canary import Canary
from tests.hostile.servers import Naked, Site, naked_site, sandbox_site

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.close()


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    with sandbox_site() as site:
        yield site


@pytest.fixture(scope="package")
def naked() -> Iterator[Naked]:
    with naked_site() as naked:
        yield naked
