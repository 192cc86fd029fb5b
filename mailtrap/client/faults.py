"""Failures on demand: the rules of a sandbox, or of one inbox in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, Unpack
from urllib.parse import quote

from mailtrap.client.failures import Json
from mailtrap.client.steps import AsyncTransport, Awaiting, Blocking, Steps, Transport, Verb, ask

#: Where in a session of SMTP.
SessionStep = Literal[
    "connect",
    "greeting",
    "ehlo",
    "starttls",
    "auth",
    "mail",
    "rcpt",
    "data",
    "in-data",
    "end-of-data",
    "rset",
    "quit",
]
Step = Literal[
    SessionStep,
    "route",
    "attempt",
    "delivered",
    "pop3.connect",
    "pop3.greeting",
    "pop3.command",
    "pop3.capa",
    "pop3.stls",
    "pop3.login",
    "pop3.stat",
    "pop3.list",
    "pop3.uidl",
    "pop3.retr",
    "pop3.top",
    "pop3.dele",
    "pop3.quit",
    "imap.connect",
    "imap.greeting",
    "imap.command",
    "imap.capability",
    "imap.starttls",
    "imap.login",
    "imap.list",
    "imap.status",
    "imap.select",
    "imap.fetch",
    "imap.search",
    "imap.store",
    "imap.copy",
    "imap.expunge",
    "imap.append",
    "imap.idle",
    "imap.logout",
]


class Often(TypedDict, total=False):
    """How often a rule answers, as docs/failures.md has it; and its name."""

    name: str
    first: int
    skip: int
    every: int
    nth: list[int]
    lasting: float
    probability: float
    seed: int
    per: Literal["rule", "recipient", "sender", "session", "message", "peer", "login"]
    bucket: Mapping[str, float]
    concurrent: int
    greylist: Mapping[str, float]
    enabled: bool


class Facts(TypedDict, total=False):
    """What is known when rules are asked; what is left out is as with `message`, or unknown."""

    sender: str
    recipient: str
    recipients: list[str]
    listener: str
    peer: str
    helo: str
    login: str
    subject: str
    tls: bool
    size: int
    attempt: int
    host: str
    message: str


class Fault:
    """One rule as it stands."""

    def __init__(self, data: Json) -> None:
        self.data = data
        self.id: str = data["id"]
        self.name: str = data["name"]
        self.step: str = data["step"]
        self.when: str = data["when"]
        self.effect: Json = data["effect"]
        self.inbox: str = data["inbox"]
        self.enabled: bool = data["enabled"]
        self.hits: int = data["hits"]

    def __repr__(self) -> str:
        return f"<Fault {self.id} at {self.step} when {self.when!r}: {self.effect}>"


Rules = list[Fault]
Scenarios = list[Json]


class FaultVerbs:
    """Rules are asked in order, and the first that matches answers. Of an inbox, all of them are confined to it."""

    name: str = ""

    @Verb
    def add(
        self,
        step: Step,
        effect: Mapping[str, Any],
        *,
        when: str = "",
        before: str | Fault | None = None,
        **often: Unpack[Often],
    ) -> Steps[Fault]:
        """Add a rule, such as `add("end-of-data", {"disconnect": "after-store"}, first=1)`."""
        document = {"step": step, "effect": effect, "when": when, "inbox": self.name, **often}
        return Fault((yield from ask("POST", "/api/faults", {"before": _id(before)}, document=document)).document())

    @Verb
    def reply(
        self,
        code: int,
        status: str = "",
        text: str = "",
        *,
        step: Step = "rcpt",
        when: str = "",
        **often: Unpack[Often],
    ) -> Steps[Fault]:
        """Answer with this, such as `reply(451, "4.7.1", "Try again later", first=2)`."""
        said = {"code": code, "status": status, "text": text}
        document = {"step": step, "effect": {"reply": said}, "when": when, "inbox": self.name, **often}
        return Fault((yield from ask("POST", "/api/faults", document=document)).document())

    @Verb
    def scenario(self, scenario: str, *, when: str = "", **often: Unpack[Often]) -> Steps[Rules]:
        """Switch a failure on by its name, such as `gmail-rate-ip` (docs/scenarios.md)."""
        document = {"when": when, "inbox": self.name, **often}
        answer = yield from ask("POST", "/api/scenarios/" + quote(scenario, safe=""), document=document)
        return [Fault(one) for one in answer.document()["faults"]]

    @Verb
    def scenarios(self) -> Steps[Scenarios]:
        """The failures that have a name."""
        return list((yield from ask("GET", "/api/scenarios")).document()["scenarios"])

    @Verb
    def list(self) -> Steps[Rules]:
        """The rules in the order in which they are asked; of an inbox, those that may answer there."""
        answer = (yield from ask("GET", "/api/faults", {"inbox": self.name or None})).document()
        return [Fault(one) for one in answer["faults"]]

    @Verb
    def get(self, fault: str | Fault) -> Steps[Fault]:
        """One rule as it stands now, with its `hits`."""
        return Fault((yield from ask("GET", _path(fault))).document())

    @Verb
    def put(self, fault: str | Fault, changed: Mapping[str, Any]) -> Steps[Fault]:
        """Put another rule in the place of one, as JSON has it; it begins to count anew."""
        document = {"inbox": self.name, **changed}
        return Fault((yield from ask("PUT", _path(fault), document=document)).document())

    @Verb
    def enable(self, fault: str | Fault, enabled: bool = True) -> Steps[Fault]:
        """Switch a rule on or off."""
        return Fault((yield from ask("PATCH", _path(fault), document={"enabled": enabled})).document())

    @Verb
    def move(self, fault: str | Fault, place: int) -> Steps[Fault]:
        """Let a rule be asked at this place, from 0."""
        return Fault((yield from ask("PATCH", _path(fault), document={"place": place})).document())

    @Verb
    def rewind(self, fault: str | Fault) -> Steps[Fault]:
        """Let a rule count anew, as if it had never answered."""
        return Fault((yield from ask("POST", _path(fault) + "/rewind")).document())

    @Verb
    def remove(self, fault: str | Fault) -> Steps[None]:
        """Remove a rule."""
        (yield from ask("DELETE", _path(fault))).document()

    @Verb
    def clear(self) -> Steps[int]:
        """Remove every rule; of an inbox, those confined to it. Returns how many went."""
        asked = {"inbox": self.name} if self.name else {"all": True}
        return int((yield from ask("DELETE", "/api/faults", asked)).document()["count"])

    @Verb
    def explain(self, step: Step, **facts: Unpack[Facts]) -> Steps[Json]:
        """Which rule would answer at a step for `sender`, `recipient`, … or a `message`, and why not the others."""
        document = {"step": step, **({"inbox": self.name} if self.name else {}), **facts}
        return (yield from ask("POST", "/api/faults/explain", document=document)).document()


class Faults(FaultVerbs, Blocking):
    """Verbs that return when they are done."""

    def __init__(self, transport: Transport, name: str = "") -> None:
        self._transport = transport
        self.name = name


class AsyncFaults(FaultVerbs, Awaiting):
    """Verbs to be awaited."""

    def __init__(self, transport: AsyncTransport, name: str = "") -> None:
        self._transport = transport
        self.name = name


def _id(fault: str | Fault | None) -> str | None:
    return fault.id if isinstance(fault, Fault) else fault


def _path(fault: str | Fault) -> str:
    return "/api/faults/" + quote(str(_id(fault)), safe="")
