"""Every bound on what a client may send, in one value (RFC 5321 §4.5.3.1 and our own)."""

from __future__ import annotations

from msgspec import Struct

from mailtrap.settings import Settings


class Limits(Struct, frozen=True):
    """Sizes in octets, times in seconds; 0 is no limit. Each is a setting of the same name in `mailtrap.settings`."""

    max_message_size: int = 50 * 1024 * 1024
    max_line: int = 2048
    max_recipients: int = 1000
    max_connections: int = 2000
    max_connections_per_peer: int = 1000
    max_errors: int = 20
    max_junk: int = 100
    max_messages_per_session: int = 0
    idle_timeout: float = 300.0
    session_timeout: float = 86_400.0
    tls_timeout: float = 30.0
    min_data_rate: int = 500

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits a user has set."""
        return cls(**{name: getattr(settings, name) for name in cls.__struct_fields__})
