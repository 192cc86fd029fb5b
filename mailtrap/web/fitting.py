"""How wide a mail has to be for nothing of it to be cut off, as far as its HTML says so; linear and bounded."""

from __future__ import annotations

import re
from itertools import islice

#: Narrower mail fits any screen, wider is cut off on all; and tags that are looked at.
_NARROWEST, _WIDEST = 360, 1200
_MOST = 20_000

_TAG = re.compile(r"<(?:table|td|th|div|img|center|section)\b([^<>]*)")
_ATTRIBUTE = re.compile(r'\bwidth="(\d{3,4})(?:px)?"')
_STYLE = re.compile(r"(?<![\w-])(?:min-)?width:\s{0,3}(\d{3,4})(?:\.\d{1,3})?px", re.IGNORECASE)
#: A style that lets it shrink: `width="600" style="width:100%; max-width:600px"`.
_SHRINKS = re.compile(r"max-width:|(?<![\w-])width:\s{0,3}(?:\d{1,3}%|auto)", re.IGNORECASE)
#: Styles for narrow screens: then the mail knows better.
_ADAPTS = re.compile(r"@media[^{}<>]{0,300}?(?:max-(?:device-)?width|width\s{0,3}<)", re.IGNORECASE)


def fixed_width(html: str) -> int:
    """The greatest width in pixels that filtered HTML fixes; 0 where it fits, or adapts to, narrow screens."""
    if _ADAPTS.search(html):
        return 0
    widest = 0
    for tag in islice(_TAG.finditer(html), _MOST):
        attributes = tag[1]
        if "idth" not in attributes or _SHRINKS.search(attributes):
            continue
        for found in (*_ATTRIBUTE.finditer(attributes), *_STYLE.finditer(attributes)):
            widest = max(widest, int(found[1]))
    return min(widest, _WIDEST) if widest > _NARROWEST else 0
