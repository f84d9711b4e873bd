"""The line as it stands at one moment: positions and estimates without counting the line."""

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, inf
from typing import Any, NamedTuple

from models.database import rows
from models.errors import ConcertNotFoundError
from models.pacing import SLOWEST_TURN, SOON_SECONDS, Pace
from models.queue import ADMITTING
from models.queue_gap import BUCKET
from models.sales import is_over

# For so many at the head of the line the position is exact. Farther back those who left are taken off by buckets of
# places, all but those of the place's own bucket and of the one that the head is in: so a position can be too high by
# less than two buckets, and never grows.
HEAD = 1000


class Gaps(NamedTuple):
    """Where buckets of places end, in order, and how many have gone beyond the head up to there."""

    ends: tuple[int, ...]
    gone: tuple[int, ...]

    def gone_before(self, place: int) -> int:
        """Return how many have gone in the buckets that end before a place."""
        index = bisect_left(self.ends, place)
        return self.gone[index - 1] if index else 0


def gaps_beyond(head_end: int, counted: Iterable[Sequence[int]]) -> Gaps:
    """Sum up the buckets (number, how many have gone) beyond the head, in order.

    Of a bucket that the head has begun, all places that it has passed may have been gone: only what is certain is taken
    off, or a position would grow when the head goes on.
    """
    ends, gone, sum_ = [], [], 0
    for bucket, count in counted:
        certain = count - max(0, head_end - bucket * BUCKET)
        if certain > 0:
            sum_ += certain
            ends.append((bucket + 1) * BUCKET)
            gone.append(sum_)
    return Gaps(tuple(ends), tuple(gone))


NO_GAPS = Gaps((), ())


@dataclass(frozen=True, slots=True)
class Line:
    """A snapshot of one concert's line.

    `head` holds the places of the first up to `HEAD` who wait, in order; `issued` is the newest place. `gaps` tells of
    buckets beyond the head where each ends, in order, and how many have gone up to there. `pace` is what told intervals
    go by; None in a line that an older version made and nobody was admitted from since.
    """

    concert_id: int
    state: str
    capacity: int
    issued: int
    serving_number: int
    waiting: int
    active: int
    admit_per_second: float | None
    observed_rate: float
    head: tuple[int, ...]
    taken_at: datetime
    pace: Pace | None = None
    sold_out: bool = False
    sells_until: datetime | None = None
    gaps: Gaps = NO_GAPS

    @classmethod
    def load(cls, concert_id: int, now: datetime) -> "Line":
        """Read the line of a concert with one statement. Raises `ConcertNotFoundError`."""
        found = rows(_LOAD, concert_id=concert_id, now=now, head=HEAD)
        if not found:
            message = f"There is no concert {concert_id}."
            raise ConcertNotFoundError(message)
        state, capacity, issued, serving, waiting, active, limit, rate, entry, head, *stock, gaps = found[0]
        pace = Pace(*json.loads(entry)) if entry else None
        head_end = head[-1] if head else 0
        line = (concert_id, state, capacity, issued, serving, max(0, waiting), active, limit, rate, tuple(head), now)
        sold_out, sells_until = stock
        return cls(*line, pace, sold_out, sells_until, gaps_beyond(head_end, gaps))

    @property
    def sale_is_over(self) -> bool:
        """Tell whether nothing will be sold any more, unless seats come back."""
        return is_over(self, self.taken_at)

    @property
    def is_whole(self) -> bool:
        """Tell whether the head is the whole line."""
        return len(self.head) < HEAD

    @property
    def head_end(self) -> int:
        """The last place the head speaks for: farther back only the token itself knows."""
        return self.issued if self.is_whole else self.head[-1]

    def position(self, place: int) -> int:
        """Return the position (1 is next) of a waiting token with this place.

        From one snapshot to the next it never grows: whoever goes ahead of a place either leaves the
        head or moves its end back by at least one.
        """
        if place <= self.head_end:
            return bisect_left(self.head, place) + 1
        return len(self.head) + place - self.head_end - self.gaps.gone_before(place)

    def contains(self, place: int) -> bool:
        """Tell whether a place within the head still waits."""
        index = bisect_left(self.head, place)
        return index < len(self.head) and self.head[index] == place

    def estimated_wait_seconds(self, position: int) -> int | None:
        """Estimate how long a position waits, from the room, the rate limit and the rate lately seen.

        None while nobody is admitted.
        """
        if self.state not in ADMITTING:
            return None
        behind_room = max(0, position - max(0, self.capacity - self.active))
        by_limit = position / self.admit_per_second if self.admit_per_second else 0.0
        by_room = behind_room / max(self.observed_rate, self.capacity / SLOWEST_TURN) if behind_room else 0.0
        return max(1, ceil(min(LONGEST_WAIT, max(by_limit, by_room))))

    def pacing_wait_seconds(self, position: int) -> float:
        """Return the wait that the told interval of a position goes by."""
        return inf if self.pace is None else self.pace.wait_seconds(position)

    def comes_soon(self, place: int) -> bool:
        """Tell whether the turn of a waiting token with this place may come within seconds."""
        return self.pacing_wait_seconds(self.position(place)) <= SOON_SECONDS

    def view(self) -> dict[str, Any]:
        """Return the contract's body of `GET /v1/queues/{concert_id}`; the estimate is a newcomer's."""
        return {
            "concert_id": self.concert_id,
            "state": self.state,
            "waiting": self.waiting,
            "active": self.active,
            "capacity": self.capacity,
            "serving_number": self.serving_number,
            "estimated_wait_seconds": self.estimated_wait_seconds(self.waiting + 1),
            "sold_out": self.sold_out,
            "sale_over": self.sale_is_over,
        }


# A year says enough; a rate close to nothing would make the estimate endless.
LONGEST_WAIT = 31_536_000.0

_LOAD = """
    SELECT q.state, q.capacity, q.last_place, q.serving_number, q.last_place - q.admitted_total - q.gone_total,
           (SELECT count(*) FROM queue_token t
             WHERE t.concert_id = q.concert_id AND t.status = 'active' AND t.expires_at > $now),
           q.admit_per_second, q.admission_rate, q.pace -> -1,
           ARRAY(SELECT t.place FROM queue_token t
                  WHERE t.concert_id = q.concert_id AND t.place > greatest(q.serving_number, q.ended_through)
                    AND t.status = 'waiting' AND t.expires_at > $now
                  ORDER BY t.place LIMIT $head),
           q.sold_out, q.sells_until,
           ARRAY(SELECT ARRAY[bucket, gone] FROM queue_gap g
                  WHERE g.concert_id = q.concert_id AND bucket >= q.serving_number / 1024 ORDER BY bucket)
      FROM queue q WHERE q.concert_id = $concert_id AND q.deleted_at IS NULL
"""
