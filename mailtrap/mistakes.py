"""What is wrong with a document that does not fit its shape: which field, what was given, what is allowed; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Meta, inspect

from mailtrap.mail.later import later

_WHERE = later(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_PIECE = later(r"([^.\[\]]+)|(\[[^\]]*\])")
_FIELD = later(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)
_DEEPEST = 10
#: Words that are told; of more, those after them are left out. So are characters of what was given.
_TOLD = 60
_LONGEST = 40
_PLAIN = later(r"[\w.+:-]+")
_WORDS = "words"
_UNKNOWN = object()


class Mistake(NamedTuple):
    """A sentence that begins with the field, and what to do; empty where nothing better is known."""

    message: str
    hint: str


def form(pattern: str, words: str, description: str | None = None) -> Meta:
    """The constraint that a string matches `pattern`; `words` tell whoever sent another what was wanted."""
    return Meta(pattern=pattern, description=description, extra={_WORDS: words})


def mistake(
    error: msgspec.ValidationError, shape: Any, given: object, *, whole: str = "it", typed: bool = True
) -> Mistake:
    """What `error`, of making a `shape` out of `given`, means; `whole` is what all of it is called.

    `given` is made of the types of JSON, or where it is not `typed` the parameters of a URL.
    """
    found = _WHERE.fullmatch(str(error))
    what, where = (found["what"], found["path"] or "") if found else (str(error), "")
    steps = tuple([piece[1] or piece[0] for piece in _PIECE.findall(where)])
    path = tuple(["[]" if step.startswith("[") else step for step in steps])[:_DEEPEST]
    place = _named(where) if where else whole
    if field := _FIELD.fullmatch(what):
        if field[1].startswith("missing"):
            return Mistake(f"{_named(f'{where}.{field[2]}' if where else field[2])} is missing", "")
        within = f" in {place}" if where else ""
        return Mistake(f"There is no field {_named(field[2])}{within}", _listed(_words(shape, path, True)))
    value = _value(given, steps)
    if what.startswith("Invalid enum value"):
        told = "this" if value is _UNKNOWN else _shown(value, typed)
        return Mistake(f"{place} cannot be {told}", _listed(_words(shape, path, False)))
    wanted = _wanted(shape, path)
    if not wanted:
        return Mistake(f"{place}: {what}", "")
    if value is _UNKNOWN:
        return Mistake(f"{place} must be {wanted}", "")
    if " of length " in what and isinstance(value, str | list):
        return Mistake(f"{place} has {_size(value)}, but must be {wanted}", "")
    return Mistake(f"{place} is {_shown(value, typed)}, but must be {wanted}", "")


def in_json(error: msgspec.ValidationError, shape: Any, octets: bytes) -> Mistake:
    """The same of a JSON document that came as the body of a request."""
    try:
        given = msgspec.json.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # after what is wrong with its shape
        given = _UNKNOWN
    return mistake(error, shape, given, whole="The body")


def _value(given: object, steps: tuple[str, ...]) -> object:
    """What is at this place; the names of what stands in a mapping are not told."""
    for step in steps:
        try:
            given = given[int(step[1:-1])] if step.startswith("[") else given[step]  # type: ignore[index]
        except (LookupError, TypeError, ValueError):
            return _UNKNOWN
    return given


def _named(field: str) -> str:
    return f"`{_printable(_cut(field))}`"


def _shown(value: object, typed: bool) -> str:
    if not typed and isinstance(value, str):
        if not value:
            return "empty"
        if _PLAIN.fullmatch(value):
            return _cut(value)
    if isinstance(value, str):
        return _printable(json.dumps(_cut(value), ensure_ascii=False))
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    return _printable(_cut(json.dumps(value, default=str)))  # dates: TOML has them


def _size(value: str | list[Any]) -> str:
    unit = "character" if isinstance(value, str) else "item"
    return f"{len(value)} {unit}{'' if len(value) == 1 else 's'}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _printable(text: str) -> str:
    return "".join([c if c.isprintable() else " " for c in text])


@lru_cache(maxsize=256)
def _wanted(shape: Any, path: tuple[str, ...]) -> str:
    """What may be there, such as `a whole number from 1 to 5`; empty if that is not known."""
    *others, last = dict.fromkeys([found for one in _at(shape, path) for found in _described(one)] or [""])
    return f"{', '.join(others)} or {last}" if others else last


def _described(kind: inspect.Type) -> tuple[str, ...]:
    if isinstance(kind, inspect.Metadata):
        words = (kind.extra or {}).get(_WORDS)
        if words and isinstance(kind.type, inspect.StrType):
            return (words + _length(kind.type, "character", ","),)
        return _described(kind.type)
    match kind:
        case inspect.BoolType():
            return "true", "false"
        case inspect.IntType():
            return (f"a whole number{_range(kind)}",)
        case inspect.FloatType():
            return (f"a number{_range(kind)}",)
        case inspect.StrType():
            return (f"text{_length(kind, 'character')}",)
        case inspect.EnumType():
            return (f"one of {', '.join([str(member.value) for member in kind.cls][:_TOLD])}",)
        case inspect.LiteralType():
            return (f"one of {', '.join([str(value) for value in kind.values if value != ''][:_TOLD])}",)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
            return (f"a list{_length(kind, 'item')}",)
        case inspect.StructType() | inspect.DictType():
            return ("an object",)
    return ()


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.gt is not None and kind.le is not None:
        return f" above {_number(kind.gt)} and at most {_number(kind.le)}"
    return _bounds(" from ", kind.ge, kind.le)


def _length(
    kind: inspect.StrType | inspect.ListType | inspect.VarTupleType | inspect.SetType, unit: str, lead: str = ""
) -> str:
    bounds = _bounds(" of ", kind.min_length, kind.max_length)
    return f"{lead}{bounds} {unit}{'' if bounds.endswith(' 1') else 's'}" if bounds else ""


def _bounds(between: str, low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{between}{_number(low)} to {_number(high)}"
    if low is not None:
        return f" of at least {_number(low)}"
    return "" if high is None else f" of at most {_number(high)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _listed(words: list[str]) -> str:
    more = ", …" if len(words) > _TOLD else ""
    return f"it takes {', '.join(words[:_TOLD])}{more}" if words else ""


@lru_cache(maxsize=256)
def _words(shape: Any, path: tuple[str, ...], fields: bool) -> list[str]:
    words: list[str] = []
    for one in map(_bare, _at(shape, path)):
        if fields and isinstance(one, inspect.StructType):
            words += [field.encode_name for field in one.fields]
        elif not fields and isinstance(one, inspect.EnumType):
            words += [str(member.value) for member in one.cls]
        elif not fields and isinstance(one, inspect.LiteralType):
            words += [str(value) for value in one.values if value != ""]
    return list(dict.fromkeys(words))


def _at(shape: Any, path: tuple[str, ...]) -> list[inspect.Type]:
    here = list(_flat(inspect.type_info(shape)))
    for piece in path:
        here = [inner for one in here for inner in _inside(_bare(one), piece)]
    return here


def _flat(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Each of a union."""
    bare = _bare(kind)
    if isinstance(bare, inspect.UnionType):
        for one in bare.types:
            yield from _flat(one)
    else:
        yield kind


def _bare(kind: inspect.Type) -> inspect.Type:
    """Without what is wrapped around it."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def _inside(kind: inspect.Type, piece: str) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.StructType):
        for field in kind.fields:
            if field.encode_name == piece:
                yield from _flat(field.type)
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType | inspect.SetType):
        if piece == "[]":
            yield from _flat(kind.item_type)
    elif isinstance(kind, inspect.DictType) and piece == "[]":
        yield from _flat(kind.value_type)
