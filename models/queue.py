"""The queue of a concert: the line's counters, and who is let in how fast."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from math import exp
from typing import Any

from pony.orm import Optional, PrimaryKey, Required

from models.database import Entity, change, rows
from models.errors import ConcertNotFoundError
from models.locking import lock
from models.policy import Policy

# Over how many seconds the observed admission rate is averaged; it only feeds estimates.
RATE_WINDOW = 60.0


class QueueState(StrEnum):
    """Open admits; paused takes fans into the line but admits nobody; closed takes nobody."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Queue(Entity):
    """The line of one concert.

    `last_place` is the newest token's place, `serving_number` the highest place admitted: whoever
    waits has a place between them. `admitted_total` and `gone_total` count who was admitted and who
    left or expired while waiting, so the length of the line needs no counting. `admitted_under` is the
    capacity of the last admission: after the capacity was lowered, so many may still be inside.
    """

    _table_ = "queue"
    concert_id = PrimaryKey(int, size=64)
    state = Required(str)
    capacity = Required(int)
    admitted_under = Required(int, default=0)
    admit_per_second = Optional(float)
    last_place = Required(int, size=64, default=0)
    serving_number = Required(int, size=64, default=0)
    admitted_total = Required(int, size=64, default=0)
    gone_total = Required(int, size=64, default=0)
    credit = Required(float, default=0)
    credited_at = Required(datetime, sql_type="timestamptz")
    admission_rate = Required(float, default=0)

    @classmethod
    def open_for(cls, concert_id: int, *, capacity: int, admit_per_second: float | None, now: datetime) -> "Queue":
        """Create the open line of a new concert."""
        return cls(
            concert_id=concert_id,
            state=QueueState.OPEN.value,
            capacity=capacity,
            admit_per_second=admit_per_second,
            credited_at=now,
        )

    @classmethod
    def locked(cls, concert_id: int) -> "Queue":
        """Lock the line of a concert. Refuses with `ConcertNotFoundError`."""
        found = lock(cls, [concert_id])
        if not found:
            message = f"There is no concert {concert_id}."
            raise ConcertNotFoundError(message)
        return found[concert_id]

    @classmethod
    def steer(cls, concert_id: int, **settings: Any) -> dict[str, Any]:
        """Set any of `state`, `capacity`, `admit_per_second`; return them all. Refuses with `ConcertNotFoundError`."""
        queue = cls.locked(concert_id)
        for name, value in settings.items():
            setattr(queue, name, value)
        return {
            "concert_id": concert_id,
            "state": str(queue.state),
            "capacity": queue.capacity,
            "admit_per_second": queue.admit_per_second,
        }

    @property
    def waiting(self) -> int:
        """The length of the line."""
        return int(self.last_place - self.admitted_total - self.gone_total)

    def next_place(self) -> int:
        """Give out the next place; the row is locked."""
        self.last_place += 1
        return int(self.last_place)

    def promote_waiting(self, now: datetime, policy: Policy) -> int:
        """Admit the next in line as room and rate allow, in order of issue; return how many.

        The row is locked, so nobody else admits from this line meanwhile, and the active tokens can
        only become fewer while they are counted.
        """
        self.expire_active(now, policy)
        room = self._room(now)
        if room <= 0 or self.waiting <= 0:
            return 0
        admitted = rows(
            _ADMIT,
            concert_id=self.concert_id,
            serving=self.serving_number,
            room=room,
            now=now,
            expires_at=now + policy.active_token,
        )
        if admitted:
            self.serving_number = max(place for (place,) in admitted)
            self._account_for(len(admitted), now)
        return len(admitted)

    def _room(self, now: datetime) -> int:
        if self.state != QueueState.OPEN:
            return 0
        [(active,)] = rows(_COUNT_ACTIVE, concert_id=self.concert_id)
        free: int = self.capacity - int(active)
        return free if self.admit_per_second is None else min(free, int(self._credit_at(now)))

    def _credit_at(self, now: datetime) -> float:
        """How many the rate allows now: what one second brings is saved up at most, or one admission."""
        rate = self.admit_per_second or 0.0
        earned = self.credit + rate * max(0.0, (now - self.credited_at).total_seconds())
        return float(min(earned, max(1.0, rate)))

    def _account_for(self, admitted: int, now: datetime) -> None:
        elapsed = max(0.0, (now - self.credited_at).total_seconds())
        self.admission_rate = self.admission_rate * exp(-elapsed / RATE_WINDOW) + admitted / RATE_WINDOW
        self.credit = self._credit_at(now) - admitted if self.admit_per_second else 0.0
        self.credited_at = now
        self.admitted_total += admitted
        self.admitted_under = self.capacity

    def expire_active(self, now: datetime, policy: Policy) -> int:
        """End active tokens whose time is over, and admissions that were never used; return how many."""
        unused_since = now - policy.unused_admission
        return change(_EXPIRE_ACTIVE, concert_id=self.concert_id, now=now, unused_since=unused_since)

    def expire_waiting(self, now: datetime, limit: int) -> int:
        """End up to `limit` waiting tokens whose time is over; return how many."""
        gone = change(_EXPIRE_WAITING, concert_id=self.concert_id, now=now, limit=limit)
        self.gone_total += gone
        return gone

    @staticmethod
    def to_promote() -> Iterable[int]:
        """Return the concerts somebody waits for whose line is open."""
        sql = "SELECT concert_id FROM queue WHERE state = 'open' AND last_place > admitted_total + gone_total"
        return [concert_id for (concert_id,) in rows(sql)]

    @staticmethod
    def with_due_tokens(now: datetime, policy: Policy) -> Iterable[int]:
        """Return the concerts that have tokens to expire."""
        sql = """
            SELECT concert_id FROM queue q
             WHERE EXISTS (SELECT FROM queue_token t WHERE t.concert_id = q.concert_id
                              AND t.status = 'waiting' AND t.expires_at <= $now)
                OR EXISTS (SELECT FROM queue_token t WHERE t.concert_id = q.concert_id AND t.status = 'active'
                              AND (t.expires_at <= $now OR t.used_at IS NULL AND t.admitted_at <= $unused_since))
             ORDER BY concert_id
        """
        return [concert_id for (concert_id,) in rows(sql, now=now, unused_since=now - policy.unused_admission)]


