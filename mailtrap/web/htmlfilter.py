"""Makes a mail's HTML harmless to show, without changing how it looks: the second wall behind sandbox and CSP.

The mail is cut into tokens by a conforming tokenizer (WHATWG HTML §13.2.5), and only what is listed here is written
again, in one plain form: every `<` in the result begins a tag of ours, every value is quoted and escaped, there is no
foreign content (svg, math) and no raw text but CSS that holds no `<`. So whatever tree a browser builds from it, it
can only hold these elements: there is nothing for a mutation to wake up. The tree itself is left to the browser, which
mends broken nesting as it always does; that also keeps our work linear, which building a tree is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

from turbohtml import Token, TokenType, tokenize

from mailtrap.web.cssfilter import filter_css, settle_media
from mailtrap.web.urlfilter import Addresses, link

#: Characters, tags and characters of CSS that are shown; a mail client cuts far earlier (Gmail at 102 KB).
MAX_LENGTH = 2 * 1024 * 1024
MAX_TOKENS = 150_000
MAX_CSS = 256 * 1024


#: A fragment that no mail has.
NOWHERE = "mailtrap-link"


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_KEPT = _words(
    "a abbr acronym address area article aside b bdi bdo big blockquote body br button caption center cite code col",
    "colgroup data dd del details dfn dir div dl dt em fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6",
    "head header hgroup hr html i img input ins kbd label legend li main map mark menu nav ol optgroup option p pre q",
    "rp rt ruby s samp section select small span strike strong style sub summary sup table tbody td textarea tfoot th",
    "thead time title tr tt u ul var wbr",
)
#: Dropped with all they contain. Everything else that is not kept loses its tags only.
_RAW_TEXT = _words("script noscript iframe noembed noframes")
_DROPPED = _words("template object applet svg math portal fencedframe")
_TEXT_ATTRIBUTES = _words(
    "abbr align alink alt axis bgcolor border bordercolor cellpadding cellspacing char charoff checked class clear",
    "color cols colspan compact coords datetime dir disabled face for frame headers height hspace id label lang link",
    "maxlength multiple name noshade nowrap open placeholder readonly reversed role rows rowspan rules scope selected",
    "shape size span start summary tabindex text title type usemap valign value vlink vspace width wrap",
)
_DATA_ATTRIBUTE = re.compile(r"(?:aria|data)-[a-z0-9_.-]+\Z")
_BACKGROUND = _words("body table thead tbody tfoot tr td th")
_HARMLESS_INPUTS = _words("text email tel number search checkbox radio submit button reset range color date")
_DOCTYPE_ID = re.compile(r"[A-Za-z0-9 ./:+\-]*\Z")
_VIEWPORT = re.compile(r"[A-Za-z0-9 .,;=\-]*\Z")

#: A mail says that it can be shown light on dark (by a meta element, or in its styles), or has styles for that case.
_BEARS_DARK = re.compile(
    r"<meta\b(?=[^<>]{0,500}color-schemes?\b)[^<>]{0,500}\bdark\b"
    r"|(?<![\w-])(?:supported-)?color-schemes?[ \t\r\n]{0,9}:[^;{}<>\"']{0,99}\bdark\b",
    re.IGNORECASE,
)
_STYLES_DARK = re.compile(r"prefers-color-scheme[ \t\r\n]{0,9}:[ \t\r\n]{0,9}dark\b", re.IGNORECASE)
#: A mail gives colours to text or background.
_COLOURS = re.compile(
    r"\b(?:(?:bgcolor|background|background-color|background-image|color)[ \t\r\n]{0,9}[:=]|text[ \t\r\n]{0,9}=)",
    re.IGNORECASE,
)

_NOTICE = (
    '<p style="all:initial;display:block;padding:8px 12px;font:14px sans-serif;color:#663c00;background:#fff4e5">{}</p>'
)


@dataclass(slots=True)
class Preview:
    """A complete document to show.

    `blocked` counts the remote addresses that were taken out of it; `scheme` is "light" where dark was asked for and
    the mail knows nothing of it.
    """

    html: str
    blocked: int = 0
    cut: bool = False
    scheme: str = "light"


def filter_html(html: str, addresses: Addresses, scheme: str = "light") -> Preview:
    """The document a person may look at. `scheme` is "light" or "dark"; the mail's own styles for it then apply.

    Dark by itself, with light text where the mail gives no colour, is only a mail that says it is made for that, or
    that has no colours of its own. No client does otherwise: half of the mail's text would vanish into its background.
    """
    text, cut = html[:MAX_LENGTH], len(html) > MAX_LENGTH
    writer = _Writer(addresses, scheme)
    if not writer.write(tokenize(text)):  # a dropped element was never closed: lose its tag, not the rest of the mail
        writer = _Writer(addresses, scheme, patient=False)
        writer.write(tokenize(text))
    cut = cut or writer.cut
    notices = _NOTICE.format("This message is too long to show whole. Its end is missing here.") if cut else ""
    canvas = scheme if _BEARS_DARK.search(text) or not _COLOURS.search(text) else "light"
    head = (
        f'<meta charset="utf-8"><meta name="color-scheme" content="{canvas}">'
        f"<style>:root{{color-scheme:{canvas}}}</style>"
    )
    adapted = scheme if _STYLES_DARK.search(text) else canvas
    return Preview(f"{writer.doctype}{head}{notices}{''.join(writer.out)}", writer.blocked, cut, adapted)


@dataclass(slots=True)
class _Writer:
    addresses: Addresses
    scheme: str
    patient: bool = True
    out: list[str] = field(default_factory=list)
    doctype: str = ""
    blocked: int = 0
    cut: bool = False
    css_left: int = MAX_CSS
    links: dict[str, str] = field(default_factory=dict)
    styles: dict[str, str] = field(default_factory=dict)

    def write(self, tokens: Iterable[Token]) -> bool:
        """Write what may stay; False if the mail ended within an element that was to be dropped."""
        inside, depth, style = "", 0, False
        for count, token in enumerate(tokens):
            if count >= MAX_TOKENS:
                self.cut = True
                break
            kind = token.type
            if kind is TokenType.TEXT:
                if not depth:
                    data = (token.data or "").replace("\0", "")
                    self.out.append(self._css(data) if style else escape(data, quote=False))
                continue
            tag = token.tag or ""
            if depth:
                if tag == inside and kind in (TokenType.START_TAG, TokenType.END_TAG):
                    depth += 1 if kind is TokenType.START_TAG and not token.self_closing else 0
                    depth -= 1 if kind is TokenType.END_TAG else 0
                continue
            if kind is TokenType.START_TAG:
                if tag in _KEPT:
                    self.out.append(f"<{tag}{self._attributes(tag, token.attrs or [])}>")
                    style = tag == "style"
                elif tag in _RAW_TEXT or (tag in _DROPPED and not token.self_closing and self.patient):
                    inside, depth = tag, 1
                else:
                    self._other(tag, token.attrs or [])
            elif kind is TokenType.END_TAG and tag in _KEPT:
                self.out.append(f"</{tag}>")
                style = False
            elif kind is TokenType.DOCTYPE and not self.doctype:
                self.doctype = _doctype(token)
        return not depth or self.cut or inside in _RAW_TEXT

    def _attributes(self, tag: str, attributes: Iterable[tuple[str, str | None]]) -> str:
        written = []
        for name, given in attributes:
            value = (given or "").replace("\0", "")
            kept: str | None
            if name == "style":
                kept = self._style_attribute(value)
            elif name in _TEXT_ATTRIBUTES:
                kept = value
                if name == "type" and tag == "input" and value.lower() not in _HARMLESS_INPUTS:
                    kept = None
            elif name == "href":
                if tag in ("a", "area"):
                    written.append(self._link(value))
                continue
            elif (name == "src" and tag == "img") or (name == "background" and tag in _BACKGROUND):
                kept = self._load(value)
            elif name == "media" and tag == "style":
                kept = settle_media(value, self.scheme)
            else:
                kept = value if _DATA_ATTRIBUTE.match(name) else None
            if kept is None or (not kept and name in ("src", "background")):
                continue
            written.append(f' {name}="{escape(kept)}"' if kept else f" {name}")
        return "".join(written)

    def _other(self, tag: str, attributes: Iterable[tuple[str, str | None]]) -> None:
        """What may be said by elements that are not kept as they are."""
        values = {name: value or "" for name, value in attributes}
        content = values.get("content", "")
        if tag == "meta" and values.get("name", "").lower() == "viewport" and _VIEWPORT.match(content):
            self.out.append(f'<meta name="viewport" content="{content}">')
        elif tag == "link" and values.get("rel", "").strip().lower() == "stylesheet":
            target = self._counted(self.addresses.elsewhere(values.get("href", "")))
            if target:
                media = escape(settle_media(values.get("media", "all"), self.scheme))
                self.out.append(f'<link rel="stylesheet" href="{escape(target)}" media="{media}">')

    def _link(self, value: str) -> str:
        kept = self.links.get(value)
        if kept is None:
            kept = self.links[value] = self._link_attributes(link(value))
        return kept

    def _link_attributes(self, url: str) -> str:
        """A link to elsewhere looks like one but leads nowhere unless remote content is wanted.

        In a frame without tokens it could not be followed anyway, yet Chromium connects to its host as soon as the
        mouse button goes down on it.
        """
        if not url:
            return ""
        if url.startswith("#"):
            return f' href="{escape(url)}"'
        if url.startswith("http") and not self.addresses.remote:
            return f' href="#{NOWHERE}" title="{escape(url)}"'
        return f' href="{escape(url)}" target="_blank" rel="noopener noreferrer nofollow"'

    def _style_attribute(self, value: str) -> str:
        kept = self.styles.get(value)
        if kept is None:
            kept = self._css(value)
            if "data:" not in kept:  # those are counted each time by whoever answers for them
                self.styles[value] = kept
        return kept

    def _css(self, css: str) -> str:
        self.css_left -= len(css)
        if self.css_left < 0:
            self.cut = True
            return ""
        return filter_css(css, self._load, self.scheme, imports=self._import if self.addresses.remote else None)

    def _load(self, url: str) -> str | None:
        return self._counted(self.addresses.picture(url))

    def _import(self, url: str) -> str | None:
        return self._counted(self.addresses.elsewhere(url))

    def _counted(self, target: str | None) -> str | None:
        self.blocked += target is None
        return target


def _doctype(token: Token) -> str:
    """The same document type, so that the mail is laid out in the same mode (quirks or standards)."""
    public, system = token.public_id, token.system_id
    if token.force_quirks or not _DOCTYPE_ID.match(public or "") or not _DOCTYPE_ID.match(system or ""):
        return ""
    if (token.name or "").lower() != "html":
        return ""
    if public is not None:
        return f'<!DOCTYPE html PUBLIC "{public}"' + (f' "{system}">' if system is not None else ">")
    return f'<!DOCTYPE html SYSTEM "{system}">' if system is not None else "<!DOCTYPE html>"
