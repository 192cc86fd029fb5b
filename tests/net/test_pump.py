"""One connection between a transport and a session."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import Any

from mailtrap.net.hub import Hub, LoopThread
from mailtrap.net.pump import BULK, Pump


class Machine:
    """A session behind a store that lags until it is told otherwise."""

    blocked = False
    holding = True

    def opened(self, connections: int, of_peer: int) -> list[Any]:
        return []

    receive = tick = shutdown = lambda self, *_: []


class Transport(asyncio.Transport):
    """Notes in a common log when it is read from again."""

    def __init__(self, log: list[str], done: threading.Event) -> None:
        super().__init__({"peername": ("127.0.0.1", 9)})
        self._log = log
        self._done = done

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        self._log.append("read")
        if self._log.count("read") == COUNT:
            self._done.set()


class Connection(Pump):
    def __init__(self, hub: Hub, machine: Machine) -> None:
        self.begin(hub)
        self._opened = machine

    def open_session(self, peer: str) -> Any:
        return self._opened


COUNT = 10


def test_those_who_waited_for_the_store_go_on_one_each_time_round_the_loop() -> None:
    thread = LoopThread("test-loop")
    hub = Hub(thread.loop, lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), 1.0, 10.0)
    log: list[str] = []
    done = threading.Event()
    machine = Machine()

    def between() -> None:
        log.append("|")
        if not done.is_set():
            thread.loop.call_soon(between)

    async def play() -> None:
        for _ in range(COUNT):
            connection = Connection(hub, machine)
            connection.connection_made(Transport(log, done))
            connection.data_received(bytes(BULK))
        machine.holding = False
        between()

    thread.run(play())
    assert done.wait(10)
    thread.stop()
    assert "readread" not in "".join(log)
