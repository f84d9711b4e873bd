"""A concert: what is sold, where, and with which line in front of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pony.orm import PrimaryKey, Required, flush

from models.clock import to_rfc3339
from models.database import Entity, rows
from models.errors import ConcertNotFoundError
from models.performance import Performance
from models.policy import Policy
from models.queue import Queue, QueueState

_THERE = "NOT EXISTS (SELECT FROM queue WHERE concert_id = concert.id AND deleted_at IS NOT NULL)"


class Concert(Entity):
    """One concert of the programme; its performances are the dates one can go to."""

    _table_ = "concert"
    id = PrimaryKey(int, size=64, auto=True)
    title = Required(str)
    venue = Required(str)
    timezone = Required(str)
    created_at = Required(datetime, sql_type="timestamptz")

    @classmethod
    def create(  # They are the fields of one form.
        cls,
        *,
        title: str,
        venue: str,
        timezone: str | None = None,
        queue: Mapping[str, Any],
        performances: Sequence[Mapping[str, Any]],
        now: datetime,
        policy: Policy,
    ) -> dict[str, Any]:
        """Create a concert with its line, its performances and all their seats; return the contract's view.

        `timezone` is an IANA name, by default the policy's. `queue` may hold `state` (by default open), `capacity` and
        `admit_per_second`; a performance holds `starts_at`, `reservable_from`, `reservable_until` (aware) and
        `sections` of `name`, `rows`, `seats_per_row`, `price`.
        """
        concert = cls(title=title, venue=venue, timezone=timezone or policy.timezone, created_at=now)
        flush()
        Queue.create(
            concert.id,
            state=queue.get("state") or QueueState.OPEN.value,
            capacity=queue.get("capacity") or policy.queue_capacity,
            admit_per_second=queue.get("admit_per_second"),
            now=now,
            sells_until=max((performance["reservable_until"] for performance in performances), default=None),
        )
        for performance in performances:
            Performance.create(concert_id=concert.id, **performance)
        return cls.find(concert.id)

    @classmethod
    def find(cls, concert_id: int) -> dict[str, Any]:
        """Return one concert as the contract shows it. Raises `ConcertNotFoundError`."""
        sql = f"SELECT id FROM concert WHERE id = $concert_id AND {_THERE}"  # noqa: S608  # It is a constant.
        if not rows(sql, concert_id=concert_id):
            raise cls.unknown(concert_id)
        return cls.shown([concert_id])[concert_id]

    @staticmethod
    def unknown(concert_id: int) -> ConcertNotFoundError:
        """Return what tells that there is no such concert."""
        return ConcertNotFoundError(f"There is no concert {concert_id}.")

    @staticmethod
    def ids() -> list[int]:
        """Return the ids of the whole programme, oldest first."""
        sql = f"SELECT id FROM concert WHERE {_THERE} ORDER BY id"  # noqa: S608  # It is a constant.
        return [concert_id for (concert_id,) in rows(sql)]

    @staticmethod
    def shown(concert_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return concerts by id as the contract shows them, which never changes; those that were never there, not."""
        sql = "SELECT id, title, venue, timezone, created_at FROM concert WHERE id = ANY($ids)"
        concerts = rows(sql, ids=list(concert_ids)) if concert_ids else []
        performances = Performance.of_concerts([concert_id for concert_id, *_ in concerts])
        return {
            concert_id: {
                "id": concert_id,
                "title": title,
                "venue": venue,
                "timezone": timezone,
                "created_at": to_rfc3339(created_at),
                "performances": performances[concert_id],
            }
            for concert_id, title, venue, timezone, created_at in concerts
        }
