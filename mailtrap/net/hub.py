"""What the connections of one server share: the loop thread, counts, a coarse clock, answers from other threads."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

log = logging.getLogger(__name__)

#: Threads for slow work such as checking a password.
WORKERS = 2


class Member(Protocol):
    """A connection, as the hub sees it; see `mailtrap.net.pump.Pump`."""

    peer: str

    def tick(self, now: float) -> None: ...
    def shutdown(self) -> None: ...
    def cut(self) -> None: ...


class Hub:
    """Its methods are for the loop's thread, but for `post`, which is for any."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tls: Callable[[], ssl.SSLContext],
        tls_timeout: float,
        interval: float,
        troubled: Callable[[str], ssl.SSLContext] | None = None,
    ) -> None:
        self.loop = loop
        self.tls = tls
        #: Makes a context in which something is wrong on purpose; slow, so it is called on a worker thread.
        self.troubled = troubled
        self.tls_timeout = tls_timeout
        self._interval = interval
        self._members: set[Member] = set()
        self._of_peer: dict[str, int] = {}
        self._connections = 0
        self._answers: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._awake = False
        self._turns: deque[Callable[[], None]] = deque()
        self._executor: ThreadPoolExecutor | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty: asyncio.Event | None = None

    def connected(self, member: Member) -> tuple[int, int]:
        """Count a connection; returns how many there are now, in all and of this peer."""
        self._members.add(member)
        self._connections += 1
        of_peer = self._of_peer[member.peer] = self._of_peer.get(member.peer, 0) + 1
        if self._sweeper is None:
            self._sweeper = self.loop.call_later(self._interval, self._sweep)
        return self._connections, of_peer

    def disconnected(self, member: Member) -> None:
        """The socket is gone."""
        self._connections -= 1
        of_peer = self._of_peer[member.peer] - 1
        if of_peer:
            self._of_peer[member.peer] = of_peer
        else:
            del self._of_peer[member.peer]

    def finished(self, member: Member) -> None:
        """The session is over too."""
        self._members.discard(member)
        if self._empty is not None and not self._members:
            self._empty.set()

    def take_turns(self, go_on: Callable[[], None]) -> None:
        """Have `go_on` called when it is its turn: one each time round the loop, so that small things come between."""
        if not self._turns:
            self.loop.call_soon(self._next_turn)
        self._turns.append(go_on)

    def post(self, callback: Callable[[Any], None], result: Any) -> None:
        """Have `callback(result)` called on the loop. A burst of answers wakes the loop once."""
        self._answers.append((callback, result))
        if not self._awake:
            self._awake = True
            try:
                self.loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop is closed: nobody waits for the answer any more
                log.debug("an answer came after the end")

    def work(self, task: Callable[[], Any], callback: Callable[[Any], None]) -> None:
        """Run `task` on a worker thread, then `callback` with its result or exception on the loop."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(WORKERS, "mailtrap-work")
        self._executor.submit(self._work, task, callback)

    async def drain(self, grace: float) -> None:
        """Ask every session to come to an end, and cut those that have not after `grace` seconds."""
        self._empty = asyncio.Event()
        for member in list(self._members):
            member.shutdown()
        if self._members and grace > 0:
            try:
                await asyncio.wait_for(self._empty.wait(), grace)
            except TimeoutError:
                log.info("%d sessions are cut", len(self._members))
        for member in list(self._members):
            member.cut()
        if self._members:
            try:
                await asyncio.wait_for(self._empty.wait(), 1.0)
            except TimeoutError:
                log.warning("%d sessions did not end", len(self._members))
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _work(self, task: Callable[[], Any], callback: Callable[[Any], None]) -> None:
        result: Any
        try:
            result = task()
        except Exception as error:  # handed on to whoever asked
            log.exception("a task failed")
            result = error
        self.post(callback, result)

    def _next_turn(self) -> None:
        go_on = self._turns.popleft()
        if self._turns:
            self.loop.call_soon(self._next_turn)
        go_on()

    def _deliver(self) -> None:
        # Cleared first: an answer that comes while this loop runs is either seen by it or wakes the loop again.
        self._awake = False
        answers = self._answers
        while answers:
            callback, result = answers.popleft()
            callback(result)

    def _sweep(self) -> None:
        now = self.loop.time()
        for member in list(self._members):
            member.tick(now)
        self._sweeper = self.loop.call_later(self._interval, self._sweep) if self._members else None


class LoopThread:
    """An event loop on a thread of its own: uvloop's where it is installed."""

    def __init__(self, name: str) -> None:
        self.loop = new_loop()
        self.loop.set_exception_handler(_note)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine there and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def stop(self) -> None:
        """End the loop and the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop if it can be imported, else of asyncio."""
    try:
        import uvloop  # not on every platform
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What goes wrong in the loop itself is nobody's session: too many open files, say."""
    error = context.get("exception")
    if isinstance(error, OSError):
        log.warning("%s: %s", context.get("message", "network"), error)
    else:
        log.error("%s", context.get("message", "error in the event loop"), exc_info=error)
