"""The one shape in which every failure of the web is told, whoever noticed it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from http import HTTPStatus

import msgspec

from mailtrap.errors import Invalid, MailtrapError, NotFound, QueryError, StorageFull, Unavailable
from mailtrap.web.wire import encode

#: The stable word for each status, for programs to look at.
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    421: "misdirected_request",
    431: "header_too_large",
    500: "internal",
    503: "unavailable",
    507: "storage_full",
}

#: What to do where nothing better is known.
HINTS = {
    404: "GET /api/openapi.json lists what there is",
    405: "the Allow header lists the methods this path takes",
    500: "the server's log has the details",
}


class Problem(msgspec.Struct, omit_defaults=False):
    """What went wrong, in words for people (`message`), what to do (`hint`) and a stable word (`code`)."""

    status: int
    code: str
    message: str
    hint: str = ""
    position: int | msgspec.UnsetType = msgspec.UNSET


class Failure(msgspec.Struct):
    """The body of every answer that is not a success."""

    error: Problem


class Refused(Exception):
    """Raised where the web itself refuses a request; carries its Problem and extra response headers."""

    def __init__(
        self, status: int, message: str, hint: str = "", *, code: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.problem = problem(status, message, hint, code)
        self.headers = dict(headers or {})


def problem(status: int, message: str = "", hint: str = "", code: str = "") -> Problem:
    """A Problem with the code and, where none is given, the words that belong to the status."""
    return Problem(
        status,
        code or CODES.get(status, "http_error"),
        message or HTTPStatus(status).phrase,
        hint or HINTS.get(status, ""),
    )


def document(error: Problem) -> bytes:
    """The JSON document that says so."""
    return encode(Failure(error))


#: The look of pages that can fetch nothing: whoever sees them has not been let in.
_STYLE = (
    ":root{color-scheme:light dark}body{margin:0;padding:16vh 24px;font:14px/1.5 system-ui,sans-serif;"
    "background:light-dark(#f6f5f2,#121316);color:light-dark(#1f1e1b,#e9e8e4);text-align:center}"
    "h1{font-size:20px;font-weight:600;margin:0 0 10px}b{display:block;font-size:72px;line-height:1;"
    "color:light-dark(#66635b,#9b9992)}p{margin:0 auto 4px;max-width:60ch;overflow-wrap:anywhere}"
)
#: Its Content-Security-Policy: this style and nothing else.
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(error: Problem) -> str:
    """The same for people, without a template: for refusals before the application is reached."""
    phrase = escape(HTTPStatus(error.status).phrase)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{error.status} {phrase}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><h1><b>{error.status}</b> {phrase}</h1>"
        f"<p>{escape(error.message)}</p><p>{escape(error.hint)}</p></main></body></html>"
    )


def wants_page(path: str, accept: str) -> bool:
    """Whether whoever asks for `path` is a person with a browser; programs name `*/*` or JSON, browsers HTML."""
    return path != "/api" and not path.startswith("/api/") and "text/html" in accept


def explain(error: Exception) -> Problem | None:
    """What an error of ours says; None of any other, which is our fault."""
    if isinstance(error, Refused):
        return error.problem
    if isinstance(error, QueryError):
        said = problem(400, str(error), error.hint, "bad_query")
        said.position = error.position
        return said
    for kind, status in ((NotFound, 404), (Invalid, 400), (StorageFull, 507), (Unavailable, 503)):
        if isinstance(error, kind):
            return problem(status, str(error), error.hint)
    return None


def ours(error: Exception) -> Problem:
    """What is said of an error that nobody has foreseen."""
    return problem(500, "Something went wrong on our side", error.hint if isinstance(error, MailtrapError) else "")
