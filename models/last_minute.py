"""What happened at a concert in each of the last 60 seconds; each series costs what happened, not what lies there."""

from datetime import datetime, timedelta

from models.database import rows

SECONDS = 60
WINDOW = timedelta(seconds=SECONDS)
# Rows of workers that finish in another order than they began lie this close together.
DISORDER = timedelta(seconds=10)


def of_concert(concert_id: int, now: datetime) -> dict[str, list[int]]:
    """Return a count for each second, the oldest first, by the name of what is counted."""
    return {name: _series(sql, concert_id, now) for name, sql in _EVENTS.items()}


def _series(sql: str, concert_id: int, now: datetime) -> list[int]:
    since = now - WINDOW
    before = {"long_since": since - DISORDER} if "$long_since" in sql else {}
    counts = [0] * SECONDS
    for seconds_ago, count in rows(sql, concert_id=concert_id, now=now, since=since, **before):
        if 0 <= seconds_ago < SECONDS:
            counts[SECONDS - 1 - seconds_ago] = count
    return counts


# Rows whose number grows with the moment, `newest` being the last number: going back 1, 2, 4, 8 … numbers finds one
# from before the window with a few looks at the index, and at most twice the window's rows are read.
_NUMBERED = """
    SELECT floor(extract(epoch FROM $now - {at}))::int, count(*)
      FROM {table}
     WHERE concert_id = $concert_id AND {at} > $since AND {number} <= {newest}
       AND {number} > (
           SELECT coalesce(max(l.newest - (1::bigint << k)), 0)
             FROM (SELECT {newest}) l (newest)
            CROSS JOIN generate_series(0, 40) k
            CROSS JOIN LATERAL (
                  SELECT b.{at} AS at FROM {table} b
                   WHERE {scope} AND b.{number} <= l.newest - (1::bigint << k) AND b.{at} IS NOT NULL
                   ORDER BY b.{number} DESC LIMIT 1) b
            WHERE b.at <= $long_since)
     GROUP BY 1
"""
_TOKENS = {"table": "queue_token", "number": "place", "scope": "b.concert_id = $concert_id"}
_IN_LINE = "(SELECT {place} FROM queue WHERE concert_id = $concert_id)"

# Whoever holds or pays is in a concert's line, wherever his request led; only an operator's names no line. What names
# no concert at all (a charge of points), or one that does not exist, is no concert's refusal.
_REFUSALS = """
    SELECT floor(extract(epoch FROM $now - r.finished_at))::int, count(*)
      FROM request r
     WHERE r.status = 'refused' AND r.finished_at > $since
       AND coalesce(
           (r.arguments ->> 'concert_id')::bigint,
           (SELECT concert_id FROM queue_token WHERE id = (r.arguments ->> 'queue_token_id')::bigint),
           (SELECT concert_id FROM reservation WHERE id = (r.arguments ->> 'reservation_id')::bigint),
           (SELECT concert_id FROM payment WHERE id = (r.arguments ->> 'payment_id')::bigint)) = $concert_id
     GROUP BY 1
"""

_PAYMENTS = """
    SELECT floor(extract(epoch FROM $now - paid_at))::int, count(*)
      FROM payment WHERE concert_id = $concert_id AND paid_at > $since GROUP BY 1
"""

_EVENTS = {
    "tokens": _NUMBERED.format(at="issued_at", newest=_IN_LINE.format(place="last_place"), **_TOKENS),
    "admissions": _NUMBERED.format(at="admitted_at", newest=_IN_LINE.format(place="serving_number"), **_TOKENS),
    "holds": _NUMBERED.format(
        at="held_at", newest="(SELECT max(id) FROM reservation)", table="reservation", number="id", scope="true"
    ),
    "payments": _PAYMENTS,
    "refusals": _REFUSALS,
}
