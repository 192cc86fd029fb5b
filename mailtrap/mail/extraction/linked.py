"""Codes that stand in the addresses of links: `https://example.com/verify?code=482913`; pure and bounded."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from mailtrap.mail.extraction.code import Code
from mailtrap.mail.extraction.lines import Mood
from mailtrap.mail.extraction.spoken import offers
from mailtrap.mail.extraction.wording import folded
from mailtrap.mail.links import Link

_NAMES = re.compile(
    r"(?:(?:verification|verify|confirmation|confirm|activation|auth|login|security|access|email|sms|one_?time|reset)"
    r"[-_]?)?(?:code|otp|pin|passcode|totp)|verification|otp_?code|vcode|kod|codigo|c",
    re.IGNORECASE,
)
_SHORT = re.compile(r"\d{4,8}|(?=[A-Za-z]*\d)[A-Za-z0-9]{4,10}|[A-Z0-9]{3,5}-[A-Z0-9]{3,5}|\d{3}-\d{3}")


def in_link(link: Link, mood: Mood) -> Code | None:
    """The code in a link that verifies or resets something."""
    if (
        link.tag not in ("a", "area", "text")
        or link.kind in ("unsubscribe", "tracking", "asset")
        or "?" not in link.href
    ):
        return None
    try:
        pairs = parse_qsl(urlsplit(link.href).query, max_num_fields=100)
    except ValueError:
        return None
    for name, value in pairs:
        if not (_NAMES.fullmatch(name) and _SHORT.fullmatch(value)):
            continue
        explicit = re.search(r"otp|pin|pass|verif|confirm|auth|login", name, re.IGNORECASE) is not None
        # Where nothing is called a code, `?c=` and what a link to reset something carries are nothing to type.
        if (
            not explicit
            and not (link.kind == "verify" and name != "c")
            and not (mood.names and link.kind in ("verify", "reset"))
        ):
            continue
        if offers(folded(link.text)) or (mood.sales > mood.verbs and not explicit):
            continue
        return Code(
            value, f"in a link, as “{name[:40]}”", 0.85 if mood.is_about_access or explicit else 0.7, value, "link"
        )
    return None
