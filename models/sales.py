"""What a line still sells, kept in its row: a join and a poll read that row anyway, and count no seats.

No payment and no hold touches it, so they wait for nobody because of it; a sweep looks, and writes only what changed.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from models.database import rows

if TYPE_CHECKING:
    from models.line import Line
    from models.queue import Queue


def is_over(line: "Queue | Line", now: datetime) -> bool:
    """Tell whether nothing will be sold any more, unless seats come back; without dates a sale has not begun."""
    return line.sold_out or (line.sells_until is not None and line.sells_until <= now)


def changed(now: datetime, *, sold_out: bool) -> list[int]:
    """Return the concerts that sell something else than their lines say, of those said to be `sold_out` or of the rest.

    Of a concert that is sold out each look reads all seats, of others mostly one seat a date.
    """
    return [concert_id for concert_id, _, _ in rows(_CHANGED, now=now, sold_out=sold_out)]


def note(queue: "Queue", now: datetime) -> int:
    """Write down what a line, locked by the caller, still sells; return 1 when that is news, else 0."""
    found = rows(_CHANGE_OF, now=now, concert_id=queue.concert_id)
    for _, sold_out, sells_until in found:
        queue.sold_out, queue.sells_until = sold_out, sells_until
    return len(found)


# Dates whose time is over sell nothing, whatever is left of them; where all are, the line's row says so itself. A held
# seat is not sold: it may come free. The LIMIT makes PostgreSQL stop at the first seat instead of reading them all.
_STOCK = """
    SELECT q.concert_id, s.sells_until IS NULL, coalesce(s.sells_until, q.sells_until)
      FROM queue q
      CROSS JOIN LATERAL (
            SELECT count(*), max(p.reservable_until) FILTER (WHERE u.id IS NOT NULL)
              FROM performance p
              LEFT JOIN LATERAL (
                    SELECT id FROM seat WHERE performance_id = p.id AND status <> 'sold' ORDER BY id LIMIT 1) u ON true
             WHERE p.concert_id = q.concert_id AND p.reservable_until > $now) s (dates, sells_until)
     WHERE {which} AND q.deleted_at IS NULL AND s.dates > 0
       AND (q.sold_out, q.sells_until) IS DISTINCT FROM (s.sells_until IS NULL, coalesce(s.sells_until, q.sells_until))
"""
# Where nobody was ever admitted nothing was sold.
_CHANGED = _STOCK.format(which="q.sold_out = $sold_out AND (q.admitted_total > 0 OR q.sells_until IS NULL)")
_CHANGE_OF = _STOCK.format(which="q.concert_id = $concert_id")
