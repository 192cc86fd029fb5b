"""What goes wrong between a client and a sandbox, told the same way by every way to ask."""

from __future__ import annotations

import json
from typing import Any

from mailtrap.errors import Invalid, MailtrapError, NotFound, Unavailable

#: A JSON object as the API sends it; its shapes are those of `/api/openapi.json`.
Json = dict[str, Any]


class ApiError(MailtrapError):
    """The server refused. `status` is the HTTP status, `code` the word of the error shape (`not_found`, …)."""

    def __init__(self, message: str, hint: str, status: int, code: str) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code


class ApiNotFound(ApiError, NotFound):
    """404: there is no such thing (any more)."""


class ApiInvalid(ApiError, Invalid):
    """400 or 422: the request makes no sense, a query that cannot be read for instance."""


class ApiUnavailable(ApiError, Unavailable):
    """503 or 507: the server cannot do this now."""


class Unreachable(MailtrapError):
    """Nobody answers at the URL, or whoever does is not a mailtrap."""


def document(status: int, reason: str, octets: bytes, url: str) -> Json:
    """The JSON object that a request was answered with. Raises what the server said where it refused."""
    check(status, reason, octets, url)
    if not octets:
        return {}
    try:
        answer = json.loads(octets)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise stranger(url, "its answer is not JSON")
    return answer


def check(status: int, reason: str, octets: bytes, url: str) -> None:
    """Raise what the server said, unless all went well."""
    if 200 <= status < 300:
        return
    try:
        said = json.loads(octets)["error"]
        message, hint, code = str(said["message"]), str(said.get("hint") or ""), str(said["code"])
    except (ValueError, KeyError, TypeError):
        raise stranger(url, f"it answered {status} {reason}") from None
    kinds: dict[int, type[ApiError]] = {404: ApiNotFound, 503: ApiUnavailable, 507: ApiUnavailable}
    kinds |= {400: ApiInvalid, 422: ApiInvalid}
    if status == 401:
        hint = "set MAILTRAP_API_TOKEN, or put user:password@ into the URL"
    raise kinds.get(status, ApiError)(message, hint, status, code)


def lost(url: str, reason: str) -> Unreachable:
    """Nobody answers."""
    return Unreachable(
        f"no sandbox answers at {url}: {reason}",
        "start one with `mailtrap serve`, or say where it is with --url or MAILTRAP_URL",
    )


def stranger(url: str, reason: str) -> Unreachable:
    """Somebody else answers."""
    return Unreachable(
        f"{url} is not a mailtrap: {reason}", "say where it is with --url or MAILTRAP_URL (base path included)"
    )


def no_tls(url: str, reason: str) -> Unreachable:
    """Whoever answers means something else by it than TLS."""
    return Unreachable(f"TLS with {url} failed: {reason}", "say http:// where the server has no TLS")


def untrusted(url: str, reason: str) -> Unreachable:
    """Whoever answers has a certificate that we do not believe."""
    return Unreachable(
        f"the certificate of {url} is not trusted: {reason}",
        "use the same state-dir as the server, or add its CA file (`mailtrap ca`) to the system's",
    )
