"""The clients for tests: a sandbox and its inboxes, to be called or to be awaited."""

from __future__ import annotations

import os
from typing import Self, TypedDict, Unpack
from urllib.parse import quote

from mailtrap.client.clock import AsyncClock, Clock
from mailtrap.client.connections import Connections
from mailtrap.client.endpoint import DEFAULT_URL
from mailtrap.client.failures import Json
from mailtrap.client.faults import AsyncFaults, Faults
from mailtrap.client.mail import MailVerbs
from mailtrap.client.refusal import RefusalVerbs
from mailtrap.client.steps import AsyncTransport, Awaiting, Blocking, Steps, Transport, Verb, ask
from mailtrap.client.streams import Streams

_TIMEOUT = 30.0


class InboxWanted(TypedDict, total=False):
    """What an inbox should be like; POST /api/inboxes says more about it."""

    ttl: float
    max_messages: int
    max_age: float
    addresses: list[str]
    helo: str
    peer: str
    listener: str
    token: bool


class SandboxVerbs(RefusalVerbs, MailVerbs):
    """What only a whole sandbox can be asked."""

    @Verb
    def info(self) -> Steps[Json]:
        """Version, addresses and totals."""
        return (yield from ask("GET", "/api/info")).document()

    @Verb
    def inboxes(self) -> Steps[list[Json]]:
        """The inboxes there are, with how many messages are in each."""
        return list((yield from ask("GET", "/api/inboxes")).document()["inboxes"])

    @Verb
    def sessions(self, *, limit: int = 50, outcome: str | None = None) -> Steps[list[Json]]:
        """The newest SMTP dialogues, refused ones too, without their lines."""
        asked = {"limit": limit, "outcome": outcome}
        return list((yield from ask("GET", "/api/sessions", asked)).document()["sessions"])

    @Verb
    def session(self, id: str) -> Steps[Json]:
        """One SMTP dialogue with its lines, secrets masked."""
        return (yield from ask("GET", "/api/sessions/" + quote(id, safe=""))).document()


class InboxVerbs(RefusalVerbs, MailVerbs):
    """What only an inbox can be asked. Mail makes it where it is not there."""

    @Verb
    def create(self, **given: Unpack[InboxWanted]) -> Steps[Json]:
        """Make it with limits of its own, addresses that are its, or a token (`token=True`) that opens it alone."""
        return (yield from ask("POST", "/api/inboxes", document={"name": self.name, **given})).document()

    @Verb
    def info(self) -> Steps[Json]:
        """Its limits, and how many messages are in it."""
        return (yield from ask("GET", "/api/inboxes/" + quote(self.name, safe=""))).document()

    @Verb
    def remove(self) -> Steps[None]:
        """Delete it, with its rules and the messages that are in no other."""
        (yield from ask("DELETE", "/api/inboxes/" + quote(self.name, safe=""))).document()


class Inbox(InboxVerbs, Blocking):
    """One inbox of a sandbox: its messages and its failures, nobody else's."""

    def __init__(self, name: str, transport: Transport) -> None:
        self.name = name
        self._transport = transport
        self._runner = self.run
        self.faults = Faults(transport, name)
        self.clock = Clock(transport)


class AsyncInbox(InboxVerbs, Awaiting):
    """The same, to be awaited."""

    def __init__(self, name: str, transport: AsyncTransport) -> None:
        self.name = name
        self._transport = transport
        self.faults = AsyncFaults(transport, name)
        self.clock = AsyncClock(transport)


class Sandbox(SandboxVerbs, Blocking):
    """The sandbox at `url`, else at MAILTRAP_URL, else on this machine. For any number of threads.

    `user:password@` in the URL means HTTP basic; `token` is the setting `api-token` (else MAILTRAP_API_TOKEN) or that
    of an inbox, `ca_file` a certificate to trust besides the system's.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        ca_file: str | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        connections = Connections(_url(url), token or _token(), ca_file, timeout)
        self.url = connections.url
        self._close = connections.close
        self._runner = self.run
        self._reach(connections)

    def inbox(self, name: str) -> Inbox:
        """One inbox of it. Asks nothing: mail for it makes it, or `create`."""
        return Inbox(name, self._transport)

    def _reach(self, transport: Transport) -> None:
        self._transport = transport
        self.faults = Faults(transport)
        self.clock = Clock(transport)

    def close(self) -> None:
        """Hang up. The next call connects again."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSandbox(SandboxVerbs, Awaiting):
    """The same, to be awaited; it keeps nothing open between calls."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        ca_file: str | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        self._transport = streams = Streams(_url(url), token or _token(), ca_file, timeout)
        self.url = streams.url
        self.faults = AsyncFaults(self._transport)
        self.clock = AsyncClock(self._transport)

    def inbox(self, name: str) -> AsyncInbox:
        """One inbox of it. Asks nothing: mail for it makes it, or `create`."""
        return AsyncInbox(name, self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


def _url(url: str | None) -> str:
    return url or os.environ.get("MAILTRAP_URL") or DEFAULT_URL


def _token() -> str | None:
    return os.environ.get("MAILTRAP_API_TOKEN") or None
