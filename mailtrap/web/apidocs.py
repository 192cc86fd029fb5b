"""`/docs/api`: the API as a page, from the same operations as everything else."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, request

from mailtrap.settings import Settings
from mailtrap.web.openapi import describe


def routes(settings: Settings) -> Blueprint:
    """The page, as a blueprint named `apidocs`."""
    blueprint = Blueprint("apidocs", __name__)

    @blueprint.get("/docs/api")
    def api() -> str:
        document = describe(current_app.extensions["mailtrap.operations"], settings.base_path)
        schema = _Schema(document)
        return render_template(
            "api-docs.html",
            document=document,
            groups=_groups(document),
            schema=schema,
            parameters=_parameters,
            shape_rows=schema.rows,
            origin=request.host_url.rstrip("/") + request.script_root,
        )

    return blueprint


def _groups(document: dict[str, Any]) -> list[tuple[dict[str, str], list[tuple[str, str, dict[str, Any]]]]]:
    """Per tag, its `(method, path, operation)` in the order declared."""
    every = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return [(tag, [one for one in every if tag["name"] in one[2]["tags"]]) for tag in document["tags"]]


#: A row of a table: name, schema, what it means, a remark.
_Row = tuple[str, dict[str, Any], str, str]


def _parameters(operation: dict[str, Any]) -> list[_Row]:
    """Every parameter of an operation, those within an exploded object too."""
    rows: list[_Row] = []
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        if parameter.get("explode"):
            rows += [(name, one, one.get("description", ""), "") for name, one in schema["properties"].items()]
        else:
            remark = "required" if parameter["required"] else ""
            if schema.get("default") not in (None, ""):
                remark = f"default {schema['default']}"
            rows.append((parameter["name"], schema, parameter.get("description", ""), remark))
    return rows


class _Schema:
    """Says JSON schemas in the few words that fit a table cell."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = document["components"]["schemas"]

    def name(self, schema: dict[str, Any]) -> str:
        """The component a schema refers to, empty if none."""
        return str(schema.get("$ref", "")).rpartition("/")[2]

    def rows(self, name: str) -> list[_Row]:
        """The fields of a component; the values of one that is a choice of words."""
        component = self._components[name]
        if words := component.get("enum"):
            return [(word, {"type": "string"}, "", "") for word in words]
        fields = component.get("properties", {})
        return [(field, schema, schema.get("description", ""), "") for field, schema in fields.items()]

    def words(self, schema: dict[str, Any]) -> str:
        """`string`, `integer 1 to 500`, `[Address]`, `Id or null`."""
        if options := schema.get("anyOf"):
            return " or ".join(self.words(option) for option in options)
        if name := self.name(schema):
            return name
        if choices := schema.get("enum"):
            return " or ".join([f'"{choice}"' for choice in choices if choice])
        kind = schema.get("type", "any")
        if kind == "array":
            return f"[{self.words(schema.get('items', {}))}]"
        if kind == "object":
            return f"{{name: {self.words(schema.get('additionalProperties', {}))}}}"
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is not None and high is not None and high < 2**31:
            return f"{kind} {low} to {high}"
        return str(kind)
