"""SMTP on sockets: sessions on aiosmtpd's protocol class, in an event loop on a thread of their own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from aiosmtpd.smtp import SMTP

from mailtrap.mail.limits import Limits
from mailtrap.net.actions import Machine
from mailtrap.net.doors import Door, Doors
from mailtrap.net.hub import Hub
from mailtrap.net.pump import Pump
from mailtrap.net.sasl import Credentials
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


def doors(sandbox: Sandbox, settings: Settings) -> Doors:
    """SMTP with STARTTLS on one port, over TLS on another. Raises SettingsError."""
    ours = policy(settings)
    return Doors(
        settings,
        [
            Door(name, port, f"--{name}-port", partial(Connection, sandbox=sandbox, policy=ours, listener=name))
            for name, port in (("smtp", settings.smtp_port), ("smtps", settings.smtps_port))
        ],
        "mailtrap-mail",
        (ours.limits.idle_timeout, ours.limits.session_timeout),
    )


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
