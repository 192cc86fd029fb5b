"""The pictures of a message: where each comes from, what stands for it, whether it only tells that one looked."""

from __future__ import annotations

from msgspec import Struct

from mailtrap.mail.content import Content

MAX_PICTURES = 1000


class Picture(Struct, frozen=True):
    """One picture that the HTML shows; `attached` is the number of the part that a `cid:` address names, else ''."""

    src: str
    alt: str
    width: str
    height: str
    part: str
    attached: str
    visible: bool
    tracking: bool


def pictures(content: Content) -> list[Picture]:
    """The pictures in document order, each address once."""
    shown = [link for link in content.links if link.is_picture][:MAX_PICTURES]
    parts = {part.content_id: part.path for part in content.parts if part.content_id} if shown else {}
    return [
        Picture(
            link.href,
            link.text,
            link.width,
            link.height,
            link.part,
            parts.get(link.href[4:], "") if link.href[:4].lower() == "cid:" else "",
            link.visible,
            link.kind == "tracking",
        )
        for link in shown
    ]
