"""One connection between a transport and a session."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import Any

from mailtrap.net.actions import StartTls
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


class Gone(asyncio.Transport):
    """A client that reset the connection, of which the loop has not heard yet."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 9)})
        self.aborted = False

    def write(self, data: Any) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        raise OSError("Transport endpoint is not connected")

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading

    def abort(self) -> None:
        self.aborted = True


class Shaking(Machine):
    """A session that waits for a handshake which is to go wrong."""

    holding = False

    def __init__(self) -> None:
        self.blocked = True
        self.results: list[Any] = []
        self.resumed = asyncio.Event()

    def opened(self, connections: int, of_peer: int) -> list[Any]:
        return [StartTls("garbage")]

    def resume(self, result: Any) -> list[Any]:
        self.blocked = False
        self.results.append(result)
        self.resumed.set()
        return []


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


def test_a_session_hears_of_its_broken_handshake_though_the_client_is_gone() -> None:
    thread = LoopThread("test-loop")
    hub = Hub(thread.loop, lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), 1.0, 10.0)
    machine, transport = Shaking(), Gone()

    async def play() -> None:
        connection = Connection(hub, machine)
        connection.connection_made(transport)
        connection.data_received(b"\x16\x03\x01")
        await asyncio.wait_for(machine.resumed.wait(), 10)

    thread.run(play())
    thread.stop()
    assert [type(result) for result in machine.results] == [ConnectionAbortedError]
    assert transport.aborted
