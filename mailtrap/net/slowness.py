"""Carries octets slowly on purpose: at a rate in each direction, or in pieces with pauses, never out of order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

from mailtrap.net.actions import Action, Dribble, Send

#: Seconds between two slices; longer where the rate is less than one octet in that time.
BEAT = 0.05
#: What may be caught up after a busy machine missed some beats, in seconds.
CATCH_UP = 1.0


class Rate:
    """Octets that may pass in one direction by now; 0 is no limit."""

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._then = now
        self._saved = 0.0

    def begin(self, now: float) -> None:
        """Something to carry has come where nothing waited: the time before is not saved up."""
        self._then, self._saved = now, 0.0

    def allowance(self, now: float) -> int | None:
        """How many may pass; None for all of them."""
        if not self._rate:
            return None
        most = max(self._rate * CATCH_UP, 1.0)
        self._saved = min(self._saved + (now - self._then) * self._rate, most)
        self._then = now
        return int(self._saved)

    def spend(self, octets: int) -> None:
        """So many have passed."""
        self._saved -= octets


class Slowness:
    """The way between one connection and its session while it is slow.

    `do` performs an action when it is its turn, `feed` gives octets to the session, `ready` says whether it takes any
    now, `clear` is called when everything that waited has been carried.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        do: Callable[[Action], None],
        feed: Callable[[bytes], None],
        ready: Callable[[], bool],
        clear: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._do = do
        self._feed = feed
        self._ready = ready
        self._clear = clear
        self._incoming = bytearray()
        self._outgoing: deque[Action | Iterator[bytes]] = deque()
        self._pause = self._paused_until = 0.0
        self._choked = False
        self._timer: asyncio.TimerHandle | None = None
        self._interval = BEAT
        self.throttle(0)

    @property
    def busy(self) -> bool:
        """Whether something waits to be carried."""
        return bool(self._incoming or self._outgoing)

    @property
    def seconds_left(self) -> float:
        """How long it takes to write what waits and has an end."""
        return sum([len(one.octets) for one in self._outgoing if isinstance(one, Send)]) / (self._rate or 1_000_000)

    def hurry(self) -> None:
        """Be slow no more: the server stops. Pieces that are not written by now are left out."""
        left = [one for one in self._outgoing if not isinstance(one, Iterator | Dribble)]
        self._outgoing = deque(left)
        self._paused_until = 0.0
        self.throttle(0)

    def throttle(self, rate: int, unread: bytes = b"") -> None:
        """Carry so many octets a second from now on; `unread` comes before everything that waits."""
        now = self._loop.time()
        self._rate = rate
        self._in, self._out = Rate(rate, now), Rate(rate, now)
        self._interval = max(BEAT, 1 / rate) if rate else BEAT
        if unread:
            self._incoming[:0] = unread
        self.go_on()

    def perform(self, action: Action) -> None:
        """Perform an action once everything before it has been written."""
        at_once = not isinstance(action, Send | Dribble) or (isinstance(action, Send) and not self._rate)
        if not self._outgoing and at_once:
            self._do(action)
        else:
            if not self._outgoing:
                self._out.begin(self._loop.time())
            self._outgoing.append(action)
            self.go_on()

    def receive(self, octets: bytes) -> None:
        """These have come from the client."""
        if not self._incoming and not self._rate and self._ready():
            self._feed(octets)
        else:
            if not self._incoming:
                self._in.begin(self._loop.time())
            self._incoming += octets
            self.go_on()

    def choke(self, choked: bool) -> None:
        """The client does not read what has been written so far, or does again."""
        self._choked = choked
        self.go_on()

    def stop(self) -> list[Action]:
        """The connection is gone: hand on what came in, and return the actions that nobody needs to see."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        incoming, self._incoming = bytes(self._incoming), bytearray()
        left = [action for action in self._outgoing if not isinstance(action, Iterator)]
        self._outgoing.clear()
        self._rate = 0
        if incoming:
            self._feed(incoming)
        return left

    def forget_incoming(self) -> None:
        """Nobody will read what the client said."""
        self._incoming.clear()

    def go_on(self) -> None:
        """What stood in the way may be gone."""
        if self._timer is None and self.busy:
            # With no rate to keep, what waits goes at the next turn of the loop.
            wait = self._interval if self._rate else max(self._paused_until - self._loop.time(), 0.0)
            self._timer = self._loop.call_later(wait, self._beat)

    def _beat(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._outgoing and not self._choked:
            self._write(now)
        if self._incoming and self._ready():
            self._read(now)
        if not self.busy:
            self._clear()
        elif not (self._choked and self._outgoing) and (self._outgoing or self._ready()):
            self.go_on()

    def _read(self, now: float) -> None:
        allowed = self._in.allowance(now)
        if allowed == 0:
            return
        octets = bytes(self._incoming[:allowed])
        del self._incoming[: len(octets)]
        self._in.spend(len(octets))
        self._feed(octets)

    def _write(self, now: float) -> None:
        while self._outgoing and not self._choked and now >= self._paused_until:
            head = self._outgoing[0]
            if isinstance(head, Dribble):
                self._outgoing[0], self._pause = iter(head.pieces), head.pause
            elif isinstance(head, Iterator):
                piece = next(head, None)
                if piece is None:
                    self._outgoing.popleft()
                    continue
                self._paused_until = now + self._pause
                if self._rate:
                    self._outgoing.appendleft(Send(piece))
                else:
                    self._do(Send(piece))
                    return
            elif isinstance(head, Send):
                allowed = self._out.allowance(now)
                if allowed == 0:
                    return
                octets = head.octets[:allowed]
                self._out.spend(len(octets))
                if len(octets) < len(head.octets):
                    self._outgoing[0] = Send(head.octets[len(octets) :])
                else:
                    self._outgoing.popleft()
                self._do(Send(octets))
            else:
                self._outgoing.popleft()
                self._do(head)
