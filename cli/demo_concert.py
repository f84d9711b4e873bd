"""The concert that a first start puts on the programme, so that there is something to sell at once."""

from datetime import datetime, timedelta
from typing import Any

from models import clock, database
from models.concert import Concert
from models.policy import Policy

DEADLINE = timedelta(seconds=10)


def add_to_empty_programme(database_url: str, policy: Policy) -> dict[str, Any] | None:
    """Create the demo concert if there is no concert at all; return it, or None when there is one already."""
    database.bind(database_url, application_name="frontrow-up", deadline=DEADLINE)
    try:
        with database.write_session():
            if Concert.ids():
                return None
            return Concert.create(**_concert(clock.utcnow()), policy=policy)
    finally:
        # The process lives as long as the service; it needs no connection any more.
        database.db.disconnect()


def _concert(now: datetime) -> dict[str, Any]:
    first_night = now.replace(hour=10, minute=30, second=0, microsecond=0) + timedelta(days=30)
    return {
        "title": "Frontrow Live: Opening Night",
        "venue": "Olympic Hall, Seoul",
        "timezone": "Asia/Seoul",
        "queue": {"capacity": 100},
        "performances": [_performance(now, first_night + timedelta(days=day)) for day in range(3)],
        "now": now,
    }


def _performance(now: datetime, starts_at: datetime) -> dict[str, Any]:
    sections = [("R", 4, 25, 154_000), ("S", 8, 25, 121_000), ("A", 8, 25, 88_000)]
    return {
        "starts_at": starts_at,
        "reservable_from": now,
        "reservable_until": starts_at - timedelta(hours=1),
        "sections": [
            {"name": name, "rows": rows, "seats_per_row": seats, "price": price}
            for name, rows, seats, price in sections
        ],
    }
