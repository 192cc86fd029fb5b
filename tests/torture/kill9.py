"""Kill -9 at random under load: everything confirmed is there, once, intact, and the server is ready again in 2 s.

python -m tests.torture.kill9 [rounds]
"""

from __future__ import annotations

import random
import sqlite3
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.torture.serving import Sender, Serving, message, sha256

SENDERS = 8
READY_WITHIN = 2.0


def main(rounds: int = 30, seed: int | None = None, within: float = READY_WITHIN) -> list[str]:
    """One line of results per round; raises AssertionError at the first promise that was not kept.

    `within`: seconds until it must be ready again.
    """
    luck = random.Random(seed)
    confirmed: dict[str, str] = {}
    lines = []
    with TemporaryDirectory(prefix="kill9-") as folder:
        database = Path(folder, "mail.db")
        for number in range(rounds):
            server = Serving(database)
            assert number == 0 or server.ready_after < within, f"ready after {server.ready_after:.2f} s"
            before = len(confirmed)
            senders = [
                threading.Thread(target=_send, args=(server.smtp, f"{number}-{n}", confirmed)) for n in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            time.sleep(luck.uniform(0.05, 1.5))
            server.kill()
            for sender in senders:
                sender.join(60)
            lines.append(f"round {number}: ready after {server.ready_after:.2f} s, {len(confirmed) - before} confirmed")
        server = Serving(database)
        kept = server.everything()
        lost = set(confirmed) - set(kept)
        assert not lost, f"{len(lost)} of {len(confirmed)} lost: {[confirmed[digest] for digest in lost][:5]}"
        for digest in luck.sample(sorted(kept), min(len(kept), 500)):
            assert sha256(server.get(f"/api/messages/{kept[digest]}/raw")) == digest, f"message {kept[digest]} changed"
        assert server.stop() == 0
        connection = sqlite3.connect(database)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM spool").fetchone() == (0,)
        connection.close()
        lines.append(f"{len(confirmed)} confirmed, 0 lost, 0 twice, {len(kept) - len(confirmed)} kept unconfirmed")
    return lines


def _send(port: int, name: str, confirmed: dict[str, str]) -> None:
    number = 0
    with suppress(OSError), closing(Sender(port)) as sender:
        while True:
            number += 1
            content = message(f"{name}-{number}", 700_000 if number % 50 == 0 else 4000)
            code, _ = sender.send(content)
            if code == 250:
                confirmed[sha256(content)] = f"{name}-{number}"


if __name__ == "__main__":
    print("\n".join(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)))
