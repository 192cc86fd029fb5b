"""An occasion: the facts at one step, as rules look at them."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from mailtrap.faults.rule import Effect, Fault, Step
from mailtrap.mail.arrival import Login, Tls
from mailtrap.mail.envelope import Parameters
from mailtrap.query import Searchable


class Occasion(Struct):
    """What is known at `step`. `at` is virtual time in microseconds since the epoch.

    `recipient` is the one in question (at `rcpt`, and in the delivery), `recipients` all accepted so far. `content`
    gives the message as a query sees it where it is known (`end-of-data` and later). `attempt` counts delivery
    attempts from 1; `host` is the simulated host an attempt goes to. `transaction` tells transactions of one session
    apart. `greeting` is EHLO, HELO, LHLO or empty.
    """

    step: Step
    at: int
    inbox: str = "default"
    listener: str = "smtp"
    peer: str = ""
    helo: str = ""
    tls: Tls | None = None
    login: Login | None = None
    session: int = 0
    transaction: int = 0
    sender: str = ""
    parameters: Parameters = ()
    recipient: str = ""
    recipients: tuple[str, ...] = ()
    size: int = 0
    content: Callable[[], Searchable] | None = None
    message: int = 0
    attempt: int = 0
    host: str = ""
    greeting: str = ""


class Answer(Struct, frozen=True):
    """What happens instead, and which rule says so.

    `effect` has its scenario already resolved. `fault` has id 0 where an address that means something spoke.
    """

    effect: Effect
    fault: Fault
