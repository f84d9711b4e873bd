"""A seat of one performance: available, held until a moment, or sold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pony.orm import Optional, PrimaryKey, Required

from models.database import Entity, change, rows
from models.errors import SeatNotFoundError
from models.lifecycle import move
from models.locking import lock

_MADE_TOGETHER = 20_000
_MAKE = """
    INSERT INTO seat (performance_id, section, "row", number, price)
    SELECT $performance_id, $name, r, n, $price
      FROM generate_series($first::int, $last) r, generate_series(1, $seats_per_row) n ORDER BY r, n
"""


class SeatStatus(StrEnum):
    """What a seat is to the next fan."""

    AVAILABLE = "available"
    HELD = "held"
    SOLD = "sold"


SEAT_MOVES = {
    SeatStatus.AVAILABLE: {SeatStatus.HELD},
    SeatStatus.HELD: {SeatStatus.SOLD, SeatStatus.AVAILABLE},
    SeatStatus.SOLD: {SeatStatus.AVAILABLE},
}


class Seat(Entity):
    """One numbered seat with its price in points."""

    _table_ = "seat"
    id = PrimaryKey(int, size=64, auto=True)
    performance_id = Required(int, size=64)
    section = Required(str)
    row = Required(int)
    number = Required(int)
    price = Required(int, size=64)
    status = Required(str)
    reservation_id = Optional(int, size=64)
    held_until = Optional(datetime, sql_type="timestamptz")

    @staticmethod
    def create_sections(performance_id: int, sections: Sequence[Mapping[str, Any]]) -> None:
        """Create every seat of each section (`name`, `rows`, `seats_per_row`, `price` in points)."""
        for section in sections:
            # Some rows at a time: each answer of the server has its deadline.
            step = max(1, _MADE_TOGETHER // section["seats_per_row"])
            for first in range(1, section["rows"] + 1, step):
                last = min(first + step - 1, section["rows"])
                change(_MAKE, performance_id=performance_id, first=first, last=last, **section)

    @classmethod
    def locked(cls, performance_id: int, seat_ids: Sequence[int]) -> list["Seat"]:
        """Lock seats of one performance. Refuses with `SeatNotFoundError` when one is not among them."""
        seats = lock(cls, seat_ids)
        unknown = [
            seat_id for seat_id in seat_ids if seat_id not in seats or seats[seat_id].performance_id != performance_id
        ]
        if unknown:
            message = f"No such seats in performance {performance_id}: {unknown}."
            raise SeatNotFoundError(message, seat_ids=unknown)
        return list(seats.values())

    def hold(self, reservation_id: int, until: datetime) -> None:
        """Take the seat for a reservation, for a while."""
        self._move(SeatStatus.HELD)
        self.reservation_id, self.held_until = reservation_id, until

    def sell(self) -> None:
        """Make a held seat the fan's."""
        self._move(SeatStatus.SOLD)
        self.held_until = None

    def free(self) -> None:
        """Give the seat back to everybody."""
        self._move(SeatStatus.AVAILABLE)
        self.reservation_id = self.held_until = None

    def _move(self, to: SeatStatus) -> None:
        move(self, to, SEAT_MOVES)

    @staticmethod
    def places(performance_id: int) -> list[dict[str, Any]]:
        """Return what never changes about the seats of a performance, by id."""
        sql = """
            SELECT id, section, "row", number, price FROM seat WHERE performance_id = $performance_id ORDER BY id
        """
        names = ("id", "section", "row", "number", "price")
        return [dict(zip(names, row, strict=True)) for row in rows(sql, performance_id=performance_id)]

    @staticmethod
    def taken(performance_id: int, now: datetime) -> tuple[frozenset[int], frozenset[int]]:
        """Return the ids of a performance's seats that are held and that are sold; all others can be had."""
        sql = """
            SELECT array_agg(id) FILTER (WHERE held_until > $now), array_agg(id) FILTER (WHERE status = 'sold')
              FROM seat WHERE performance_id = $performance_id AND status <> 'available'
        """
        [(held, sold)] = rows(sql, performance_id=performance_id, now=now)
        return frozenset(held or ()), frozenset(sold or ())
