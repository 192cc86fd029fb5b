"""Which running sandbox a command means: `--url`, else MAILTRAP_URL, else what the settings say."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mailtrap.errors import Invalid, SettingsError

if TYPE_CHECKING:
    from mailtrap.client import Client

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: An address listened on which means "all" is reached by the loopback one.
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read, not bound


def url_option(command: _Command) -> _Command:
    """Adds `--url`."""
    return click.option("--url", metavar="URL", help="The sandbox; default MAILTRAP_URL, else http://127.0.0.1:8025.")(
        command
    )


def connect(url: str | None, timeout: float = 60.0) -> Client:
    """A client for the sandbox meant; `timeout` in seconds.

    Where no URL is given, the settings name host, port, base path, TLS and login.
    """
    from mailtrap.client import Client
    from mailtrap.settings import load

    settings = load({}, os.environ)
    where = url or os.environ.get("MAILTRAP_URL") or ""
    token, password = settings.api_token, settings.web_password
    if not where:
        scheme = "https" if settings.web_tls else "http"
        where = f"{scheme}://{reachable(settings.host)}:{settings.web_port}{settings.base_path}"
        if settings.web_user and not token:
            from urllib.parse import quote

            login = f"{quote(settings.web_user, safe='')}:{quote(password, safe='')}@"
            where = where.replace("://", "://" + login, 1)
    authority = None
    if where.startswith("https:"):
        from mailtrap.net.tls import ca_file

        authority = str(ca_file(settings))
    try:
        return Client(where, token or None, ca_file=authority, timeout=timeout)
    except Invalid as error:
        raise SettingsError(str(error), error.hint) from error


def smtp_address(given: str | None) -> tuple[str, int]:
    """Host and port to send to: `host:port` as given, else MAILTRAP_SMTP, else what the settings say."""
    where = given or os.environ.get("MAILTRAP_SMTP")
    if where:
        host, _, port = where.removeprefix("smtp://").rpartition(":")
        if not host.strip("[]") and not where.startswith(":"):
            host, port = port, "1025"
        if not re.fullmatch("[0-9]{1,5}", port, re.ASCII) or not 0 < int(port) < 65_536:
            raise SettingsError(f"{where!r} is not an address to send to", "give HOST:PORT, such as 127.0.0.1:1025")
        return host.strip("[]") or "127.0.0.1", int(port)
    from mailtrap.settings import load

    settings = load({}, os.environ)
    return reachable(settings.host).strip("[]"), settings.smtp_port


def reachable(host: str) -> str:
    """A host to connect to, for one listened on; IPv6 in brackets."""
    host = _ANY.get(host, host)
    return f"[{host}]" if ":" in host else host
