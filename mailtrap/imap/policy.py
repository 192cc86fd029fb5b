"""What an IMAP server offers and demands: the settings as its sessions need them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from mailtrap.mail.limits import Limits
from mailtrap.net import sasl
from mailtrap.settings import Settings

#: Those mechanisms that show the password or the token itself; a digest could not be checked against hashes.
MECHANISMS = tuple([name for name in sasl.MECHANISMS if name != "CRAM-MD5"])

#: What CAPABILITY lists, in this order; each can be hidden by its name. Those of one login more or less come apart.
CAPABILITIES = (
    "IMAP4rev1",  # RFC 3501
    "IMAP4rev2",  # RFC 9051
    "LITERAL+",  # RFC 7888
    "SASL-IR",  # RFC 4959
    "ID",  # RFC 2971
    "ENABLE",  # RFC 5161
    "IDLE",  # RFC 2177
    "NAMESPACE",  # RFC 2342
    "UNSELECT",  # RFC 3691
    "UIDPLUS",  # RFC 4315
    "MULTIAPPEND",  # RFC 3502
    "MOVE",  # RFC 6851
    "CHILDREN",  # RFC 3348
    "SPECIAL-USE",  # RFC 6154
    "CREATE-SPECIAL-USE",
    "LIST-EXTENDED",  # RFC 5258
    "LIST-STATUS",  # RFC 5819
    "STATUS=SIZE",  # RFC 8438
    "ESEARCH",  # RFC 4731
    "SEARCHRES",  # RFC 5182
    "SORT",  # RFC 5256
    "SORT=DISPLAY",  # RFC 5957
    "THREAD=ORDEREDSUBJECT",
    "THREAD=REFERENCES",
    "THREAD=REFS",
    "CONDSTORE",  # RFC 7162
    "QRESYNC",
    "UTF8=ACCEPT",  # RFC 6855
    "BINARY",  # RFC 3516
    "APPENDLIMIT",  # RFC 7889
    "QUOTA",  # RFC 9208
    "QUOTA=RES-MESSAGE",
    "WITHIN",  # RFC 5032
    "OBJECTID",  # RFC 8474
)

#: Which capability a command belongs to; without it the command is not known.
BELONGS = {
    "STARTTLS": "STARTTLS",
    "ID": "ID",
    "ENABLE": "ENABLE",
    "IDLE": "IDLE",
    "NAMESPACE": "NAMESPACE",
    "UNSELECT": "UNSELECT",
    "MOVE": "MOVE",
    "SORT": "SORT",
    "GETQUOTA": "QUOTA",
    "GETQUOTAROOT": "QUOTA",
}


class Policy(Struct, frozen=True):
    """Shared by all sessions of a server. `hidden`: capabilities, in upper case, neither offered nor honoured."""

    hostname: str = "localhost"
    limits: Limits = field(default_factory=Limits)
    #: How long a client may take over one command once it has logged in.
    patience: float = 1800.0
    hidden: frozenset[str] = frozenset()
    require_tls: bool = False
    #: Messages that are kept before the oldest go, 0 for all: what a quota says.
    max_messages: int = 0
    #: What is offered besides, whatever it is.
    added: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """What the settings ask of sessions."""
        return cls(
            settings.smtp_hostname,
            Limits.of(settings),
            settings.reader_timeout,
            frozenset([name.upper() for name in settings.hide_extensions]),
            settings.require_tls,
            settings.max_messages,
        )

    def altered(self, hide: Iterable[str], add: Iterable[str]) -> Policy:
        """The same with these capabilities hidden too, and these offered besides."""
        words = [word for line in add for word in line.split()]
        return replace(self, hidden=self.hidden | {name.upper() for name in hide}, added=(*self.added, *words))

    def offers(self, capability: str) -> bool:
        """Whether there is any such thing here."""
        return capability.upper() not in self.hidden

    def knows(self, verb: str) -> bool:
        """Whether a command is one that is not hidden."""
        return self.offers(BELONGS.get(verb, verb))

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """How one may authenticate."""
        return tuple([name for name in MECHANISMS if self.offers(f"AUTH={name}")])

    def capabilities(self, tls: bool, logged_in: bool) -> str:
        """What CAPABILITY says as things stand in a session."""
        words = [self._written(name) for name in CAPABILITIES if self.offers(name)]
        if not logged_in:
            if not tls and self.offers("STARTTLS"):
                words.append("STARTTLS")
            if self.require_tls and not tls:
                words.append("LOGINDISABLED")
            else:
                words += [f"AUTH={name}" for name in self.mechanisms]
        return " ".join([*words, *self.added])

    def _written(self, name: str) -> str:
        most = self.limits.max_message_size
        return f"APPENDLIMIT={most}" if name == "APPENDLIMIT" and most else name
