"""A connection that has something to say when its client has not asked: what happens elsewhere wakes its session."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from mailtrap.net.pump import Pump

Wake = Callable[[], None]


class Sleeper(NamedTuple):
    """Somebody to be woken: `wake` is called on its own loop, which `post` is the way to; see `rouse`."""

    post: Callable[[Callable[[Any], None], Any], None]
    wake: Wake


def rouse(sleepers: Iterable[Sleeper]) -> None:
    """Wake all of these, on their loops and soon. From any thread; those of one loop are woken with one call.

    One after another they would have their loop begin with the first while the others are still being called, and the
    two threads take the interpreter from each other.
    """
    by_loop: dict[Any, list[Wake]] = {}
    for sleeper in sleepers:
        by_loop.setdefault(sleeper.post, []).append(sleeper.wake)
    for post, wakes in by_loop.items():
        post(_wake, wakes)


def _wake(wakes: Iterable[Wake]) -> None:
    for wake in wakes:
        wake()


class Wakeable(Pump):
    """A pump whose session may be woken."""

    @property
    def sleeper(self) -> Sleeper:
        """Has the session look up; also once it is gone."""
        return Sleeper(self.hub.post, self._woken)

    def _woken(self) -> None:
        machine = self._machine
        if machine is not None:
            self._perform(self._call(machine.woken))
