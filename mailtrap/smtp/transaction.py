"""One mail transaction as a value, and what the parameters of MAIL ask of it (RFC 5321 §3.3)."""

from __future__ import annotations

from msgspec import Struct, field

from mailtrap.mail.envelope import Envelope, Parameters, Recipient
from mailtrap.smtp import protocol


class TooBig(Exception):
    """The declared size is over the limit."""


class Transaction(Struct):
    """From MAIL to the end of the content. Of the accepted recipients, those `discarded` get nothing.

    `telling` is a recipient whose address may ask for a failure by itself.
    """

    reverse_path: str
    parameters: Parameters
    body: str = ""
    utf8: bool = False
    flags: list[str] = field(default_factory=list)
    recipients: list[Recipient] = field(default_factory=list)
    discarded: list[Recipient] = field(default_factory=list)
    telling: str = ""

    def flag(self, name: str) -> None:
        """Note a fact that only the wire shows."""
        if name not in self.flags:
            self.flags.append(name)

    @property
    def eight_bit(self) -> bool:
        """Whether the client said that there may be octets above 127."""
        return self.utf8 or self.body in ("8BITMIME", "BINARYMIME")

    @property
    def envelope(self) -> Envelope:
        """As it goes with the content."""
        recipients = self.recipients
        if self.discarded:
            recipients = [one for one in recipients if not any([one is other for other in self.discarded])]
        return Envelope(self.reverse_path, tuple(recipients), self.parameters)

    def honour(self, offers: frozenset[str], limit: int) -> None:
        """Do what parameters of MAIL ask for where their extension is offered; all others are only recorded.

        Raises CommandError and TooBig.
        """
        given, size = protocol.find_parameter(self.parameters, "SIZE")
        if given and "SIZE" in offers:
            if size is None or not size.isdecimal() or len(size) > 20:
                raise protocol.CommandError("SIZE takes a number (RFC 1870)")
            if limit and int(size) > limit:
                raise TooBig
        given, body = protocol.find_parameter(self.parameters, "BODY")
        if given and "8BITMIME" in offers:
            self.body = (body or "").upper()
            if self.body not in ("7BIT", "8BITMIME", "BINARYMIME"):
                raise protocol.CommandError("BODY takes 7BIT, 8BITMIME or BINARYMIME (RFC 6152, RFC 3030)")
        given, _ = protocol.find_parameter(self.parameters, "SMTPUTF8")
        self.utf8 = given and "SMTPUTF8" in offers
