"""What every request passes before the application sees it, decided once, on one spelling of its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from mailtrap.inboxes import Inbox
from mailtrap.settings import Settings
from mailtrap.web import asking, errors
from mailtrap.web.auth import CHALLENGE, EXEMPT, Guard
from mailtrap.web.body import Capped
from mailtrap.web.errors import Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

#: JSON documents people send us are small; only messages may be as large as `max-body` allows.
MAX_JSON = 1024 * 1024

_MESSAGE_TYPES = frozenset({"message/rfc822", "application/octet-stream"})

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_ORIGIN = re.compile(r"(https?)://(.+)", re.IGNORECASE)
_DEFAULT_PORT = {"http": "80", "https": "443"}


class Gates:
    """WSGI middleware. `served` is called with the status of every answer, refusals included.

    `of_token` knows the tokens of inboxes; what came with one is confined by `web.scope`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        settings: Settings,
        served: Callable[[int], None],
        of_token: Callable[[str], Inbox | None] = lambda _: None,
    ) -> None:
        self._app = app
        self._base = settings.base_path
        self._max_body = settings.max_body
        self._guard = Guard(settings, of_token)
        self._hosts = _allowed_hosts(settings)
        self._any_address = settings.host in ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
        self._served = served

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            self._served(int(status[:3]))
            return start_response(status, secured(headers, environ["PATH_INFO"]), exc_info)

        try:
            self._admit(environ)
        except Refused as refusal:
            return _refuse(refusal, environ, start)
        return self._app(environ, start)

    def _admit(self, environ: WSGIEnvironment) -> None:
        environ["PATH_INFO"] = path = self._path(environ)
        self._check_host(environ.get("HTTP_HOST", ""))
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        inbox = self._guard.confines(authorization)
        # Also where it may see everything: this thread has answered others before.
        asking.admit(inbox, _connection(environ))
        if not inbox and path not in EXEMPT and not self._guard.admits(authorization):
            said = "These credentials open nothing" if authorization else "Credentials are needed"
            raise Refused(401, said, "see web-user, api-token", headers={"WWW-Authenticate": CHALLENGE})
        _check_site(environ, path)
        self._check_body(environ, path)

    def _path(self, environ: WSGIEnvironment) -> str:
        """The path as routes know it. The server has decoded `%XX` once; what is still encoded is taken literally."""
        raw = environ.get("PATH_INFO", "")
        path = re.sub("/{2,}", "/", f"/{raw}/").rstrip("/") or "/"
        environ["PATH_INFO"] = path
        if re.search(r"[\x00-\x1f\x7f]", path):
            raise Refused(400, "The path has control characters")
        if {".", ".."} & set(path.split("/")):
            raise Refused(400, "The path has dot segments", "write it without . and ..")
        if not self._base:
            return path
        if path != self._base and not path.startswith(self._base + "/"):
            if path in EXEMPT:
                return path
            raise Refused(404, "Nothing is served here", f"everything is below {self._base}/")
        environ["SCRIPT_NAME"] = self._base
        return path[len(self._base) :] or "/"

    def _check_host(self, host: str) -> None:
        """Refuse names we do not go by: a page that rebinds its own name to us gets no answer (DNS rebinding)."""
        match = _HOST.fullmatch(host)
        name = match[1].lower().strip("[]") if match else ""
        if not name:
            raise Refused(400, "The Host header is missing or not a host", "send exactly one Host")
        if name in self._hosts or "*" in self._hosts or _is_address(name, only_loopback=not self._any_address):
            return
        raise Refused(421, f"This server does not go by the name {name}", f"if it should: --allowed-hosts {name}")

    def _check_body(self, environ: WSGIEnvironment, path: str) -> None:
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        length = environ.get("CONTENT_LENGTH") or "0"
        if not re.fullmatch("[0-9]{1,18}", length):
            raise Refused(400, "Content-Length is not a number")
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        takes_message = path == "/api/messages" and environ["REQUEST_METHOD"] == "POST"
        cap = self._max_body if takes_message else min(MAX_JSON, self._max_body)
        if int(length) > cap:
            raise Refused(413, f"The request body is larger than {cap} octets", "see the setting max-body")
        if environ["REQUEST_METHOD"] not in SAFE:
            _check_type(environ, kind, takes_message, has_body=chunked or int(length) > 0)
        environ["wsgi.input"] = Capped(environ["wsgi.input"], cap)


