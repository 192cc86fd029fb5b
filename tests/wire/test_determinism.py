"""Seeded faults refuse the same, however the connections that meet them are interleaved."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable

from mailtrap.clock import Clock
from mailtrap.faults.book import Book
from mailtrap.faults.rule import Effect, Fault, Said, Step
from tests.wire.conftest import Serving
from tests.wire.test_faults import Client

CONNECTIONS, TRANSACTIONS = 20, 1000
RULES = (
    Fault(
        Step.RCPT,
        Effect(reply=Said(451, "4.7.1", "Later")),
        when="domain:flaky.test",
        probability=0.3,
        seed=7,
        per="recipient",
    ),
    Fault(Step.RCPT, Effect(reply=Said(550, "5.1.1", "No")), probability=0.1, seed=8, per="recipient"),
    Fault(Step.RCPT, Effect(reply=Said(450, "4.2.0", "First")), when="domain:new.test", first=1, per="recipient"),
    Fault(
        Step.END_OF_DATA,
        Effect(reply=Said(554, "5.7.1", "Spam")),
        when="subject:offer",
        probability=0.5,
        seed=9,
        per="recipient",
    ),
)
#: Recipient and subject of every transaction; those of one recipient are alike, so that their order is no matter.
WORK = [
    (f"user{number % 97}@{('flaky', 'new', 'calm')[number % 3]}.test", ("offer", "report")[number % 97 % 2])
    for number in range(TRANSACTIONS)
]


def send(client: Client, work: list[tuple[str, str]], refusals: Counter[tuple[str, str, bytes]]) -> None:
    for recipient, subject in work:
        client.ask(b"MAIL FROM:<app@b.test>\r\n")
        said = client.ask(f"RCPT TO:<{recipient}>\r\n".encode())
        if said.startswith(b"250"):
            client.ask(b"DATA\r\n")
            said = client.ask(f"Subject: {subject}\r\n\r\nbody\r\n.\r\n".encode())
        else:
            client.ask(b"RSET\r\n")
        if not said.startswith(b"250"):
            refusals[recipient, subject if said.startswith(b"554") else "", said] += 1


def run(serving: Serving, order: int) -> Counter[tuple[str, str, bytes]]:
    """All transactions, dealt out to the connections and put in order by luck; one seed, one way."""
    serving.sandbox.faults = Book(Clock(), RULES)
    work = list(WORK)
    random.Random(order).shuffle(work)
    counts: list[Counter[tuple[str, str, bytes]]] = [Counter() for _ in range(CONNECTIONS)]
    clients = [Client(serving.smtp).greet() for _ in range(CONNECTIONS)]
    threads = [
        threading.Thread(target=send, args=(clients[number], work[number::CONNECTIONS], counts[number]))
        for number in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.__exit__()
    return sum(counts, Counter())


def test_the_same_refusals_for_each_recipient_three_times_running(serve: Callable[..., Serving]) -> None:
    serving = serve(max_errors=0, max_junk=0, max_connections_per_peer=0)
    first = run(serving, 1)
    assert len({code for _, _, code in first}) == 4
    assert 200 < sum(first.values()) < 600
    assert run(serving, 2) == first
    assert run(serving, 3) == first
