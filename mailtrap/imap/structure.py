"""BODY and BODYSTRUCTURE: the parts of a message as they were sent and never repaired (RFC 9051 §7.5.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailtrap.imap import envelope
from mailtrap.imap.responses import nstring, string
from mailtrap.mail.mime import Part

#: What one header field may list; the rest is not told.
MAX_PARAMETERS = 1000

_PARAMETER = re.compile(
    rb';[ \t\r\n]*+([^\s=;"]++)[ \t\r\n]*+=[ \t\r\n]*+(?:"((?>(?:[^"\\]++|\\.)*))"|([^;]*+))', re.DOTALL
)
_COMMENT = re.compile(rb"\s*+\([^()]*+\)")
_TOKEN = re.compile(rb"[^\s;()]++")
_LANGUAGE = re.compile(rb"[^\s,;()]++")


def embeds(part: Part, utf8: bool) -> bool:
    """Whether a client takes a part for a message with parts of its own.

    `message/global` is one for those who know of RFC 6532 (RFC 9051 §9, media-message); others would stumble over it.
    """
    return part.type == "message/rfc822" or (utf8 and part.type == "message/global")


def render(part: Part, *, extended: bool = True, utf8: bool = False) -> bytes:
    """The structure of a part and everything in it; without extension data it is the one of BODY."""
    found = _found(part)
    type_, parameters = _type(part, found)
    if type_[0].lower() == b"multipart":
        inner = [render(child, extended=extended, utf8=utf8) for child in part.children]
        # The grammar demands a part. Where no boundary divides the body there is one: all of it.
        inner = inner or [_plain(part, extended)]
        more = b" %b%b" % (_list(parameters, utf8), _extension(found, utf8)) if extended else b""
        return b"(%b %b%b)" % (b"".join(inner), string(type_[1], utf8), more)
    body = part.message[part.body_start : part.body_end]
    encoding = _TOKEN.search(found.get(b"transfer-encoding", b""))
    pieces = [
        string(type_[0], utf8),
        string(type_[1], utf8),
        _list(parameters, utf8),
        nstring(found.get(b"id"), utf8),
        nstring(found.get(b"description"), utf8),
        string(encoding[0] if encoding else b"7BIT", utf8),
        b"%d" % len(body),
    ]
    if embeds(part, utf8):
        content = part.children[0] if part.children else None
        pieces += [
            envelope.render(content.values, utf8) if content else envelope.NOTHING,
            render(content, extended=extended, utf8=utf8) if content else _plain(part, extended),
        ]
    if embeds(part, utf8) or part.type.startswith("text/"):
        pieces.append(b"%d" % body.count(b"\n"))
    if extended:
        pieces.append(nstring(found.get(b"md5"), utf8) + _extension(found, utf8))
    return b"(%b)" % b" ".join(pieces)


def _plain(part: Part, extended: bool) -> bytes:
    """A body of which nothing more is known, as a part of its own."""
    body = part.message[part.body_start : part.body_end]
    more = b" NIL NIL NIL NIL" if extended else b""
    return b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" %d %d%b)' % (len(body), body.count(b"\n"), more)


def _found(part: Part) -> dict[bytes, bytes]:
    """The Content fields by what comes after the hyphen; the first of each name counts."""
    found: dict[bytes, bytes] = {}
    for name, value in part.values:
        if name[:1] in b"cC" and name[:8].lower() == b"content-":
            found.setdefault(name[8:].lower(), value)
    return found


def _type(part: Part, found: dict[bytes, bytes]) -> tuple[tuple[bytes, bytes], list[tuple[bytes, bytes]]]:
    """The two halves of the type as sent, and its parameters; the default where no type was sent that is one."""
    value = found.get(b"type")
    parameters = _parameters(value) if value else []
    if value:
        main, _, sub = _COMMENT.sub(b"", value.partition(b";")[0]).strip().partition(b"/")
        if main and sub and b"%b/%b" % (main.lower(), sub.lower()) == part.type.encode("utf-8", "replace"):
            return (main, sub), parameters
    main_name, _, sub_name = part.type.upper().partition("/")
    default = (main_name.encode("utf-8", "replace"), sub_name.encode("utf-8", "replace"))
    if value is None and part.type == "text/plain":
        parameters = [(b"CHARSET", b"US-ASCII")]  # RFC 2045 §5.2
    return default, parameters


def _parameters(value: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values as sent, but for quotation marks and comments; continuations stay apart (RFC 2231 §3)."""
    found: list[tuple[bytes, bytes]] = []
    for match in _PARAMETER.finditer(value, max(value.find(b";"), 0)):
        if len(found) == MAX_PARAMETERS:
            break
        name, quoted, token = match.groups()
        if quoted is not None:
            # `C:\dir\file` in quotes is common and never meant as quoted pairs; only `\"` and `\\` are.
            found.append((name, quoted.replace(b'\\"', b'"').replace(b"\\\\", b"\\")))
        else:
            found.append((name, _COMMENT.sub(b"", token).strip()))
    return found


def _list(parameters: Sequence[tuple[bytes, bytes]], utf8: bool) -> bytes:
    if not parameters:
        return b"NIL"
    return b"(%b)" % b" ".join([string(name, utf8) + b" " + string(value, utf8) for name, value in parameters])


def _extension(found: dict[bytes, bytes], utf8: bool) -> bytes:
    """Disposition, languages and location, each after a space."""
    disposition = b"NIL"
    value = found.get(b"disposition", b"")
    kind = _COMMENT.sub(b"", value.partition(b";")[0]).strip()
    if kind:
        disposition = b"(%b %b)" % (string(kind, utf8), _list(_parameters(value), utf8))
    languages = [string(tag, utf8) for tag in _LANGUAGE.findall(found.get(b"language", b""))[:MAX_PARAMETERS]]
    language = b"(%b)" % b" ".join(languages) if languages else b"NIL"
    location = found.get(b"location")
    return b" %b %b %b" % (disposition, language, nstring(location or None, utf8))
