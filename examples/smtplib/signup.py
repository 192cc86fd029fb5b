"""Sign-up without a framework: mail by smtplib, to the server that SMTP_URL names."""

from __future__ import annotations

import os
import secrets
import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

SITE = "https://shop.example"


class SignUps:
    """Who has asked for an account, and who has shown that the address is theirs."""

    def __init__(self) -> None:
        self.confirmed: set[str] = set()
        self._waiting: dict[str, tuple[str, str]] = {}

    def begin(self, address: str) -> str:
        """Send a link and a code. Returns what the person is told."""
        token, code = secrets.token_urlsafe(16), f"{secrets.randbelow(10**6):06}"
        try:
            send(
                address,
                "Confirm your address",
                f"Welcome!\n\nFollow {SITE}/verify/{token} and enter this code: {code}\n",
            )
        except (smtplib.SMTPException, OSError):
            return "We could not send you a mail just now. Please try again in a minute."
        self._waiting[token] = address, code
        return "Look into your mailbox."

    def confirm(self, token: str, code: str) -> str:
        """Somebody has followed the link and entered a code."""
        address, expected = self._waiting.get(token, ("", ""))
        if not address or code != expected:
            return "That code is not right."
        self.confirmed.add(address)
        return "Your address is confirmed."


def send(to: str, subject: str, text: str) -> None:
    """One mail."""
    server = urlsplit(os.environ["SMTP_URL"])
    message = EmailMessage()
    message["From"] = "Shop <shop@shop.example>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content(text)
    with smtplib.SMTP(server.hostname or "localhost", server.port or 25, timeout=30) as client:
        if server.username:
            client.login(unquote(server.username), unquote(server.password or ""))
        client.send_message(message)
