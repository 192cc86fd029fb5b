"""Whom to tell of which events, and what one telling looks like on the wire, as values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from mailtrap.delivery.told import Told

Shape = Literal["mailtrap", "sendgrid", "mailgun", "postmark", "ses", "resend", "smtp"]
Kind = Literal[
    "captured",
    "refused",
    "delivered",
    "deferred",
    "bounced",
    "complained",
    "opened",
    "clicked",
    "notice",
]


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """An address that a user wants to be told at; no `kinds` means all that its shape has a word for.

    `secret` signs by HMAC, `key` (PEM) where the provider signs with a private key; `signature_version` is what SNS
    calls so.
    """

    id: int
    url: str
    shape: Shape = "mailtrap"
    kinds: tuple[Kind, ...] = ()
    inbox: str = ""
    secret: str = ""
    key: str = ""
    signature_version: Literal["1", "2"] = "1"
    from_settings: bool = False


class Event(msgspec.Struct, frozen=True):
    """One telling: the same `id` for each try and every replay. `at` is the real time of this try, in seconds.

    `site` is where our own web can be reached.
    """

    id: int
    told: Told
    at: int
    attempt: int = 1
    site: str = ""


class Post(msgspec.Struct, frozen=True):
    """What to send by HTTP."""

    headers: dict[str, str]
    body: bytes


class Way(msgspec.Struct, frozen=True):
    """How one provider tells: its words for our kinds of events, and the request for one of them.

    Where it tells each recipient's events apart, `single` says so. An answer in `final` will never change.
    """

    words: dict[str, str]
    post: Callable[[Event, Target], Post]
    single: bool = False
    final: frozenset[int] = frozenset()
