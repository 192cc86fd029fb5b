"""The envelope: what the client said apart from the content (RFC 5321 §2.3.1)."""

from __future__ import annotations

from msgspec import Struct

#: ESMTP parameters in the order sent: keyword as sent, value as sent or None (RFC 5321 §4.1.2 esmtp-param).
Parameters = tuple[tuple[str, str | None], ...]


class Recipient(Struct, frozen=True):
    """One accepted RCPT: the forward-path exactly as sent, without its angle brackets, and its parameters."""

    address: str
    parameters: Parameters = ()


class Envelope(Struct, frozen=True):
    """Reverse-path (empty for the null path `<>`), recipients in the order accepted, MAIL parameters."""

    reverse_path: str
    recipients: tuple[Recipient, ...]
    parameters: Parameters = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """The forward-paths, in the order accepted."""
        return tuple([recipient.address for recipient in self.recipients])
