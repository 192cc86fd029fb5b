"""Reads what IMAP responses are made of: strings, numbers, NIL and lists."""

from __future__ import annotations

import re
from typing import Any

_LITERAL = re.compile(rb"~?\{(\d+)\}\r\n")
_ATOM = re.compile(rb"[^\s()\[\]\"]+(?:\[[^]]*\])?(?:<\d+>)?")


def read(octets: bytes) -> Any:
    """One value, with nothing behind it: lists as lists, strings as octets, numbers, NIL as None, atoms as text."""
    value, end = _value(octets, 0)
    assert end == len(octets), octets[end:]
    return value


def fetched(octets: bytes) -> list[tuple[int, dict[str, Any]]]:
    """The untagged FETCH responses there are, and nothing else: the number and what was told."""
    found, at = [], 0
    while at < len(octets):
        begin = re.compile(rb"\* (\d+) FETCH ").match(octets, at)
        assert begin, octets[at : at + 80]
        told, at = _value(octets, begin.end())
        assert octets[at : at + 2] == b"\r\n"
        at += 2
        found.append((int(begin[1]), dict(zip(told[::2], told[1::2], strict=True))))
    return found


def _value(octets: bytes, at: int) -> tuple[Any, int]:
    if octets[at : at + 1] == b"(":
        found, at = [], at + 1
        while octets[at : at + 1] != b")":
            if octets[at : at + 1] == b" ":
                at += 1
            value, at = _value(octets, at)
            found.append(value)
        return found, at + 1
    if octets[at : at + 1] == b'"':
        end = at + 1
        while octets[end : end + 1] != b'"':
            end += 2 if octets[end : end + 1] == b"\\" else 1
        text = octets[at + 1 : end]
        assert not re.search(rb"[\r\n\0]", text)
        return re.sub(rb"\\(.)", rb"\1", text), end + 1
    literal = _LITERAL.match(octets, at)
    if literal:
        end = literal.end() + int(literal[1])
        return octets[literal.end() : end], end
    atom = _ATOM.match(octets, at)
    assert atom, octets[at : at + 80]
    text = atom[0].decode()
    return (None if text == "NIL" else int(text) if text.isdigit() else text), atom.end()
