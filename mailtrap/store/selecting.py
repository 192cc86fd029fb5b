"""From a query to the SQL that runs it, as readers and the writer share it."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mailtrap.query import Query
from mailtrap.store.sql import IN_SEARCH
from mailtrap.store.sql import compile as compile_query

_COLUMN = re.compile(r"\bm\.(\w+)")
_NARROW = {"id", "seen", "received_at", "inbox"}
_UNDERSTOOD = re.compile(r"\bsearch\b|\bdetail\b|\bm\.(state|snippet|attachments|defects)\b")


class Choice(Struct, frozen=True):
    """`FROM source WHERE where` with `parameters`; `id` is the expression to bound and order by.

    `match` and `rest` are what the whole was made of: an FTS5 expression, and a condition on `m`.
    """

    source: str
    where: str
    parameters: tuple[Any, ...]
    id: str
    match: str | None
    rest: str

    @property
    def is_narrow(self) -> bool:
        """Whether the index `message_order` alone can tell which messages match."""
        return self.match is None and "(SELECT" not in self.rest and set(_COLUMN.findall(self.rest)) <= _NARROW

    @property
    def needs_index(self) -> bool:
        """Whether only of messages that have been understood it can be said that they match."""
        return self.match is not None or bool(_UNDERSTOOD.search(self.rest))

    def within(self, above: int, through: int) -> Choice:
        """The same of the ids above one number and up to another only: the index need not tell of all the others."""
        bounded = f"{IN_SEARCH[:-1]} AND rowid > {above:d} AND rowid <= {through:d})"
        return replace(self, where=self.where.replace(IN_SEARCH, bounded))

    @property
    def is_everything(self) -> bool:
        """Whether no message is left out."""
        return self.match is None and not self.rest


def choose(query: Query) -> Choice:
    """The messages that match."""
    plan = compile_query(query)
    parameters = tuple(plan.parameters)
    if plan.match is None:
        return Choice("message m", plan.where or "1", parameters, "m.id", None, plan.where)
    where = f"search MATCH ? AND ({plan.where})" if plan.where else "search MATCH ?"
    # CROSS JOIN keeps the order: the index first, then the row of each hit; the other way round it would be asked once
    # for every message.
    source = "search s CROSS JOIN message m ON m.id = s.rowid"
    return Choice(source, where, (plan.match, *parameters), "s.rowid", plan.match, plan.where)
