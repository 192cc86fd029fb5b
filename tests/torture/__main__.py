"""`make torture`: every promise in turn, a table of what was found; a non-zero exit where one is broken.

python -m tests.torture [--quick] [words of names …]: `--quick` does all of it in small, within a minute, and does not
insist on milliseconds, which other work on the machine would decide.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from tests.torture import (
    collected,
    disk_full,
    endings,
    floods,
    imap_storm,
    kill9,
    power_cut,
    receiver_down,
    strace_sync,
)

Found = Callable[[], list[str]]
ANY = float("inf")


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised, how it is tried in full and in small; each gives lines or raises AssertionError."""

    name: str
    full: Found
    quick: Found


MB = floods.MEGABYTE
PROMISES = (
    Promise("endless lines", floods.endless_lines, lambda: floods.endless_lines(64 * MB)),
    Promise("slow clients", floods.slow_clients, lambda: floods.slow_clients(60, 1.0, 0.5, grace=0.0, within=ANY)),
    Promise("recipients", floods.recipients, lambda: floods.recipients(5000)),
    Promise("large at once", floods.large_at_once, lambda: floods.large_at_once(6, 8, within=ANY)),
    Promise("kill -9", lambda: kill9.main(30)[-1:], lambda: kill9.main(3, within=ANY)[-1:]),
    Promise("sync before 250 (strace)", strace_sync.main, lambda: strace_sync.main(80)),
    Promise(
        "no sync is seen (strace)", lambda: strace_sync.main(80, normal=True), lambda: strace_sync.main(40, normal=True)
    ),
    Promise("power cut (strace)", power_cut.main, lambda: power_cut.main(240, 8)),
    Promise("disk full", disk_full.main, disk_full.main),
    Promise("hung up after the dot", endings.hang_up, lambda: endings.hang_up(40)),
    Promise("webhook receiver down", receiver_down.main, lambda: receiver_down.main(100, 1.0, within=ANY)),
    Promise("collected", lambda: collected.main(6000), lambda: collected.main(400)),
    Promise("imap storm", lambda: imap_storm.storm(20, 1000), lambda: imap_storm.storm(6, 40)),
    Promise("SIGTERM", endings.told_to_stop, lambda: endings.told_to_stop(5)),
)


def attempt(promise: Promise, quick: bool) -> bool:
    """Print the row of one promise; whether it was kept."""
    begun = time.perf_counter()
    try:
        kept, lines = True, (promise.quick if quick else promise.full)()
    except (Exception, SystemExit) as error:
        kept, lines = False, [str(error) or type(error).__name__]
        if not isinstance(error, AssertionError):
            traceback.print_exc()
    for number, line in enumerate(lines):
        took = f"{time.perf_counter() - begun:5.0f} s"
        first = (promise.name, "kept" if kept else "BROKEN", took) if number == 0 else ("", "", "")
        print(f"{first[0]:<25} {first[1]:<7} {first[2]:>7}  {line}", flush=True)
    return kept


def main(arguments: list[str]) -> int:
    """The number of promises that were broken."""
    quick = "--quick" in arguments
    # What is promised in ms is for a machine that does nothing else.
    print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}", flush=True)
    words = [argument for argument in arguments if not argument.startswith("-")]
    chosen = [p for p in PROMISES if not words or any(word in p.name for word in words)]
    return sum([not attempt(promise, quick) for promise in chosen])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
