"""Which addresses named in a mail its preview may keep: for links, and for pictures, styles and fonts.

Nothing here resolves a name or connects. An address is read the way a browser reads it (WHATWG URL: control characters
at the ends and tabs and line breaks anywhere are ignored, a backslash is a slash) and given back in that normal form,
so that the browser cannot read anything else into it.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import socket
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from mailtrap.web.raster import Raster, raster

#: What a message without a picture gets from `Addresses.cid`.
CidLookup = Callable[[str], str]

_EDGES = "".join(map(chr, range(0x21)))
_IGNORED = re.compile(r"[\t\n\r]+")
_HTTP = re.compile(r"(https?):[/\\]{2,}([^/\\?#]*)(.*)\Z", re.IGNORECASE | re.DOTALL)
_OTHER_LINK = re.compile(r"(?:mailto|tel|sms):", re.IGNORECASE)
_PICTURE_DATA = re.compile(r"data:[a-z0-9/.+;=-]{0,100};base64,(.*)\Z", re.IGNORECASE | re.DOTALL)
_FONT_DATA = re.compile(r"data:(?:font/|application/(?:x-)?font)[\w.+-]*[;,]", re.IGNORECASE)
_PORT = re.compile(r":(\d*)\Z")


@dataclass(frozen=True, slots=True)
class Addresses:
    """What may be loaded into one preview.

    `cid` turns a Content-ID (or a Content-Location) into a data: URI, or "" where the message has no such picture.
    `own` is this server as the browser calls it, ("localhost", 8025); no preview may load from it.
    """

    remote: bool
    cid: CidLookup
    own: tuple[str, int]

    def picture(self, url: str) -> str | None:
        """The address to load a picture (or font) from; None if it must not be loaded, "" if the message lacks it."""
        url = normal(url)
        scheme = url[:5].lower()
        if scheme == "data:":
            return url if _FONT_DATA.match(url) else _picture_data(url)
        if scheme.startswith("cid:"):
            return self.cid(unquote(url[4:]))
        return self.cid(url) or self.elsewhere(url)

    def elsewhere(self, url: str) -> str | None:
        """A remote address in normal form if remote content is wanted and it does not lead back to us."""
        match = _HTTP.match(normal(url))
        if match is None:
            return ""
        if not self.remote or self._is_own(match[1].lower(), match[2]):
            return None
        return _joined(match)

    def _is_own(self, scheme: str, authority: str) -> bool:
        """Whether a request to it could reach this server, however the host is spelled.

        On a port that others seldom use every host is taken for ours: any name may resolve to 127.0.0.1.
        """
        host = authority.rpartition("@")[2]
        port = {"http": 80, "https": 443}[scheme]
        if written := _PORT.search(host):
            host = host[: written.start()]
            port = int(written[1] or port) if len(written[1]) < 8 else -1
        own_host, own_port = self.own
        if port not in (own_port, -1):
            return False
        host = unicodedata.normalize("NFKC", unquote(host)).lower().rstrip(".")
        return port not in (80, 443) or host == own_host.lower().rstrip(".") or _is_here(host)


def link(url: str) -> str:
    """The address a person may follow from a mail, in normal form; "" for anything that is not plainly a link."""
    url = normal(url)
    if match := _HTTP.match(url):
        return _joined(match)
    return url if url.startswith("#") or _OTHER_LINK.match(url) else ""


def normal(url: str) -> str:
    """Without what a browser ignores in an address."""
    return _IGNORED.sub("", url.strip(_EDGES)).replace("\0", "")


def picture_data(kind: Raster, octets: bytes) -> str:
    """The picture as a data: URI of the type its octets have."""
    return f"data:{kind.type};base64,{base64.b64encode(octets).decode('ascii')}"


def _picture_data(url: str) -> str:
    """A data: URI from a mail, read and written again if a raster image is in it, else ""."""
    match = _PICTURE_DATA.match(url)
    try:
        octets = base64.b64decode(unquote(match[1])) if match else b""
    except ValueError:
        return ""
    kind = raster(octets)
    return picture_data(kind, octets) if kind else ""


def _joined(match: re.Match[str]) -> str:
    path, mark, rest = re.match(r"([^?#]*)([?#]?)(.*)\Z", match[3], re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{match[1].lower()}://{match[2]}{path.replace(chr(92), '/')}{mark}{rest}"


def _is_here(host: str) -> bool:
    """Whether a host stands for this machine or its network without any look-up: 127.1, 0x7f.1, [::1], `intranet`."""
    bare = host.strip("[]")
    if ":" not in bare and ("." not in bare or bare.endswith(".localhost")) and not bare.isalnum():
        return True
    try:
        address = ipaddress.ip_address(socket.inet_aton(bare) if ":" not in bare else bare.partition("%")[0])
    except (OSError, ValueError):
        return "." not in bare
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global
