"""All concerts at a glance, as an operator begins the day: whose line does what, and what was sold."""

from typing import Any

from models.clock import to_rfc3339
from models.database import rows


def page(*, limit: int, before_id: int | None = None) -> list[dict[str, Any]]:
    """Return up to `limit` concerts with line, seats and money (points), newest first, those before an id.

    Nothing is counted but who is inside and what was paid; a refunded payment is none.
    """
    found = [dict(zip(_NAMES, row, strict=True)) for row in rows(_PAGE, limit=limit, before_id=before_id)]
    return [{**one, "first_starts_at": to_rfc3339(one["first_starts_at"])} for one in found]


_NAMES = (
    "id",
    "title",
    "venue",
    "timezone",
    "state",
    "capacity",
    "waiting",
    "active",
    "performances",
    "first_starts_at",
    "seats_total",
    "seats_sold",
    "revenue",
    "sold_out",
)

_PAGE = """
    SELECT c.id, c.title, c.venue, c.timezone, q.state, q.capacity,
           greatest(0, q.last_place - q.admitted_total - q.gone_total), a.active,
           d.dates, d.first_starts_at, d.seats, s.sold, s.revenue, q.sold_out
      FROM concert c
      JOIN queue q ON q.concert_id = c.id AND q.deleted_at IS NULL
      CROSS JOIN LATERAL (
            SELECT count(*) FROM queue_token t WHERE t.concert_id = c.id AND t.status = 'active') a (active)
      CROSS JOIN LATERAL (
            SELECT count(*), min(starts_at), coalesce(sum(seats_total), 0)::bigint
              FROM performance p WHERE p.concert_id = c.id) d (dates, first_starts_at, seats)
      CROSS JOIN LATERAL (
            SELECT coalesce(sum(r.seat_count), 0)::bigint, coalesce(sum(p.amount), 0)::bigint
              FROM payment p JOIN reservation r ON r.id = p.reservation_id
             WHERE p.concert_id = c.id AND p.status = 'paid') s (sold, revenue)
     WHERE c.id < coalesce($before_id::bigint, 9223372036854775807)
     ORDER BY c.id DESC LIMIT $limit
"""
