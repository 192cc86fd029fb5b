"""When a deferred delivery is tried again, and when it is given up (RFC 5321 §4.5.4.1); pure arithmetic."""

from __future__ import annotations

from msgspec import Struct

from mailtrap.settings import Settings

#: Most tries: a schedule may be odd, but comes to an end.
MOST_TRIES = 2000


class RetrySchedule(Struct, frozen=True):
    """Microseconds: between tries (the last one is repeated), until a delivery expires, until its sender is told.

    `notice_after` of 0 tells nobody.
    """

    intervals: tuple[int, ...] = (300_000_000,)
    expire_after: int = 432_000_000_000
    notice_after: int = 14_400_000_000

    @classmethod
    def of(cls, settings: Settings) -> RetrySchedule:
        """As the settings say."""
        return cls(
            tuple([int(one * 1_000_000) for one in settings.retry_schedule]),
            int(settings.expire_after * 1_000_000),
            int(settings.delay_notice_after * 1_000_000),
        )

    def again(self, tries: int, at: int, accepted_at: int) -> int | None:
        """When to try again after the try number `tries` at `at`; None where it expires before."""
        due = at + self.intervals[min(tries, len(self.intervals)) - 1]
        return due if due < self.expires(accepted_at) and tries < MOST_TRIES else None

    def expires(self, accepted_at: int) -> int:
        """When to give up."""
        return accepted_at + self.expire_after
