"""HTML as a person reads it, and the addresses it points to: one pass over its tokens, no tree (WHATWG HTML §13.2.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: Characters of HTML that are read.
MAX_HTML = 4 * 1024 * 1024
MAX_REFERENCES = 10_000
_MAX_WORDS = 300

_INVISIBLE = frozenset(
    ("script", "style", "head", "title", "template", "noembed", "noframes", "textarea", "svg", "math")
)
_PARAGRAPH = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "pre", "table", "hr"))
_LINE = frozenset(
    [
        "address",
        "article",
        "aside",
        "body",
        "br",
        "center",
        "dd",
        "div",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "header",
        "html",
        "legend",
        "li",
        "main",
        "nav",
        "option",
        "section",
        "tr",
        "caption",
        "tbody",
        "thead",
        "tfoot",
    ]
)
_CELL = frozenset(("td", "th"))
_LINKS = {"a": "href", "area": "href", "img": "src", "form": "action"}
_KINDS = {"a": "link", "area": "link", "img": "image", "form": "link"}
_INTERESTING = _INVISIBLE | _PARAGRAPH | _LINE | _CELL | frozenset(_LINKS)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_RAGGED = re.compile(r" *\n *")
_GAPS = re.compile(r"\n{3,}")


@dataclass(slots=True)
class Reference:
    """Something an HTML text points to: the address as written, entities decoded; the words a person clicks on."""

    href: str
    kind: str
    text: str = ""


@dataclass(slots=True)
class Visible:
    """The visible text, one line per block, and what it points to in document order."""

    text: str = ""
    references: list[Reference] = field(default_factory=list)


def read_html(html: str, references: bool = True) -> Visible:
    """The text without style, script and head, and its references; linear, bounded, never raises."""
    import turbohtml  # a big extension module: 40 ms and 5 MB that a start without HTML mail need not pay

    start, end = turbohtml.TokenType.START_TAG, turbohtml.TokenType.END_TAG
    text_type = turbohtml.TokenType.TEXT
    out: list[str] = []
    found: list[Reference] = []
    hidden = ""
    open_link: tuple[Reference, int] | None = None
    for token in turbohtml.tokenize(html[:MAX_HTML], capture_attributes=references):
        kind = token.type
        if kind is text_type:
            if not hidden:
                out.append(_BLANKS.sub(" ", token.data or ""))
            continue
        if kind is not start and kind is not end:
            continue
        tag = token.tag
        if hidden:
            if (tag == hidden and kind is end) or (hidden == "head" and tag == "body"):
                hidden = ""
            continue
        if tag not in _INTERESTING:
            continue
        if tag in _INVISIBLE:
            if kind is start and not token.self_closing:
                hidden = tag
        elif tag in _PARAGRAPH:
            out.append("\n\n")
        elif tag in _LINE:
            out.append("\n")
        elif tag in _CELL:
            out.append(" ")
        if not references or tag not in _LINKS:
            continue
        if open_link and tag == "a":
            open_link[0].text = _words(out[open_link[1] :])
            open_link = None
        if kind is start and len(found) < MAX_REFERENCES:
            href = token.attr(_LINKS[tag]) or ""
            if href.strip():
                found.append(Reference(href.strip(" \t\r\n\f"), _KINDS[tag]))
                if tag == "a":
                    open_link = found[-1], len(out)
                elif tag == "img":
                    found[-1].text = (token.attr("alt") or "")[:_MAX_WORDS]
    if open_link:
        open_link[0].text = _words(out[open_link[1] :])
    return Visible(_laid_out("".join(out)), found)


def _words(pieces: list[str]) -> str:
    return " ".join("".join(pieces[:200])[: _MAX_WORDS * 4].split())[:_MAX_WORDS]


def _laid_out(text: str) -> str:
    text = _RAGGED.sub("\n", text.replace("\xa0", " "))
    text = _GAPS.sub("\n\n", text).strip()
    return _BLANKS_INSIDE.sub(" ", text)


_BLANKS_INSIDE = re.compile(r"  +")
