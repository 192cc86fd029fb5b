"""Hands notices really on by SMTP, to an application's own bounce handler (RFC 5321)."""

from __future__ import annotations

import re
import smtplib
from typing import Any

from mailtrap.errors import Invalid, NotFound, Unavailable
from mailtrap.mail.heading import header_end
from mailtrap.net.outbound import Outbound, read_address
from mailtrap.store.base import Store

#: The largest message that is handed on; notices are small.
LARGEST = 10 * 1024 * 1024


class _Client(smtplib.SMTP):
    """smtplib over a connection that somebody else made."""

    def __init__(self, outbound: Outbound, name: str) -> None:
        self._outbound = outbound
        super().__init__(local_hostname=name)

    def _get_socket(self, host: str, port: int, timeout: Any) -> Any:
        return self._outbound.dial(host, port, trusted=True)


class Relay:
    """Sends messages as they were kept, octet for octet, to one server that a user named."""

    def __init__(self, store: Store, outbound: Outbound, name: str = "localhost") -> None:
        self._store = store
        self._outbound = outbound
        self._name = name

    def send(self, id: int, url: str) -> tuple[int, str]:
        """Hand message `id` to `smtp://host:port`; returns the reply that decided it.

        Raises NotFound where the message has gone, and Unavailable where there was no reply at all.
        """
        address = read_address(url, "smtp")
        message = self._store.get(id)
        if message is None:
            raise NotFound(f"There is no message {id} any more")
        if message.size > LARGEST:
            raise Invalid(f"Message {id} is too large to be handed on")
        octets = b"".join(self._store.octets(id))
        client = _Client(self._outbound, self._name)
        try:
            greeting = client.connect(address.host, address.port)
            if greeting[0] != 220:
                return _said(greeting)
            return self._transaction(client, message.envelope.reverse_path, message.envelope.addresses, octets)
        except (smtplib.SMTPException, OSError) as error:
            code = getattr(error, "smtp_code", 0)
            if code > 0:
                return _said((code, getattr(error, "smtp_error", b"")))
            raise Unavailable(f"{address.authority}: {_clean(str(error) or type(error).__name__)}") from error
        finally:
            client.close()

    @staticmethod
    def _transaction(client: smtplib.SMTP, sender: str, recipients: tuple[str, ...], octets: bytes) -> tuple[int, str]:
        client.ehlo_or_helo_if_needed()
        options = []
        wide = not all(map(str.isascii, (sender, *recipients)))
        if (wide or not octets[: header_end(octets, len(octets))].isascii()) and client.has_extn("smtputf8"):
            client.command_encoding = "utf-8"
            options.append("SMTPUTF8")
        elif wide:
            # What such a server would say, if it could be asked at all (RFC 6531 §3.5).
            return 553, "5.6.7 not sent: an address is not ASCII, and SMTPUTF8 is not offered"
        if not octets.isascii() and client.has_extn("8bitmime"):
            options.append("BODY=8BITMIME")
        reply = client.mail(sender, options)
        if reply[0] // 100 != 2:
            return _said(reply)
        refusals = [reply for reply in map(client.rcpt, recipients) if reply[0] // 100 != 2]
        if len(refusals) == len(recipients):
            return _said(refusals[0]) if refusals else (554, "it has no recipient")
        reply = client.data(octets)
        return _said(reply)


def _said(reply: tuple[int, bytes]) -> tuple[int, str]:
    return reply[0], _clean(reply[1].decode("utf-8", "replace"))


def _clean(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:200]
