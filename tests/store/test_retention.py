"""What is too many and what is too old."""

from __future__ import annotations

import pytest

from mailtrap.settings import Settings
from mailtrap.store.retention import excess, horizon


@pytest.mark.parametrize(("kept", "limit", "too_many"), [(5, 0, 0), (5, 5, 0), (5, 6, 0), (7, 5, 2), (0, 5, 0)])
def test_beyond_the_limit_is_too_many(kept: int, limit: int, too_many: int) -> None:
    assert excess(kept, limit) == too_many


def test_the_horizon_lies_max_age_behind_now() -> None:
    assert horizon(10_000_000, Settings(max_age=2.5)) == 7_500_000
    assert horizon(10_000_000, Settings()) is None
