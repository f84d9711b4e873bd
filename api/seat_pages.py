"""Pages of seats as this process last read them: thousands of fans look at the same seats in the same second.

What a seat is never changes, so it is read once and kept as JSON; which seats are held or sold is
read with one statement a tick, and whenever it is said to have changed; a page is written again
only when one of its seats changed.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import count
from sys import getsizeof
from threading import Lock
from typing import NamedTuple

from pydantic_core import to_json

from api.cache import Cache
from api.caching import Representation
from api.freshness import Freshness
from api.schemas.performances import SeatQuery
from models import clock
from models.database import read_session
from models.seat import Seat
from models.turns import in_turn

LIST = "seats"
# Readings of different performances rarely wait for each other.
LOCKS = 16
# What Python needs for a number, for an empty `bytes`, and for naming each in a list.
_NUMBER, _BYTES = 40, 41


class Places(NamedTuple):
    """The seats of one performance by id, each as JSON up to its status."""

    ids: list[int]
    beginnings: list[bytes]

    @property
    def size(self) -> int:
        """How many bytes they take."""
        return sum(map(len, self.beginnings)) + len(self.ids) * (_NUMBER + _BYTES)


class Moment(NamedTuple):
    """Which seats were not free when somebody looked; the version is another one when others were not."""

    version: int
    held: frozenset[int]
    sold: frozenset[int]

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return getsizeof(self.held) + getsizeof(self.sold) + (len(self.held) + len(self.sold)) * _NUMBER

    def status(self, seat_id: int) -> str:
        """Return what a seat is to the next fan."""
        return "sold" if seat_id in self.sold else "held" if seat_id in self.held else "available"


class SeatPages:
    """The seats that somebody looks at; one that was sold is shown as available for a tick at most."""

    def __init__(self, freshness: Freshness, cache: Cache) -> None:
        """Take how long seats may be believed, and where to keep them."""
        self._freshness, self._cache = freshness, cache
        self._versions = count(1)
        self._locks = [Lock() for _ in range(LOCKS)]

    def page(self, performance_id: int, query: SeatQuery) -> Representation:
        """Return a page of a performance's seats. Raises a 422 problem for a foreign cursor."""
        moment = self._now(performance_id)
        return self._cache.page(
            (LIST, performance_id, query),
            moment.version,
            lambda: _write(self._places_of(performance_id), moment, query),
        )

    def _now(self, performance_id: int) -> Moment:
        key, mark = ("taken seats", performance_id), self._freshness.mark(clock.utcnow())
        moment: Moment | None = self._cache.get(key, mark)
        if moment is None:
            with in_turn(self._locks[performance_id % LOCKS]):
                # Whoever was before may have read them under a mark of their own.
                now = clock.utcnow()
                mark = self._freshness.mark(now)
                moment = self._cache.get(key, mark)
                if moment is None:
                    with read_session():
                        taken = Seat.taken(performance_id, now)
                    before: Moment | None = self._cache.last(key)
                    same = before is not None and taken == (before.held, before.sold)
                    moment = before if before is not None and same else Moment(next(self._versions), *taken)
                    self._cache.put(key, moment, moment.size, mark)
        return moment

    def _places_of(self, performance_id: int) -> Places:
        key = ("places of seats", performance_id)
        places: Places | None = self._cache.get(key)
        if places is None:
            places = _read_places(performance_id)
            self._cache.put(key, places, places.size)
        return places


def _read_places(performance_id: int) -> Places:
    with read_session():
        places = Seat.places(performance_id)
    # The closing brace goes, the status comes.
    return Places([place["id"] for place in places], [to_json(place)[:-1] + b',"status":"' for place in places])


def _write(places: Places, moment: Moment, query: SeatQuery) -> bytes:
    """Write a page of the seats after the query's cursor that have its status."""
    found, last_id = list[bytes](), 0
    for seat_id, beginning, status in _after(places, moment, query.after(LIST) or 0):
        if query.status not in (None, status):
            continue
        if len(found) == query.limit:
            return query.body(found, query.cursor_at(LIST, last_id))
        found.append(beginning + status.encode() + b'"}')
        last_id = seat_id
    return query.body(found, None)


def _after(places: Places, moment: Moment, after_id: int) -> Iterator[tuple[int, bytes, str]]:
    for index in range(bisect_right(places.ids, after_id), len(places.ids)):
        seat_id = places.ids[index]
        yield seat_id, places.beginnings[index], moment.status(seat_id)