_COUNT_ACTIVE = "SELECT count(*) FROM queue_token WHERE concert_id = $concert_id AND status = 'active'"

# An array is made once. As a semi-join, PostgreSQL may run the subquery again for each row of a table it takes for
# tiny; the rows just changed are then passed over, and the LIMIT lets everybody in.
_ADMIT = """
    UPDATE queue_token SET status = 'active', admitted_at = $now, expires_at = $expires_at
     WHERE status = 'waiting' AND id = ANY(ARRAY(
           SELECT id FROM queue_token
            WHERE concert_id = $concert_id AND place > $serving AND status = 'waiting' AND expires_at > $now
            ORDER BY place LIMIT $room FOR UPDATE))
    RETURNING place
"""

_EXPIRE_ACTIVE = """
    UPDATE queue_token SET status = 'expired', ended_at = $now
     WHERE id = ANY(ARRAY(
           SELECT id FROM queue_token
            WHERE concert_id = $concert_id AND status = 'active'
              AND (expires_at <= $now OR used_at IS NULL AND admitted_at <= $unused_since)
            ORDER BY id FOR UPDATE SKIP LOCKED))
"""

_EXPIRE_WAITING = """
    UPDATE queue_token SET status = 'expired', ended_at = $now
     WHERE status = 'waiting' AND id = ANY(ARRAY(
           SELECT id FROM queue_token
            WHERE concert_id = $concert_id AND status = 'waiting' AND expires_at <= $now
            ORDER BY expires_at LIMIT $limit FOR UPDATE))
"""
