"""The API's verbs on failures: the ordered rules, what would answer whom, and the named scenarios."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from mailtrap.errors import Invalid, NotFound
from mailtrap.faults.importing import read_rules
from mailtrap.faults.rule import Fault, InboxName
from mailtrap.faults.scenarios import SCENARIOS, scenario
from mailtrap.mail.words import fold
from mailtrap.mistakes import form
from mailtrap.sandbox import Sandbox
from mailtrap.web import fault_shapes as shapes
from mailtrap.web import scope
from mailtrap.web.contents import number_of
from mailtrap.web.occasions import occasion
from mailtrap.web.operation import operation

_Before = Annotated[str, form("^[0-9]{1,18}$", "the id of a rule", "Put it before the rule with this id")]


class Listing(msgspec.Struct):
    """Which rules to list."""

    inbox: Annotated[str, Meta(description="Only those that may answer in this inbox")] = ""


class Adding(msgspec.Struct):
    """Where to put it; by default after all others."""

    before: _Before | None = None


class Removal(msgspec.Struct):
    """Which rules to remove: those confined to an inbox, or with `all=true` every one."""

    inbox: Annotated[InboxName, Meta(min_length=1)] | None = None
    all: Annotated[bool, Meta(extra_json_schema={"const": True}, description="Only `true`")] | None = None


class Faults:
    """Changes hold from the next command of every session on; nothing is restarted."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._book = sandbox.faults

    @operation("GET", "/api/faults", "List rules", tag="Faults", query=Listing, response=shapes.FaultList)
    def list_faults(self, query: Listing) -> shapes.FaultList:
        """In the order in which they are asked; the first that matches answers."""
        return self._list(self._book.rules(query.inbox or None))

    @operation(
        "POST",
        "/api/faults",
        "Add a rule",
        tag="Faults",
        query=Adding,
        body=shapes.FaultBody,
        response=shapes.FaultShape,
        status=201,
        errors=(404,),
    )
    def add_fault(self, query: Adding, body: shapes.FaultBody) -> shapes.FaultShape:
        """The last to be asked, unless `before` says otherwise."""
        before = None if query.before is None else self._one(query.before).id
        return self._told(self._book.add(body.fault(), before))

    @operation(
        "DELETE",
        "/api/faults",
        "Remove rules",
        tag="Faults",
        query=Removal,
        needs_query=True,
        response=shapes.Removed,
    )
    def clear_faults(self, query: Removal) -> shapes.Removed:
        """Those of one inbox, or all. A request that makes no sense removes nothing."""
        if query.all is False or (query.inbox is None and not query.all):
            raise Invalid("Which rules? Nothing was removed", "say inbox=… or all=true")
        before = len(self._book.rules())
        self._book.clear(query.inbox)
        return shapes.Removed(max(0, before - len(self._book.rules())))

    @operation("GET", "/api/faults/{id}", "Show a rule", tag="Faults", response=shapes.FaultShape, errors=(404,))
    def show_fault(self, id: str) -> shapes.FaultShape:
        """With its hits."""
        return self._told(self._one(id))

    @operation(
        "PUT",
        "/api/faults/{id}",
        "Replace a rule",
        tag="Faults",
        body=shapes.FaultBody,
        response=shapes.FaultShape,
        errors=(404,),
    )
    def put_fault(self, id: str, body: shapes.FaultBody) -> shapes.FaultShape:
        """In its place; what it has counted begins anew."""
        return self._told(self._book.put(self._one(id).id, body.fault()))

    @operation(
        "PATCH",
        "/api/faults/{id}",
        "Switch or move a rule",
        tag="Faults",
        body=shapes.FaultChange,
        response=shapes.FaultShape,
        errors=(404,),
    )
    def change_fault(self, id: str, body: shapes.FaultChange) -> shapes.FaultShape:
        """On or off, and where it stands in the order."""
        rule = self._one(id)
        if body.enabled is not msgspec.UNSET and body.enabled != rule.enabled:
            self._book.put(rule.id, msgspec.structs.replace(rule, enabled=body.enabled))
        if body.place is not msgspec.UNSET:
            self._book.move(rule.id, body.place)
        return self._told(self._one(id))

    @operation("DELETE", "/api/faults/{id}", "Remove a rule", tag="Faults", response=shapes.Removed, errors=(404,))
    def remove_fault(self, id: str) -> shapes.Removed:
        """For good."""
        self._book.remove(self._one(id).id)
        return shapes.Removed(1)

    @operation(
        "POST",
        "/api/faults/{id}/rewind",
        "Let a rule count anew",
        tag="Faults",
        response=shapes.FaultShape,
        errors=(404,),
    )
    def rewind_fault(self, id: str) -> shapes.FaultShape:
        """As if it had never answered: its first two are the next two again."""
        rule = self._one(id)
        self._book.rewind(rule.id)
        return self._told(rule)

    @operation("POST", "/api/faults/rewind", "Let all rules count anew", tag="Faults", response=shapes.FaultList)
    def rewind_faults(self) -> shapes.FaultList:
        """As if none had ever answered."""
        self._book.rewind()
        return self._list(self._book.rules())

    @operation(
        "PUT", "/api/faults/switch", "Switch all on or off", tag="Faults", body=shapes.Switch, response=shapes.Switch
    )
    def switch_faults(self, body: shapes.Switch) -> shapes.Switch:
        """Off: no rule answers, none is lost. Addresses that mean something are switched with them."""
        self._book.suspend(not body.on)
        return shapes.Switch(not self._book.suspended)

    @operation(
        "POST",
        "/api/faults/explain",
        "Which rule would answer?",
        tag="Faults",
        body=shapes.Asking,
        response=shapes.Explained,
        errors=(404,),
    )
    def explain_faults(self, body: shapes.Asking) -> shapes.Explained:
        """And why the others would not. Counts nothing."""
        found = self._book.explain(occasion(self._sandbox, body))
        return shapes.explained(found)

    @operation(
        "POST",
        "/api/faults/import",
        "Import rules",
        tag="Faults",
        body=shapes.Import,
        response=shapes.FaultList,
        status=201,
    )
    def import_faults(self, body: shapes.Import) -> shapes.FaultList:
        """All of them or, if one makes no sense, none; after those that are there."""
        rules = read_rules(body.format, body.document)
        if body.inbox:
            rules = [msgspec.structs.replace(rule, inbox=body.inbox) for rule in rules]
        return self._list(self._book.extend(rules))

    @operation("GET", "/api/scenarios", "List scenarios", tag="Faults", response=shapes.ScenarioList)
    def list_scenarios(self) -> shapes.ScenarioList:
        """Failures with a name: what real providers and servers say, and what servers do wrong besides."""
        return shapes.ScenarioList([shapes.scenario(one) for one in SCENARIOS.values()])

    @operation(
        "POST",
        "/api/scenarios/{name}",
        "Switch a scenario on",
        tag="Faults",
        query=Adding,
        body=shapes.ScenarioOn,
        response=shapes.FaultList,
        status=201,
        errors=(404,),
    )
    def add_scenario(self, name: str, query: Adding, body: shapes.ScenarioOn) -> shapes.FaultList:
        """Adds the rules that make it happen for what `when` matches; answers with those."""
        try:
            found = scenario(name)
        except Invalid as error:
            raise NotFound(f"There is no scenario {name[:60]}", error.hint) from error
        before = None if query.before is None else self._one(query.before).id
        return self._list(self._book.extend(body.rules(found), before))

    def _list(self, rules: Iterable[Fault]) -> shapes.FaultList:
        return shapes.FaultList([self._told(rule) for rule in rules], not self._book.suspended)

    def _told(self, rule: Fault) -> shapes.FaultShape:
        return shapes.fault(rule, self._book.hits(rule.id), self._book.origin(rule.id))

    def _one(self, id: str) -> Fault:
        number = number_of(id)
        rule = self._book.get(number) if number else None
        only = scope.inbox()
        if rule is None or (only and fold(rule.inbox) != fold(only)):
            raise NotFound(f"There is no rule {id[:40]}", "it may have been removed; GET /api/faults lists them")
        return rule
