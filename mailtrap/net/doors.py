"""Listens on the ports of one protocol, and has its connections served by an event loop on a thread of their own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from msgspec import Struct

from mailtrap.errors import SettingsError
from mailtrap.net import ports
from mailtrap.net.hub import Hub, LoopThread
from mailtrap.net.pump import Pump
from mailtrap.net.tls import Identity, Troubled
from mailtrap.settings import Settings, Standard


class Door(Struct, frozen=True):
    """One port: what it is called, which setting says where it is, and who serves a client that comes to it."""

    name: str
    port: int
    flag: str
    connection: Callable[[Hub], Pump]


class Doors:
    """`start` and `stop` may be called from any thread. `patience`: the times after which a session takes too long."""

    def __init__(self, settings: Settings, doors: Sequence[Door], thread: str, patience: Iterable[float]) -> None:
        self._settings = settings
        self._doors = doors
        self._name = thread
        # Every second, more often where a limit is that short.
        self._interval = max(0.02, min([1.0, *[time / 4 for time in patience if time]]))
        self._thread: LoopThread | None = None
        self._hub: Hub | None = None
        self._servers: list[asyncio.Server] = []

    def start(self, tls: Callable[[], ssl.SSLContext] | None = None) -> dict[str, tuple[str, int]]:
        """Listen; returns for each door by its name where. Raises SettingsError where that cannot be.

        `tls` is asked for what to shake hands with when the first client wants that; without it, it is made now.
        """
        ports.allow_many_files()
        if tls is None:
            tls = Identity(self._settings).context
            tls()  # a certificate that cannot be used should be told now, not to the first client
        opened: list[list[socket.socket]] = []
        try:
            for door in self._doors:
                opened.append(self._open(door))
        except BaseException:
            for sockets in opened:
                for sock in sockets:
                    sock.close()
            raise
        thread = self._thread = LoopThread(self._name)
        hub = self._hub = Hub(
            thread.loop,
            tls,
            self._settings.tls_timeout,
            self._interval,
            Troubled(self._settings).context,
        )
        for door, sockets in zip(self._doors, opened, strict=True):
            for sock in sockets:
                self._servers.append(thread.run(_serve(thread.loop, partial(door.connection, hub), sock)))
        return {door.name: ports.address(sockets) for door, sockets in zip(self._doors, opened, strict=True)}

    def _open(self, door: Door) -> list[socket.socket]:
        host = self._settings.host
        try:
            return ports.listen(host, door.port, door.flag)
        except SettingsError:
            # Nobody asked for this very port: a second sandbox beside the first must not fail for it.
            if not isinstance(door.port, Standard) or not door.port:
                raise
            return ports.listen(host, 0, door.flag)

    def stop(self, grace: float = 10.0) -> None:
        """Accept nobody more, let what is under way finish for `grace` seconds, then cut. Repeating it is harmless."""
        thread, hub = self._thread, self._hub
        if thread is None or hub is None:
            return
        self._thread = self._hub = None
        thread.run(self._stop(hub, grace))
        thread.stop()

    async def _stop(self, hub: Hub, grace: float) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        await hub.drain(grace)


async def _serve(loop: asyncio.AbstractEventLoop, factory: Callable[[], Pump], sock: socket.socket) -> asyncio.Server:
    return await loop.create_server(factory, sock=sock, backlog=ports.BACKLOG)
