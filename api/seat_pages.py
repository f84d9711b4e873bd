"""Pages of seats as this process last read them: thousands of fans look at the same seats in the same second."""

from threading import Lock
from typing import Any, NamedTuple

from pydantic_core import to_json

from api.caching import Representation
from api.lines import tick_of
from api.schemas.performances import SeatQuery
from models import clock
from models.database import read_session
from models.seat import Seat

LIST = "seats"
# More are thrown away all at once: pages that somebody still wants are read again within the next tick anyway.
MOST_PAGES = 256

Key = tuple[int, int, int, str | None]


class SeatPage(NamedTuple):
    """A page as it was read in a tick; as long as its seats stay the same, it is written only once."""

    tick: int
    seats: list[dict[str, Any]]
    representation: Representation


class SeatPages:
    """The pages that were asked for in this tick; no seat that was sold is shown as available for longer."""

    def __init__(self) -> None:
        """Start with none."""
        self._pages: dict[Key, SeatPage] = {}
        self._reading = Lock()

    def page(self, performance_id: int, query: SeatQuery) -> Representation:
        """Return a page of a performance's seats. Raises a 422 problem for a foreign cursor."""
        key = (performance_id, query.limit, query.after(LIST) or 0, query.status)
        tick = tick_of(clock.utcnow())
        found = self._pages.get(key)
        if found is not None and found.tick == tick:
            return found.representation
        with self._reading:
            found = self._pages.get(key)
            if found is None or found.tick < tick:
                if len(self._pages) >= MOST_PAGES:
                    self._pages.clear()
                found = self._pages[key] = _read(key, query, found)
        return found.representation


def _read(key: Key, query: SeatQuery, before: SeatPage | None) -> SeatPage:
    performance_id, limit, after_id, status = key
    now = clock.utcnow()
    with read_session():
        seats = Seat.page(performance_id, now=now, limit=limit + 1, after_id=after_id, status=status)
    if before is not None and before.seats == seats:
        return SeatPage(tick_of(now), seats, before.representation)
    return SeatPage(tick_of(now), seats, Representation(to_json(query.page(LIST, seats))))
