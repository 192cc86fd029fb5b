"""A process that sends large messages, all at once: `python -m tests.torture.bulk PORT COUNT MEGABYTES KIND`."""

from __future__ import annotations

import base64
import os
import sys
import threading

from tests.torture.serving import Sender

MEGABYTE = 1024 * 1024


def content(size: int, kind: str) -> bytes:
    """About `size` octets in lines of 76: `plain` is the same line again and again, `base64` does not compress."""
    if kind == "plain":
        return b"Subject: large\r\n\r\n" + (b"Y" * 76 + b"\r\n") * (size // 78)
    lines = (base64.b64encode(os.urandom(57)) + b"\r\n" for _ in range(size // 78))
    return b"Subject: large\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"".join(lines)


def main(port: int, count: int, size: int, kind: str) -> int:
    """How many were not answered by 250."""
    octets = content(size, kind)
    failed: list[object] = []

    def send() -> None:
        try:
            sender = Sender(port)
            code, reply = sender.send(octets)
            if code != 250:
                failed.append(reply)
            sender.close()
        except OSError as error:
            failed.append(error)

    print("ready", flush=True)
    sys.stdin.readline()
    threads = [threading.Thread(target=send) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(*failed, sep="\n", file=sys.stderr, end="")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) * MEGABYTE, sys.argv[4]))
