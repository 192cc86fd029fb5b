"""Fixtures for the web: a sandbox with its application, and the same behind the real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailtrap.sandbox import Sandbox
from tests.web.serving import running_sandbox, running_server


@pytest.fixture
def served() -> Iterator[tuple[Sandbox, Flask]]:
    """A sandbox and its application."""
    with running_sandbox() as (sandbox, _, app):
        yield sandbox, app


@pytest.fixture
def sandbox(served: tuple[Sandbox, Flask]) -> Sandbox:
    return served[0]


@pytest.fixture
def client(served: tuple[Sandbox, Flask]) -> FlaskClient:
    return served[1].test_client()


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[Sandbox, tuple[str, int]]]:
    """A sandbox and the address its web server listens on, for a whole module."""
    with running_server() as (sandbox, address):
        yield sandbox, address
