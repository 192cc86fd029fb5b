"""What an operation answers where that is not a struct as JSON, however it was asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


@dataclass(slots=True)
class Answer:
    """`pieces` are octets of the type `media`, made as they are sent."""

    pieces: Iterable[bytes]
    media: str = JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
