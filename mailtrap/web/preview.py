"""Shows a message as its reader would see it, in a document that can neither run, load nor reach anything.

Pictures that the message brings along (cid:) are written into the document as data: URIs. The document has an opaque
origin, so to load them from us they would have to be readable by every site; this way it makes no request at all.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import flask

from mailtrap.errors import Invalid, NotFound
from mailtrap.mail.content import Content
from mailtrap.mail.mime import Part
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.web.about import About
from mailtrap.web.contents import Contents, message_of
from mailtrap.web.fitting import fixed_width
from mailtrap.web.raster import Raster, raster
from mailtrap.web.urlfilter import Addresses, picture_data

if TYPE_CHECKING:
    from mailtrap.web.htmlfilter import Preview

#: Octets of one picture, and of all of them together, that are written into a preview.
MAX_PICTURE = 4 * 1024 * 1024
MAX_PICTURES = 8 * 1024 * 1024

SCHEMES = ("light", "dark")

_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'{remote}; img-src data:{remote}; font-src data:{remote}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PICTURE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def routes(sandbox: Sandbox, settings: Settings, about: About, contents: Contents) -> flask.Blueprint:
    """The preview of a message and of the pictures in it, as a blueprint named `preview`."""
    preview = flask.Blueprint("preview", __name__)

    @preview.get("/preview/<int:id>")
    def document(id: int) -> flask.Response:
        remote = _one_of("remote", ("0", "1")) == "1"
        scheme = _one_of("scheme", SCHEMES)
        shown = render(contents.of(message_of(sandbox.store, str(id))), remote=remote, scheme=scheme, own=_own())
        response = flask.Response(shown.html.encode("utf-8", "replace"), content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY.format(remote=" http: https:" if remote else "")
        response.headers["X-Blocked-Remote"] = str(shown.blocked)
        response.headers["X-Color-Scheme"] = shown.scheme
        response.headers["X-Fixed-Width"] = str(fixed_width(shown.html))
        return _guarded(response)

    @preview.get("/preview/<int:id>/cid/<path:cid>")
    def picture(id: int, cid: str) -> flask.Response:
        found = Pictures(contents.of(message_of(sandbox.store, str(id)))).find(cid)
        if found is None:
            raise NotFound("the message has no such picture", "only raster images of at most 20 megapixels are shown")
        kind, octets = found
        response = flask.Response(octets, content_type=kind.type)
        response.headers["Content-Security-Policy"] = _PICTURE_POLICY
        return _guarded(response)

    return preview


def render(content: Content, *, remote: bool, scheme: str, own: tuple[str, int]) -> Preview:
    """The document for a message: its HTML without what could do harm, or its text."""
    from mailtrap.web.htmlfilter import MAX_LENGTH, Preview, filter_html  # 30 ms that a start need not pay

    if content.html:
        return filter_html(content.html, Addresses(remote, Pictures(content).address, own), scheme)
    text = content.text
    notice = "\n\n[This message is too long to show whole.]" if len(text) > MAX_LENGTH else ""
    body = escape(text[:MAX_LENGTH].replace("\0", "")) + notice
    return Preview(
        '<!DOCTYPE html><meta charset="utf-8"><title>Text</title>'
        f"<style>:root{{color-scheme:{scheme}}}pre{{white-space:pre-wrap;overflow-wrap:anywhere}}</style>"
        f"<pre>\n{body}</pre>",
        cut=bool(notice),
        scheme=scheme,
    )


class Pictures:
    """The raster images of one message, found by Content-ID (RFC 2392) or Content-Location (RFC 2557)."""

    def __init__(self, content: Content) -> None:
        self._parts: dict[str, Part] = {}
        self._addresses: dict[str, tuple[str, int]] = {}
        self._left = MAX_PICTURES
        for part in content.parts:
            if part.content_id:
                self._parts.setdefault(_bare(part.content_id), part)
            for field in part.header:
                if field.name.lower() == "content-location":
                    self._parts.setdefault(field.value.strip(), part)

    def find(self, cid: str) -> tuple[Raster, bytes] | None:
        """The picture and its octets; None where there is none or it is no harmless raster image."""
        part = self._parts.get(_bare(cid))
        if part is None:
            return None
        octets = part.octets()
        kind = raster(octets)
        return (kind, octets) if kind else None

    def address(self, cid: str) -> str:
        """A data: URI for the picture; "" where there is none, or when too much has been given out already."""
        key = _bare(cid)
        if key not in self._addresses:
            if key not in self._parts:
                return ""
            found = self.find(key)
            if found is None or len(found[1]) > MAX_PICTURE:
                self._addresses[key] = "", 0
            else:
                kind, octets = found
                self._addresses[key] = picture_data(kind, octets), len(octets)
        address, size = self._addresses[key]
        if size > self._left:
            return ""
        self._left -= size
        return address


def _bare(cid: str) -> str:
    return cid.strip().removeprefix("<").removesuffix(">").strip()


def _one_of(name: str, values: tuple[str, ...]) -> str:
    value = flask.request.args.get(name, values[0])
    if value not in values:
        raise Invalid(f"{name} cannot be {value[:40]!r}", f"one of {', '.join(values)}")
    return value


def _own() -> tuple[str, int]:
    """This server as the browser calls it; the Host field has passed the gates."""
    host, _, port = flask.request.host.rpartition(":")
    if not host or not port.isdigit():
        return flask.request.host, 443 if flask.request.is_secure else 80
    return host, int(port)


def _guarded(response: flask.Response) -> flask.Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-DNS-Prefetch-Control"] = "off"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
