"""The one filter language: text in, a condition on messages out."""

from __future__ import annotations

from mailtrap.query.parse import parse
from mailtrap.query.terms import completions
from mailtrap.query.tree import Query, Searchable

__all__ = ["Query", "Searchable", "completions", "parse"]
