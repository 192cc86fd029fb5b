"""How a value is written in a query."""

from __future__ import annotations

import re

#: What ends a value or a word that is not quoted, besides any space.
ENDS = '"()'

_BARE = re.compile(r"\w[\w.@+-]*")
_RESERVED = frozenset(("AND", "OR", "NOT"))


def quoted(value: str) -> str:
    """`value` as it can stand in a query, in quotes unless it is plain."""
    if _BARE.fullmatch(value) and value not in _RESERVED:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
