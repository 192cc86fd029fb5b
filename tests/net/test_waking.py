"""A session that is woken from another thread has what it says then written, in its own thread and never too late."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import Any

from mailtrap.net.actions import Send
from mailtrap.net.hub import Hub, LoopThread
from mailtrap.net.waking import Wakeable, rouse

LONG = 60.0


class Machine:
    """A session that has news."""

    blocked = holding = False

    def __init__(self) -> None:
        self.threads: list[str] = []

    def opened(self, connections: int, of_peer: int) -> list[Any]:
        return []

    def woken(self) -> list[Any]:
        self.threads.append(threading.current_thread().name)
        return [Send(b"news")]

    eof = lost = tick = shutdown = lambda self, *_: []


class Transport(asyncio.Transport):
    """Notes what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 9)})
        self.written = b""
        self.heard = threading.Event()

    def write(self, data: Any) -> None:
        self.written += data
        self.heard.set()


class Connection(Wakeable):
    def __init__(self, hub: Hub, machine: Machine) -> None:
        self.begin(hub)
        self._opened = machine

    def open_session(self, peer: str) -> Any:
        return self._opened

    def session_over(self) -> None:
        pass


def test_who_is_roused_from_any_thread_speaks_in_its_own_until_it_is_gone() -> None:
    thread = LoopThread("test-loop")
    hub = Hub(thread.loop, lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), 1.0, 10.0)
    machine, transport = Machine(), Transport()
    connection = Connection(hub, machine)
    sleeper = connection.sleeper

    async def call(step: Any, *arguments: Any) -> None:
        step(*arguments)

    thread.run(call(connection.connection_made, transport))
    rouse([sleeper])
    assert transport.heard.wait(LONG)
    assert machine.threads == ["test-loop"]
    thread.run(call(connection.connection_lost, None))
    rouse([sleeper])
    thread.run(call(lambda: None))
    thread.stop()
    rouse([sleeper])  # as somebody may who has not heard of the end
    assert transport.written == b"news"
