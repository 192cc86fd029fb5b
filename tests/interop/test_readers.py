"""Every reader that is here gets its mail whole, whatever the protection, and the second time only what is new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.cases import start
from tests.interop.readers import READERS, Office, Reader, attempt


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    target = start(tmp_path_factory.mktemp("readers"))
    yield Office(target)
    target.stop()


@pytest.mark.parametrize(
    ("reader", "security"),
    [pytest.param(reader, one, id=f"{reader.name}, {one}") for reader in READERS for one in reader.security],
)
def test_a_reader_collects_what_was_sent_and_nothing_twice(
    reader: Reader, security: str, office: Office, tmp_path: Path
) -> None:
    if not reader.here():
        pytest.skip(f"{reader.client} is not on this machine")
    attempt(reader, security, office, tmp_path / "client")
