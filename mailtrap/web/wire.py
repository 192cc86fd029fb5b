"""JSON as it leaves this server, always valid UTF-8, whatever mail brought in; and how ids and times are written."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

#: A 64-bit id as text, since JavaScript numbers are exact up to 2^53 only.
Id = Annotated[str, Meta(pattern="^[0-9]+$", description="An id. Ids only grow; none is ever given out twice.")]
Time = Annotated[str, Meta(description="RFC 3339, UTC, microseconds")]

_encoder = msgspec.json.Encoder()


def encode(value: Any) -> bytes:
    """The JSON of a msgspec struct or of plain values; lone surrogates become `?`."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(_replace_surrogates(msgspec.to_builtins(value)))


def id_or_none(number: int | None) -> str | None:
    """An id as text; 0 stands for none."""
    return str(number) if number else None


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list | tuple):
        return [_replace_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
    return value
