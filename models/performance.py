"""A performance: one date of a concert, and when its seats can be reserved."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pony.orm import Optional, PrimaryKey, Required, flush

from models.clock import to_rfc3339
from models.database import Entity, rows
from models.errors import PerformanceClosedError
from models.seat import Seat


class Performance(Entity):
    """One date; its seats are made with it and never change but in status."""

    _table_ = "performance"
    id = PrimaryKey(int, size=64, auto=True)
    concert_id = Required(int, size=64)
    starts_at = Required(datetime, sql_type="timestamptz")
    reservable_from = Required(datetime, sql_type="timestamptz")
    reservable_until = Required(datetime, sql_type="timestamptz")
    seats_total = Required(int)
    # Of its seats; none for a date that an older version made without any.
    price_from = Optional(int, size=64)
    price_to = Optional(int, size=64)

    @classmethod
    def create(  # They are the fields of one form.
        cls,
        *,
        concert_id: int,
        starts_at: datetime,
        reservable_from: datetime,
        reservable_until: datetime,
        sections: Sequence[Mapping[str, Any]],
    ) -> "Performance":
        """Create a date with all its seats; sections as in `Seat.create_sections`."""
        performance = cls(
            concert_id=concert_id,
            starts_at=starts_at,
            reservable_from=reservable_from,
            reservable_until=reservable_until,
            seats_total=sum(section["rows"] * section["seats_per_row"] for section in sections),
            price_from=min(section["price"] for section in sections),
            price_to=max(section["price"] for section in sections),
        )
        flush()
        Seat.create_sections(performance.id, sections)
        return performance

    def check_reservable(self, now: datetime) -> None:
        """Refuse with `PerformanceClosedError` outside the window in which seats can be reserved."""
        if not self.reservable_from <= now < self.reservable_until:
            message = f"Performance {self.id} cannot be reserved now."
            raise PerformanceClosedError(
                message,
                reservable_from=to_rfc3339(self.reservable_from),
                reservable_until=to_rfc3339(self.reservable_until),
            )

    @staticmethod
    def concert_of(performance_id: int) -> int | None:
        """Return the concert of a performance, or None when there is no such performance."""
        found = rows("SELECT concert_id FROM performance WHERE id = $performance_id", performance_id=performance_id)
        return found[0][0] if found else None

    @staticmethod
    def of_concerts(concert_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Return the dates of each concert, first date first, as the programme shows them."""
        dates: dict[int, list[dict[str, Any]]] = {concert_id: [] for concert_id in concert_ids}
        if not dates:
            return dates
        sql = """
            SELECT concert_id, id, starts_at, reservable_from, reservable_until, seats_total, price_from, price_to
              FROM performance WHERE concert_id = ANY($ids) ORDER BY starts_at, id
        """
        for concert_id, performance_id, starts_at, from_, until, seats, lowest, highest in rows(sql, ids=[*dates]):
            dates[concert_id].append(
                {
                    "performance_id": performance_id,
                    "starts_at": to_rfc3339(starts_at),
                    "reservable_from": to_rfc3339(from_),
                    "reservable_until": to_rfc3339(until),
                    "seats_total": seats,
                    "price_from": lowest,
                    "price_to": highest,
                }
            )
        return dates

    @staticmethod
    def dates(concert_id: int, *, now: datetime) -> list[dict[str, Any]]:
        """Return the dates that can still be reserved, by id: inside their window and not wholly sold.

        A seat whose hold has run out counts as available at once.
        """
        sql = """
            SELECT p.id, p.starts_at, p.seats_total, s.available
              FROM performance p
              CROSS JOIN LATERAL (
                    SELECT count(*) FILTER (WHERE status = 'available' OR held_until <= $now) AS available,
                           count(*) FILTER (WHERE status = 'sold') AS sold
                      FROM seat WHERE performance_id = p.id) s
             WHERE p.concert_id = $concert_id
               AND p.reservable_from <= $now AND $now < p.reservable_until AND s.sold < p.seats_total
             ORDER BY p.id
        """
        return [
            {
                "performance_id": performance_id,
                "starts_at": to_rfc3339(starts_at),
                "seats_total": total,
                "seats_available": available,
            }
            for performance_id, starts_at, total, available in rows(sql, concert_id=concert_id, now=now)
        ]
