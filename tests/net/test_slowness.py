"""What is carried slowly, on a loop whose time is ours."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

import pytest

from mailtrap.net.actions import Action, Close, Dribble, Send
from mailtrap.net.slowness import Slowness


class Timer:
    def __init__(self, at: float, call: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self.at, self.call, self.arguments = at, call, arguments
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Time passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, call: Callable[..., None], *arguments: Any) -> Timer:
        self.timers.append(Timer(self.now + seconds, call, arguments))
        return self.timers[-1]

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self.timers if timer.at <= end and not timer.cancelled]:
            timer = min(due, key=lambda one: one.at)
            self.timers.remove(timer)
            self.now = max(self.now, timer.at)
            timer.call(*timer.arguments)
        self.now = end


class Way:
    """A way between a client and a session, and what came out at both ends."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.written = b""
        self.done: list[Action] = []
        self.fed = b""
        self.ready = True
        self.cleared = 0
        self.slow = Slowness(self.loop, self.do, self.feed, lambda: self.ready, self.clear)  # type: ignore[arg-type]

    def do(self, action: Action) -> None:
        if isinstance(action, Send):
            self.written += action.octets
        self.done.append(action)

    def feed(self, octets: bytes) -> None:
        self.fed += octets

    def clear(self) -> None:
        self.cleared += 1


@pytest.fixture
def way() -> Way:
    return Way()


def test_both_directions_keep_the_rate_each(way: Way) -> None:
    way.slow.throttle(1000)
    way.slow.perform(Send(bytes(5000)))
    way.slow.receive(bytes(5000))
    for second in range(1, 5):
        way.loop.run(1.0)
        assert len(way.written) == pytest.approx(1000 * second, abs=60)
        assert len(way.fed) == pytest.approx(1000 * second, abs=60)
    assert way.slow.busy
    way.loop.run(1.2)
    assert (len(way.written), len(way.fed)) == (5000, 5000)
    assert not way.slow.busy
    assert way.cleared == 1


def test_one_octet_a_second(way: Way) -> None:
    way.slow.throttle(1)
    way.slow.receive(b"abc")
    way.loop.run(2.5)
    assert way.fed == b"ab"


def test_time_in_which_nothing_waited_is_not_saved_up(way: Way) -> None:
    way.slow.throttle(1000)
    way.loop.run(60)
    way.slow.receive(bytes(3000))
    way.loop.run(1.0)
    assert len(way.fed) <= 1050


def test_nothing_overtakes_what_was_said_before(way: Way) -> None:
    way.slow.throttle(100)
    way.slow.perform(Send(b"x" * 50))
    way.slow.perform(Close())
    way.loop.run(0.3)
    assert Close() not in way.done
    way.loop.run(1.0)
    assert way.done[-1] == Close()
    assert way.written == b"x" * 50


def test_a_session_that_takes_nothing_is_not_fed(way: Way) -> None:
    way.slow.throttle(1000)
    way.ready = False
    way.slow.receive(bytes(500))
    way.loop.run(5)
    assert way.fed == b""
    assert not [timer for timer in way.loop.timers if not timer.cancelled]
    way.ready = True
    way.slow.go_on()
    way.loop.run(1)
    assert len(way.fed) == 500


def test_a_client_that_does_not_read_is_waited_for(way: Way) -> None:
    way.slow.perform(Dribble(repeat(b"250-x\r\n"), 0.1))
    way.loop.run(1.0)
    said = len(way.written)
    assert 7 * 9 <= said <= 7 * 11
    way.slow.choke(True)
    way.loop.run(60)
    assert len(way.written) - said <= 7
    way.slow.choke(False)
    way.loop.run(1.0)
    assert len(way.written) > said + 7


def test_pieces_keep_their_pauses_and_their_place(way: Way) -> None:
    way.slow.perform(Dribble((b"a", b"b", b"c"), 1.0))
    way.slow.perform(Send(b"d"))
    way.loop.run(0.5)
    assert way.written == b"a"
    way.loop.run(1.0)
    assert way.written == b"ab"
    way.loop.run(5.0)
    assert way.written == b"abcd"


def test_a_lifted_rate_lets_everything_go(way: Way) -> None:
    way.slow.throttle(1)
    way.slow.perform(Send(bytes(100)))
    way.slow.receive(bytes(100))
    way.slow.hurry()
    way.loop.run(2.0)
    assert (len(way.written), len(way.fed)) == (100, 100)


def test_what_came_in_is_handed_on_when_the_connection_is_gone(way: Way) -> None:
    way.slow.throttle(1)
    way.slow.receive(b"abc")
    way.slow.perform(Send(b"never read"))
    way.slow.perform(Close())
    assert way.slow.stop() == [Send(b"never read"), Close()]
    assert way.fed == b"abc"
    assert not [timer for timer in way.loop.timers if not timer.cancelled]


def test_what_is_given_back_comes_first(way: Way) -> None:
    way.slow.throttle(10)
    way.slow.receive(b"second")
    way.slow.throttle(0, b"first ")
    way.loop.run(1.0)
    assert way.fed == b"first second"
