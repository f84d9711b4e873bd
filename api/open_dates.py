"""The dates of concerts that can still be reserved, as this process last read them.

What is left is counted over all seats of a concert, which is dear, so it is read at most twice a tick.
"""

from threading import Lock
from typing import NamedTuple

from pydantic_core import to_json

from api.cache import Cache
from api.caching import Representation
from api.freshness import Freshness
from api.pagination import PageQuery
from models import clock
from models.database import read_session
from models.performance import Performance
from models.turns import in_turn

LIST = "dates"
# Readings of different concerts rarely wait for each other.
LOCKS = 16
# What Python needs for an id and a body besides its bytes.
_ITEM = 100


class _Dates(NamedTuple):
    """The dates of one concert by id, and each as JSON."""

    ids: list[int]
    bodies: list[bytes]


class OpenDates:
    """The dates that somebody looks at; in a rush, what is left of them is told up to a tick late."""

    def __init__(self, freshness: Freshness, cache: Cache) -> None:
        """Take how long counts of seats may be believed, and where to keep what was read of them."""
        self._freshness, self._cache = freshness, cache
        self._locks = [Lock() for _ in range(LOCKS)]

    def page(self, concert_id: int, query: PageQuery) -> Representation:
        """Return a page of a concert's open dates. Raises a 422 problem for a foreign cursor."""
        mark, dates = self._of(concert_id)
        return self._cache.page((LIST, concert_id, query), mark, lambda: _write(dates, query))

    def _of(self, concert_id: int) -> tuple[int, _Dates]:
        key = (LIST, concert_id)
        mark = self._freshness.mark(clock.utcnow())
        dates: _Dates | None = self._cache.get(key, mark)
        if dates is None:
            with in_turn(self._locks[concert_id % LOCKS]):
                # Whoever was before may have read them under a mark of their own.
                mark = self._freshness.mark(clock.utcnow())
                dates = self._cache.get(key, mark)
                if dates is None:
                    with read_session():
                        found = Performance.dates(concert_id, now=clock.utcnow())
                    dates = _Dates([date["performance_id"] for date in found], [to_json(date) for date in found])
                    self._cache.put(key, dates, sum(len(body) + _ITEM for body in dates.bodies), mark)
        return mark, dates


def _write(dates: _Dates, query: PageQuery) -> bytes:
    shown, next_cursor = query.cut(LIST, dates.ids)
    return query.body(dates.bodies[shown], next_cursor)
