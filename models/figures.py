"""The figures of the whole service, for a monitoring system that asks now and then: each one statement, none dear."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from models.database import rows


class Figure(NamedTuple):
    """What is counted: its meaning, the names of its labels, the SQL whose rows are labels and a value.

    `only_grows` tells a count of what happened from a state.
    """

    text: str
    labels: tuple[str, ...]
    sql: str
    only_grows: bool = False


Values = dict[tuple[str, ...], float]


def oldest_request_seconds(now: datetime) -> float | None:
    """Return the age of the oldest request without an outcome; None when none waits."""
    [(submitted_at,)] = rows("SELECT min(submitted_at) FROM request WHERE status = 'queued'")
    return max(0.0, (now - submitted_at).total_seconds()) if submitted_at else None


def of_service(now: datetime) -> dict[str, tuple[Figure, Values]]:
    """Return each figure of `FIGURES` with its values by labels."""
    found: dict[str, tuple[Figure, Values]] = {}
    for name, figure in FIGURES.items():
        parameters = {"now": now} if "$now" in figure.sql else {}
        values = {tuple(map(str, row[:-1])): float(row[-1]) for row in rows(figure.sql, **parameters)}
        found[name] = (figure, values)
    return found


FIGURES: Mapping[str, Figure] = {
    # Nobody counts a line of a million: who waits, and who was ever in it, stand in its row; who bought has a
    # payment; who left is in an index of its own. Those who are left over ran out of time.
    "queue_tokens": Figure(
        "Queue tokens by what became of them.",
        ("concert_id", "status"),
        """
        SELECT q.concert_id, s.status, s.tokens
          FROM queue q
          CROSS JOIN LATERAL (SELECT q.last_place - q.admitted_total - q.gone_total) w (waiting)
          CROSS JOIN LATERAL (
                SELECT count(*) FROM queue_token t WHERE t.concert_id = q.concert_id AND t.status = 'active') a (active)
          CROSS JOIN LATERAL (SELECT count(*) FROM payment p WHERE p.concert_id = q.concert_id) c (completed)
          CROSS JOIN LATERAL (
                SELECT q.left_purged + count(*) FROM queue_token t
                 WHERE t.concert_id = q.concert_id AND t.status = 'left') l (gone)
          CROSS JOIN LATERAL (VALUES
                ('waiting', waiting), ('active', active), ('completed', completed), ('left', gone),
                ('expired', q.last_place - waiting - active - completed - gone)) s (status, tokens)
         WHERE q.deleted_at IS NULL
        """,
    ),
    "queue_capacity": Figure(
        "Active queue tokens at most.",
        ("concert_id",),
        "SELECT concert_id, capacity FROM queue WHERE deleted_at IS NULL",
    ),
    "queue_open": Figure(
        "Whether the line admits: 1 when it is open, or closed to newcomers.",
        ("concert_id",),
        "SELECT concert_id, (state IN ('open', 'closed'))::int FROM queue WHERE deleted_at IS NULL",
    ),
    "queue_admitted": Figure(
        "Fans admitted so far.",
        ("concert_id",),
        "SELECT concert_id, admitted_total FROM queue WHERE deleted_at IS NULL",
        only_grows=True,
    ),
    "seats": Figure(
        "Seats by status; one whose hold has run out is available.",
        ("concert_id", "status"),
        """
        SELECT c.concert_id, s.status, s.seats
          FROM (SELECT p.concert_id,
                       count(*) FILTER (WHERE t.status = 'available' OR t.held_until <= $now) AS available,
                       count(*) FILTER (WHERE t.held_until > $now) AS held,
                       count(*) FILTER (WHERE t.status = 'sold') AS sold
                  FROM queue q JOIN performance p USING (concert_id) JOIN seat t ON t.performance_id = p.id
                 WHERE q.deleted_at IS NULL GROUP BY 1) c
          CROSS JOIN LATERAL (VALUES ('available', available), ('held', held), ('sold', sold)) s (status, seats)
        """,
    ),
    "payments": Figure(
        "Payments made so far, those given back later included.",
        ("concert_id",),
        """
        SELECT q.concert_id, (SELECT count(*) FROM payment p WHERE p.concert_id = q.concert_id)
          FROM queue q WHERE q.deleted_at IS NULL
        """,
        only_grows=True,
    ),
    "requests_queued": Figure(
        "Accepted requests without an outcome.",
        ("operation",),
        "SELECT operation, count(*) FROM request WHERE status = 'queued' GROUP BY 1",
    ),
    "oldest_request_seconds": Figure(
        "Age of the oldest request without an outcome; 0 when none waits.",
        (),
        """
        SELECT coalesce(greatest(0, extract(epoch FROM $now - min(submitted_at))), 0)
          FROM request WHERE status = 'queued'
        """,
    ),
    "database_connections": Figure(
        "Connections to the database, by who made them and what they do.",
        ("application", "state"),
        """
        SELECT coalesce(nullif(application_name, ''), 'other'), coalesce(state, 'other'), count(*)
          FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1, 2
        """,
    ),
    "database_connections_limit": Figure(
        "Connections that the database's server takes at most.", (), "SELECT current_setting('max_connections')::int"
    ),
}
