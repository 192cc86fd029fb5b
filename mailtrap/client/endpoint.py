"""Where a sandbox is and how to log in there, read from its URL."""

from __future__ import annotations

import base64
import re
import ssl
from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from mailtrap.client.steps import Request
from mailtrap.errors import Invalid

DEFAULT_URL = "http://127.0.0.1:8025"
#: What stands in no line of HTTP.
_NEVER = re.compile(r"[\x00-\x20\x7f]")


class Endpoint:
    """A sandbox's URL taken apart. `user:password@` in it means HTTP basic; `url` is without them.

    `token` is the `api-token` setting or that of an inbox, `ca_file` a certificate to trust besides the system's.
    """

    def __init__(self, url: str, token: str | None = None, ca_file: str | None = None) -> None:
        parts, self.host, port = _read(url)
        self.base = parts.path.rstrip("/")
        self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{self.base}"
        self.authority = parts.netloc.rpartition("@")[2]
        self.is_tls = parts.scheme == "https"
        self.port = port or (443 if self.is_tls else 80)
        self._ca_file = ca_file
        self._headers = {"Accept": "application/json", "User-Agent": "mailtrap-client"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()

    def context(self) -> ssl.SSLContext | None:
        """How to check the server's certificate; None where there is no TLS."""
        if not self.is_tls:
            return None
        context = ssl.create_default_context()
        if self._ca_file and Path(self._ca_file).is_file():
            context.load_verify_locations(self._ca_file)
        return context

    def target(self, request: Request) -> str:
        """What stands in the request line."""
        return self.base + request.path + ("?" + urlencode(request.asked) if request.asked else "")

    def headers(self, request: Request) -> dict[str, str]:
        """The header fields that every request has, and its own."""
        return self._headers | ({"Content-Type": request.type} if request.type else {})


def _read(url: str) -> tuple[SplitResult, str, int | None]:
    """Its parts, with the host and the port. Raises Invalid for what cannot be asked."""
    with suppress(ValueError):
        parts = urlsplit(url)
        port = parts.port
        if parts.scheme in ("http", "https") and parts.hostname and parts.path.isascii() and not _NEVER.search(url):
            return parts, parts.hostname, port
    raise Invalid(f"{url[:200]!r} is not the URL of a sandbox", f"give one like {DEFAULT_URL}")
