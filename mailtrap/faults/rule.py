"""A fault as a value: step + when + effect + how often; the same shape in JSON, TOML, the database and here."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class Step(StrEnum):
    """Where in a session, or in the delivery after it, a fault may answer."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    IN_DATA = "in-data"
    END_OF_DATA = "end-of-data"
    RSET = "rset"
    QUIT = "quit"
    ROUTE = "route"
    ATTEMPT = "attempt"
    DELIVERED = "delivered"


#: Steps of a session, in the order in which a client comes to them.
SESSION_STEPS = tuple(Step)[:12]
#: Steps of the simulated delivery after the 250.
DELIVERY_STEPS = tuple(Step)[12:]


class Said(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A reply: code (200 to 599), enhanced status or none, text (several lines are allowed)."""

    code: int
    status: str = ""
    text: str = ""


class Ehlo(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Keywords taken out of the answer to EHLO (and then not honoured), and lines added to it."""

    hide: tuple[str, ...] = ()
    add: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What comes back to the sender, and how many (virtual) seconds after the delivery."""

    after: float = 0.0
    code: int = 550
    status: str = ""
    text: str = ""


class Effect(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="kebab"):
    """What happens. Several may be combined: a delay and then a reply, a reply and then a disconnect.

    Seconds are real ones in a session and virtual ones in the delivery after it.
    """

    # A session.
    reply: Said | None = None
    scenario: str = ""
    delay: float = 0.0
    stall: bool = False
    throttle: int = 0
    disconnect: Literal["", "before-reply", "after-reply", "mid-data", "after-store"] = ""
    reset: bool = False
    after: int = 0
    early_talker: float = 0.0
    ehlo: Ehlo | None = None
    tls: Literal[
        "",
        "expired",
        "not-yet-valid",
        "wrong-host",
        "unknown-ca",
        "self-signed",
        "old-version",
        "abort",
        "garbage",
        "refuse",
    ] = ""
    malformed: Literal[
        "",
        "split",
        "endless",
        "unterminated",
        "bare-lf",
        "bare-cr",
        "no-code",
        "wrong-code",
        "other-codes",
        "long-line",
        "nul",
        "lower-case",
        "empty",
        "eight-bit",
    ] = ""
    discard: bool = False
    # The delivery after it.
    route: tuple[str, ...] = ()
    unreachable: Literal["", "no-such-domain", "null-mx", "no-mx", "refused", "timeout", "tls-required"] = ""
    bounce: Notice | None = None
    complaint: Notice | None = None
    auto_reply: Notice | None = None
    read: Notice | None = None
    opens: Notice | None = None
    clicks: Notice | None = None
    #: Nothing goes wrong here, and no later rule is asked.
    passes: bool = msgspec.field(default=False, name="pass")


class Bucket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token bucket: `capacity` may pass at once, and as many again in each `seconds`; others meet the fault."""

    capacity: int
    seconds: float


class Greylist(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The first try of (peer, sender, recipient) meets the fault, as do others within `delay` seconds of it.

    A triplet that has passed keeps passing for `lifetime` seconds.
    """

    delay: float = 300.0
    lifetime: float = 3_024_000.0


class Fault(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="kebab"):
    """One rule. Of those that match, in order, the first one answers; `inbox` confines it to one inbox.

    How often, all of it counted for each value of `per`: `skip` the first so many, then meet only the `first` so many,
    every `every`-th, only the `nth` ones, for `lasting` seconds from the first, or with `probability` from `seed`.
    """

    step: Step
    effect: Effect
    id: int = 0
    name: str = ""
    when: str = ""
    first: int = 0
    skip: int = 0
    every: int = 0
    nth: tuple[int, ...] = ()
    lasting: float = 0.0
    probability: float | None = None
    seed: int = 0
    per: Literal["rule", "recipient", "sender", "session", "message", "peer"] = "rule"
    bucket: Bucket | None = None
    concurrent: int = 0
    greylist: Greylist | None = None
    inbox: str = ""
    enabled: bool = True
