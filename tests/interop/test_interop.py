"""Every client that is here gets its message in, in every combination of protection and login it can do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.cases import Target, start
from tests.interop.matrix import ROWS, Row, run


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    target = start(tmp_path_factory.mktemp("sandbox"))
    yield target
    target.stop()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.client)
def test_a_client_gets_its_mail_in_whatever_the_protection_and_login(row: Row, target: Target, tmp_path: Path) -> None:
    if not row.available():
        pytest.skip(f"{row.client} is not on this machine")
    wrong = {case.token: result for case, result in run(row, target, tmp_path).items() if result}
    assert not wrong
