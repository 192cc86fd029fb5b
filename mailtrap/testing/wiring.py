"""What an application is told so that it sends to a sandbox and reads from it: variables, settings of frameworks."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from mailtrap.errors import SettingsError

#: What an application falls back to when nothing says who sends.
SENDER = "app@example.test"
#: Pydantic takes no address in `.test`, which is nobody's, but one in a domain kept for examples (RFC 2606 §3).
_SENDER_FOR_PYDANTIC = "app@example.com"

#: Variables that say how to log in or to protect a connection. One that is left from elsewhere would be wrong here.
STRAY = frozenset(
    f"{prefix}_{word}"
    for prefix in ("SMTP", "MAIL", "EMAIL", "IMAP", "POP3")
    for word in (
        *("USER", "USERNAME", "HOST_USER", "LOGIN", "PASS", "PASSWORD", "HOST_PASSWORD"),
        *("USE_TLS", "USE_SSL", "SSL_TLS", "STARTTLS", "SECURE", "TLS", "SSL", "ENCRYPTION"),
    )
)


#: What gives mail out, as schemes of URLs, as `/api/info` calls it, and as a site does.
READING = ("imap", "imaps", "pop3", "pop3s")
#: Variables that say where a sandbox elsewhere is reached (`host:port`) where that is not as it says: a container
#: knows nothing of the ports that its own are mapped to.
MAPPED = {name: f"MAILTRAP_{name.upper()}" for name in ("smtp", "smtps", *READING)}
#: Who reads without a login of his own: the inbox of mail that was sent without one, and some password, any of which
#: is taken.
_DEFAULT, _ANY = "default", "any"


class Site(Struct, frozen=True):
    """Where a sandbox is: its pages and API, and the ports it takes mail at and gives it out. `token` opens the API.

    A port is 0 where there is none: a sandbox elsewhere may be an older one. Names end with `s` where TLS is from the
    start.

    `authority` is the file with the certificate that clients should trust.
    """

    url: str
    host: str
    smtp: int
    smtps: int = 0
    authority: str | os.PathLike[str] = ""
    token: str = ""
    imap: int = 0
    imaps: int = 0
    pop3: int = 0
    pop3s: int = 0

    @property
    def ca_file(self) -> str:
        """The path of the certificate to trust, which is made now if it is not there yet."""
        return os.fspath(self.authority)

    @property
    def trusted(self) -> str | None:
        """The same, where the API is reached by TLS."""
        return (self.ca_file or None) if self.url.startswith("https:") else None

    @property
    def secret(self) -> str:
        """What reads every inbox: the token, or the password in the URL. Empty where any password does."""
        return self.token or unquote(urlsplit(self.url).password or "")

    @classmethod
    def of(cls, url: str, info: dict[str, Any], mapped: Mapping[str, str] | None = None, token: str = "") -> Site:
        """One that runs elsewhere, from what `/api/info` says; `mapped` is `host:port` by the name of a port, where
        that is reached otherwise. Raises SettingsError for what is no address, or where there are several hosts."""
        ports = {name: int(address.rpartition(":")[2]) for name, address in info["addresses"].items()}
        hosts = set()
        for name, address in (mapped or {}).items():
            host, ports[name] = _address(name, address)
            hosts.add(host)
        hosts.discard("")
        if len(hosts) > 1:
            raise SettingsError(
                f"a sandbox is reached at one host, not at {' and '.join(sorted(hosts))}",
                f"give {', '.join(MAPPED.values())} the same one",
            )
        return cls(
            url.rstrip("/"),
            hosts.pop() if hosts else urlsplit(url).hostname or "127.0.0.1",
            ports["smtp"],
            ports.get("smtps", 0),
            info["ca_file"],
            token,
            *[ports.get(name, 0) for name in READING],
        )


def _address(name: str, address: str) -> tuple[str, int]:
    """Host, empty if none is said, and port of `host:port`, `:port`, or a URL of those."""
    host, _, port = address.removeprefix(f"{name}://").rpartition(":")
    if not re.fullmatch("[0-9]{1,5}", port, re.ASCII):
        raise SettingsError(f"{MAPPED[name]} is {address!r}, which is no address", "give HOST:PORT")
    return host.strip("[]"), int(port)


class Wiring(Struct, frozen=True):
    """A sandbox as an application sees it: with a login, which is an inbox, or without."""

    site: Site
    user: str = ""
    password: str = ""

    @property
    def smtp_url(self) -> str:
        """`smtp://user:password@127.0.0.1:1025`"""
        return self._url("smtp", self.site.smtp, self.user, self.password)

    @property
    def reader(self) -> tuple[str, str]:
        """User name and password of whoever reads, who must always say both."""
        return self.user or _DEFAULT, self.password or self.site.secret or _ANY

    def reading_url(self, scheme: str) -> str:
        """`imap://user:password@127.0.0.1:1143`; empty where the sandbox has no such port."""
        port: int = getattr(self.site, scheme)
        return self._url(scheme, port, *self.reader) if port else ""

    def _url(self, scheme: str, port: int, user: str, password: str) -> str:
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
        host = f"[{self.site.host}]" if ":" in self.site.host else self.site.host
        return f"{scheme}://{login}{host}:{port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which applications commonly find their mail servers, whatever they are written in."""
        site, port = self.site, str(self.site.smtp)
        variables = {name: self.smtp_url for name in ("SMTP_URL", "MAIL_URL", "EMAIL_URL", "MAILER_DSN", "MAILER_URL")}
        for prefix in ("SMTP", "MAIL", "EMAIL"):
            variables |= {f"{prefix}_HOST": site.host, f"{prefix}_SERVER": site.host, f"{prefix}_PORT": port}
            if self.user:
                names = {"USER": self.user, "USERNAME": self.user, "HOST_USER": self.user}
                names |= {"PASSWORD": self.password, "PASS": self.password, "HOST_PASSWORD": self.password}
                variables |= {f"{prefix}_{name}": value for name, value in names.items()}
        variables |= {"MAIL_MAILER": "smtp", "MAILTRAP_URL": site.url}
        # What `mailtrap send` and the tests of a command look at.
        variables["MAILTRAP_SMTP"] = self.smtp_url.rpartition("@")[2].removeprefix("smtp://")
        if site.token:
            variables["MAILTRAP_API_TOKEN"] = site.token
        return variables | self._reading

    @property
    def _reading(self) -> dict[str, str]:
        """The same of the servers by which they read mail."""
        user, password = self.reader
        variables: dict[str, str] = {}
        for scheme in READING:
            if port := getattr(self.site, scheme):
                prefix = scheme.upper()
                variables |= {f"{prefix}_PORT": str(port), f"{prefix}_URL": self.reading_url(scheme)}
                if not scheme.endswith("s"):
                    variables |= {f"{prefix}_HOST": self.site.host, f"{prefix}_SERVER": self.site.host}
                    variables |= {f"{prefix}_USER": user, f"{prefix}_USERNAME": user}
                    variables |= {f"{prefix}_PASSWORD": password, f"{prefix}_PASS": password}
        return variables

    @property
    def django(self) -> dict[str, Any]:
        """Django's settings, for `override_settings(**…)` or pytest-django's `settings`."""
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": self.site.host,
            "EMAIL_PORT": self.site.smtp,
            "EMAIL_HOST_USER": self.user,
            "EMAIL_HOST_PASSWORD": self.password,
            "EMAIL_USE_TLS": False,
            "EMAIL_USE_SSL": False,
            "EMAIL_TIMEOUT": 30,
        }

    @property
    def flask(self) -> dict[str, Any]:
        """Configuration for Flask-Mail and its relatives: `app.config.update(…)`."""
        return {
            "MAIL_SERVER": self.site.host,
            "MAIL_PORT": self.site.smtp,
            "MAIL_USERNAME": self.user or None,
            "MAIL_PASSWORD": self.password or None,
            "MAIL_USE_TLS": False,
            "MAIL_USE_SSL": False,
            "MAIL_DEFAULT_SENDER": SENDER,
            # Where an application is under test, Flask-Mail by default sends nothing.
            "MAIL_SUPPRESS_SEND": False,
        }

    @property
    def fastapi(self) -> dict[str, Any]:
        """Configuration for fastapi-mail: `ConnectionConfig(**…)`."""
        return {
            "MAIL_SERVER": self.site.host,
            "MAIL_PORT": self.site.smtp,
            "MAIL_USERNAME": self.user,
            "MAIL_PASSWORD": self.password,
            "MAIL_FROM": _SENDER_FOR_PYDANTIC,
            "MAIL_STARTTLS": False,
            "MAIL_SSL_TLS": False,
            "USE_CREDENTIALS": bool(self.user),
            "VALIDATE_CERTS": False,
            "SUPPRESS_SEND": 0,
        }
