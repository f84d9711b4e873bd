"""The queue of a concert: the line's counters, and who is let in how fast."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import Any

from pony.orm import Json, Optional, PrimaryKey, Required

from models import ending
from models.database import Entity, change, rows
from models.errors import ConcertNotFoundError
from models.locking import lock
from models.pacing import Pace, Turnover, asks_by, next_places, remembered
from models.policy import Policy


class QueueState(StrEnum):
    """Open takes and admits; paused takes but admits nobody; closed admits but takes nobody; ended does neither."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    ENDED = "ended"


ADMITTING = (QueueState.OPEN, QueueState.CLOSED)


class Queue(Entity):
    """The line of one concert.

    `last_place` is the newest token's place, `serving_number` the highest place admitted: whoever
    waits has a place between them. `admitted_total` and `gone_total` count who was admitted and who
    left or expired while waiting, so the length of the line needs no counting. `admitted_under` is the
    capacity of the last admission: after the capacity was lowered, so many may still be inside.
    Nobody waits up to the place `ended_through` since `ended_at`, when the line was ended.
    `admission_rate` is how many a second came free while the room was full, lately; `pace` is what told intervals
    went by (models/pacing.py).
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
    # Of those who left, how many have no row any more.
    left_purged = Required(int, size=64, default=0)
    credit = Required(float, default=0)
    credited_at = Required(datetime, sql_type="timestamptz")
    admission_rate = Required(float, default=0)
    pace = Required(Json, default=[])
    turnover = Required(float, default=0)
    turnover_seconds = Required(float, default=0)
    saturated_at = Optional(datetime, sql_type="timestamptz")
    ended_through = Required(int, size=64, default=0)
    ended_at = Optional(datetime, sql_type="timestamptz")
    sold_out = Required(bool, default=False)
    sells_until = Optional(datetime, sql_type="timestamptz")
    deleted_at = Optional(datetime, sql_type="timestamptz")

    @classmethod
    def create(cls, concert_id: int, *, state: str, capacity: int, now: datetime, **more: Any) -> "Queue":
        """Create the line of a new concert; `more` holds `admit_per_second` and until when it sells (`sells_until`)."""
        rate = Turnover().expected(capacity) if state in ADMITTING else 0.0
        # Nothing was told of this line before.
        pace = Pace(0.0, 0, capacity + next_places(capacity), rate, more["admit_per_second"])
        return cls(concert_id=concert_id, state=state, capacity=capacity, credited_at=now, pace=[list(pace)], **more)

    @classmethod
    def locked(cls, concert_id: int) -> "Queue":
        """Lock the line of a concert. Refuses with `ConcertNotFoundError`."""
        found = lock(cls, [concert_id])
        if not found:
            message = f"There is no concert {concert_id}."
            raise ConcertNotFoundError(message)
        return found[concert_id]

    @classmethod
    def existing(cls, concert_id: int) -> "Queue":
        """Lock the line of a concert that was not deleted. Refuses with `ConcertNotFoundError`."""
        queue = cls.locked(concert_id)
        if queue.deleted_at is not None:
            message = f"There is no concert {concert_id}."
            raise ConcertNotFoundError(message)
        return queue

    @classmethod
    def steer(cls, concert_id: int, *, now: datetime, policy: Policy, **settings: Any) -> dict[str, Any]:
        """Set any of `state`, `capacity`, `admit_per_second`; return them all. Refuses with `ConcertNotFoundError`."""
        queue = cls.existing(concert_id)
        queue._set(settings, now, policy)  # noqa: SLF001  # It is one of us.
        return {
            "concert_id": concert_id,
            "state": str(queue.state),
            "capacity": queue.capacity,
            "admit_per_second": queue.admit_per_second,
        }

    def _set(self, settings: Mapping[str, Any], now: datetime, policy: Policy) -> None:
        # In a larger room more turns end a second.
        self._learned(self._turnover.scaled(settings.get("capacity", self.capacity) / self.capacity))
        for name, value in settings.items():
            setattr(self, name, value)
        if settings.get("state") == QueueState.ENDED:
            # However many wait, this is one row; a sweep ends their tokens.
            self.ended_through, self.ended_at = self.last_place, now
            self.gone_total = self.last_place - self.admitted_total
        self.saturated_at = None
        self._remember_pace(self._free(), now, policy, at_once=True)

    @property
    def waiting(self) -> int:
        """The length of the line."""
        return int(self.last_place - self.admitted_total - self.gone_total)

    @property
    def passed_place(self) -> int:
        """The highest place at which nobody can wait any more: it was admitted, or the line was ended."""
        return int(max(self.serving_number, self.ended_through))

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
        if self.state not in ADMITTING:
            return 0
        free = self._free()
        admitted = self._admit(min(free, self._allowed_at(now)), now, policy)
        self._learn(admitted, free - admitted, now)
        if admitted:
            self._account_for(admitted, now)
        self._remember_pace(free - admitted, now, policy)
        return admitted

    def _admit(self, room: int, now: datetime, policy: Policy) -> int:
        if room <= 0 or self.waiting <= 0:
            return 0
        found = rows(_NEXT, concert_id=self.concert_id, passed=self.passed_place, room=room, now=now)
        if not found:
            return 0
        last = max(place for _, place in found)
        admitted = change(
            _ADMIT,
            ids=[token_id for token_id, _ in found],
            now=now,
            expires_at=now + policy.active_token,
            asks_by=asks_by(self._paces, last, now, policy),
        )
        self.serving_number = last
        return admitted

    def _free(self) -> int:
        [(active,)] = rows(_COUNT_ACTIVE, concert_id=self.concert_id)
        return int(self.capacity - active)

    def _allowed_at(self, now: datetime) -> int:
        return int(self._credit_at(now)) if self.admit_per_second is not None else self.waiting

    def _credit_at(self, now: datetime) -> float:
        """How many the rate allows now: what one second brings is saved up at most, or one admission."""
        rate = self.admit_per_second or 0.0
        earned = self.credit + rate * max(0.0, (now - self.credited_at).total_seconds())
        return float(min(earned, max(1.0, rate)))

    def _account_for(self, admitted: int, now: datetime) -> None:
        self.credit = self._credit_at(now) - admitted if self.admit_per_second else 0.0
        self.credited_at = now
        self.admitted_total += admitted
        self.admitted_under = self.capacity

    @property
    def _turnover(self) -> Turnover:
        return Turnover(self.turnover, self.turnover_seconds)

    def _learn(self, admitted: int, free: int, now: datetime) -> None:
        """Learn how quickly places come free, as long as the room is full: only then an admission is a free place."""
        if self.saturated_at is not None:
            elapsed = max(0.0, (now - self.saturated_at).total_seconds())
            self._learned(self._turnover.after(elapsed, admitted))
        self.saturated_at = now if free <= 0 < self.waiting - admitted else None

    def _learned(self, turnover: Turnover) -> None:
        self.turnover, self.turnover_seconds = turnover
        self.admission_rate = turnover.rate()

    @property
    def _paces(self) -> list[Pace]:
        return [Pace(*entry) for entry in self.pace]

    def wait_seconds(self, position: int) -> float:
        """Return the wait that the told interval of a position goes by."""
        return self._paces[-1].wait_seconds(position) if self.pace else inf

    def _remember_pace(self, free: int, now: datetime, policy: Policy, *, at_once: bool = False) -> None:
        """Note what intervals go by from now on; a line that is paused or ended admits nobody."""
        rate = self._turnover.expected(self.capacity) if self.state in ADMITTING else 0.0
        room = max(0, free) + next_places(self.capacity)
        entry = Pace(round(now.timestamp(), 3), self.serving_number, room, round(rate, 4), self.admit_per_second)
        before = self._paces
        after = remembered(before, entry, policy, at_once=at_once)
        if after != before:
            self.pace = [list(entry) for entry in after]

    def expire_active(self, now: datetime, policy: Policy) -> int:
        """End active tokens whose time is over, and admissions that were never used; return how many."""
        return ending.expire_active(self.concert_id, now, policy.unused_admission)

    def expire_waiting(self, now: datetime, limit: int) -> int:
        """End up to `limit` waiting tokens whose time is over; return how many."""
        gone = ending.expire_waiting(self.concert_id, now, beyond=self.ended_through, limit=limit)
        self.gone_total += gone
        return gone

    def end_waiting(self, limit: int) -> int:
        """End up to `limit` tokens that waited when the line was ended; return how many."""
        if self.ended_at is None:
            return 0
        return ending.end_waiting(self.concert_id, self.ended_at, through=self.ended_through, limit=limit)


_COUNT_ACTIVE = "SELECT count(*) FROM queue_token WHERE concert_id = $concert_id AND status = 'active'"

_NEXT = """
    SELECT id, place FROM queue_token
     WHERE concert_id = $concert_id AND place > $passed AND status = 'waiting' AND expires_at > $now
     ORDER BY place LIMIT $room FOR UPDATE
"""

_ADMIT = """
    UPDATE queue_token SET status = 'active', admitted_at = $now, expires_at = $expires_at, asks_by = $asks_by
     WHERE id = ANY($ids) AND status = 'waiting'
"""
