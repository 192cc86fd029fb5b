"""The one door out: connections to other hosts, each to an address that was looked at first."""

from __future__ import annotations

import http.client
import io
import ipaddress
import os
import re
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from msgspec import Struct

from mailtrap.errors import Invalid, Unavailable

#: Octets of an answer that are kept; the rest is not read.
MOST_ANSWER = 64 * 1024
LONGEST_URL = 8192

_PORTS = {"http": 80, "https": 443, "smtp": 25}
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})", re.ASCII)
#: Of a path and query these stay as they are; everything else is percent-encoded (RFC 3986 §3.3).
_KEPT = "/?:@!$&'()*+,;=-._~%[]"

#: Where clouds tell a machine who it is and give it credentials, as far as those are not link-local.
_METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
)
#: IPv6 networks whose addresses carry an IPv4 address in their last 32 bits (RFC 4291 §2.5.5, RFC 6052, RFC 8215).
_CARRIERS = tuple(
    ipaddress.IPv6Network(network) for network in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
_NOWHERE = ipaddress.ip_network("0.0.0.0/8")

#: Resolves a name as `socket.getaddrinfo` does.
Resolve = Callable[[str, int], list[tuple[Any, ...]]]


class Answer(Struct, frozen=True):
    """What an HTTP server said: at most `MOST_ANSWER` octets of it, header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart. `credentials` are `user:password` of HTTP basic authentication."""

    scheme: str
    host: str
    port: int
    path: str
    credentials: str = field(default="", repr=False)

    @property
    def authority(self) -> str:
        """Host and port as a Host field names them (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_address(url: str, *schemes: str) -> Address:
    """The parts of a URL with one of these schemes. Raises Invalid."""
    if len(url) > LONGEST_URL or re.search(r"[\x00-\x20\x7f\\]", url):
        raise Invalid("The address has blanks or control characters, or is too long", "percent-encode them")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid(f"The address cannot be read: {error}", "write it as http://host:port/path") from None
    scheme = parts.scheme.lower()
    if scheme not in schemes or not parts.hostname:
        raise Invalid("That is no address we can reach", f"it begins with {' or '.join(f'{s}://' for s in schemes)}")
    host = _host(parts.hostname)
    path = quote(parts.path or "/", safe=_KEPT) + (f"?{quote(parts.query, safe=_KEPT)}" if parts.query else "")
    user, colon, password = parts.netloc.rpartition("@")[0].partition(":")
    return Address(scheme, host, _PORTS[scheme] if port is None else port, path, unquote(user + colon + password))


def _host(name: str) -> str:
    name = name.rstrip(".").lower()
    with suppress(ValueError):
        return str(ipaddress.ip_address(name))
    with suppress(UnicodeError):
        name = name.encode("idna").decode("ascii") if not name.isascii() else name
    if not _HOST.fullmatch(name):
        raise Invalid("The address names no host", "write it as http://host:port/path")
    return name


def why_never(address: str) -> str:
    """Why nothing is ever sent to this IP address, or nothing.

    Loopback and private addresses are where applications under test live; link-local ones are where clouds keep
    credentials, and no application is tested there.
    """
    ip = ipaddress.ip_address(address)
    for one in (ip, *_carried(ip)):
        if one.is_link_local:
            return "link-local"
        if one in _METADATA:
            return "a cloud's metadata service"
        if one.is_multicast:
            return "multicast"
        if one.is_unspecified or (one.version == 4 and one in _NOWHERE):
            return "no host"
        # `reserved` holds ::/8 as well, where addresses that carry another one are: those were looked at themselves.
        if one.version == 4 and one.is_reserved:
            return "reserved"
    return ""


def _carried(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses inside an IPv6 one: mapped, translated, 6to4 (RFC 3056), Teredo (RFC 4380)."""
    if ip.version == 4 or ip.is_loopback:
        return []
    found = [ip.sixtofour] if ip.sixtofour else []
    found += ip.teredo or ()
    if any(ip in network for network in _CARRIERS):
        found.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return found


class Outbound:
    """Connections to hosts that a user named (`trusted`), and to no others but those in `visit_hosts`.

    A name is resolved once, every address it has is looked at, and the connection goes to one of those: a name
    that means something else a moment later gains nothing. `certificates` are further authorities (PEM files).
    """

    def __init__(
        self,
        visit_hosts: Iterable[str] = (),
        *,
        certificates: Iterable[str | os.PathLike[str]] = (),
        seconds: float = 10.0,
        resolve: Resolve | None = None,
    ) -> None:
        self._visits = frozenset(name.strip("[]").rstrip(".").lower() for name in visit_hosts)
        self._certificates = tuple(certificates)
        self._seconds = seconds
        self._resolve = resolve or _resolve
        self._tls: ssl.SSLContext | None = None
        self._open: set[Timed] = set()
        self._closed = False
        self._lock = threading.Lock()

    def may_visit(self, url: str) -> bool:
        """Whether a link in a mail may be followed, as far as its host name tells."""
        try:
            return read_address(url, "http", "https").host in self._visits
        except Invalid:
            return False

    def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        trusted: bool = False,
        follow: int = 0,
    ) -> Answer:
        """Ask an HTTP server. Raises Invalid where that is not allowed and Unavailable where there was no answer.

        With `follow` so many redirects are followed; none of the hosts they lead to is trusted.
        """
        address = read_address(url, "http", "https")
        answer = self._exchange(method, address, body, headers or {}, trusted)
        location = answer.headers.get("location", "")
        if follow and location and answer.status in (301, 302, 303, 307, 308):
            return self.request("GET", urljoin(url, location), headers=headers, follow=follow - 1)
        return answer

    def dial(self, host: str, port: int, *, trusted: bool = False, seconds: float = 0.0) -> Timed:
        """A TCP connection that lasts at most so many seconds."""
        return self._connect(_host(host), port, trusted, time.monotonic() + (seconds or self._seconds))

    def close(self) -> None:
        """Break off what is under way; nothing can be asked for afterwards."""
        with self._lock:
            self._closed = True
            for timed in self._open:
                timed.break_off()

    def _exchange(
        self, method: str, address: Address, body: bytes, headers: Mapping[str, str], trusted: bool
    ) -> Answer:
        deadline = time.monotonic() + self._seconds
        sent = {"Host": address.authority, "Connection": "close", **headers}
        if address.credentials:
            sent["Authorization"] = "Basic " + b64encode(address.credentials.encode()).decode()
        connection = http.client.HTTPConnection(address.host, address.port)
        connected = self._connect(address.host, address.port, trusted, deadline)
        try:
            if address.scheme == "https":
                connected.secure(self._context(), address.host)
            connection.sock = _Lent(connected)
            connection.request(method, address.path, body or None, sent)
            response = connection.getresponse()
            received = _bounded(response)
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, received)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{address.authority}: {_in_words(error)}") from error
        finally:
            connection.close()
            connected.close()

    def _connect(self, host: str, port: int, trusted: bool, deadline: float) -> Timed:
        if not trusted and host not in self._visits:
            raise Invalid(f"{host} may not be visited", "the setting visit-hosts names those that may")
        failure: Exception = OSError("it has no address")
        for family, address in self._addresses(host, port):
            sock = socket.socket(family, socket.SOCK_STREAM)
            timed = Timed(sock, deadline, self._forget)
            try:
                with self._lock:
                    if self._closed:
                        raise Unavailable("Nothing is sent any more: the server stops")
                    self._open.add(timed)
                sock.settimeout(timed.left())
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return timed
            except OSError as error:
                timed.close()
                failure = error
            except BaseException:
                timed.close()
                raise
        raise Unavailable(f"{host}:{port}: {_in_words(failure)}") from failure

    def _addresses(self, host: str, port: int) -> list[tuple[socket.AddressFamily, Any]]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"{host}: {_in_words(error)}") from error
        for _, _, _, _, address in found:
            if why := why_never(str(address[0]).partition("%")[0]):
                raise Invalid(f"{host} is {address[0]}: {why}", "nothing is ever sent to such addresses")
        return [(family, address) for family, _, _, _, address in found]

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = ssl.create_default_context()
                for file in self._certificates:
                    with suppress(OSError):
                        self._tls.load_verify_locations(file)
            return self._tls

    def _forget(self, timed: Timed) -> None:
        with self._lock:
            self._open.discard(timed)


