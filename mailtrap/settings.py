"""The one table of settings; flags, environment, the TOML file, `--help` and docs/settings.md are derived from it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import force_setattr

from mailtrap.errors import SettingsError

PREFIX = "MAILTRAP_"
FILE = "mailtrap.toml"
TEMPORARY = ":temp:"

#: How a value is written, by kind; shown in `--help` and the docs.
KINDS = {
    "text": "text",
    "secret": "text",
    "path": "path",
    "number": "number",
    "port": "port, 0 picks a free one",
    "switch": "true or false",
    "size": "octets, or with KB, MB, GB",
    "duration": "seconds, or with s, m, h, d",
    "durations": "durations of 1s or more, separated by commas",
    "list": "words separated by commas",
}


#: What is said of the settings below besides their names, in their order.
_SAID: list[tuple[str, Any, str, str, tuple[str, ...]]] = []


def _setting(group: str, default: Any, kind: str, help_: str, *choices: str) -> Any:
    _SAID.append((group, default, kind, help_, choices))
    return default


#: What `hide-extensions` may name: what EHLO, CAPA and CAPABILITY can offer, a test holds them together.
HIDEABLE = (
    # EHLO; STARTTLS is hidden in POP3, where it is called STLS, and in IMAP, too
    *("SIZE", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING", "BINARYMIME"),
    *("STARTTLS", "AUTH"),
    # CAPA
    *("TOP", "USER", "UIDL", "SASL", "APOP", "STLS", "UTF8", "RESP-CODES", "AUTH-RESP-CODE", "EXPIRE"),
    "IMPLEMENTATION",
    # CAPABILITY
    *("IMAP4rev1", "IMAP4rev2", "LITERAL+", "SASL-IR", "ID", "ENABLE", "IDLE", "NAMESPACE", "UNSELECT", "UIDPLUS"),
    *("MULTIAPPEND", "MOVE", "CHILDREN", "SPECIAL-USE", "CREATE-SPECIAL-USE", "LIST-EXTENDED", "LIST-STATUS"),
    *("STATUS=SIZE", "ESEARCH", "SEARCHRES", "SORT", "SORT=DISPLAY", "THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES"),
    *("THREAD=REFS", "CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "BINARY", "APPENDLIMIT", "QUOTA", "QUOTA=RES-MESSAGE"),
    *("WITHIN", "OBJECTID", "AUTH=PLAIN", "AUTH=LOGIN", "AUTH=XOAUTH2", "AUTH=OAUTHBEARER"),
)

#: Texts that have a form: what it is, and how a person is told. Those of lists are the form of each.
_HOST = (r"[A-Za-z0-9._-]*|\[?[0-9A-Fa-f:.]*\]?", "names of hosts without scheme and port, such as mail.example.test")
_FORMS = {
    "base_path": (r"/?|(/?[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?", "a path such as /mail"),
    "smtp_hostname": (r"[A-Za-z0-9._-]+|\[[0-9A-Za-z:.]+\]", "the name of a host, such as mail.example.test"),
    "allowed_hosts": _HOST,
    "visit_hosts": _HOST,
    "web_user": (r"[^:\x00-\x1f\x7f]*", "a name without a colon (RFC 7617)"),
    "api_token": (r"[!-~]*", "letters, digits and signs of ASCII, without spaces"),
}
#: Numbers that are not to be 0, by their least value.
_LEAST = {"max_body": 1, "max_web_threads": 1, "webhook_tries": 1, "webhook_timeout": 0.001}


_LIMITS = "Limits (0 for none)"
_FREE = "where not given, a free one if it is taken or smtp-port is 0"


class Standard(int):
    """A port for whoever says nothing about it; where SMTP has a free one picked, so has this."""


class Settings(Struct, frozen=True):
    """Every setting with its default. Sizes are octets, durations seconds; 0 means no limit where the help says so."""

    host: str = _setting("Listening", "127.0.0.1", "text", "Address to listen on, for mail and web")
    smtp_port: int = _setting("Listening", 1025, "port", "SMTP, plain and STARTTLS")
    smtps_port: int = _setting("Listening", 1465, "port", "SMTP over implicit TLS")
    pop3_port: int = _setting("Listening", Standard(1110), "port", f"POP3, plain and STLS; {_FREE}")
    pop3s_port: int = _setting("Listening", Standard(1995), "port", f"POP3 over implicit TLS; {_FREE}")
    imap_port: int = _setting("Listening", Standard(1143), "port", f"IMAP, plain and STARTTLS; {_FREE}")
    imaps_port: int = _setting("Listening", Standard(1993), "port", f"IMAP over implicit TLS; {_FREE}")
    web_port: int = _setting("Listening", 8025, "port", "Web pages and JSON API")
    base_path: str = _setting("Listening", "", "text", "Path the web is served under, such as /mail")

    database: str = _setting("Storing", TEMPORARY, "text", "Database file; `:temp:` for one that goes with the process")
    synchronous: str = _setting(
        "Storing",
        "auto",
        "text",
        "What a 250 survives: `full` power loss, `normal` a crash of this process; `auto` is full for a named database",
        "auto",
        "full",
        "normal",
    )
    max_messages: int = _setting("Storing", 0, "number", "Beyond this many, the oldest are evicted; 0 keeps all")
    max_age: float = _setting("Storing", 0.0, "duration", "Older messages are evicted; 0 keeps all")
    max_sessions: int = _setting(
        "Storing", 10_000, "number", "Beyond this many dialogues (SMTP, POP3, IMAP), the oldest go"
    )
    state_dir: str = _setting("Storing", "", "path", "Where the certificate is kept; default ~/.local/state/mailtrap")

    smtp_hostname: str = _setting("SMTP", "localhost", "text", "Name in the greeting and in the certificate")
    hide_extensions: tuple[str, ...] = _setting(
        "SMTP", (), "list", "EHLO, CAPA and CAPABILITY words not to offer, such as SIZE"
    )
    auth: str = _setting(
        "SMTP",
        "any",
        "text",
        "`any` accepts all credentials, `required` also demands some, `off` offers no AUTH",
        "any",
        "required",
        "off",
    )
    auth_file: str = _setting(
        "SMTP", "", "path", "File of user:hash lines (see `mailtrap password`); only these may log in"
    )
    require_tls: bool = _setting("SMTP", False, "switch", "Refuse MAIL and AUTH before STARTTLS")
    tls_cert: str = _setting("SMTP", "", "path", "Your certificate chain (PEM); default: a self-signed one")
    tls_key: str = _setting("SMTP", "", "path", "Key of tls-cert (PEM)")

    max_message_size: int = _setting(_LIMITS, 50 * 1024 * 1024, "size", "Largest message")
    max_line: int = _setting(_LIMITS, 2048, "size", "Longest command line (content lines have no limit)")
    max_recipients: int = _setting(_LIMITS, 1000, "number", "Recipients of one message")
    max_connections: int = _setting(_LIMITS, 2000, "number", "Connections at once, of SMTP, POP3 and IMAP each")
    max_connections_per_peer: int = _setting(_LIMITS, 1000, "number", "The same from one address")
    max_errors: int = _setting(_LIMITS, 20, "number", "Refused commands before a session is closed")
    max_junk: int = _setting(
        _LIMITS, 100, "number", "Commands that bring no mail (NOOP, RSET, VRFY …) between messages"
    )
    max_messages_per_session: int = _setting(_LIMITS, 0, "number", "Messages on one connection; 0 for no limit")
    idle_timeout: float = _setting(_LIMITS, 300.0, "duration", "How long a client may take over one command")
    reader_timeout: float = _setting(
        _LIMITS, 1800.0, "duration", "How long a client that collects mail may be idle once it has logged in"
    )
    session_timeout: float = _setting(_LIMITS, 86_400.0, "duration", "How long one connection may last")
    tls_timeout: float = _setting(_LIMITS, 30.0, "duration", "How long a TLS handshake may take")
    min_data_rate: int = _setting(_LIMITS, 500, "size", "Octets a second a client must send during DATA")

    allowed_hosts: tuple[str, ...] = _setting(
        "Web", (), "list", "Host names the web answers to, besides localhost and the address listened on"
    )
    web_user: str = _setting("Web", "", "text", "User name for pages and API (HTTP basic)")
    web_password: str = _setting("Web", "", "secret", "Password of web-user")
    api_token: str = _setting(
        "Web", "", "secret", "Token for the API (`Authorization: Bearer …`), and password for any user name"
    )
    insecure: bool = _setting("Web", False, "switch", "Listen beyond this machine without password or token")
    web_tls: bool = _setting("Web", False, "switch", "Serve the web over TLS with the same certificate")
    max_body: int = _setting("Web", 60 * 1024 * 1024, "size", "Largest HTTP request body")
    max_live: int = _setting("Web", 200, "number", "Live connections (WebSocket) at once; pages poll beyond it")
    max_waiters: int = _setting("Web", 400, "number", "Requests that wait for mail at once; each costs a thread")
    max_web_threads: int = _setting("Web", 768, "number", "HTTP connections at once, live ones included")

    faults: str = _setting(
        "Failures", "", "path", "File of rules of failures (TOML); they come before those that are made while it runs"
    )
    fault_addresses: bool = _setting(
        "Failures", True, "switch", "Addresses such as ana+550-5.1.1@example.test mean what they say"
    )

    retry_schedule: tuple[float, ...] = _setting(
        "Delivery",
        (300.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0),
        "durations",
        "How long a deferred delivery waits before each new try; the last is repeated",
    )
    expire_after: float = _setting("Delivery", 432_000.0, "duration", "After so long a deferred delivery is given up")
    delay_notice_after: float = _setting(
        "Delivery", 14_400.0, "duration", "After so long the sender is told of a delay; 0 for never"
    )

    webhooks: tuple[str, ...] = _setting(
        "Applications",
        (),
        "list",
        "URLs told what happens to mail; `sendgrid+http://…` in that provider's shape (mailgun, postmark, ses, resend)",
    )
    webhook_secret: str = _setting(
        "Applications", "", "secret", "What those of our own and Mailgun's shape are signed with; default: a random one"
    )
    webhook_retry: float = _setting(
        "Applications", 1.0, "duration", "Wait after a webhook's first failure, doubled after each further one"
    )
    webhook_max_wait: float = _setting("Applications", 300.0, "duration", "Longest wait between tries of a webhook")
    webhook_tries: int = _setting("Applications", 12, "number", "Tries of a webhook before it is a dead letter")
    webhook_timeout: float = _setting("Applications", 10.0, "duration", "How long a receiver may take to answer")
    bounce_smtp: str = _setting(
        "Applications", "", "text", "`host:port` of an SMTP server that notices to senders are really handed to as well"
    )
    visit_hosts: tuple[str, ...] = _setting(
        "Applications",
        ("localhost", "127.0.0.1", "::1"),
        "list",
        "Hosts of which the simulated reader fetches pictures and follows links",
    )

    log_level: str = _setting("Logging", "warning", "text", "How much to log", "debug", "info", "warning", "error")

    def __post_init__(self) -> None:
        path = "/" + self.base_path.strip("/")
        force_setattr(self, "base_path", path if path != "/" else "")
        if not self.smtp_port:
            for name in ("pop3_port", "pop3s_port", "imap_port", "imaps_port"):
                if isinstance(getattr(self, name), Standard):
                    force_setattr(self, name, Standard(0))

    @property
    def is_temporary(self) -> bool:
        """Whether the database goes with the process."""
        return self.database == TEMPORARY


class Row(Struct, frozen=True):
    """One line of the table, for whoever derives something from it."""

    name: str
    default: Any
    kind: str
    help: str
    group: str
    choices: tuple[str, ...]

    @property
    def flag(self) -> str:
        """`--smtp-port`"""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """`MAILTRAP_SMTP_PORT`"""
        return PREFIX + self.name.upper()

    @property
    def key(self) -> str:
        """`smtp-port`, as in the TOML file."""
        return self.name.replace("_", "-")

    def read(self, value: Any, origin: str) -> Any:
        """The value meant by a flag, variable or TOML value; `origin` says in an error where it stood."""
        try:
            read = _READERS[self.kind](value)
        except (ValueError, TypeError):
            raise SettingsError(
                f"{origin}: {value!r} is not a value for {self.key}", f"give {KINDS[self.kind]}"
            ) from None
        if self.choices and read not in self.choices:
            raise SettingsError(f"{origin}: {self.key} cannot be {value!r}", f"one of {', '.join(self.choices)}")
        self._check(read, origin)
        return read

    def _check(self, read: Any, origin: str) -> None:
        """What the kind does not say."""
        form, words = _FORMS.get(self.name, ("", ""))
        for text in (read if isinstance(read, tuple) else (read,)) if form else ():
            if not re.fullmatch(form, text):
                shown = "this" if self.kind == "secret" else repr(text)
                raise SettingsError(f"{origin}: {self.key} cannot be {shown}", f"give {words}")
        if self.name in _LEAST and read < _LEAST[self.name]:
            raise SettingsError(f"{origin}: {self.key} cannot be {self.write(read)}", "give more than 0")
        if self.kind == "durations" and min(read, default=0) < 1:
            # Tried again sooner than any server would, a delivery would come to its end before the clock has moved.
            shown = self.write(read) or "empty"
            raise SettingsError(f"{origin}: {self.key} cannot be {shown}", "give 1s or more each time, such as 30s,5m")
        if self.name == "hide_extensions":
            known = {word.upper() for word in HIDEABLE}
            unknown = [word for word in read if word.upper() not in known]
            if unknown:
                raise SettingsError(
                    f"{origin}: there is no extension {unknown[0]!r} to hide", f"one of {', '.join(HIDEABLE)}"
                )

    def write(self, value: Any) -> str:
        """The value as one would type it."""
        if self.kind == "list":
            return ",".join(value)
        if self.kind == "durations":
            return ",".join([_brief(one) for one in value])
        if self.kind == "duration":
            return _brief(value)
        if self.kind == "switch":
            return "true" if value else "false"
        if self.kind == "size" and value and value % (1024 * 1024) == 0:
            return f"{value // (1024 * 1024)}MB"
        return f"{value:g}" if isinstance(value, float) else str(value)


def _port(value: Any) -> int:
    number = _number(value)
    if number > 65535:
        raise ValueError(value)
    return number


def _number(value: Any) -> int:
    if isinstance(value, bool) or int(value) < 0:
        raise ValueError(value)
    return int(value)


_SWITCHES = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _switch(value: Any) -> bool:
    word = str(value).lower()
    if word not in _SWITCHES:
        raise ValueError(value)
    return _SWITCHES[word]


_UNITS = {"": 1, "b": 1, "k": 1024, "kb": 1024, "m": 1024**2, "mb": 1024**2, "g": 1024**3, "gb": 1024**3}
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def _with_unit(value: Any, units: Mapping[str, float]) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
    if isinstance(value, bool) or not match or match[2].lower() not in units:
        raise ValueError(value)
    return float(match[1]) * units[match[2].lower()]


def _brief(seconds: float) -> str:
    """`300.0` → `5m`"""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:g}{unit}"
    return f"{seconds:g}"


def _items(value: Any) -> list[Any]:
    return value.split(",") if isinstance(value, str) else list(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "secret": str,
    "path": lambda value: os.path.expanduser(str(value)),
    "number": _number,
    "port": _port,
    "switch": _switch,
    "size": lambda value: int(_with_unit(value, _UNITS)),
    "duration": lambda value: _with_unit(value, _SECONDS),
    "durations": lambda value: tuple([_with_unit(one, _SECONDS) for one in _items(value)]),
    "list": lambda value: tuple([str(item).strip() for item in _items(value) if str(item).strip()]),
}


#: The table, in the order of the class.
TABLE: tuple[Row, ...] = tuple(
    [
        Row(name, default, kind, help_, group, choices)
        for name, (group, default, kind, help_, choices) in zip(Settings.__struct_fields__, _SAID, strict=True)
    ]
)


def load(flags: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None) -> Settings:
    """Flags beat environment, environment beats file. `flags` holds only what was given, by setting name.

    `file` must exist if given; without it `mailtrap.toml` in the working directory is read if there is one.
    Unknown variables are ignored; unknown keys in the file are an error, since they can only be mistakes.
    """
    rows = {row.name: row for row in TABLE}
    values: dict[str, Any] = {}
    path = file or Path(FILE)
    if file or path.is_file():
        for key, value in _toml(path).items():
            row = rows.get(key.replace("-", "_"))
            if row is None:
                from difflib import get_close_matches

                near = get_close_matches(key, [row.key for row in TABLE], n=1)
                hint = f"did you mean {near[0]}?" if near else "see `mailtrap serve --help`"
                raise SettingsError(f"{path}: there is no setting {key!r}", hint)
            values[row.name] = row.read(value, str(path))
    for row in TABLE:
        if row.variable in environ:
            values[row.name] = row.read(environ[row.variable], row.variable)
        if flags.get(row.name) is not None:
            values[row.name] = row.read(flags[row.name], row.flag)
    if values.get("tls_key") and not values.get("tls_cert"):
        raise SettingsError("tls-key is of no use without tls-cert", "give the certificate too, or neither")
    return Settings(**values)


def _toml(path: Path) -> dict[str, Any]:
    import tomllib  # which takes as long as all settings, and most have no file

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}", "give a file that can be read") from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, or a number of thousands of digits
        raise SettingsError(f"{path}: {error}", "it must be TOML: smtp-port = 2525") from error


def markdown() -> str:
    """The table for docs/settings.md."""
    lines: list[str] = []
    group = ""
    for row in TABLE:
        if row.group != group:
            group = row.group
            lines += [
                "",
                f"### {group}",
                "",
                "| flag | environment | file | default | what it does | value |",
                "| --- | --- | --- | --- | --- | --- |",
            ]
        default = f"`{row.write(row.default)}`" if row.write(row.default) else "none"
        value = ", ".join(f"`{choice}`" for choice in row.choices) or KINDS[row.kind]
        lines.append(f"| `{row.flag}` | `{row.variable}` | `{row.key}` | {default} | {row.help} | {value} |")
    return "\n".join(lines[1:]) + "\n"
