"""What the connections of one server share."""

from __future__ import annotations

import asyncio
import ssl
import threading

import pytest

from mailtrap.net.hub import Hub, LoopThread


class Guest:
    """A member that only remembers what it was told."""

    def __init__(self, peer: str = "127.0.0.1") -> None:
        self.peer = peer
        self.ticks = threading.Event()
        self.told: list[str] = []

    def tick(self, now: float) -> None:
        self.ticks.set()

    def shutdown(self) -> None:
        self.told.append("shutdown")

    def cut(self) -> None:
        self.told.append("cut")


@pytest.fixture
def thread() -> LoopThread:
    return LoopThread("test-loop")


def hub_of(thread: LoopThread) -> Hub:
    return Hub(thread.loop, lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), 1.0, 0.02)


def test_a_burst_of_answers_from_many_threads_is_delivered_whole_and_in_order(thread: LoopThread) -> None:
    hub = hub_of(thread)
    got: list[tuple[int, int]] = []
    done = threading.Event()

    def take(result: tuple[int, int]) -> None:
        got.append(result)
        if len(got) == 8 * 2000:
            done.set()

    def post(number: int) -> None:
        for count in range(2000):
            hub.post(take, (number, count))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert done.wait(10)
    for number in range(8):
        assert [count for who, count in got if who == number] == list(range(2000))
    thread.stop()


def test_an_answer_after_the_end_disturbs_nobody(thread: LoopThread) -> None:
    hub = hub_of(thread)
    thread.stop()
    hub.post(print, None)


def test_connections_are_counted_in_all_and_by_peer(thread: LoopThread) -> None:
    hub = hub_of(thread)

    async def play() -> list[tuple[int, int]]:
        one, two, other = Guest(), Guest(), Guest("::1")
        counts = [hub.connected(one), hub.connected(two), hub.connected(other)]
        hub.disconnected(one)
        counts.append(hub.connected(one))
        for guest in (one, two, other):
            hub.disconnected(guest)
            hub.finished(guest)
        counts.append(hub.connected(other))
        return counts

    assert thread.run(play()) == [(1, 1), (2, 2), (3, 1), (3, 2), (1, 1)]
    thread.run(hub.drain(0))
    thread.stop()


def test_turns_are_taken_one_each_time_round_the_loop(thread: LoopThread) -> None:
    hub = hub_of(thread)
    seen: list[str] = []
    done = threading.Event()

    def turn(name: str, rounds: int) -> None:
        seen.append(name)
        if rounds:
            hub.take_turns(lambda: turn(name, rounds - 1))
        elif name == "c":
            done.set()

    async def play() -> None:
        for name in "abc":
            hub.take_turns(lambda name=name: turn(name, 1))  # type: ignore[misc]
        between()

    def between() -> None:
        seen.append("|")
        if not done.is_set():
            thread.loop.call_soon(between)

    thread.run(play())
    assert done.wait(30)
    turns = "".join(seen)
    assert turns.replace("|", "") == "abcabc"
    assert not any(pair in turns for pair in ("ab", "bc", "ca"))
    thread.stop()


def test_members_hear_the_clock_tick(thread: LoopThread) -> None:
    hub, guest = hub_of(thread), Guest()
    thread.loop.call_soon_threadsafe(hub.connected, guest)
    assert guest.ticks.wait(30)
    thread.loop.call_soon_threadsafe(hub.finished, guest)
    thread.stop()


def test_slow_work_answers_with_its_result_or_its_exception(
    thread: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    hub = hub_of(thread)

    async def ask(task: object) -> object:
        future = thread.loop.create_future()
        hub.work(task, future.set_result)  # type: ignore[arg-type]
        return await asyncio.wait_for(future, 5)

    assert thread.run(ask(lambda: threading.current_thread().name)).startswith("mailtrap-work")
    assert isinstance(thread.run(ask(lambda: 1 / 0)), ZeroDivisionError)
    thread.run(hub.drain(0))
    thread.stop()


def test_draining_asks_first_and_cuts_then(thread: LoopThread) -> None:
    hub = hub_of(thread)
    willing, stubborn = Guest(), Guest()
    willing.shutdown = lambda: hub.finished(willing)  # type: ignore[method-assign]
    stubborn.cut = lambda: (stubborn.told.append("cut"), hub.finished(stubborn))  # type: ignore[method-assign, assignment]

    async def join() -> None:
        hub.connected(willing)
        hub.connected(stubborn)

    thread.run(join())
    thread.run(hub.drain(0.05))
    assert stubborn.told == ["shutdown", "cut"]
    thread.stop()
