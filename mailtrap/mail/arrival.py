"""How a message came in (RFC 5321 §4.4, RFC 3848)."""

from __future__ import annotations

from msgspec import Struct


class Tls(Struct, frozen=True):
    """The protection of a connection, as the TLS library names it: `TLSv1.3`, `TLS_AES_256_GCM_SHA384`."""

    version: str
    cipher: str


class Login(Struct, frozen=True):
    """Who logged in and how. Never holds a secret."""

    mechanism: str
    user: str


class Arrival(Struct, frozen=True):
    """When, from whom and by which way.

    `at` is in microseconds since the epoch; `listener` is `smtp`, `smtps`, `http`, `import`, or where a client put
    it into a folder `imap` or `imaps`; `peer` is `address:port` or empty; `protocol` is the RFC 3848 keyword (`SMTP`,
    `ESMTP`, `ESMTPS`, `ESMTPSA`, `UTF8SMTP` …); `session` is the id of the dialogue that brought it.
    """

    at: int
    listener: str
    peer: str = ""
    helo: str = ""
    protocol: str = ""
    tls: Tls | None = None
    login: Login | None = None
    session: int | None = None


def address_of(peer: str) -> str:
    """A peer without its port: `192.0.2.1:999` → `192.0.2.1`, `[::1]:999` → `::1`."""
    if peer.startswith("[") and "]" in peer:
        return peer[1:].partition("]")[0]
    return peer.partition(":")[0] if peer.count(":") == 1 else peer
