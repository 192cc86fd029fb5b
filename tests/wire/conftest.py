"""A mail server on free ports, on each kind of event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mailtrap.net.hub
from mailtrap.settings import Settings
from mailtrap.smtp.listener import doors
from tests.smtp.stand_ins import MemoryStore, sandbox


class Serving:
    """A running server, its store and where it listens."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = MemoryStore()
        self.sandbox = sandbox(self.store)
        self.server = doors(self.sandbox, settings)
        self.addresses = self.server.start()

    @property
    def smtp(self) -> tuple[str, int]:
        return self.addresses["smtp"]

    @property
    def smtps(self) -> tuple[str, int]:
        return self.addresses["smtps"]

    def stop(self, grace: float = 5.0) -> None:
        self.store.gate.set()
        self.server.stop(grace)
        self.store.close()


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(params=["uvloop", "asyncio"])
def loop_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "asyncio":
        monkeypatch.setattr(mailtrap.net.hub, "new_loop", asyncio.new_event_loop)
    else:
        pytest.importorskip("uvloop")
    return str(request.param)


@pytest.fixture
def serve(loop_kind: str, state_dir: Path) -> Iterator[Callable[..., Serving]]:
    running: list[Serving] = []

    def start(**changes: Any) -> Serving:
        settings = Settings(**{"smtp_port": 0, "smtps_port": 0, "state_dir": str(state_dir), **changes})
        running.append(Serving(settings))
        return running[-1]

    yield start
    for one in running:
        one.stop()
