"""A concert's figures as an operator wants them: counted when asked for, never kept."""

from datetime import datetime, timedelta
from typing import Any

from models.database import rows
from models.errors import ConcertNotFoundError

SERIES = 60


def of_concert(concert_id: int, now: datetime) -> dict[str, Any]:
    """Count the line, the seats, the money and the last minute of a concert. Raises `ConcertNotFoundError`.

    `last_60_seconds` holds a count for each second, the oldest first. A hold whose time is over
    counts as an available seat, a token whose time is over as expired.
    """
    tokens = rows(_TOKENS, concert_id=concert_id, now=now)
    if not tokens:
        message = f"There is no concert {concert_id}."
        raise ConcertNotFoundError(message)
    names = ("state", "capacity", "waiting", "admitted", "active", "completed", "expired", "left")
    [seats] = rows(_SEATS, concert_id=concert_id, now=now)
    [(revenue,)] = rows(_REVENUE, concert_id=concert_id)
    series = {name: _series(sql, concert_id, now) for name, sql in _EVENTS.items()}
    return {
        "concert_id": concert_id,
        **dict(zip(names, tokens[0], strict=True)),
        **dict(zip(("seats_available", "seats_held", "seats_sold"), seats, strict=True)),
        "revenue": int(revenue),
        **{f"{name}_per_second": round(sum(counts) / SERIES, 3) for name, counts in series.items()},
        "last_60_seconds": series,
    }


def _series(sql: str, concert_id: int, now: datetime) -> list[int]:
    counts = [0] * SERIES
    for seconds_ago, count in rows(sql, concert_id=concert_id, now=now, since=now - timedelta(seconds=SERIES)):
        if 0 <= seconds_ago < SERIES:
            counts[SERIES - 1 - seconds_ago] = count
    return counts


_TOKENS = """
    SELECT q.state, q.capacity, q.last_place - q.admitted_total - q.gone_total, q.admitted_total,
           t.active, t.completed, t.expired, t.gone
      FROM queue q
      CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE status = 'active' AND expires_at > $now) AS active,
                   count(*) FILTER (WHERE status = 'completed') AS completed,
                   count(*) FILTER (WHERE status = 'expired' OR status = 'active' AND expires_at <= $now) AS expired,
                   count(*) FILTER (WHERE status = 'left') AS gone
              FROM queue_token WHERE concert_id = q.concert_id AND status <> 'waiting') t
     WHERE q.concert_id = $concert_id
"""

_SEATS = """
    SELECT count(*) FILTER (WHERE s.status = 'available' OR s.held_until <= $now),
           count(*) FILTER (WHERE s.held_until > $now), count(*) FILTER (WHERE s.status = 'sold')
      FROM performance p JOIN seat s ON s.performance_id = p.id WHERE p.concert_id = $concert_id
"""

_REVENUE = "SELECT coalesce(sum(amount), 0) FROM payment WHERE concert_id = $concert_id AND status = 'paid'"

_EVENTS = {
    "tokens": """
        SELECT floor(extract(epoch FROM $now - issued_at))::int, count(*) FROM queue_token
         WHERE concert_id = $concert_id AND issued_at > $since GROUP BY 1""",
    "holds": """
        SELECT floor(extract(epoch FROM $now - held_at))::int, count(*) FROM reservation
         WHERE concert_id = $concert_id AND held_at > $since GROUP BY 1""",
    "payments": """
        SELECT floor(extract(epoch FROM $now - paid_at))::int, count(*) FROM payment
         WHERE concert_id = $concert_id AND paid_at > $since GROUP BY 1""",
}
