"""The API's verb for tests of failures: wait until something is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from mailtrap.errors import Invalid, Unavailable
from mailtrap.faults.rule import SESSION_STEPS
from mailtrap.mistakes import form
from mailtrap.query import parse
from mailtrap.sandbox import Sandbox
from mailtrap.waiting.refusal import COMMAND, RefusalWish, checked
from mailtrap.waiting.refusals import Found
from mailtrap.waiting.wish import Outcome
from mailtrap.web import asking, scope
from mailtrap.web import refusal_shapes as shapes
from mailtrap.web.answer import Answer
from mailtrap.web.errors import Problem, Refused, problem
from mailtrap.web.operation import operation
from mailtrap.web.waiting import LONGEST, TIMEOUT, patience
from mailtrap.web.wire import encode

_Seconds = Annotated[float, Meta(ge=0, le=LONGEST)]
#: As many as are remembered at most.
MOST = 5000

if TYPE_CHECKING:
    StepName = str
else:
    #: Of a session, and the one of commands that belong to none.
    StepName = Literal[(*[step.value for step in SESSION_STEPS], COMMAND)]


class RefusalWaits(msgspec.Struct):
    """Which refusals to wait for."""

    query: Annotated[
        str,
        Meta(
            extra_json_schema={"format": "mailtrap-query"},
            description="What was refused must match, such as `rcpt:ana@example.test from:shop@example.test`",
        ),
    ] = ""
    inbox: Annotated[str, Meta(description="Only mail that would have gone into this inbox")] = ""
    count: Annotated[int, Meta(ge=0, le=MOST, description="How many must match; with 0 it answers at once")] = 1
    step: Annotated[StepName, Meta(description="Only what was refused at this step")] | None = None
    code: (
        Annotated[
            str,
            form(
                "^(0|[45]([0-9][0-9]|yz))$",
                "a reply code such as 550, or 4yz, 5yz or 0",
                "Only this reply, or this class; 0 where there was none",
            ),
        ]
        | None
    ) = None
    status: (
        Annotated[str, form(r"^[45]\.[0-9]{1,3}\.[0-9]{1,3}$", "an enhanced status such as 5.1.1", "Only this one")]
        | None
    ) = None
    fault: Annotated[str, form("^[0-9]{1,18}$", "the id of a rule", "Only what this rule refused")] | None = None
    after: (
        Annotated[
            str, form("^[0-9]{1,18}$", "an id", "Only refusals newer than this id; `cursor` of an earlier answer")
        ]
        | None
    ) = None
    timeout: Annotated[_Seconds, Meta(description=TIMEOUT)] | None = None
    none: Annotated[bool, Meta(description="Wait `within` seconds, and succeed if nothing matches")] = False
    within: (
        Annotated[
            _Seconds,
            Meta(description="With `none`: how long nothing may be refused, in real seconds [`timeout`, or 2]"),
        ]
        | None
    ) = None


class RefusalWaiters:
    """A request that waits holds up the thread that answers it, and nothing else."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @operation(
        "GET",
        "/api/wait/refused",
        "Wait for a refusal",
        tag="Tests",
        query=RefusalWaits,
        response=shapes.RefusalsShape,
        errors=(408, 409, 503),
        told={408: shapes.RefusalFailure, 409: shapes.RefusalFailure},
    )
    def wait_refused(self, query: RefusalWaits) -> shapes.RefusalsShape | Answer:
        """Answers once the sandbox has refused `count` times something that matches, which it may have done already:
        by a rule or by itself, at any step of a session. Otherwise 408, with what else it refused and why that does not
        match, and which messages it accepted instead. With `none=true` it succeeds if nothing that matches is refused
        `within` so many seconds, and is a 409 at once if something is."""
        seconds = patience(query.none, query.timeout, query.within)
        if query.none and query.count != 1:
            raise Invalid("With none=true nothing is counted", "leave count out")
        sandbox = self._sandbox
        wish = RefusalWish(
            checked(parse(query.query, sandbox.clock.now())),
            query.inbox,
            query.count,
            int(query.after or 0),
            query.none,
            query.step or "",
            query.code or "",
            query.status or "",
            None if query.fault is None else int(query.fault),
        )
        found, there = sandbox.wait_refused(wish, seconds, gone=asking.connection(), scope=scope.inbox())
        if found.outcome is Outcome.MET:
            return shapes.met(sandbox, found)
        error = _problem(query, found)
        wanted = shapes.WantedRefusal(
            query.query,
            query.inbox,
            query.count,
            wish.step,
            wish.code,
            wish.status,
            query.fault or "",
            query.after or "",
            query.none,
            seconds,
        )
        answer = shapes.failure(sandbox, error, wanted, found, there)
        return Answer([encode(answer)], status=error.status)


def _problem(query: RefusalWaits, found: Found) -> Problem:
    match found.outcome:
        case Outcome.STOPPED:
            raise Unavailable("The server stops", "ask again once it is back")
        case Outcome.GONE:
            raise Refused(408, "Whoever waited has hung up")
        case Outcome.UNWANTED:
            return problem(409, "Something was refused that should not have been", "`refusals` has it", "unwanted")
    where = f" in inbox {query.inbox[:64]}" if query.inbox else ""
    asked = f"{query.count} refusals" if query.count > 1 else "a refusal"
    message = f"Waited {found.seconds:.3g} s for {asked}{where}; {found.counted or 'none'} came that match"
    return problem(408, message, "`nearest` says which came near, `accepted` what was not refused", "timeout")
