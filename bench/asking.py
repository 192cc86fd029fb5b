"""A process that asks for the first page of messages until it is told to stop; apart, so that nothing else slows it."""

from __future__ import annotations

import json
import select
import sys
import time
import urllib.request

PAUSE = 0.02


def main(url: str) -> None:
    """Print the seconds that each answer took as one JSON list, once standard input has ended."""
    took: list[float] = []
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        begun = time.perf_counter()
        urllib.request.urlopen(url, timeout=60).read()
        took.append(time.perf_counter() - begun)
    print(json.dumps(took))


if __name__ == "__main__":
    main(sys.argv[1])
