"""The figures of the whole service, for a monitoring system that asks now and then."""

from collections.abc import Mapping
from datetime import datetime

from models.database import rows

# A name, what it means, the names of its labels, and the SQL whose rows are labels and a value.
_FIGURES: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "queue_waiting": (
        "Fans waiting in line.",
        ("concert_id",),
        "SELECT concert_id, last_place - admitted_total - gone_total FROM queue WHERE last_place > 0",
    ),
    "queue_active": (
        "Active queue tokens.",
        ("concert_id",),
        """SELECT concert_id, count(*) FROM queue_token WHERE status = 'active' AND expires_at > $now GROUP BY 1""",
    ),
    "queue_capacity": ("Active queue tokens at most.", ("concert_id",), "SELECT concert_id, capacity FROM queue"),
    "queue_admitted": (
        "Fans admitted so far.",
        ("concert_id",),
        "SELECT concert_id, admitted_total FROM queue WHERE last_place > 0",
    ),
    "reservations_held": (
        "Reservations held now.",
        (),
        "SELECT count(*) FROM reservation WHERE status = 'held' AND expires_at > $now",
    ),
    "payments_made": ("Payments made so far.", (), "SELECT count(*) FROM payment"),
    "requests_queued": (
        "Accepted requests without an outcome.",
        ("operation",),
        "SELECT operation, count(*) FROM request WHERE status = 'queued' GROUP BY 1",
    ),
    "oldest_request_seconds": (
        "Age of the oldest request without an outcome.",
        (),
        """SELECT coalesce(extract(epoch FROM $now - min(submitted_at)), 0) FROM request WHERE status = 'queued'""",
    ),
}


def oldest_request_seconds(now: datetime) -> float | None:
    """Return the age of the oldest request without an outcome; None when none waits."""
    [(submitted_at,)] = rows("SELECT min(submitted_at) FROM request WHERE status = 'queued'")
    return max(0.0, (now - submitted_at).total_seconds()) if submitted_at else None


def of_service(now: datetime) -> dict[str, tuple[str, tuple[str, ...], dict[tuple[str, ...], float]]]:
    """Return each figure's meaning, label names, and values by labels."""
    found = {}
    for name, (text, labels, sql) in _FIGURES.items():
        parameters = {"now": now} if "$now" in sql else {}
        values = {tuple(map(str, row[:-1])): float(row[-1]) for row in rows(sql, **parameters)}
        found[name] = (text, labels, values)
    return found
