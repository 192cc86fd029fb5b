"""Accounts of those who collect mail: who may log in, which messages are theirs, and what those are called for good."""

from __future__ import annotations

import hashlib
import hmac
import threading
from pathlib import Path

from mailtrap.clock import Clock
from mailtrap.inboxes import DEFAULT, Directory, tidy
from mailtrap.mail.words import fold
from mailtrap.net.sasl import Claim, Credentials
from mailtrap.query import Query
from mailtrap.query.tree import Exact, Or
from mailtrap.settings import Settings
from mailtrap.store.base import Record, Selection, Store

#: The record that says which store this is.
IDENTITY = "identity"
#: Seconds that the store may take to write it down.
WRITTEN_WITHIN = 30.0


class Account:
    """What one user name stands for: an inbox or, where it is an address, the mail addressed to it as well."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.inbox = tidy(user) or DEFAULT
        local, at, domain = user.rpartition("@")
        #: The address whose mail this is; empty for an inbox alone.
        self.address = user if at and local and domain else ""

    @property
    def key(self) -> str:
        """What its folders are kept under, however the user name is spelt."""
        return fold(self.address or self.inbox)

    @property
    def query(self) -> Query:
        """Selects the messages."""
        inbox = Exact("inbox", self.inbox)
        return Query(Or((inbox, Exact("rcpt", self.address))) if self.address else inbox)

    def selection(self, ids: tuple[int, ...]) -> Selection:
        """These messages, to be deleted: of an inbox they are taken out, of an address they go for good."""
        return Selection(Query.EVERYTHING, ids, "" if self.address else self.inbox)


class Accounts:
    """Who may log in, by the same rules wherever mail is collected. Thread-safe; `admit` may be slow.

    With a file of credentials only those in it may. Else, where the web is protected, its secrets are the passwords:
    web-password and api-token open every account, the token of an inbox that inbox. Else any password does.
    """

    def __init__(self, settings: Settings, store: Store, clock: Clock, inboxes: Directory) -> None:
        self._store = store
        self._clock = clock
        self._inboxes = inboxes
        self._credentials = Credentials.load(Path(settings.auth_file)) if settings.auth_file else None
        self._secrets = tuple([secret.encode() for secret in (settings.web_password, settings.api_token) if secret])
        self._identity = ""
        self._lock = threading.Lock()

    @property
    def knows_passwords(self) -> bool:
        """Whether a digest of a password can be checked, or need not be; a file of hashes does not allow it."""
        return self._credentials is None

    def admit(self, claim: Claim) -> Account | None:
        """The account of who says so, or None where that is not believed."""
        if claim.secret is None or claim.on_behalf_of not in ("", claim.user):
            # Nobody may act for somebody else (RFC 4616 §2 leaves that to us).
            return None
        return Account(claim.user) if self._believes(claim.user, claim.secret) else None

    def admit_digest(self, user: str, challenge: bytes, digest: str) -> Account | None:
        """The same for APOP, where MD5 of challenge and password is all that is shown (RFC 1939 §7)."""
        if self._credentials is not None:
            return None
        made = [hashlib.md5(challenge + secret, usedforsecurity=False).hexdigest() for secret in self._secrets]
        good = not made or any([hmac.compare_digest(one, digest.lower()) for one in made])
        return Account(user) if good else None

    def _believes(self, user: str, secret: bytes) -> bool:
        if self._credentials is not None:
            return self._credentials.verify(user, secret)
        if not self._secrets or any([hmac.compare_digest(secret, one) for one in self._secrets]):
            return True
        found = self._inboxes.of_token(secret.decode("utf-8", "replace"))
        account = Account(user)
        return found is not None and not account.address and fold(found.name) == fold(account.inbox)

    def identity(self) -> str:
        """Names this store, for good: with the id of a message it names that message, in this store and no other."""
        with self._lock:
            if not self._identity:
                found = self._store.ledger.find(IDENTITY, ids=[1])
                if found:
                    self._identity = found[0].document.decode("ascii")
                else:
                    made = hashlib.sha256(self._clock.token(32).encode()).hexdigest()[:16]
                    self._store.ledger.put([Record(IDENTITY, 1, made.encode("ascii"))]).result(WRITTEN_WITHIN)
                    self._identity = made
            return self._identity

    def sizes(self, account: Account) -> list[tuple[int, int]]:
        """The messages of an account as ids and sizes in octets, in the order of capture."""
        if account.address:
            # Addresses are found by the index, which may be behind.
            self._store.catch_up()
        return self._store.sizes(account.query)