class Timed:
    """A connected socket that answers within a time: whoever sends an octet a second cannot hold us.

    It has what http.client and smtplib ask of a socket.
    """

    def __init__(self, sock: socket.socket, deadline: float, closed: Callable[[Timed], None]) -> None:
        self._sock = sock
        self._deadline = deadline
        self._closed = closed

    def left(self) -> float:
        """Seconds that are left; raises TimeoutError where there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        return left

    def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Go on over TLS."""
        self._sock.settimeout(self.left())
        secured = context.wrap_socket(self._sock, server_hostname=name, do_handshake_on_connect=False)
        self._sock = secured
        secured.do_handshake()

    def sendall(self, octets: bytes) -> None:
        """Send all of it; a socket's time limit is for all of one call."""
        self._sock.settimeout(self.left())
        self._sock.sendall(octets)

    def recv_into(self, buffer: Any) -> int:
        """Receive what there is."""
        self._sock.settimeout(self.left())
        return self._sock.recv_into(buffer)

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        """A file that reads from here."""
        return io.BufferedReader(_Reading(self))

    def break_off(self) -> None:
        """End it from another thread: whoever waits for it goes on with an error."""
        with suppress(OSError):
            # Not as TLS would have it: there is somebody in the middle of reading.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; repeating it is harmless."""
        self._closed(self)
        self._sock.close()


class _Lent:
    """Cannot be closed by its user: http.client closes before the body is read, trusting in a socket's open files."""

    def __init__(self, timed: Timed) -> None:
        self.sendall = timed.sendall
        self.makefile = timed.makefile

    def close(self) -> None:
        pass


class _Reading(io.RawIOBase):
    def __init__(self, timed: Timed) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._timed.recv_into(buffer)


def _bounded(response: http.client.HTTPResponse) -> bytes:
    received = bytearray()
    while len(received) < MOST_ANSWER and (piece := response.read1(MOST_ANSWER - len(received))):
        received += piece
    return bytes(received)


def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _in_words(error: Exception) -> str:
    """What a network error says, without what a hostile server may have put into it."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return re.sub(r"[^\x20-\x7e]", "?", str(text))[:200]
