"""The text of HTML for an index; linear and bounded (WHATWG HTML §13.2)."""

from __future__ import annotations

import re

from mailtrap.mail import page

#: Characters and tags of HTML that are read for its text; a tree takes about 100 octets for each tag.
MAX_HTML = 1024 * 1024
MAX_TAGS = 100_000

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
_GAPS = re.compile(r"\n{3,}")


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
    return "\n".join([one.text for one in page.read(html).references if one.tag == "img" and one.text])


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
