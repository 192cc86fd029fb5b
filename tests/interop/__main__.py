"""`make interop`: the table, and a non-zero exit if anything in it is red; `make reactions`, `make readers`: theirs."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.interop import reactions, readers
from tests.interop.cases import Case, start
from tests.interop.matrix import ROWS, run, table


def main() -> int:
    """Run all rows against one sandbox."""
    results: dict[str, dict[Case, str] | None] = {}
    with TemporaryDirectory(prefix="interop-") as folder:
        Path(folder).chmod(0o755)
        target = start(Path(folder))
        try:
            for row in ROWS:
                own = Path(folder, row.client)
                own.mkdir()
                print(f"\r{row.client} …\033[K", end="", file=sys.stderr, flush=True)
                results[row.client] = run(row, target, own) if row.available() else None
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            print(table(results, target.notes))
        finally:
            target.stop()
    return int(any(text for outcome in results.values() if outcome for text in outcome.values()))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["reactions"]:
            sys.exit(reactions.main())
        case ["readers", *wanted]:
            sys.exit(readers.main(wanted))
        case _:
            sys.exit(main())
