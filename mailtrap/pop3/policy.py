"""What a POP3 server offers and demands: the settings as its sessions need them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from mailtrap.mail.limits import Limits
from mailtrap.net import sasl
from mailtrap.net.slices import Budget
from mailtrap.pop3.protocol import CAPABILITIES
from mailtrap.settings import Settings

_DAY = 86_400.0
#: Those mechanisms that show the password or the token itself; a digest of a challenge is what APOP is for.
MECHANISMS = tuple([name for name in sasl.MECHANISMS if name != "CRAM-MD5"])


class Policy(Struct, frozen=True):
    """Shared by all sessions of a server. `hidden`: capabilities, in upper case, neither offered nor honoured.

    `apop` says whether the greeting has a timestamp.
    """

    hostname: str = "localhost"
    limits: Limits = field(default_factory=Limits)
    #: How long a client may take over one command once it has logged in.
    patience: float = 1800.0
    hidden: frozenset[str] = frozenset()
    require_tls: bool = False
    apop: bool = True
    max_age: float = 0.0
    budget: Budget = field(default_factory=Budget)
    #: Lines that CAPA offers besides.
    added: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings, apop: bool) -> Policy:
        """What the settings ask of sessions."""
        hidden = frozenset([name.upper() for name in settings.hide_extensions])
        if "STARTTLS" in hidden:
            hidden |= {"STLS"}
        return cls(
            settings.smtp_hostname,
            Limits.of(settings),
            settings.reader_timeout,
            hidden,
            settings.require_tls,
            apop and "APOP" not in hidden,
            settings.max_age,
        )

    def offers(self, capability: str) -> bool:
        """Whether there is any such thing here."""
        return capability not in self.hidden

    def altered(self, hide: Iterable[str], add: Iterable[str]) -> Policy:
        """The same with these capabilities hidden too, and these lines added to the answer to CAPA."""
        lines = [" ".join(line.split()) for line in add]
        hidden = self.hidden | {name.upper() for name in hide}
        return replace(self, hidden=hidden, added=(*self.added, *filter(None, lines)))

    def capabilities(self, tls: bool, logged_in: bool) -> list[str]:
        """The lines of the answer to CAPA, as things stand in a session."""
        lines = []
        safe = tls or not self.require_tls
        for name in CAPABILITIES:
            if not self.offers(name) or (name == "STLS" and (tls or logged_in)):
                continue
            if name in ("USER", "SASL") and not safe:
                continue
            if name == "SASL":
                name = f"SASL {' '.join(MECHANISMS)}"
            elif name == "UTF8":
                name = "UTF8 USER"
            elif name == "EXPIRE":
                # In whole days, of which 0 would mean that nothing may be left here (RFC 2449 §6.7).
                name = f"EXPIRE {math.ceil(self.max_age / _DAY)}" if self.max_age else "EXPIRE NEVER"
            elif name == "IMPLEMENTATION":
                name = "IMPLEMENTATION mailtrap"
            lines.append(name)
        return [*lines, *self.added]
