"""The rules of a sale that an operator may change: how long, how many."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """Durations and limits that the domain's operations are given; the defaults are the contract's."""

    hold: timedelta = timedelta(minutes=5)
    released_seat: timedelta = timedelta(seconds=30)
    active_token: timedelta = timedelta(minutes=10)
    unused_admission: timedelta = timedelta(seconds=60)
    waiting_token: timedelta = timedelta(hours=24)
    retention: timedelta = timedelta(hours=24)
    poll_at_least: timedelta = timedelta(seconds=2)
    poll_at_most: timedelta = timedelta(seconds=30)
    seats_per_user: int = 4
    joins_per_hour: int = 10
    queue_capacity: int = 100
    timezone: str = "Asia/Seoul"
