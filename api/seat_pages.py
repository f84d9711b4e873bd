"""Pages of seats as this process last read them: thousands of fans look at the same seats in the same second.

What a seat is never changes, so it is read once and kept as JSON; which seats are held or sold is
read with one statement a tick, and whenever it is said to have changed; a page is written again
only when one of its seats changed.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from pydantic_core import to_json

from api.caching import Representation
from api.freshness import Freshness
from api.schemas.performances import SeatQuery
from models import clock
from models.database import read_session
from models.seat import Seat
from models.turns import in_turn

LIST = "seats"
# Beyond these, everything is forgotten at once and read again by whoever still looks at it.
MOST_SEATS = 200_000
MOST_PAGES = 256


class Places(NamedTuple):
    """The seats of one performance by id, each as JSON up to its status."""

    ids: list[int]
    beginnings: list[bytes]


class Moment(NamedTuple):
    """Which seats were not free in a tick, and the pages written of it so far."""

    mark: tuple[int, int]
    held: frozenset[int]
    sold: frozenset[int]
    pages: dict[SeatQuery, Representation]
    before: dict[SeatQuery, Representation]

    def status(self, seat_id: int) -> str:
        """Return what a seat is to the next fan."""
        return "sold" if seat_id in self.sold else "held" if seat_id in self.held else "available"


class SeatPages:
    """The seats that somebody looks at; one that was sold is shown as available for a tick at most."""

    def __init__(self, freshness: Freshness) -> None:
        """Start with none."""
        self._freshness = freshness
        self._places: dict[int, Places] = {}
        self._moments: dict[int, Moment] = {}
        self._reading = Lock()

    def page(self, performance_id: int, query: SeatQuery) -> Representation:
        """Return a page of a performance's seats. Raises a 422 problem for a foreign cursor."""
        moment = self._now(performance_id)
        page = moment.pages.get(query)
        if page is None:
            body = _write(self._places_of(performance_id), moment, query)
            page = moment.before.get(query)
            if page is None or page.body != body:
                page = Representation(body)
            if len(moment.pages) >= MOST_PAGES:
                moment.pages.clear()
            moment.pages[query] = page
        return page

    def _now(self, performance_id: int) -> Moment:
        moment, mark = self._moments.get(performance_id), self._freshness.mark(clock.utcnow())
        if moment is None or moment.mark != mark:
            with in_turn(self._reading):
                moment, now = self._moments.get(performance_id), clock.utcnow()
                # A later mark is as bad as an earlier one: the clock was put back since.
                if moment is None or moment.mark != mark:
                    moment = self._moments[performance_id] = _read(performance_id, moment, mark, now)
        return moment

    def _places_of(self, performance_id: int) -> Places:
        places = self._places.get(performance_id)
        if places is None:
            places = _read_places(performance_id)
            if sum(len(known.ids) for known in self._places.values()) + len(places.ids) > MOST_SEATS:
                self._places, self._moments = {}, {}
            self._places[performance_id] = places
        return places


def _read_places(performance_id: int) -> Places:
    with read_session():
        places = Seat.places(performance_id)
    # The closing brace goes, the status comes.
    return Places([place["id"] for place in places], [to_json(place)[:-1] + b',"status":"' for place in places])


def _read(performance_id: int, before: Moment | None, mark: tuple[int, int], now: datetime) -> Moment:
    with read_session():
        held, sold = Seat.taken(performance_id, now)
    if before is not None and (before.held, before.sold) == (held, sold):
        return before._replace(mark=mark)
    return Moment(mark, held, sold, pages={}, before=before.pages if before else {})


def _write(places: Places, moment: Moment, query: SeatQuery) -> bytes:
    """Write a page of the seats after the query's cursor that have its status."""
    found, last_id = list[bytes](), 0
    for seat_id, beginning, status in _after(places, moment, query.after(LIST) or 0):
        if query.status not in (None, status):
            continue
        if len(found) == query.limit:
            return _body(found, query.cursor_at(LIST, last_id))
        found.append(beginning + status.encode() + b'"}')
        last_id = seat_id
    return _body(found, None)


def _after(places: Places, moment: Moment, after_id: int) -> Iterator[tuple[int, bytes, str]]:
    for index in range(bisect_right(places.ids, after_id), len(places.ids)):
        seat_id = places.ids[index]
        yield seat_id, places.beginnings[index], moment.status(seat_id)


def _body(seats: list[bytes], next_cursor: str | None) -> bytes:
    return b'{"items":[' + b",".join(seats) + b'],"next_cursor":' + to_json(next_cursor) + b"}"
