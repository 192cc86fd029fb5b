"""`/docs/api`: the API as a page, from the same operations as everything else."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template

from mailtrap.settings import Settings
from mailtrap.web.openapi import describe


def routes(settings: Settings) -> Blueprint:
    """The page, as a blueprint named `apidocs`."""
    blueprint = Blueprint("apidocs", __name__)

    @blueprint.get("/docs/api")
    def api() -> str:
        document = describe(current_app.extensions["mailtrap.operations"], settings.base_path)
        return render_template("api-docs.html", document=document, groups=_groups(document), schema=_Schema(document))

    return blueprint


def _groups(document: dict[str, Any]) -> list[tuple[dict[str, str], list[tuple[str, str, dict[str, Any]]]]]:
    """Per tag, its `(method, path, operation)` in the order declared."""
    every = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return [(tag, [one for one in every if tag["name"] in one[2]["tags"]]) for tag in document["tags"]]


class _Schema:
    """Says JSON schemas in the few words that fit a table cell."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = document["components"]["schemas"]

    def name(self, schema: dict[str, Any]) -> str:
        """The component a schema refers to, empty if none."""
        return str(schema.get("$ref", "")).rpartition("/")[2]

    def fields(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """The fields of a component."""
        return list(self._components[name].get("properties", {}).items())

    def words(self, schema: dict[str, Any]) -> str:
        """`string`, `integer 1 to 500`, `[Address]`, `Id or null`."""
        if options := schema.get("anyOf"):
            return " or ".join(self.words(option) for option in options)
        if name := self.name(schema):
            return name
        kind = schema.get("type", "any")
        if kind == "array":
            return f"[{self.words(schema.get('items', {}))}]"
        if kind == "object":
            return f"{{name: {self.words(schema.get('additionalProperties', {}))}}}"
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is not None and high is not None and high < 2**31:
            return f"{kind} {low} to {high}"
        return str(kind)
