"""The programme as this process last read it: everybody looks at it before a sale, and it hardly ever changes.

A concert once shown is shown so for ever, so it is read once and kept as JSON; which concerts there are is read once a
tick, and whenever an operator is said to have changed it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import count
from threading import Lock
from typing import NamedTuple

from pydantic_core import to_json

from api.cache import Cache
from api.caching import Representation
from api.freshness import Freshness
from api.pagination import PageQuery
from models import clock
from models.concert import Concert
from models.database import read_session
from models.errors import PerformanceNotFoundError
from models.performance import Performance
from models.turns import in_turn
from workers import changes
from workers.broker import Broker

LIST = "concerts"
# What Python needs for an id and for naming it in a list.
_ID = 40


class _Moment(NamedTuple):
    """Which concerts there are; the version is another one when there were others."""

    version: int
    ids: list[int]


class Programme:
    """The concerts, and which of them a performance belongs to."""

    def __init__(self, broker: Broker, freshness: Freshness, cache: Cache) -> None:
        """Take how long the list of concerts may be believed, and where to keep what was read."""
        self._broker, self._freshness, self._cache = broker, freshness, cache
        self._versions = count(1)
        self._reading = Lock()

    def page(self, query: PageQuery) -> Representation:
        """Return a page of the concerts. Raises a 422 problem for a foreign cursor."""
        moment = self._now()
        return self._cache.page((LIST, query), moment.version, lambda: self._write(moment.ids, query))

    def concert(self, concert_id: int) -> Representation:
        """Return one concert. Raises `ConcertNotFoundError`."""
        moment = self._now()
        if bisect_left(moment.ids, concert_id) == bisect_right(moment.ids, concert_id):
            raise Concert.unknown(concert_id)
        return self._cache.page(("concert alone", concert_id), None, lambda: self._bodies([concert_id])[0])

    def changed(self) -> None:
        """Tell every process that an operator added or deleted a concert; this one knows at once."""
        self._freshness.turn()
        changes.note(self._broker, changes.PROGRAMME)

    def concert_of(self, performance_id: int) -> int:
        """Return the concert of a performance, which never changes. Raises `PerformanceNotFoundError`."""
        key = ("concert of a performance", performance_id)
        concert_id: int | None = self._cache.get(key)
        if concert_id is None:
            with read_session():
                concert_id = Performance.concert_of(performance_id)
            if concert_id is None:
                message = f"There is no performance {performance_id}."
                raise PerformanceNotFoundError(message)
            self._cache.put(key, concert_id, _ID)
        return concert_id

    def _now(self) -> _Moment:
        mark = self._freshness.mark(clock.utcnow())
        moment: _Moment | None = self._cache.get(LIST, mark)
        if moment is None:
            with in_turn(self._reading):
                mark = self._freshness.mark(clock.utcnow())
                moment = self._cache.get(LIST, mark)
                if moment is None:
                    with read_session():
                        ids = Concert.ids()
                    before: _Moment | None = self._cache.last(LIST)
                    moment = before if before is not None and before.ids == ids else _Moment(next(self._versions), ids)
                    self._cache.put(LIST, moment, len(ids) * _ID, mark)
        return moment

    def _write(self, ids: list[int], query: PageQuery) -> bytes:
        shown, next_cursor = query.cut(LIST, ids)
        return query.body(self._bodies(ids[shown]), next_cursor)

    def _bodies(self, ids: Sequence[int]) -> list[bytes]:
        """Return concerts as JSON; those not yet known are read together."""
        kept = {id_: self._cache.get(("concert", id_)) for id_ in ids}
        known: dict[int, bytes] = {id_: body for id_, body in kept.items() if body is not None}
        unknown = [id_ for id_ in ids if id_ not in known]
        if unknown:
            with read_session():
                found = Concert.shown(unknown)
            for id_ in unknown:
                known[id_] = to_json(found[id_])
                self._cache.put(("concert", id_), known[id_], len(known[id_]))
        return [known[id_] for id_ in ids]