def _check_type(environ: WSGIEnvironment, kind: str, takes_message: bool, has_body: bool) -> None:
    if has_body and environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        raise Refused(415, "Encoded request bodies are not taken", "send it without Content-Encoding")
    if takes_message:
        if kind not in _MESSAGE_TYPES:
            raise Refused(415, "A message must come as message/rfc822", "set Content-Type: message/rfc822")
    elif (kind or has_body) and kind != "application/json":
        # Forms and text/plain are what other sites can make a browser send without asking first.
        raise Refused(415, "The request body must be JSON", "set Content-Type: application/json")


def _check_site(environ: WSGIEnvironment, path: str) -> None:
    """Refuse what another site makes a browser do: changes, WebSockets, and peeking at the API."""
    site = environ.get("HTTP_SEC_FETCH_SITE", "").lower()
    foreign = site in ("cross-site", "same-site")
    safe = environ["REQUEST_METHOD"] in SAFE
    upgrade = "HTTP_UPGRADE" in environ
    if not safe or upgrade:
        origin = environ.get("HTTP_ORIGIN")
        if foreign or (origin is not None and not _is_own(origin, environ)):
            raise Refused(403, "Another site may not do this", "Origin must be the address this server is opened at")
        return
    peeks = foreign and environ.get("HTTP_SEC_FETCH_MODE", "").lower() != "navigate"
    if peeks and (path == "/api" or path.startswith("/api/")):
        raise Refused(403, "Another site may not read this")


def _is_own(origin: str, environ: WSGIEnvironment) -> bool:
    match = _ORIGIN.fullmatch(origin)
    if not match:
        return False
    scheme = match[1].lower()
    # A proxy that ends TLS says so; no page can make a browser send this header across sites without asking us first.
    ours = str(environ.get("HTTP_X_FORWARDED_PROTO") or environ["wsgi.url_scheme"]).lower()
    return scheme == ours and _authority(match[2], scheme) == _authority(environ.get("HTTP_HOST", ""), scheme)


def _authority(host: str, scheme: str) -> tuple[str, str] | None:
    match = _HOST.fullmatch(host)
    return (match[1].lower(), match[2] or _DEFAULT_PORT[scheme]) if match else None


def _connection(environ: WSGIEnvironment) -> int | None:
    """The socket a request came by; none where it did not come by HTTP."""
    sock = environ.get("werkzeug.socket")
    return None if sock is None else int(sock.fileno())


def _allowed_hosts(settings: Settings) -> frozenset[str]:
    names = {"localhost", settings.host, *settings.allowed_hosts}
    return frozenset(name.lower().strip("[]") for name in names if name)


def _is_address(name: str, only_loopback: bool) -> bool:
    """Whether `name` is an address: those cannot be rebound, so any that reaches us will do where we listen on all."""
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback if only_loopback else True


def secured(headers: list[tuple[str, str]], path: str) -> list[tuple[str, str]]:
    """`headers` with what every answer carries; what a route has set itself stays."""
    present = {name.lower() for name, _ in headers}
    is_page = any(name.lower() == "content-type" and value.startswith("text/html") for name, value in headers)
    wanted = (
        *_HEADERS,
        ("Content-Security-Policy", _PAGE_POLICY if is_page else _DATA_POLICY),
        ("Cache-Control", "no-cache" if path.startswith("/static/") else "no-store"),
    )
    return headers + [(name, value) for name, value in wanted if name.lower() not in present]


def _refuse(
    refusal: Refused, environ: WSGIEnvironment, start: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    said = refusal.problem
    if errors.wants_page(environ["PATH_INFO"], environ.get("HTTP_ACCEPT", "")):
        body, kind, policy = errors.page(said).encode(), "text/html; charset=utf-8", errors.PAGE_POLICY
    else:
        body, kind, policy = errors.document(said), "application/json", _DATA_POLICY
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Content-Security-Policy", policy),
        *refusal.headers.items(),
    ]
    start(f"{said.status} {HTTPStatus(said.status).phrase}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
