"""IMAP on sockets: a session on every connection, in an event loop on a thread of its own."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from mailtrap.accounts import Accounts
from mailtrap.imap.policy import Policy
from mailtrap.net.actions import Machine
from mailtrap.net.doors import Door, Doors
from mailtrap.net.hub import Hub
from mailtrap.net.waking import Wakeable
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings

if TYPE_CHECKING:
    from mailtrap.imap.session import Session
    from mailtrap.imap.watching import Watch


class Watching:
    """What watches the folders of all sessions; the first of them has it made. Thread-safe."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._watch: Watch | None = None
        self._lock = threading.Lock()

    def watch(self) -> Watch:
        """The one of this server."""
        from mailtrap.imap.watching import Watch  # with what sessions are made of 60 ms that a start need not pay

        with self._lock:
            if self._watch is None:
                self._watch = Watch(self._sandbox)
            return self._watch

    def stop(self) -> None:
        """Hear of nothing any more. For when there are no sessions."""
        with self._lock:
            if self._watch is not None:
                self._watch.stop()


class Connection(Wakeable):
    """One client."""

    _session: Session

    def __init__(
        self, sandbox: Sandbox, accounts: Accounts, policy: Policy, watching: Watching, listener: str, hub: Hub
    ) -> None:
        self.begin(hub)
        self._sandbox = sandbox
        self._accounts = accounts
        self._policy = policy
        self._watching = watching
        self._listener = listener

    def open_session(self, peer: str) -> Machine:
        """Start a dialogue and let it be looked at."""
        from mailtrap.imap.session import Session  # see `Watching.watch`

        session = self._session = Session(
            self._sandbox,
            self._accounts,
            self._policy,
            self._watching.watch(),
            self._listener,
            peer,
            self.hub.loop.time,
            self._is_tls,
        )
        session.sleeper = self.sleeper
        self._sandbox.session_started(session.transcript)
        return session

    @property
    def _is_tls(self) -> bool:
        return self._listener == "imaps"

    def session_over(self) -> None:
        """Have the dialogue kept."""
        self._session.over()
        self._sandbox.session_ended(self._session.transcript)


def doors(sandbox: Sandbox, settings: Settings, accounts: Accounts, watching: Watching) -> Doors:
    """IMAP with STARTTLS on one port, over TLS on another. Raises SettingsError."""
    policy = Policy.of(settings)
    return Doors(
        settings,
        [
            Door(name, port, f"--{name}-port", partial(Connection, sandbox, accounts, policy, watching, name))
            for name, port in (("imap", settings.imap_port), ("imaps", settings.imaps_port))
        ],
        "mailtrap-imap",
        (policy.limits.idle_timeout, policy.patience, policy.limits.session_timeout),
    )
