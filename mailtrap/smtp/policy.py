"""What one SMTP server offers and demands: the settings as its sessions need them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mailtrap.mail.limits import Limits
from mailtrap.mail.reply import Reply, reply
from mailtrap.net import sasl
from mailtrap.smtp.protocol import EXTENSIONS


@dataclass(frozen=True)
class Policy:
    """Shared by all sessions of a server. `hidden`: EHLO keywords, in upper case, neither offered nor honoured.

    `added` are lines that EHLO says besides.
    """

    hostname: str = "localhost"
    limits: Limits = field(default_factory=Limits)
    hidden: frozenset[str] = frozenset()
    auth: str = "any"
    credentials: sasl.Credentials | None = None
    require_tls: bool = False
    added: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        offers = frozenset(EXTENSIONS) - self.hidden
        if self.auth == "off":
            offers -= {"AUTH"}
        if "CHUNKING" not in offers:
            # BINARYMIME content can only be sent in chunks (RFC 3030 §3).
            offers -= {"BINARYMIME"}
        # CRAM-MD5 needs the password itself, which a file of hashes does not have.
        mechanisms = tuple([name for name in sasl.MECHANISMS if self.credentials is None or name != "CRAM-MD5"])
        object.__setattr__(self, "offers", offers)
        object.__setattr__(self, "mechanisms", mechanisms)
        object.__setattr__(self, "enhanced", "ENHANCEDSTATUSCODES" in offers)
        object.__setattr__(self, "login_required", self.auth == "required")
        object.__setattr__(self, "greeting", reply(220, "", f"{self.hostname} ESMTP mailtrap"))
        object.__setattr__(self, "helo", reply(250, "", self.hostname))
        object.__setattr__(self, "_ehlo", {tls: self._answer(tls) for tls in (False, True)})

    offers: frozenset[str] = field(init=False)
    mechanisms: tuple[str, ...] = field(init=False)
    enhanced: bool = field(init=False)
    login_required: bool = field(init=False)
    greeting: Reply = field(init=False)
    helo: Reply = field(init=False)
    _ehlo: dict[bool, Reply] = field(init=False, repr=False)

    def ehlo(self, tls: bool) -> Reply:
        """The answer to EHLO; without an enhanced status, as RFC 2034 §4 demands."""
        return self._ehlo[tls]

    def altered(self, hide: Iterable[str], add: Iterable[str]) -> Policy:
        """The same with these keywords hidden too, and these lines added to the answer to EHLO."""
        hidden = self.hidden | {keyword.upper() for keyword in hide}
        # A line that ends would be two.
        lines = [" ".join(line.split()) for line in add]
        return replace(self, hidden=hidden, added=(*self.added, *[line for line in lines if line]))

    def _answer(self, tls: bool) -> Reply:
        lines = [self.hostname]
        for name in EXTENSIONS:
            if name not in self.offers or (name == "STARTTLS" and tls):
                continue
            if name == "AUTH" and self.require_tls and not tls:
                continue
            if name == "SIZE":
                name = f"SIZE {self.limits.max_message_size}"
            elif name == "AUTH":
                name = f"AUTH {' '.join(self.mechanisms)}"
            lines.append(name)
        return reply(250, "", "\n".join([*lines, *self.added]))
