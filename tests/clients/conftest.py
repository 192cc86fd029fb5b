"""A running sandbox for the clients, and mail sent to it the usual way."""

from __future__ import annotations

import itertools
import smtplib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest

from mailtrap.server import Server
from mailtrap.settings import Settings

_NUMBERS = itertools.count(1)


@dataclass
class World:
    """Where a sandbox is; `inbox` is a name that no other test has."""

    url: str
    smtp: tuple[str, int]
    inbox: str = field(default_factory=lambda: f"test-{next(_NUMBERS)}")

    def mail(self, subject: str = "Hello", text: str = "hi\n", **more: str) -> None:
        """Send a message with an attachment into the inbox by logging in as it."""
        message = EmailMessage()
        message["From"] = "Ann <ann@a.test>"
        message["To"] = "Bob <bob@b.test>"
        message["Cc"] = "cy@c.test"
        message["Reply-To"] = "help@a.test"
        message["Subject"] = subject
        message.set_content(text)
        if "html" in more:
            message.add_alternative(more["html"], subtype="html")
        message.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="bill.pdf")
        with smtplib.SMTP(*self.smtp, timeout=60) as smtp:
            smtp.login(self.inbox, "any")
            smtp.sendmail("bounces@a.test", ["bob@b.test", "blind@b.test"], message.as_bytes())

    def mail_refused(self) -> None:
        """The same, of which at least something is refused."""
        with suppress(smtplib.SMTPException):
            self.mail()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[str, int]]]:
    state = str(tmp_path_factory.mktemp("state"))
    server = Server(Settings(smtp_port=0, smtps_port=0, web_port=0, state_dir=state))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def world(running: dict[str, tuple[str, int]]) -> World:
    return World("http://{}:{}".format(*running["web"]), running["smtp"])
