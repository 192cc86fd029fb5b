"""`make bench`: runs everything and writes the table into docs/performance.md."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from bench import faults, imap, ingest, live, reading, startup

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- measured -->", "<!-- end -->"
#: What is run by itself as well, and then written where it belongs.
IMAP = "<!-- measured: imap -->"


def main(parts: list[str]) -> None:
    """Run the named parts (default all: ingest, faults, startup, live, reading, imap)."""
    wanted = parts or ["ingest", "faults", "startup", "live", "reading", "imap"]
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    lines = [machine, ""]
    if "ingest" in wanted:
        lines += [
            "| receiving, stored on disk before each 250 | messages/s | stock aiosmtpd | ratio "
            "| CPU a message, with indexing | stock | p99 | index caught up after |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        for shape in ingest.SHAPES:
            a, b = ingest.compare(shape)
            lines.append(
                f"| {shape.name} | {a.rate:.0f} | {b.rate:.0f} | **{a.rate / b.rate:.2f}×** | {a.cpu:.0f} µs "
                f"| {b.cpu:.0f} µs | {a.p99:.1f} ms | {a.index:.1f} s |"
            )
            print(lines[-1], flush=True)
    for name, part in (("faults", faults), ("startup", startup), ("live", live), ("reading", reading)):
        if name in wanted:
            rows = [f"| {what} | {value} |" for what, value in part.run()]
            lines += ["", f"| {name} | |", "| --- | --- |", *rows]
            print("\n".join(rows), flush=True)
    if not parts:
        write(BEGIN, lines)
    if "imap" in wanted:
        write(IMAP, [machine, "", *imap.run()])


def write(mark: str, lines: list[str]) -> None:
    """Put it into the page."""
    before, _, rest = PAGE.read_text("utf-8").partition(mark)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{mark}\n" + "\n".join(lines) + f"\n{END}{after}", "utf-8")
    print(f"written to {PAGE}")


if __name__ == "__main__":
    main(sys.argv[1:])
