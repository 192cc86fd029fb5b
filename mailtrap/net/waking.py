"""A connection that has something to say when its client has not asked: what happens elsewhere wakes its session."""

from __future__ import annotations

from typing import Any

from mailtrap.net.pump import Pump


class Wakeable(Pump):
    """A pump whose session may be woken."""

    def poke(self) -> None:
        """Have the session look up, on the loop and soon. From any thread; many at once wake the loop once."""
        self.hub.post(self._woken, None)

    def _woken(self, _: Any) -> None:
        if self._machine is not None:
            self._perform(self._call(self._machine.woken))
