"""The page of fault rules: the list in order, the form with whom a rule would hit, scenarios, and the banner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any, TypeVar

import flask
import msgspec
from markupsafe import Markup

from mailtrap.errors import Invalid, NotFound
from mailtrap.faults.book import Book
from mailtrap.faults.checking import AT
from mailtrap.faults.rule import (
    COLLECTING_STEPS,
    DELIVERY_STEPS,
    IMAP_STEPS,
    POP3_STEPS,
    SESSION_STEPS,
    Effect,
    Fault,
    Said,
    Step,
)
from mailtrap.faults.scenario import Scenario
from mailtrap.faults.scenarios import PLACEHOLDERS, SCENARIOS
from mailtrap.mail.message import Message
from mailtrap.mistakes import in_json
from mailtrap.query import Query
from mailtrap.sandbox import Sandbox
from mailtrap.web import fault_shapes as shapes
from mailtrap.web.occasions import occasion
from mailtrap.web.sentences import PER, STEPS, reply, sentence

#: Messages on which a rule is tried while it is written, and recipients of each.
TRIED = 100
RECIPIENTS_TRIED = 20
#: Seconds that this may take: big messages have to be understood anew.
TRIED_WITHIN = 2.0
#: Messages that are named of those a rule would have hit.
NAMED = 5

#: Steps at which each recipient is asked about by itself.
_PER_RECIPIENT = frozenset((Step.RCPT, *DELIVERY_STEPS))

#: What the steps of a session are grouped by where one is chosen.
_GROUPS = (
    ("SMTP", SESSION_STEPS),
    ("The delivery after it", DELIVERY_STEPS),
    ("POP3", POP3_STEPS),
    ("IMAP", IMAP_STEPS),
)

_Shape = TypeVar("_Shape")


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as the list shows it; `document` is what the form is filled with.

    `origin` is the file it is from: then it cannot be changed here.
    """

    fault: Fault
    hits: int
    document: str
    origin: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that a rule would have met, for these of its recipients (none where it is not about one)."""

    message: Message
    recipients: tuple[str, ...]


def routes(ui: flask.Blueprint, sandbox: Sandbox, setup: Callable[[], Markup]) -> None:
    """Add `/faults` and the pieces of it that are fetched alone; `setup` is what its script begins with."""
    book = sandbox.faults
    ui.add_app_template_filter(sentence, "sentence")

    @ui.get("/faults")
    def faults() -> str:
        return flask.render_template(
            "faults.html",
            rows=rows(book),
            suspended=book.suspended,
            setup=setup(),
            groups=[(label, [(step, STEPS[step]) for step in steps]) for label, steps in _GROUPS],
            per=PER,
            placeholders=PLACEHOLDERS,
            fitting={name.replace("_", "-"): " ".join(steps) for name, steps in AT.items()},
            scenarios=[(scenario, said(scenario)) for scenario in SCENARIOS.values()],
        )

    @ui.get("/faults/list")
    def faults_list() -> str:
        return flask.render_template("faults/list.html", rows=rows(book), suspended=book.suspended)

    @ui.get("/banner")
    def banner() -> str:
        return flask.render_template("banner.html")

    @ui.post("/faults/preview")
    def preview() -> str:
        fault = _read(shapes.FaultBody).fault()
        tried, hits = who_would_be_hit(sandbox, fault)
        collects = fault.step in COLLECTING_STEPS
        return flask.render_template(
            "faults/preview.html", fault=fault, tried=tried, hits=hits, named=NAMED, collects=collects
        )

    @ui.post("/faults/explain")
    def explain() -> str:
        asking = _read(shapes.Asking)
        explained = shapes.explained(book.explain(occasion(sandbox, asking)))
        answering = book.get(int(explained.answer.fault)) if explained.answer and explained.answer.fault else None
        return flask.render_template("faults/explained.html", explained=explained, answering=answering)


def in_force(book: Book) -> int:
    """How many rules may answer now."""
    return 0 if book.suspended else sum([rule.enabled for rule in book.rules()])


def rows(book: Book) -> list[RuleRow]:
    """Every rule in the order in which they are asked."""
    return [RuleRow(rule, book.hits(rule.id), document(rule), book.origin(rule.id)) for rule in book.rules()]


def document(rule: Fault) -> str:
    """The rule as the API takes it."""
    return msgspec.json.encode(rule).decode("utf-8")


def said(scenario: Scenario) -> str:
    """The reply a scenario gives, in one line; empty for one that gives none."""
    return reply(scenario.effect.reply) if scenario.effect.reply else scenario.effect.answer


def who_would_be_hit(sandbox: Sandbox, fault: Fault) -> tuple[int, list[Hit]]:
    """On how many of the newest messages the rule was tried, and which of them it would have met; counts nothing.

    How often it answers is left out of it: this is about whom `when` means. Where mail is collected none is tried.
    """
    if fault.step in COLLECTING_STEPS:
        return 0, []
    trial = Book(sandbox.clock, addresses=False)
    effect = Effect(reply=Said(550)) if fault.effect.passes else fault.effect
    trial.add(Fault(fault.step, effect, when=fault.when, inbox=fault.inbox))
    messages = sandbox.store.page(Query.EVERYTHING, limit=TRIED, count=False).messages
    enough = monotonic() + TRIED_WITHIN
    tried, hits = 0, []
    for message in messages:
        if monotonic() > enough:
            break
        try:
            recipients = _hit(sandbox, trial, fault.step, message)
        except NotFound:
            continue  # deleted in the meantime
        tried += 1
        if recipients is not None:
            hits.append(Hit(message, recipients))
    return tried, hits


def _hit(sandbox: Sandbox, trial: Book, step: Step, message: Message) -> tuple[str, ...] | None:
    """The recipients for whom the rule would answer, none where it asks about none; None where it would not."""
    facts = occasion(sandbox, shapes.Asking(step, message=str(message.id)))
    if facts.content is not None:
        facts.content = cache(facts.content)  # understood once for all recipients
    if step not in _PER_RECIPIENT:
        return () if trial.answer(facts) else None
    met = []
    for address in message.envelope.addresses[:RECIPIENTS_TRIED]:
        facts.recipient = address
        if trial.answer(facts):
            met.append(address)
    return tuple(met) or None


def _read(shape: type[_Shape]) -> _Shape:
    """The JSON body of the request. Raises Invalid."""
    octets = flask.request.get_data()
    try:
        return msgspec.json.decode(octets, type=shape)
    except msgspec.ValidationError as error:
        raise Invalid(*in_json(error, shape, octets)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body is not JSON: {error}") from None


def everywhere(sandbox: Sandbox) -> dict[str, Any]:
    """What the banner on every page needs to know."""
    return {"faults_on": in_force(sandbox.faults), "ahead": sandbox.clock.ahead}
