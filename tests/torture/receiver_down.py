"""An application that is told by webhook is down while mail comes: mail is taken as quickly as ever, no event is lost.

python -m tests.torture.receiver_down
"""

from __future__ import annotations

import json
import smtplib
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.delivery.receiving import Receiver
from tests.torture.serving import Serving

#: What a message is told as, in this order.
KINDS = ["captured", "delivered"]


def main(messages: int = 1000, down: float = 60.0, within: float = 1.25, turns: int = 5) -> list[str]:
    """The receiver is down for so many seconds, a restart of the sandbox in the middle of them.

    Taking the mail in may take `within` times as long as it does without webhooks: the least of some turns each, taken
    alternately, because one turn tells more of what else the machine does.
    """
    receiver = Receiver()
    receiver.up()
    receiver.down()  # nobody listens there now
    with TemporaryDirectory(prefix="receiver-") as folder:
        flags = ("--webhooks", receiver.url)
        alones, tolds = [], []
        for turn in range(turns):
            alones.append(_ingest(Serving(Path(folder, f"alone{turn}.db")), messages))
            begun = time.monotonic()
            database = Path(folder, f"mail{turn}.db")
            tolds.append(_ingest(Serving(database, *flags), messages))
        alone, told = min(alones), min(tolds)
        assert told < alone * within, f"{told:.2f} s for {messages} messages, {alone:.2f} s without webhooks"
        server = Serving(database, *flags)
        try:
            time.sleep(max(0.0, down - (time.monotonic() - begun)))
            receiver.up()
            up = time.monotonic()
            _wait(receiver, messages * len(KINDS))
            took = time.monotonic() - up
            assert server.stop() == 0
        finally:
            server.kill()
            receiver.down()
    orders = defaultdict(list)
    for one in receiver.received:
        said = json.loads(one.body)
        orders[said["message"]].append(said["event"])
    assert len(orders) == messages, f"{messages - len(orders)} messages were not told of"
    wrong = [order for order in orders.values() if list(dict.fromkeys(order)) != KINDS]
    assert not wrong, f"{len(wrong)} in another order, such as {wrong[0]}"
    twice = sum(map(len, orders.values())) - messages * len(KINDS)
    return [
        f"{messages} messages in {told:.2f} s, {alone:.2f} s without webhooks",
        f"down {down:.0f} s and restarted: none lost, all in order, {twice} told twice, the last {took:.1f} s after",
    ]


def _ingest(server: Serving, messages: int) -> float:
    try:
        with smtplib.SMTP("127.0.0.1", server.smtp, timeout=60) as client:
            begun = time.perf_counter()
            for number in range(messages):
                client.sendmail("a@a.test", ["b@b.test"], b"Subject: %d\r\n\r\nwords\r\n" % number)
            took = time.perf_counter() - begun
        assert server.stop() == 0
        return took
    finally:
        server.kill()


def _wait(receiver: Receiver, count: int) -> None:
    deadline = time.monotonic() + 180
    while len(receiver.received) < count:
        assert time.monotonic() < deadline, f"{len(receiver.received)} of {count} events came"
        time.sleep(0.05)


if __name__ == "__main__":
    print("\n".join(main()))
