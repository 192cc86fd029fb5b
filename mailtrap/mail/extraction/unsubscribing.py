"""How one unsubscribes: by the header (RFC 2369), with one click (RFC 8058), or by a link in the text."""

from __future__ import annotations

from msgspec import Struct

from mailtrap.mail.content import Content
from mailtrap.mail.links import in_field

MAX_LINKS = 20


class Unsubscribing(Struct, frozen=True):
    """Addresses in the List-Unsubscribe field, by scheme, and in the text. `one_click` is the address to which a client
    may POST `List-Unsubscribe=One-Click`, '' where the message does not promise that it may."""

    http: tuple[str, ...]
    mailto: tuple[str, ...]
    one_click: str
    body: tuple[str, ...]


def unsubscribing(content: Content) -> Unsubscribing | None:
    """The ways out that a message offers, None where it offers none."""
    named: list[str] = []
    post = ""
    for field in content.header:
        name = field.name.lower()
        if name == "list-unsubscribe":
            named += [link.href for link in in_field(field.value)]
        elif name == "list-unsubscribe-post":
            post = field.value.strip().lower()
    http = tuple([href for href in named if href[:4].lower() == "http"][:MAX_LINKS])
    mailto = tuple([href for href in named if href[:7].lower() == "mailto:"][:MAX_LINKS])
    body = tuple(
        [link.href for link in content.links if link.kind == "unsubscribe" and link.tag != "field"][:MAX_LINKS]
    )
    if not (http or mailto or body):
        return None
    # RFC 8058 §3.1: the address is an HTTPS one, and the field says exactly this.
    secure = next((href for href in http if href[:8].lower() == "https://"), "")
    return Unsubscribing(http, mailto, secure if post == "list-unsubscribe=one-click" else "", body)
