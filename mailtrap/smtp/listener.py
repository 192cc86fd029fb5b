"""SMTP on sockets: sessions on aiosmtpd's protocol class, in an event loop on a thread of their own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path

from aiosmtpd.smtp import SMTP

from mailtrap.mail.limits import Limits
from mailtrap.net import ports
from mailtrap.net.actions import Machine
from mailtrap.net.hub import Hub, LoopThread
from mailtrap.net.pump import Pump
from mailtrap.net.sasl import Credentials
from mailtrap.net.tls import Troubled, server_context
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.smtp.policy import Policy
from mailtrap.smtp.session import Session


class Connection(Pump, SMTP):
    """aiosmtpd's protocol with everything below its type replaced: the transport feeds our session synchronously.

    Its constructor and stream reader are left out on purpose. They cost more per connection than receiving a
    message, read DATA line by line, and cancel the handler when a client hangs up.
    """

    def __init__(self, hub: Hub, sandbox: Sandbox, policy: Policy, listener: str) -> None:
        self.begin(hub)
        self._sandbox = sandbox
        self._policy = policy
        self._listener = listener

    def open_session(self, peer: str) -> Machine:
        """Start a dialogue and let it be looked at."""
        session = self._session = Session(
            self._sandbox, self._policy, self._listener, peer, self.hub.loop.time, self._listener == "smtps"
        )
        self._sandbox.session_started(session.transcript)
        return session

    def session_over(self) -> None:
        """Have the dialogue kept."""
        self._session.over()
        self._sandbox.session_ended(self._session.transcript)


class MailServer:
    """SMTP with STARTTLS on one port, over TLS on another. `start` and `stop` may be called from any thread."""

    def __init__(self, sandbox: Sandbox, settings: Settings) -> None:
        self._sandbox = sandbox
        self._settings = settings
        self._policy = policy(settings)
        self._thread: LoopThread | None = None
        self._hub: Hub | None = None
        self._servers: list[asyncio.Server] = []

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return server_context(self._settings)

    def start(self) -> dict[str, tuple[str, int]]:
        """Listen; returns `{"smtp": (host, port), "smtps": …}`. Raises SettingsError where that cannot be."""
        settings = self._settings
        ports.allow_many_files()
        _ = self._tls  # a certificate that cannot be used should be told now, not to the first client
        plain = ports.listen(settings.host, settings.smtp_port, "--smtp-port")
        try:
            protected = ports.listen(settings.host, settings.smtps_port, "--smtps-port")
        except BaseException:
            for sock in plain:
                sock.close()
            raise
        thread = self._thread = LoopThread("mailtrap-mail")
        limits = self._policy.limits
        troubled = Troubled(self._settings).context
        hub = self._hub = Hub(thread.loop, lambda: self._tls, limits.tls_timeout, _interval(limits), troubled)
        for listener, sockets in (("smtp", plain), ("smtps", protected)):
            factory = partial(Connection, hub, self._sandbox, self._policy, listener)
            for sock in sockets:
                self._servers.append(thread.run(_serve(thread.loop, factory, sock)))
        return {"smtp": ports.address(plain), "smtps": ports.address(protected)}

    def stop(self, grace: float = 10.0) -> None:
        """Accept nobody more, let what is under way finish for `grace` seconds, then cut. Repeating it is harmless."""
        thread, hub = self._thread, self._hub
        if thread is None or hub is None:
            return
        self._thread = self._hub = None
        thread.run(self._stop(hub, grace))
        thread.stop()

    async def _stop(self, hub: Hub, grace: float) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        await hub.drain(grace)


def policy(settings: Settings) -> Policy:
    """What the settings ask of SMTP sessions. Raises SettingsError."""
    return Policy(
        settings.smtp_hostname,
        Limits.of(settings),
        frozenset(name.upper() for name in settings.hide_extensions),
        settings.auth,
        Credentials.load(Path(settings.auth_file)) if settings.auth_file else None,
        settings.require_tls,
    )


async def _serve(
    loop: asyncio.AbstractEventLoop, factory: Callable[[], Connection], sock: socket.socket
) -> asyncio.Server:
    return await loop.create_server(factory, sock=sock, backlog=ports.BACKLOG)


def _interval(limits: Limits) -> float:
    """How often to look for sessions that take too long: every second, more often where a limit is that short."""
    times = [time for time in (limits.idle_timeout, limits.session_timeout) if time]
    return max(0.02, min([1.0, *[time / 4 for time in times]]))
