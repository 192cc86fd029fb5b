"""`make torture`: every script in turn; a non-zero exit if one of them finds a broken promise."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

from tests.torture import disk_full, floods, kill9, strace_sync


def main() -> int:
    """Print what each found."""
    broken = 0
    scripts: list[tuple[str, Callable[[], list[str]]]] = [
        ("kill -9", kill9.main),
        ("sync before 250", strace_sync.main),
        ("disk full", disk_full.main),
        *[(flood.__name__.replace("_", " "), flood) for flood in floods.ALL],
    ]
    for name, script in scripts:
        print(f"== {name}", flush=True)
        try:
            print("\n".join(script()), flush=True)
        except Exception:
            traceback.print_exc()
            broken += 1
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
