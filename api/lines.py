"""The lines as this process last saw them, so that a poll of a fan far back asks no server."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Lock

from pydantic_core import to_json

from api.caching import Representation
from api.pressure import pressure
from models import clock
from models.database import check_clock, read_session
from models.line import Line
from models.queue_token import QueueToken
from models.turns import in_turn

# A snapshot serves one tick of the common clock. All processes change over at the same moments, so of
# two polls that are a tick apart the later one is never told by an older snapshot, whoever answers it:
# a position cannot grow.
TICK = timedelta(seconds=0.5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# A token that was left is written down a moment after the time it is left at; so far back is looked again.
OVERLAP = timedelta(seconds=10)


class Snapshot:
    """One line in one tick, with the answer of `GET /v1/queues/{concert_id}` made of it once.

    `left` holds the places behind those admitted whose fans gave them up.
    """

    def __init__(self, line: Line, tick: int, left: frozenset[int]) -> None:
        """Keep a line read in a tick."""
        self.line, self.tick, self.left = line, tick, left

    def serves(self, tick: int, place: int) -> bool:
        """Tell whether this is the line of this very tick, and knows a place as issued.

        A snapshot of a later tick was read before the clock was put back, and may be minutes old by now.
        """
        return self.tick == tick and place <= self.line.issued

    def knows_waiting(self, place: int) -> bool:
        """Tell whether a place waits for sure; when not, only the token's row says what became of it.

        Near the head every place that waits is known, farther back those that were given up; what ends by
        time, the token says itself. A place newer than the snapshot may be one of another database.
        """
        if place <= self.line.head_end:
            return self.line.contains(place)
        return place <= self.line.issued and place not in self.left

    @cached_property
    def representation(self) -> Representation:
        """The line as everybody sees it."""
        return Representation(to_json({**self.line.view(), "stretch": round(pressure.stretch, 1)}))


def tick_of(moment: datetime) -> int:
    """Return the number of the tick that a moment lies in."""
    return (moment - _EPOCH) // TICK


class Lines:
    """The newest snapshot of each line that somebody asked for."""

    def __init__(self) -> None:
        """Start with none; a line is read when it is first asked for."""
        self._snapshots: dict[int, Snapshot] = {}
        self._reading = Lock()

    def of(self, concert_id: int, place: int = 0) -> Snapshot:
        """Return the line of a concert, at most a tick old. Raises `ConcertNotFoundError`.

        For the fan of a `place` it is no older than his token: he was told a position when he joined,
        and an older line could tell him a higher one.
        """
        snapshot = self._snapshots.get(concert_id)
        if snapshot is None:
            # Not one by one: whoever asks for lines that do not exist must keep nobody else waiting.
            snapshot = self._snapshots[concert_id] = _read(concert_id, None)
        elif not snapshot.serves(tick_of(clock.utcnow()), place):
            with in_turn(self._reading):
                snapshot = self._snapshots[concert_id]
                # The tick is looked up again: while this thread waited, another one may have read the next.
                if not snapshot.serves(tick_of(clock.utcnow()), place):
                    snapshot = self._snapshots[concert_id] = _read(concert_id, snapshot)
        return snapshot

    def last(self, concert_id: int) -> Snapshot | None:
        """Return what was last seen of a line, however old; None when nothing was."""
        return self._snapshots.get(concert_id)


def _read(concert_id: int, before: Snapshot | None) -> Snapshot:
    check_clock()
    now = clock.utcnow()
    if before is not None and before.line.taken_at <= now:
        since, left = before.line.taken_at - OVERLAP, before.left
    else:
        since, left = _EPOCH, frozenset[int]()
    with read_session():
        line = Line.load(concert_id, now)
        newly = QueueToken.left_since(concert_id, since, beyond=line.serving_number)
    if not left.issuperset(newly):
        left = frozenset(place for place in left.union(newly) if place > line.serving_number)
    return Snapshot(line, tick_of(now), left)
