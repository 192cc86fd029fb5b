"""Every torture in small; `make torture` does them at full size."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from tests.torture.__main__ import PROMISES, Promise


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.name)
def test_what_is_promised_is_kept(promise: Promise) -> None:
    if "strace" in promise.name and not shutil.which("strace"):
        pytest.skip("needs strace")
    if promise.name == "disk full" and os.geteuid() != 0:
        pytest.skip("needs root for a small file system")
    assert promise.quick()
