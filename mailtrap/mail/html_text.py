"""HTML as a person reads it, and what it points to; linear and bounded (WHATWG HTML §13.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Characters and tags of HTML that are read for its text; a tree takes about 100 octets for each tag.
MAX_HTML = 1024 * 1024
MAX_TAGS = 100_000
#: Characters of HTML in which references are looked for.
MAX_TOKENIZED = 4 * 1024 * 1024
MAX_REFERENCES = 10_000
_MAX_WORDS = 300

# White space, so that the parser leaves it where it is, in tables too; a form feed means nothing else in HTML.
_LINE = "\f"
# By their first letters and without IGNORECASE, which is four times faster; a line too many does no harm.
_BLOCK = r"[pPdD]|[bB][rlRL]|[lLuUoO][iIlL]|[hH][1-6rR]|[cC][eE]|[sS][eE]|[fF][oOiI]|[aA][rRdD]|[tT][raRA]"
_BLOCK_TAG = re.compile(f"<(?=/?(?:{_BLOCK}))")
_CELL_TAG = re.compile(r"<(?=[tT][dhDH])")
# For an index half the time is worth a word that is split where someone underlined a part of it.
_BLOCK_OR_CELL_TAG = re.compile(r"<(?=/?(?:[pPdDtTlLhHuUoO]|[bB][rRlL]))")
_DATA_URL = re.compile(r"data:[\w/+.;=-]{0,100},[A-Za-z0-9+/=%\s]{200,}+")
_UNSEEN = "head, style, script, template, noframes, noembed, svg, textarea"
_BREAKS = frozenset(("br", "p", "div", "td", "th", "tr", "li", "table", "h1", "h2", "h3", "h4", "h5", "h6"))
_GAPS = re.compile(r"\n{3,}")

_ADDRESS = {"a": "href", "area": "href", "img": "src", "form": "action"}


@dataclass(slots=True)
class Reference:
    """Something HTML points to: the address with entities decoded, else as written, and the words one clicks on."""

    href: str
    tag: str
    text: str = ""


def visible_text(html: str) -> str:
    """The text a person sees, one line per block, without style, script and head; of `MAX_HTML` characters."""
    marked = _CELL_TAG.sub(" <", _BLOCK_TAG.sub(_LINE + "<", _bounded(html)))
    lines = [" ".join(line.split()) for line in _tree_text(marked).split(_LINE)]
    return _GAPS.sub("\n\n", "\n".join(lines)).strip() or _picture_text(html)


def loose_text(html: str) -> str:
    """The same words for an index, in half the time: white space as it falls, some between any two blocks."""
    text = _tree_text(_BLOCK_OR_CELL_TAG.sub("\n<", _bounded(html)))
    return text if text.strip() else _picture_text(html)


def _picture_text(html: str) -> str:
    """What stands for the pictures of a mail that is nothing but pictures."""
    return "\n".join([reference.text for reference in references(html) if reference.tag == "img" and reference.text])


def _bounded(html: str) -> str:
    if len(html) < MAX_TAGS:
        return html
    html = _DATA_URL.sub("data:,", html)[:MAX_HTML]  # embedded pictures must not push the text out of sight
    return html if html.count("<") <= MAX_TAGS else "<".join(html.split("<", MAX_TAGS)[:MAX_TAGS])


def _tree_text(html: str) -> str:
    import turbohtml  # 40 ms and 5 MB that a start need not pay

    tree = turbohtml.parse(html, positions=False)
    for element in tree.select(_UNSEEN):
        element.decompose()
    return tree.text


def references(html: str) -> list[Reference]:
    """Links, forms and images in document order, from the tokens alone: trees of hostile HTML repeat its text."""
    import turbohtml

    start, end = turbohtml.TokenType.START_TAG, turbohtml.TokenType.END_TAG
    text, found = turbohtml.TokenType.TEXT, list[Reference]()
    words: list[str] = []
    link: Reference | None = None
    hidden = ""
    for token in turbohtml.tokenize(html[:MAX_TOKENIZED]):
        kind, tag = token.type, token.tag or ""
        if kind is text:
            if link and not hidden and len(words) < _MAX_WORDS:
                words.append((token.data or "")[:_MAX_WORDS])
        elif tag in _BREAKS:
            if link:
                words.append(" ")
        elif tag in ("script", "style"):
            hidden = tag if kind is start else ""
        elif tag in _ADDRESS and not hidden and (kind is start or kind is end):
            if link and tag == "a":
                link.text = " ".join("".join(words).split())[:_MAX_WORDS]
                link = None
            if kind is end:
                continue
            href = (token.attr(_ADDRESS[tag]) or "").strip(" \t\r\n\f")
            if href and len(found) < MAX_REFERENCES:
                found.append(Reference(href, tag, (token.attr("alt") or "")[:_MAX_WORDS]))
                if tag == "a":
                    link, words = found[-1], []
                elif link:
                    words.append(f" {found[-1].text} ")
    if link:
        link.text = " ".join("".join(words).split())[:_MAX_WORDS]
    return found
