"""Says much, a piece at a time: each is made on a worker thread once the client has read the last one (sans-IO)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from mailtrap.net.actions import Drain, Work
from mailtrap.net.frame import Frame


def pour(frame: Frame[Any], pieces: Iterator[bytes], then: Callable[[Exception | None], None]) -> None:
    """Say all pieces, then call `then` with None; with the exception instead where there was one before the first.

    Later nothing can be said that would not be taken for a part of what breaks off, so the connection is closed.
    """
    _go_on(frame, pieces, then, True)


def _go_on(
    frame: Frame[Any], pieces: Iterator[bytes], then: Callable[[Exception | None], None], first: bool, _: Any = None
) -> None:
    if not frame.unheard:
        frame.block(Work(partial(next, pieces, None)), partial(_say, frame, pieces, then, first))


def _say(
    frame: Frame[Any], pieces: Iterator[bytes], then: Callable[[Exception | None], None], first: bool, result: Any
) -> None:
    if isinstance(result, Exception) and not first:
        frame.end("error", f"What was being said broke off: {result}")
        frame.close()
    elif result is None or isinstance(result, Exception):
        then(result)
    elif not frame.unheard:
        frame.pour(result)
        frame.block(Drain(), partial(_go_on, frame, pieces, then, False))
