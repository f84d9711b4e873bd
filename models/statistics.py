"""A concert's figures as an operator wants them: counted when asked for, never kept."""

from datetime import datetime
from typing import Any

from models import last_minute
from models.database import rows
from models.errors import ConcertNotFoundError


def of_concert(concert_id: int, now: datetime) -> dict[str, Any]:
    """Count the line, the seats, the money and the last minute of a concert. Raises `ConcertNotFoundError`.

    `last_60_seconds` holds a count for each second, the oldest first. A hold whose time is over
    counts as an available seat, a token whose time is over as expired.
    """
    tokens = rows(_TOKENS, concert_id=concert_id, now=now)
    if not tokens:
        message = f"There is no concert {concert_id}."
        raise ConcertNotFoundError(message)
    names = ("state", "capacity", "waiting", "admitted", "active", "completed", "left", "expired")
    [seats] = rows(_SEATS, concert_id=concert_id, now=now)
    [(revenue,)] = rows(_REVENUE, concert_id=concert_id)
    series = last_minute.of_concert(concert_id, now)
    return {
        "concert_id": concert_id,
        **dict(zip(names, tokens[0], strict=True)),
        **dict(zip(("seats_available", "seats_held", "seats_sold"), seats, strict=True)),
        "revenue": int(revenue),
        **{f"{name}_per_second": round(sum(counts) / last_minute.SECONDS, 3) for name, counts in series.items()},
        "last_60_seconds": series,
    }


# As for the metrics, nobody counts a line of a million: whoever neither waits nor is inside, bought nor left, ran out.
_TOKENS = """
    SELECT state, capacity, waiting, admitted_total, active, completed, gone,
           last_place - waiting - active - completed - gone
      FROM queue q
      CROSS JOIN LATERAL (SELECT last_place - admitted_total - gone_total) w (waiting)
      CROSS JOIN LATERAL (
            SELECT count(*) FROM queue_token t
             WHERE t.concert_id = q.concert_id AND t.status = 'active' AND t.expires_at > $now) a (active)
      CROSS JOIN LATERAL (SELECT count(*) FROM payment p WHERE p.concert_id = q.concert_id) c (completed)
      CROSS JOIN LATERAL (
            SELECT q.left_purged + count(*) FROM queue_token t
             WHERE t.concert_id = q.concert_id AND t.status = 'left') l (gone)
     WHERE q.concert_id = $concert_id AND q.deleted_at IS NULL
"""

_SEATS = """
    SELECT count(*) FILTER (WHERE s.status = 'available' OR s.held_until <= $now),
           count(*) FILTER (WHERE s.held_until > $now), count(*) FILTER (WHERE s.status = 'sold')
      FROM performance p JOIN seat s ON s.performance_id = p.id WHERE p.concert_id = $concert_id
"""

_REVENUE = "SELECT coalesce(sum(amount), 0) FROM payment WHERE concert_id = $concert_id AND status = 'paid'"
