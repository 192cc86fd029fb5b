"""The API's verbs for tests: wait until mail comes, and say of mail that has come whether it is as expected."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from mailtrap.errors import Invalid, Unavailable
from mailtrap.mistakes import form
from mailtrap.query import parse
from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.waiting.asserting import Asserting, Expectation
from mailtrap.waiting.wish import Evidence, Outcome, Unit, Waited, Wish
from mailtrap.web import asking, scope
from mailtrap.web import wait_shapes as shapes
from mailtrap.web.answer import Answer
from mailtrap.web.errors import Problem, Refused, problem
from mailtrap.web.operation import operation
from mailtrap.web.shapes import summary
from mailtrap.web.wire import encode

#: Longest wait, in seconds: proxies and clients give up before that.
LONGEST = 600
#: How long to wait where nothing is said: for mail, and with `none` for there to be none.
PATIENCE, QUIET = 10.0, 2.0
MOST = 10_000
#: Messages that are told of where they are held against expectations.
MOST_SHOWN = 20

_QueryText = Annotated[
    str,
    Meta(
        extra_json_schema={"format": "mailtrap-query"},
        description='What mail must match, such as `rcpt:ana@example.test subject:"reset your password"`',
    ),
]
_Seconds = Annotated[float, Meta(ge=0, le=LONGEST)]
TIMEOUT = "Real seconds to wait at most [10]; with `none`, what `within` is by default"


class Waits(msgspec.Struct):
    """What to wait for."""

    query: _QueryText = ""
    inbox: Annotated[str, Meta(description="Only mail in this inbox; by default in any")] = ""
    count: Annotated[int, Meta(ge=1, le=MOST, description="How many must match")] = 1
    unit: Annotated[Unit, Meta(description="What is counted: messages, or the envelope recipients of messages")] = (
        Unit.MESSAGES
    )
    after: (
        Annotated[
            str,
            form("^[0-9]{1,18}$", "an id"),
            Meta(description="Only messages newer than this id; `cursor` of an earlier answer"),
        ]
        | None
    ) = None
    timeout: Annotated[_Seconds, Meta(description=TIMEOUT)] | None = None
    none: Annotated[bool, Meta(description="Wait `within` seconds, and succeed if nothing matches")] = False
    within: (
        Annotated[
            _Seconds, Meta(description="With `none`: how long nothing may come, in real seconds [`timeout`, or 2]")
        ]
        | None
    ) = None


class Waiters:
    """A request that waits holds up the thread that answers it, and nothing else."""

    def __init__(self, sandbox: Sandbox, settings: Settings) -> None:
        self._sandbox = sandbox
        sandbox.waiting.places.most = settings.max_waiters

    @operation(
        "GET",
        "/api/wait",
        "Wait for mail",
        tag="Tests",
        query=Waits,
        response=shapes.WaitShape,
        errors=(408, 409, 503),
        told={408: shapes.WaitFailure, 409: shapes.WaitFailure},
    )
    def wait(self, query: Waits) -> shapes.WaitShape | Answer:
        """Answers once `count` messages match, which may be there already. Otherwise 408, with what did arrive, which
        messages came nearest and why they do not match, and who was refused meanwhile. With `none=true` it succeeds if
        nothing matches `within` so many seconds, and is a 409 at once if something does."""
        seconds = patience(query.none, query.timeout, query.within)
        if query.none and (query.count != 1 or query.unit is not Unit.MESSAGES):
            raise Invalid("With none=true nothing is counted", "leave count and unit out")
        sandbox = self._sandbox
        after = int(query.after or 0)
        found = sandbox.wait(
            parse(query.query, sandbox.clock.now()),
            query.inbox,
            query.count,
            query.unit,
            after,
            seconds,
            none=query.none,
            within=seconds,
            gone=connection(),
            scope=scope.inbox(),
        )
        if found.outcome is Outcome.MET:
            return shapes.waited(found, query.unit.value)
        wanted = shapes.Wanted(
            query.query,
            query.inbox,
            query.count,
            query.unit.value,
            query.after or "",
            query.none,
            seconds,
        )
        error = _problem(query, found)
        return Answer([encode(shapes.failure(error, wanted, found))], status=error.status)

    @operation(
        "POST",
        "/api/assert",
        "Assert what mail is like",
        tag="Tests",
        body=shapes.AssertBody,
        response=shapes.AssertShape,
        errors=(503,),
    )
    def assert_mail(self, body: shapes.AssertBody) -> shapes.AssertShape:
        """Holds the messages that match against every expectation, and answers each with what was expected and what is
        there. Whether all is as expected is `ok`; the status is 200 either way."""
        sandbox = self._sandbox
        now = sandbox.clock.now()
        wish = Wish(parse(body.query, now), body.inbox, after=int(body.after or 0))
        expectations = [_expectation(one, now) for one in body.expectations]
        held = Asserting(sandbox.waiting).hold(wish, expectations, body.timeout, connection())
        there = Evidence() if held.ok else sandbox.evidence(wish, now, scope.inbox())
        told = shapes.evidence(there)
        answer = shapes.AssertShape(
            ok=held.ok,
            results=[
                shapes.ResultShape(one, verdict.ok, verdict.expected, verdict.actual)
                for one, verdict in zip(body.expectations, held.verdicts, strict=True)
            ],
            message=None if held.message is None else summary(held.message),
            messages=[summary(message) for message in held.messages[-MOST_SHOWN:]],
            matched=held.matched,
            wanted=shapes.Wanted(body.query, body.inbox, 1, "messages", body.after, False, body.timeout),
            cursor=str(sandbox.waiting.newest()),
            arrived=told.arrived,
            arrived_total=told.arrived_total,
            nearest=told.nearest,
            refused=told.refused,
        )
        return answer if held.ok else shapes.in_words(answer)


def patience(none: bool, timeout: float | None, within: float | None) -> float:
    """How many real seconds to wait. Raises Invalid."""
    if not none:
        if within is not None:
            raise Invalid("`within` goes with none=true", "say timeout= for how long to wait")
        return PATIENCE if timeout is None else timeout
    told = timeout if within is None else within
    return QUIET if told is None else told


def _expectation(shape: shapes.ExpectationShape, now: int) -> Expectation:
    given = shape.given()
    if len(given) != 1:
        raise Invalid("An expectation has exactly one key", 'such as {"subject": "Welcome"}')
    [(name, value)] = given
    return Expectation(name, value, tuple([parse(text, now) for text in value]) if name == "order" else ())


def connection() -> int | None:
    """The socket of whoever asks, to notice when it hangs up."""
    return asking.connection()


def _problem(query: Waits, found: Waited) -> Problem:
    match found.outcome:
        case Outcome.STOPPED:
            raise Unavailable("The server stops", "ask again once it is back")
        case Outcome.GONE:
            raise Refused(408, "Whoever waited has hung up")
        case Outcome.UNWANTED:
            return problem(409, "A message came that should not have", "`messages` has it", "unwanted")
    where = f" in inbox {query.inbox[:64]}" if query.inbox else ""
    asked = f"{query.count} {query.unit.value}" if query.count > 1 or query.unit is Unit.RECIPIENTS else "a message"
    message = f"Waited {found.seconds:.3g} s for {asked}{where}; {found.counted or 'none'} came that match"
    return problem(408, message, "`nearest` says which came near, and what is otherwise", "timeout")
