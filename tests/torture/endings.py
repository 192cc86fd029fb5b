"""How it ends: clients that hang up right after the final dot, and SIGTERM with messages on their way.

python -m tests.torture.endings
"""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.torture.serving import Sender, Serving, message, sha256


def hang_up(count: int = 200) -> list[str]:
    """A client that closes right after the final dot, without waiting for the reply: its message is there."""
    with TemporaryDirectory(prefix="endings-") as folder:
        server = Serving(Path(folder, "mail.db"))
        try:
            contents = [message(f"gone-{n}", 700_000 if n % 20 == 0 else 4000) for n in range(count)]
            for content in contents:
                sender = Sender(server.smtp)
                sender.begin()
                sender.write(content + b".\r\n")
                sender.close()
            wanted = {sha256(content) for content in contents}
            deadline = time.monotonic() + 30
            while (missing := wanted - set(server.everything())) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not missing, f"{len(missing)} of {count} lost"
            assert server.stop() == 0
        finally:
            server.kill()
    return [f"{count} hung up after the final dot, all stored"]


def told_to_stop(count: int = 20) -> list[str]:
    """SIGTERM: messages on their way in finish with 250 and are kept, idle clients hear 421, nobody new gets in."""
    with TemporaryDirectory(prefix="endings-") as folder:
        database = Path(folder, "mail.db")
        server = Serving(database)
        try:
            idle = [Sender(server.smtp) for _ in range(count)]
            busy = [Sender(server.smtp) for _ in range(count)]
            contents = [message(f"last-{n}", 700_000 if n % 5 == 0 else 4000) for n in range(count)]
            for sender, content in zip(busy, contents, strict=True):
                sender.begin()
                sender.write(content[:2000])
            begun = time.perf_counter()
            server.process.send_signal(signal.SIGTERM)
            for sender in idle:
                reply = sender.reply()
                assert reply.startswith("421"), reply
            assert _is_refused(server.smtp), "somebody new was let in"
            for sender, content in zip(busy, contents, strict=True):
                sender.write(content[2000:] + b".\r\n")
                reply = sender.reply()
                assert reply.startswith("250"), reply
            for sender in (*idle, *busy):
                sender.close()
            assert server.process.wait(30) == 0
            took = time.perf_counter() - begun
        finally:
            server.kill()
        server = Serving(database)
        try:
            lost = {sha256(content) for content in contents} - set(server.everything())
            assert not lost, f"{len(lost)} lost"
            assert server.stop() == 0
        finally:
            server.kill()
    return [f"{count} on their way in finished and kept, {count} idle ones heard 421, ended with 0 after {took:.1f} s"]


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionRefusedError:
        return True
    return False


if __name__ == "__main__":
    print("\n".join(hang_up() + told_to_stop()))
