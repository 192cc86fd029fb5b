"""What a sandbox has refused as a test looks at it, and the verbs that wait for it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict, Unpack

from mailtrap.client.failures import Json
from mailtrap.client.faults import Fault, SessionStep
from mailtrap.client.mismatch import unmet
from mailtrap.client.steps import Steps, Verb, ask

#: `command` is one that belongs to no step.
RefusedStep = Literal[SessionStep, "command"]


class Refusal:
    """Something that was refused: one recipient at `rcpt`, a whole message after its content."""

    def __init__(self, data: Json, session: Json | None = None) -> None:
        self._data = data
        self._session = session

    @property
    def id(self) -> str:
        """Its number; later refusals have greater ones."""
        return str(self._data["id"])

    @property
    def at(self) -> datetime:
        """When, in UTC, by the sandbox's clock."""
        return datetime.fromisoformat(self._data["at"])

    @property
    def step(self) -> str:
        """Where in the session: `rcpt`, `end-of-data` …"""
        return str(self._data["step"])

    @property
    def code(self) -> int:
        """The reply's code; 0 where there was none because the connection was ended or nothing more was said."""
        return int(self._data["code"])

    @property
    def status(self) -> str:
        """The reply's enhanced status code; empty if it had none."""
        return str(self._data["status"])

    @property
    def text(self) -> str:
        """What the reply said."""
        return str(self._data["text"])

    @property
    def sender(self) -> str:
        """MAIL FROM; empty for `<>`, and where it was not known yet."""
        return str(self._data["from"])

    @property
    def recipients(self) -> list[str]:
        """Those whom it is about: one at `rcpt`, all who had been accepted after that, none before."""
        return list(self._data["recipients"])

    @property
    def inboxes(self) -> list[str]:
        """Where the mail would have gone, as far as that was known."""
        return list(self._data["inboxes"])

    @property
    def subject(self) -> str:
        """The subject, where the content had come."""
        return str(self._data["subject"])

    @property
    def fault(self) -> str | None:
        """The id of the rule that said so; None where it was the sandbox itself."""
        return None if self._data["fault"] is None else str(self._data["fault"])

    @property
    def message(self) -> str | None:
        """The id of the message that was kept all the same; mostly None."""
        return None if self._data["message"] is None else str(self._data["message"])

    @property
    def session(self) -> str:
        """The id of the session; `sandbox.session` has its lines."""
        return str(self._data["session"])

    @property
    def verdict(self) -> Json | None:
        """What could be said of the client when this was asked: `judgement`, `findings`. It may still change."""
        return self._session and self._session["verdict"]

    @property
    def data(self) -> Json:
        """All that the API says of it."""
        return self._data

    def __repr__(self) -> str:
        who = f" of {', '.join(self.recipients[:5])}" if self.recipients else ""
        return f"<Refusal {self.id} {f'{self.code} {self.status}'.strip()} at {self.step}{who}>"


class RefusedWanted(TypedDict, total=False):
    """What a refusal should be like. `code` may be a class: `"4yz"`, `"5yz"`."""

    step: RefusedStep
    code: int | str
    status: str
    fault: str | Fault


Refused = list[Refusal]


class RefusalVerbs:
    """Each asks once, and of an inbox only about mail that would have gone there.

    `query` is as for mail, but nothing is known of what was refused beyond envelope, client and, where the content had
    come, `subject:`, `to:`, `cc:` and `message-id:`.
    """

    name: str = ""

    @Verb
    def wait_refused(
        self,
        query: str = "",
        *,
        inbox: str | None = None,
        after: str | Refusal | None = None,
        timeout: float = 10.0,
        **wanted: Unpack[RefusedWanted],
    ) -> Steps[Refusal]:
        """The newest refusal that matches, as soon as there is one: `wait_refused("rcpt:anna", code=550)`.

        It may be there already; `after` (a refusal, or `refused_cursor`) means only newer ones. Raises MailMismatch
        with what came near and what was accepted instead, where there is none within `timeout` seconds.
        """
        __tracebackhide__ = True
        return (yield from self._refused(1, query, inbox, after, timeout, wanted))[-1]

    @Verb
    def wait_many_refused(
        self,
        count: int,
        query: str = "",
        *,
        inbox: str | None = None,
        after: str | Refusal | None = None,
        timeout: float = 10.0,
        **wanted: Unpack[RefusedWanted],
    ) -> Steps[Refused]:
        """All refusals that match, the oldest first, as soon as there are `count` of them; with 0, those there are.

        Raises MailMismatch with what came near, where there are fewer within `timeout` seconds.
        """
        __tracebackhide__ = True
        return (yield from self._refused(count, query, inbox, after, timeout, wanted))

    @Verb
    def assert_none_refused(
        self,
        query: str = "",
        *,
        inbox: str | None = None,
        after: str | Refusal | None = None,
        within: float = 1.0,
        **wanted: Unpack[RefusedWanted],
    ) -> Steps[None]:
        """Nothing that matches was refused, nor is within so many seconds. Raises MailMismatch with what was."""
        __tracebackhide__ = True
        asked = {**self._asked(query, inbox, after, wanted), "none": True, "within": within}
        answer = yield from ask("GET", "/api/wait/refused", asked, patience=within)
        if answer.status == 409:
            raise unmet(answer)
        answer.document()

    @Verb
    def refused_cursor(self) -> Steps[str]:
        """The id of the newest refusal there has been: `after` it comes what is refused from now on."""
        answer = yield from ask("GET", "/api/wait/refused", {"inbox": self.name or None, "count": 0})
        return str(answer.document()["cursor"])

    def _refused(
        self,
        count: int,
        query: str,
        inbox: str | None,
        after: str | Refusal | None,
        timeout: float,
        wanted: RefusedWanted,
    ) -> Steps[Refused]:
        __tracebackhide__ = True
        asked = {**self._asked(query, inbox, after, wanted), "count": count, "timeout": timeout}
        answer = yield from ask("GET", "/api/wait/refused", asked, patience=timeout)
        if answer.status == 408:
            raise unmet(answer)
        found = answer.document()
        sessions = {session["id"]: session for session in found["sessions"]}
        return [Refusal(one, sessions.get(one["session"])) for one in found["refusals"]]

    def _asked(
        self, query: str, inbox: str | None, after: str | Refusal | None, wanted: RefusedWanted
    ) -> dict[str, object]:
        fault = wanted.get("fault")
        return {
            **wanted,
            "query": query,
            "inbox": inbox or self.name or None,
            "after": after.id if isinstance(after, Refusal) else after,
            "fault": fault.id if isinstance(fault, Fault) else fault,
        }
