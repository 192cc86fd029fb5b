"""One browser for all; a fresh server for each test; pages that complain about whatever their console says."""

from __future__ import annotations

import contextlib
import smtplib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from mailtrap.clock import Clock
from mailtrap.query import Query
from mailtrap.server import Server
from mailtrap.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1360, "height": 860}
PHONE = {"width": 375, "height": 760}


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Site:
    """A running server, and mail for it."""

    server: Server
    smtp: tuple[str, int]
    web: str

    def send(
        self,
        subject: str = "Hello",
        *,
        text: str = "Some words.",
        html: str = "",
        sender: str = "Ana <ana@example.test>",
        to: str = "ben@example.test",
        recipients: list[str] | None = None,
        attachment: bytes = b"",
    ) -> None:
        """One message, by the standard library's own client."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Date"] = "Tue, 24 Nov 2026 06:00:00 +0000"
        message["Message-ID"] = "<one@example.test>"
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        if attachment:
            message.add_attachment(attachment, maintype="application", subtype="pdf", filename="terms.pdf")
        with smtplib.SMTP(*self.smtp) as client:
            client.send_message(message, to_addrs=recipients)

    def subjects(self) -> list[str]:
        """What the server has, newest first."""
        return [m.heading.subject for m in self.server.store.page(Query.EVERYTHING, limit=500).messages]


Serve = Callable[..., Site]


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate is made once."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture
def serve(state_dir: Path) -> Iterator[Serve]:
    """Start a server with these settings."""
    with contextlib.ExitStack() as stack:

        def start(clock: Clock | None = None, **settings: Any) -> Site:
            given = {"smtp_port": 0, "smtps_port": 0, "web_port": 0, "state_dir": str(state_dir), **settings}
            server = Server(Settings(**given), clock)
            addresses = server.start()
            stack.callback(server.stop)
            host, port = addresses["web"]
            return Site(server, addresses["smtp"], f"http://{host}:{port}{server.settings.base_path}")

        yield start


@pytest.fixture
def site(serve: Serve) -> Site:
    return serve()


def answered(page: Page, method: str) -> AbstractContextManager[Any]:
    """Until the server has answered a request of this method that the block causes."""
    return page.expect_response(lambda response: response.request.method == method)


Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """Open an address in a window of its own. Whatever its console complains about fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(
        url: str, *, size: dict[str, int] = DESKTOP, scheme: str = "light", clock: bool = False, **options: Any
    ) -> Page:
        context = chromium.new_context(
            viewport=size, color_scheme=scheme, locale="en-GB", timezone_id="UTC", reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        if clock:
            page.clock.install()
        page.goto(url)
        return page

    open_page.complaints = complaints  # type: ignore[attr-defined]
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
