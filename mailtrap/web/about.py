"""What the running server knows about itself: where it listens and since when."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class About:
    """`addresses` is filled in as listeners start: `{"smtp": "127.0.0.1:1025", "web": …}`.

    `ca_file` is the path of the certificate to trust, empty without TLS; `started_at` is in microseconds since
    the epoch.
    """

    addresses: dict[str, str] = field(default_factory=dict)
    ca_file: str = ""
    started_at: int = 0
