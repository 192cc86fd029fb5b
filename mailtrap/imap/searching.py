"""SEARCH: which messages of a folder match a program, and how that is told (RFC 9051 §6.4.4, RFC 4731)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mailtrap.imap.commands import Command, Key
from mailtrap.imap.summary import Summary
from mailtrap.query import Query
from mailtrap.store.folder import Item


@dataclass(frozen=True, slots=True)
class View:
    """A folder as a search looks at it. `numbered`: the uid of each sequence number, from 1; `items` ascending.

    `saved` is what `$` stands for. `facts` and `matching` are those of `Folders`, for this folder, `summaries` that of
    `Summaries`: they may be slow, so a search belongs on a worker thread.
    """

    numbered: Sequence[int]
    items: Sequence[Item]
    saved: Collection[int]
    facts: Callable[[Collection[int] | None], dict[int, tuple[int, int, int]]]
    matching: Callable[[Query], set[int]]
    summaries: Callable[[Collection[int]], dict[int, Summary]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said untagged (nothing, if only SAVE was asked for), and the uids that are to be saved, if any are."""

    said: bytes
    saved: tuple[int, ...] | None = None


def find(view: View, key: Key, now: int) -> list[Item]:
    """What matches, ascending. `now` in microseconds since the epoch."""
    raise NotImplementedError


def answer(view: View, command: Command, now: int, extended: bool = False) -> Answer:
    """Perform SEARCH or UID SEARCH; `extended` says ESEARCH where the old form was used, too (IMAP4rev2)."""
    raise NotImplementedError
