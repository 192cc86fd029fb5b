"""POP3 on sockets: a session on every connection, in an event loop on a thread of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mailtrap.accounts import Accounts
from mailtrap.net.actions import Machine
from mailtrap.net.doors import Door, Doors
from mailtrap.net.hub import Hub
from mailtrap.net.pump import Pump
from mailtrap.pop3.policy import Policy
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings

if TYPE_CHECKING:
    from mailtrap.pop3.session import Session


class Connection(Pump):
    """One client."""

    _session: Session

    def __init__(self, sandbox: Sandbox, accounts: Accounts, policy: Policy, listener: str, hub: Hub) -> None:
        self.begin(hub)
        self._sandbox = sandbox
        self._accounts = accounts
        self._policy = policy
        self._listener = listener

    def open_session(self, peer: str) -> Machine:
        """Start a dialogue and let it be looked at."""
        from mailtrap.pop3.session import Session  # not before anybody comes: a start need not pay for it

        session = self._session = Session(
            self._sandbox, self._accounts, self._policy, self._listener, peer, self.hub.loop.time, self._is_tls
        )
        self._sandbox.session_started(session.transcript)
        return session

    @property
    def _is_tls(self) -> bool:
        return self._listener == "pop3s"

    def session_over(self) -> None:
        """Have the dialogue kept."""
        self._session.over()
        self._sandbox.session_ended(self._session.transcript)


def doors(sandbox: Sandbox, settings: Settings, accounts: Accounts) -> Doors:
    """POP3 with STLS on one port, over TLS on another. Raises SettingsError."""
    policy = Policy.of(settings, accounts.knows_passwords)
    return Doors(
        settings,
        [
            Door(name, port, f"--{name}-port", partial(Connection, sandbox, accounts, policy, name))
            for name, port in (("pop3", settings.pop3_port), ("pop3s", settings.pop3s_port))
        ],
        "mailtrap-pop3",
        (policy.limits.idle_timeout, policy.patience, policy.limits.session_timeout),
    )
