"""Seconds since a time that the service told: only as good as its clock and ours agree, so that is checked.

In every run of ours the service is on the same machine, whose clock both read. That it is so shows in
the Date of the answers: whole seconds, never later than the moment in which it is read. A slow answer
is read later, so the smallest difference over all answers is the nearest to the difference of the
clocks; from 0 to 1 s where there is only one clock.
"""

import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

AGREE_WITHIN = 2.0


class ServiceClock:
    """What is known of the service's clock; `wall` is ours, in seconds since 1970."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self.wall = wall
        self.behind: float | None = None

    def note(self, date: str | None) -> None:
        """Compare the Date of an answer that came just now."""
        if date is None:
            return
        try:
            told = parsedate_to_datetime(date).timestamp()
        except ValueError:
            return
        behind = self.wall() - told
        self.behind = behind if self.behind is None else min(self.behind, behind)

    @property
    def believed(self) -> bool:
        """Whether both clocks agree so well that times of the service can be compared with ours."""
        return self.behind is not None and abs(self.behind) < AGREE_WITHIN

    def since(self, moment: str) -> float:
        """Return the seconds from a time the service told (RFC 3339) until now, never less than none."""
        return max(0.0, self.wall() - datetime.fromisoformat(moment).timestamp())
