"""Paths of the envelope by RFC 5321 §4.1.2, kept exactly as sent."""

from __future__ import annotations

import re

from mailtrap.mail.later import later

# A sandbox shows what was sent, so the grammar is generous where real mail is (dots anywhere in a local part, `_` in
# a domain, a missing domain) and firm where an address could change its meaning on the way: control characters,
# white space, octets that are no UTF-8 and unbalanced brackets are refused.
_NEVER = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_LABEL = rf"[^{_NEVER}!-,./:-@\[-^`{{-~]+"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[!-Z^-~]+\])"
_ATOMS = rf"""[^{_NEVER}"(),:;<>@\[-\]]+"""
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[ -~])*"'
_MAILBOX = rf"(?:{_ATOMS}|{_QUOTED})(?:@{_DOMAIN})?"
_ROUTE = rf"@{_DOMAIN}(?:,@{_DOMAIN})*:"

_PATH = later(rf"<((?:{_ROUTE})?{_MAILBOX})>")
_NAKED = later(rf"((?:{_ROUTE})?{_MAILBOX})(?= |$)")
#: What nearly all are like.
_PLAIN = re.compile(rb"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)>(?: +|$)")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class AddressError(ValueError):
    """No address; the text says what is wrong with it and never repeats what was sent."""


def read_path(argument: bytes, *, null: bool = False) -> tuple[str, bytes]:
    """Read a path at the start of `argument`; returns it without its angle brackets, and what follows it.

    `null` allows the null path `<>` (RFC 5321 §4.5.5), which is returned as the empty string. Brackets may be
    missing. Raises AddressError.
    """
    plain = _PLAIN.match(argument)
    if plain is not None:
        return plain[1].decode("ascii"), argument[plain.end() :]
    if null and argument.startswith(b"<>"):
        return "", _parameters(argument[2:])
    if _CONTROL.search(argument):
        raise AddressError("it contains control characters")
    try:
        text = argument.decode("utf-8")
    except UnicodeDecodeError:
        raise AddressError("it is not UTF-8") from None
    found = (_PATH if text.startswith("<") else _NAKED).match(text)
    if found is None:
        raise AddressError(_complaint(text))
    return found[1], _parameters(text[found.end() :].encode("utf-8"))


def _parameters(rest: bytes) -> bytes:
    if rest and not rest.startswith(b" "):
        raise AddressError("something follows it without a space")
    return rest.lstrip(b" ")


def _complaint(text: str) -> str:
    if not text or text.startswith(" "):
        return "it is missing"
    if text.startswith("<>"):
        return "it is empty"
    if text.startswith("<") and ">" not in text:
        return "its closing > is missing"
    return "it does not read local-part@domain (RFC 5321 section 4.1.2)"
