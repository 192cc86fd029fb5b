"""What the running server knows about itself: where it listens and since when."""

from __future__ import annotations

import os

from msgspec import Struct, field


class About(Struct):
    """`addresses` is filled in as listeners start: `{"smtp": "127.0.0.1:1025", "web": …}`.

    `authority` is the file of the certificate to trust, empty without TLS; `started_at` is in microseconds since
    the epoch.
    """

    addresses: dict[str, str] = field(default_factory=dict)
    authority: str | os.PathLike[str] = ""
    started_at: int = 0

    @property
    def ca_file(self) -> str:
        """The path of that file, which is made now if it is not there yet."""
        return os.fspath(self.authority)
