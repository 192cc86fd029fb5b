"""Every address a message points to: exact, in order, each once (RFC 3986, RFC 2369)."""

from __future__ import annotations

import re

from msgspec import Struct

from mailtrap.mail.link_kinds import link_kind, picture_kind
from mailtrap.mail.page import Page, Reference

MAX_LINKS = 10_000
MAX_HREF = 8192

_URL = re.compile(
    r"""(https?://|mailto:)[^\s<>"\x00-\x1f\x7f\u3000-\u3002\uff01-\uff5e]{1,8192}+""",
    re.IGNORECASE,
)
#: One in angle brackets that was broken over lines (RFC 3986, appendix C).
_BROKEN = re.compile(r"<https?://[^<>\s]{1,2000}+(?>(?:[ \t]*+\r?\n[ \t]*+[^<>\s]{1,2000}+){1,20})>", re.IGNORECASE)
#: Characters around an address in text that may say what it is for.
_NEAR = 240
#: Addresses of a part around which one looks.
MAX_AROUND = 500
_SENTENCE = re.compile(r"[.!?](?=\s)|[。！？]")
_ANGLE = re.compile(r"<(https?://[^<>\s]{1,8192}|mailto:[^<>\s]{1,8192})>", re.IGNORECASE)
_TRAILING = ".,;:!?'*_~`|"


class Link(Struct, frozen=True):
    """`href` exactly as the recipient's program would follow it.

    `kind` is `verify`, `reset`, `unsubscribe`, `tracking`, `asset` or `link`; `part` the number of its part, ''
    for a header field; `tag` is `a`, `area`, `img`, `form`, `background`, `stylesheet`, `text` or `field`.
    """

    href: str
    text: str = ""
    kind: str = "link"
    part: str = ""
    visible: bool = True
    tag: str = "text"
    width: str = ""
    height: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether it is loaded to be shown, not clicked."""
        return self.tag in ("img", "background")


def in_html(page: Page, part: str = "") -> list[Link]:
    """The addresses that HTML points to, in document order."""
    return [
        Link(
            one.href[:MAX_HREF],
            one.text,
            _kind(one, number < MAX_AROUND),
            part,
            one.visible,
            one.tag,
            one.width,
            one.height,
        )
        for number, one in enumerate(page.references)
    ]


def _kind(reference: Reference, looks_around: bool) -> str:
    if reference.tag == "img":
        return picture_kind(reference.href, reference.width, reference.height, reference.visible)
    if reference.tag in ("background", "stylesheet"):
        return "asset"
    return link_kind(reference.href, reference.text, reference.around if looks_around else "")


def in_text(text: str, part: str = "") -> list[Link]:
    """The http, https and mailto addresses in plain text, without the punctuation that follows them; linear."""
    found: list[Link] = []
    text = _BROKEN.sub(lambda broken: "".join(broken[0].split()), text)
    for match in _URL.finditer(text):
        href = _trimmed(match[0])
        if len(href) > len(match[1]) and (match[1][0] in "hH" or "@" in href):
            is_looked_at = match[1][0] in "hH" and len(found) < MAX_AROUND
            around = _around(text, match.start(), match.start() + len(href)) if is_looked_at else ""
            found.append(Link(href, href, link_kind(href, "", around), part))
            if len(found) == MAX_LINKS:
                break
    return found


def _around(text: str, start: int, stop: int) -> str:
    """The sentence in which an address stands; where it has a line for itself, the one that leads to it."""
    before = text[max(0, start - _NEAR) : start]
    line = before.rpartition("\n")[2]
    if not line.strip(" \t<(*-•>"):
        # What stands right above it, or above a gap and ends with a colon.
        lines = before.rstrip(" \t<(*-•>").split("\n")[:-1]
        line = lines[-1].strip() if lines else ""
        if not line and len(lines) > 1 and lines[-2].rstrip().endswith((":", "：")):
            line = lines[-2].strip()
        if len(line) > _NEAR // 2 or "://" in line:
            line = ""
        return _SENTENCE.split(line.rstrip(".!?。！？"))[-1]
    # Of several addresses on a line each has the words since the last one.
    line = line.rpartition("://")[2].partition(" ")[2] if "://" in line else line
    after = text[stop : stop + _NEAR].partition("\n")[0].partition("://")[0]
    return f"{_SENTENCE.split(line)[-1]} {_SENTENCE.split(after, maxsplit=1)[0]}"


def _trimmed(href: str) -> str:
    """`href` without what belongs to the sentence around it: punctuation, and brackets it did not open."""
    closers = {")": "(", "]": "[", "}": "{"}
    surplus = {closer: href.count(closer) - href.count(opener) for closer, opener in closers.items()}
    stop = len(href)
    while stop:
        last = href[stop - 1]
        if last in _TRAILING:
            stop -= 1
        elif surplus.get(last, 0) > 0:
            surplus[last] -= 1
            stop -= 1
        else:
            break
    return href[:stop]


def in_field(value: str) -> list[Link]:
    """The addresses of a List-Unsubscribe field (RFC 2369 §3.2)."""
    return [Link(match[1], "", "unsubscribe", tag="field") for match in _ANGLE.finditer(value[:65_536])][:20]
