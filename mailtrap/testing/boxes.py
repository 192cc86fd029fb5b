"""A sandbox and an inbox as tests hold them: the client's, and how applications reach them."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, NamedTuple, Self

from mailtrap.client.sandbox import AsyncInbox, AsyncSandbox, Inbox, Sandbox
from mailtrap.client.steps import Transport
from mailtrap.client.streams import Streams
from mailtrap.errors import NotFound
from mailtrap.testing.wiring import Site, Wiring

#: Octets of a test's name that an inbox has in its own: with the rest it must be a label of a domain (RFC 1035).
_MOST_OF_A_NAME = 40
_OTHERS = re.compile(r"[^a-z0-9]+")


class MailInbox(Inbox):
    """An inbox of one test, and all that an application needs to send into it and to read what is in it.

    Whoever logs in as `user` sends into it, and so does whoever sends to one of its addresses. By IMAP and POP3 the
    same login reads it.
    """

    def __init__(self, name: str, site: Site, transport: Transport) -> None:
        super().__init__(name, transport)
        self.site = site
        self.user = name
        # Who sends may say any password, who reads must say a secret where the sandbox has one.
        self.password = site.secret or secrets.token_hex(8)
        self._wiring = Wiring(site, self.user, self.password)

    @cached_property
    def aio(self) -> AsyncInbox:
        """The same inbox with verbs to be awaited."""
        return AsyncInbox(self.name, _streams(self.site))

    @property
    def host(self) -> str:
        """Where to connect to."""
        return self.site.host

    @property
    def port(self) -> int:
        """SMTP, plain."""
        return self.site.smtp

    @property
    def smtp_url(self) -> str:
        """All of it in one: `smtp://user:password@127.0.0.1:1025`."""
        return self._wiring.smtp_url

    @property
    def imap_url(self) -> str:
        """Where to read it by IMAP: `imap://user:password@127.0.0.1:1143`. Empty where an older sandbox has none."""
        return self._wiring.reading_url("imap")

    @property
    def imaps_url(self) -> str:
        """The same with TLS from the start; `site.ca_file` is the certificate to trust."""
        return self._wiring.reading_url("imaps")

    @property
    def pop3_url(self) -> str:
        """Where to collect it by POP3: `pop3://user:password@127.0.0.1:1110`."""
        return self._wiring.reading_url("pop3")

    @property
    def pop3s_url(self) -> str:
        """The same with TLS from the start."""
        return self._wiring.reading_url("pop3s")

    @property
    def env(self) -> dict[str, str]:
        """Environment variables for an application that finds its mail servers by them: SMTP_HOST, IMAP_HOST …"""
        return self._wiring.environment

    @property
    def django_settings(self) -> dict[str, Any]:
        """For `override_settings(**inbox.django_settings)`."""
        return self._wiring.django

    @property
    def flask_config(self) -> dict[str, Any]:
        """For `app.config.update(inbox.flask_config)`, as Flask-Mail reads it."""
        return self._wiring.flask

    @property
    def fastapi_config(self) -> dict[str, Any]:
        """For fastapi-mail's `ConnectionConfig(**inbox.fastapi_config)`."""
        return self._wiring.fastapi

    def address(self, local_part: str = "user", domain: str = "") -> str:
        """An address that is this inbox's, whoever sends to it: `ana@NAME.test`, or with a domain `ana+NAME@DOMAIN`."""
        return f"{local_part}+{self.name}@{domain}" if domain else f"{local_part}@{self.name}.test"


class MailSandbox(Sandbox):
    """The sandbox of a test session. `site` says where it is."""

    def __init__(self, site: Site, **given: Any) -> None:
        super().__init__(site.url, token=site.token or None, ca_file=site.trusted, **given)
        self.site = site
        self._wiring = Wiring(site)

    @classmethod
    def at(cls, url: str, mapped: Mapping[str, str] | None = None) -> Self:
        """One that runs elsewhere; `mapped` (`{"smtp": "host:port"}`) where ports are not those it says itself."""
        with Sandbox(url) as asked:
            site = Site.of(url, asked.info(), mapped, os.environ.get("MAILTRAP_API_TOKEN", ""))
        return cls(site)

    @cached_property
    def aio(self) -> AsyncSandbox:
        """The same sandbox with verbs to be awaited."""
        return AsyncSandbox(self.site.url, token=self.site.token or None, ca_file=self.site.trusted)

    @property
    def smtp_url(self) -> str:
        """`smtp://127.0.0.1:1025`"""
        return self._wiring.smtp_url

    @property
    def env(self) -> dict[str, str]:
        """Environment variables for an application that sends without a login, and reads what was sent so."""
        return self._wiring.environment

    def inbox(self, name: str) -> MailInbox:
        """One inbox of it. Asks nothing: mail for it makes it, or `create`."""
        return MailInbox(name, self.site, self._transport)

    @contextmanager
    def inbox_for(self, test: str) -> Iterator[tuple[MailInbox, str]]:
        """An inbox for one test, and the sandbox's time when it was made; it goes with its mail and its faults."""
        box = self.inbox(name_for(test))
        began = self._make(box)
        try:
            yield box, began
        finally:
            with suppress(NotFound):  # a test may remove it
                self._remove(box)

    def _make(self, box: MailInbox) -> str:
        return str(box.create()["created_at"])

    def _remove(self, box: MailInbox) -> None:
        box.remove()


class Case(NamedTuple):
    """A test that has an inbox. `began` is the sandbox's time when it got it."""

    sandbox: MailSandbox
    inbox: MailInbox
    name: str
    began: str


def name_for(test: str) -> str:
    """A name that no other test's inbox has, on any machine, and that says whose it is; also a label of a domain."""
    said = _OTHERS.sub("-", test.lower())[:_MOST_OF_A_NAME].strip("-") or "test"
    return f"{said}-{secrets.token_hex(5)}"


def _streams(site: Site) -> Streams:
    return Streams(site.url, site.token or None, site.trusted, 30.0)
