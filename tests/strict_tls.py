"""A TLS client that is as strict on every Python: that of Debian takes TLS 1.1, and an abrupt end for a proper one."""

from __future__ import annotations

import ssl
import sys

#: What such a client says of a connection that ends without a word; Python has its own words since 3.11.4.
CUT_OFF = "EOF occurred" if sys.version_info >= (3, 11, 4) else "UNEXPECTED_EOF_WHILE_READING"


def strict_client(cafile: str | None = None) -> ssl.SSLContext:
    """What Python's own build makes by default."""
    context = ssl.create_default_context(cafile=cafile)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context
