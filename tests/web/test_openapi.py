"""The OpenAPI document, and whether the server keeps what it promises."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.serving import MIXED, PLAIN, capture, running_sandbox, running_server

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    with running_sandbox() as (sandbox, _, app):
        for octets in (PLAIN, MIXED) * 3:
            capture(sandbox, octets)
        yield app


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    described: dict[str, Any] = app.test_client().get("/api/openapi.json").get_json()
    return described


def test_the_server_keeps_what_the_document_promises() -> None:
    with running_server() as (sandbox, (host, port)):
        for octets in (PLAIN, MIXED) * 3:
            capture(sandbox, octets)
        url = f"http://{host}:{port}/api/openapi.json"
        options = ["--phases", "coverage,fuzzing,stateful", "--max-examples", "12", "--seed", "1", "--no-color"]
        run = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", url, *options],
            cwd=ROOT,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.web.openapi_hooks", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=280,
        )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


def test_every_api_route_is_in_the_document(app: Flask, document: dict[str, Any]) -> None:
    undocumented = {"/api/live", "/api/openapi.json"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in ("api", "live") and rule.rule not in undocumented:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            described = {method.upper() for method in document["paths"][path]}
            assert (rule.methods or set()) - {"HEAD", "OPTIONS"} <= described


def test_the_document_names_each_operation_once(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names)) >= 19
    assert document["openapi"] == "3.1.0"
    assert set(document["components"]["schemas"]) >= {
        "Summary",
        "MessageShape",
        "MessageList",
        "Failure",
        "SessionShape",
    }


def test_schemas_have_names_that_can_be_classes(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if not name.isidentifier()] == []


def test_whatever_the_document_refers_to_is_in_it(document: dict[str, Any]) -> None:
    named = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(re.findall(r'"(#/[^"]*)"', json.dumps(document))) <= named


def test_the_page_shows_every_operation(app: Flask, document: dict[str, Any]) -> None:
    client: FlaskClient = app.test_client()
    page = client.get("/docs/api", headers={"Accept": "text/html"})
    assert page.status_code == 200
    for path, methods in document["paths"].items():
        assert path in page.text
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page.text
    for name in document["components"]["schemas"]:
        assert f'id="shape-{name}"' in page.text
    assert "<script>" not in page.text
    assert " style=" not in page.text


def test_what_waiting_answers_otherwise_is_described_as_it_is(app: Flask, document: dict[str, Any]) -> None:
    client = app.test_client()
    responses = document["paths"]["/api/wait"]["get"]["responses"]
    for status, asked in ((408, "query=subject:nobody&timeout=0"), (409, "none=true&within=0")):
        answer = client.get(f"/api/wait?{asked}")
        assert answer.status_code == status
        name = responses[str(status)]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        described = document["components"]["schemas"][name]
        assert set(described["required"]) <= set(answer.get_json()) <= set(described["properties"])
