"""A fault as a value: step + when + effect + how often; the same shape in JSON, TOML, the database and here."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mailtrap.inboxes import NAME, NAME_IN_WORDS
from mailtrap.mistakes import form

#: No longer than this, in seconds: some hundred days.
LONGEST_TIME = 10_000_000

Seconds = Annotated[float, Meta(ge=0, le=LONGEST_TIME)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Nth = Annotated[tuple[Annotated[int, Meta(ge=1, le=1_000_000_000)], ...], Meta(max_length=1000)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
When = Annotated[str, Meta(max_length=4096, extra_json_schema={"format": "mailtrap-query"})]
#: What times are counted for.
Per = Literal["rule", "recipient", "sender", "session", "message", "peer", "login"]
# `(?!\n)`: a `$` would let a line feed pass.
_Status = Annotated[str, form(r"^([245]\.[0-9]{1,3}\.[0-9]{1,3})?$(?!\n)", "an enhanced status such as 5.1.1")]
_Spoken = Annotated[str, form(r"^[^\x00-\x08\x0b-\x1f\x7f]*$(?!\n)", "text without control characters")]
_Text = Annotated[_Spoken, Meta(max_length=4000)]
#: Of the inbox that a rule is confined to; empty for all.
InboxName = Annotated[str, form(rf"^({NAME})?$(?!\n)", NAME_IN_WORDS)]
_OneLine = Annotated[str, form(r"^[^\x00-\x1f\x7f]*$(?!\n)", "one line without control characters")]
_Line = Annotated[_OneLine, Meta(max_length=200)]
_Answer = Annotated[_OneLine, Meta(max_length=400)]
_Word = Annotated[
    str,
    form(r"^[!-~]([ -~]*[!-~])?$(?!\n)", "printable ASCII that neither begins nor ends with a space"),
    Meta(max_length=500),
]
_Words = Annotated[tuple[_Word, ...], Meta(max_length=100)]
_Host = Annotated[str, form(r"^[!-~]+$(?!\n)", "the name of a host"), Meta(max_length=255)]
_Hosts = Annotated[tuple[_Host, ...], Meta(max_length=20)]


class Step(StrEnum):
    """Where in a session, in the delivery after it, or where mail is collected, a fault may answer."""

    #: Enum's own is written in Python, and steps are looked up for every command.
    __hash__ = str.__hash__

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
    POP3_CONNECT = "pop3.connect"
    POP3_GREETING = "pop3.greeting"
    POP3_COMMAND = "pop3.command"
    POP3_CAPA = "pop3.capa"
    POP3_STLS = "pop3.stls"
    POP3_LOGIN = "pop3.login"
    POP3_STAT = "pop3.stat"
    POP3_LIST = "pop3.list"
    POP3_UIDL = "pop3.uidl"
    POP3_RETR = "pop3.retr"
    POP3_TOP = "pop3.top"
    POP3_DELE = "pop3.dele"
    POP3_QUIT = "pop3.quit"
    IMAP_CONNECT = "imap.connect"
    IMAP_GREETING = "imap.greeting"
    IMAP_COMMAND = "imap.command"
    IMAP_CAPABILITY = "imap.capability"
    IMAP_STARTTLS = "imap.starttls"
    IMAP_LOGIN = "imap.login"
    IMAP_LIST = "imap.list"
    IMAP_STATUS = "imap.status"
    IMAP_SELECT = "imap.select"
    IMAP_FETCH = "imap.fetch"
    IMAP_SEARCH = "imap.search"
    IMAP_STORE = "imap.store"
    IMAP_COPY = "imap.copy"
    IMAP_EXPUNGE = "imap.expunge"
    IMAP_APPEND = "imap.append"
    IMAP_IDLE = "imap.idle"
    IMAP_LOGOUT = "imap.logout"


#: Steps of an SMTP session, in the order in which a client comes to them.
SESSION_STEPS = tuple(Step)[:12]
#: Steps of the simulated delivery after the 250.
DELIVERY_STEPS = tuple(Step)[12:15]
#: Steps of the sessions that collect mail.
POP3_STEPS = tuple([step for step in Step if step.startswith("pop3.")])
IMAP_STEPS = tuple([step for step in Step if step.startswith("imap.")])
COLLECTING_STEPS = (*POP3_STEPS, *IMAP_STEPS)


class Said(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A reply: code (200 to 599), enhanced status or none, text (several lines are allowed)."""

    code: Annotated[int, Meta(ge=200, le=599)]
    status: _Status = ""
    text: _Text = ""


class Ehlo(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Keywords taken out of the answer to EHLO, CAPA or CAPABILITY (and then not honoured), and lines added to it."""

    hide: _Words = ()
    add: _Words = ()


class Notice(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What comes back to the sender, and how many (virtual) seconds after the delivery."""

    after: Seconds = 0.0
    code: Annotated[int, Meta(ge=400, le=599)] = 550
    status: _Status = ""
    text: _Text = ""


class Effect(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="kebab"):
    """What happens. Several may be combined: a delay and then a reply, a reply and then a disconnect.

    Seconds are real ones in a session and virtual ones in the delivery after it.
    """

    # A session.
    reply: Said | None = None
    scenario: _Line = ""
    delay: Seconds = 0.0
    stall: bool = False
    throttle: Count = 0
    disconnect: Literal["", "before-reply", "after-reply", "mid-data", "after-store"] = ""
    reset: bool = False
    after: Count = 0
    early_talker: Seconds = 0.0
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
    # A session that collects mail.
    answer: _Answer = ""
    capabilities: Ehlo | None = None
    # The delivery after it.
    route: _Hosts = ()
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

    capacity: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    seconds: Annotated[float, Meta(gt=0, le=LONGEST_TIME)]


class Greylist(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The first try of (peer, sender, recipient) meets the fault, as do others within `delay` seconds of it.

    A triplet that has passed keeps passing for `lifetime` seconds.
    """

    delay: Seconds = 300.0
    lifetime: Seconds = 3_024_000.0


class Fault(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="kebab"):
    """One rule. Of those that match, in order, the first one answers; `inbox` confines it to one inbox.

    How often, all of it counted for each value of `per`: `skip` the first so many, then meet only the `first` so many,
    every `every`-th, only the `nth` ones, for `lasting` seconds from the first, or with `probability` from `seed`.
    """

    step: Step
    effect: Effect
    id: int = 0
    name: _Line = ""
    when: When = ""
    first: Count = 0
    skip: Count = 0
    every: Count = 0
    nth: Nth = ()
    lasting: Seconds = 0.0
    probability: Probability | None = None
    seed: Seed = 0
    per: Per = "rule"
    bucket: Bucket | None = None
    concurrent: Count = 0
    greylist: Greylist | None = None
    inbox: InboxName = ""
    enabled: bool = True
