"""Every client that is here gets its message in, in every combination of protection and login it can do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.interop.cases import Target, start
from tests.interop.matrix import ROWS, Row, run


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """Relays drop root's rights, and pytest's own folders are for their owner only."""
    with TemporaryDirectory(prefix="interop-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def target(open_folder: Path) -> Iterator[Target]:
    target = start(open_folder)
    yield target
    target.stop()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.client)
def test_a_client_gets_its_mail_in_whatever_the_protection_and_login(
    row: Row, target: Target, open_folder: Path
) -> None:
    if not row.available():
        pytest.skip(f"{row.client} is not on this machine")
    folder = open_folder / row.client
    folder.mkdir()
    wrong = {case.token: result for case, result in run(row, target, folder).items() if result}
    assert not wrong
