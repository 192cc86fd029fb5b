"""What might have stood where a decoder found something else: the words of an enumeration, the names of fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

_WHERE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_PIECE = re.compile(r"([^.\[\]]+)|(\[[^\]]*\])")
#: Words that are told; of more, those after them are left out.
_TOLD = 60


def choices(error: msgspec.ValidationError, shape: Any) -> str:
    """`it is one of a, b`, or empty where `error`, of decoding a `shape`, is about something else."""
    found = _WHERE.fullmatch(str(error))
    if found is None:
        return ""
    path = tuple(["[]" if piece[1] else piece[0] for piece in _PIECE.findall(found["path"] or "")])
    if len(path) > 10:
        return ""
    if found["what"].startswith("Invalid enum value"):
        return _words(shape, path, fields=False)
    if found["what"].startswith("Object contains unknown field"):
        return _words(shape, path, fields=True)
    return ""


@lru_cache(maxsize=256)
def _words(shape: Any, path: tuple[str, ...], fields: bool) -> str:
    here = list(_flat(inspect.type_info(shape)))
    for piece in path:
        here = [inner for one in here for inner in _inside(one, piece)]
    words: list[str] = []
    for one in here:
        if fields and isinstance(one, inspect.StructType):
            words += [field.encode_name for field in one.fields]
        elif not fields and isinstance(one, inspect.EnumType):
            words += [str(member.value) for member in one.cls]
        elif not fields and isinstance(one, inspect.LiteralType):
            words += [str(value) for value in one.values if value != ""]
    more = ", …" if len(words) > _TOLD else ""
    return f"it takes {', '.join(dict.fromkeys(words[:_TOLD]))}{more}" if words else ""


def _flat(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Without what is wrapped around it, and each of a union."""
    if isinstance(kind, inspect.Metadata):
        yield from _flat(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _flat(one)
    else:
        yield kind


def _inside(kind: inspect.Type, piece: str) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.StructType):
        for field in kind.fields:
            if field.encode_name == piece:
                yield from _flat(field.type)
    elif piece == "[]" and isinstance(kind, inspect.ListType | inspect.VarTupleType | inspect.SetType):
        yield from _flat(kind.item_type)
