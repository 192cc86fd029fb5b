"""The grammar of SMTP commands and their ESMTP parameters (RFC 5321 §4.1), pure."""

from __future__ import annotations

import re

from msgspec import Struct

from mailtrap.mail.address import read_path
from mailtrap.mail.envelope import Parameters

#: What EHLO can offer, in the order listed; each can be hidden by its name (RFC 5321 §4.1.1.1).
EXTENSIONS = (
    "SIZE",  # RFC 1870
    "8BITMIME",  # RFC 6152
    "SMTPUTF8",  # RFC 6531
    "PIPELINING",  # RFC 2920
    "ENHANCEDSTATUSCODES",  # RFC 2034
    "DSN",  # RFC 3461
    "CHUNKING",  # RFC 3030
    "BINARYMIME",  # RFC 3030
    "STARTTLS",  # RFC 3207
    "AUTH",  # RFC 4954
)

_FROM = re.compile(rb"FROM: *", re.IGNORECASE)
_TO = re.compile(rb"TO: *", re.IGNORECASE)
_KEYWORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]*")
_NOT_IN_VALUE = re.compile(rb"[\x00-\x20\x7f]")
_CHUNK = re.compile(rb"(\d{1,18})( +LAST)?", re.IGNORECASE)
_HTTP = re.compile(rb"(?:[A-Z]{3,10} \S* HTTP/\d|(?:GET|POST|PUT|HEAD|OPTIONS|DELETE|PATCH|CONNECT) [/*])")


class CommandError(ValueError):
    """A command whose argument cannot be read; the text says why."""


class Chunk(Struct, frozen=True):
    """The argument of BDAT (RFC 3030 §2)."""

    size: int
    last: bool


def split_command(line: bytes) -> tuple[bytes, bytes]:
    """`b"mail FROM:<>"` → `(b"MAIL", b"FROM:<>")`; the line has no ending, the argument no outer spaces."""
    verb, _, argument = line.lstrip(b" \t").partition(b" ")
    return verb.upper(), argument.strip(b" \t")


def read_mail(argument: bytes) -> tuple[str, Parameters]:
    """Argument of MAIL → reverse-path (empty for `<>`) and parameters. Raises AddressError or CommandError."""
    start = _FROM.match(argument)
    if start is None:
        raise CommandError("Syntax: MAIL FROM:<address>")
    path, rest = read_path(argument[start.end() :], null=True)
    return path, read_parameters(rest) if rest else ()


def read_rcpt(argument: bytes) -> tuple[str, Parameters]:
    """Argument of RCPT → forward-path and parameters. Raises AddressError or CommandError."""
    start = _TO.match(argument)
    if start is None:
        raise CommandError("Syntax: RCPT TO:<address>")
    path, rest = read_path(argument[start.end() :])
    return path, read_parameters(rest) if rest else ()


def read_parameters(octets: bytes) -> Parameters:
    """`b"SIZE=9 BODY=8BITMIME"` → pairs in the order and case sent (RFC 5321 §4.1.2 Mail-parameters).

    Unknown keywords are kept like any other, values are left encoded (xtext too). Raises CommandError.
    """
    parameters = []
    for word in octets.split():
        keyword, equals, value = word.partition(b"=")
        if not _KEYWORD.fullmatch(keyword) or _NOT_IN_VALUE.search(value):
            raise CommandError("Parameters must read KEYWORD or KEYWORD=value")
        try:
            parameters.append((keyword.decode("ascii"), value.decode("utf-8") if equals else None))
        except UnicodeDecodeError:
            raise CommandError("A parameter is not UTF-8") from None
    return tuple(parameters)


def find_parameter(parameters: Parameters, keyword: str) -> tuple[bool, str | None]:
    """Whether a keyword (upper case) was given, and its value; keywords compare without case (RFC 5321 §2.4)."""
    for name, value in parameters:
        if name.upper() == keyword:
            return True, value
    return False, None


def read_chunk(argument: bytes) -> Chunk:
    """Argument of BDAT. Raises CommandError."""
    found = _CHUNK.fullmatch(argument)
    if found is None:
        raise CommandError("Syntax: BDAT size [LAST]")
    return Chunk(int(found[1]), found[2] is not None)


def is_http(line: bytes) -> bool:
    """Whether a line is the beginning of an HTTP request, sent by a lost browser or by an attacker through one."""
    return _HTTP.match(line) is not None


def is_tls(octets: bytes) -> bool:
    """Whether octets are the beginning of a TLS handshake record (RFC 8446 §5.1)."""
    return octets.startswith(b"\x16\x03")


def transmission_keyword(greeting: str, utf8: bool, tls: bool, login: bool) -> str:
    """The `with` keyword of a trace line (RFC 3848, RFC 6531 §4.3): `SMTP`, `ESMTPSA`, `UTF8SMTPS`, `LMTP` …

    `greeting` is the verb the client greeted with.
    """
    if greeting == "LHLO":
        return ("UTF8LMTP" if utf8 else "LMTP") + "S" * tls + "A" * login
    if greeting != "EHLO":
        return "SMTP"
    return ("UTF8SMTP" if utf8 else "ESMTP") + "S" * tls + "A" * login
