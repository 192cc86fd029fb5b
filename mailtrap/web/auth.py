"""Who may use the web: optional basic auth and API token."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256

from mailtrap.inboxes import TOKEN, Inbox
from mailtrap.settings import Settings
from mailtrap.web.errors import Refused

#: Probes of an orchestrator carry no credentials, nor do those who check a signature; these answers give nothing away.
EXEMPT = frozenset({"/livez", "/readyz", "/api/webhooks/certificate.pem", "/api/webhooks/subscription"})

CHALLENGE = 'Basic realm="mailtrap", charset="UTF-8"'


class Guard:
    """Decides whether an `Authorization` header opens the web. Without credentials in the settings every one does.

    `of_token` knows the tokens that open one inbox.
    """

    def __init__(self, settings: Settings, of_token: Callable[[str], Inbox | None] = lambda _: None) -> None:
        self._of_token = of_token
        # Digests are compared instead of the secrets, so that neither content nor length shows in the time it takes.
        self._accepted: list[tuple[str, bytes]] = []
        if settings.web_password:
            self._accepted.append(("basic", _digest(f"{settings.web_user}:{settings.web_password}".encode())))
        if settings.api_token:
            self._accepted.append(("bearer", _digest(settings.api_token.encode())))
            # A browser knows no tokens, but asks for a name and a password: any name will do.
            self._accepted.append(("basic password", _digest(settings.api_token.encode())))

    @property
    def is_open(self) -> bool:
        """Whether nobody has to say who they are."""
        return not self._accepted

    def admits(self, authorization: str) -> bool:
        """Whether this header value is one of the accepted credentials."""
        if self.is_open:
            return True
        scheme, _, value = authorization.partition(" ")
        scheme = scheme.lower()
        credentials = _credentials(scheme, value.strip())
        given = {scheme: _digest(credentials)}
        if scheme == "basic":
            given["basic password"] = _digest(credentials.partition(b":")[2])
        return any([hmac.compare_digest(given[kind], secret) for kind, secret in self._accepted if kind in given])

    def confines(self, authorization: str) -> str:
        """The inbox that this header value opens and no more; empty where it is not the token of one.

        Raises Refused for a token whose inbox has gone: where no credentials are needed it must not open all others.
        """
        if not authorization or (not self.is_open and self.admits(authorization)):
            return ""
        scheme, _, value = authorization.partition(" ")
        credentials = _credentials(scheme.lower(), value.strip())
        if scheme.lower() == "basic":
            credentials = credentials.partition(b":")[2]
        # Looked up by its digest: the time that takes says nothing of what is kept.
        token = credentials.decode("utf-8", "replace")
        found = self._of_token(token)
        if found is None and token.startswith(TOKEN):
            raise Refused(401, "There is no inbox that this token opens", "it may have been removed")
        return found.name if found else ""


def _credentials(scheme: str, value: str) -> bytes:
    if scheme != "basic":
        return value.encode("latin-1", "replace")
    try:
        return b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _digest(octets: bytes) -> bytes:
    return sha256(octets).digest()
