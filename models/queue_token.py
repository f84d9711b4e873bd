"""A queue token: a fan's place in the line of a concert, and then his time inside."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil, inf
from typing import Any, NamedTuple
from uuid import UUID

from pony.orm import Optional, PrimaryKey, Required

from models.clock import to_rfc3339
from models.database import Entity, Prepared, change, rows
from models.errors import NotAdmittedError, TokenExpiredError, TokenInvalidError, WrongConcertError
from models.lifecycle import move
from models.line import Line
from models.locking import lock
from models.pacing import Told, told
from models.policy import Policy


class QueueTokenStatus(StrEnum):
    """Where a fan stands."""

    WAITING = "waiting"
    ACTIVE = "active"
    COMPLETED = "completed"
    EXPIRED = "expired"
    LEFT = "left"


QUEUE_TOKEN_MOVES = {
    QueueTokenStatus.WAITING: {QueueTokenStatus.ACTIVE, QueueTokenStatus.EXPIRED, QueueTokenStatus.LEFT},
    QueueTokenStatus.ACTIVE: {QueueTokenStatus.COMPLETED, QueueTokenStatus.EXPIRED, QueueTokenStatus.LEFT},
    QueueTokenStatus.COMPLETED: set(),
    QueueTokenStatus.EXPIRED: set(),
    QueueTokenStatus.LEFT: set(),
}
LIVE = (QueueTokenStatus.WAITING, QueueTokenStatus.ACTIVE)
# How often those inside look whether their turn goes on, in seconds.
INSIDE_SECONDS = 5


class Standing(NamedTuple):
    """Where a token stands, read without a lock."""

    id: int
    concert_id: int
    user_id: str
    place: int
    status: str
    issued_at: datetime
    admitted_at: datetime | None
    used_at: datetime | None
    expires_at: datetime
    # Known where the row was read; a standing that was made of something else is of a token that goes on.
    ended_at: datetime | None = None
    # Set where the status does not say why the token ended.
    end_reason: str | None = None

    def is_over(self, now: datetime) -> bool:
        """Tell whether the time is over although no sweep has said so yet."""
        return self.status in LIVE and self.expires_at <= now

    def check_live(self, now: datetime) -> None:
        """Refuse with `TokenExpiredError` unless the token waits or is active."""
        if self.status not in LIVE or self.expires_at <= now:
            raise expired(self.status, self.end_reason)

    def check_readable(self, now: datetime, retention: timedelta) -> None:
        """Refuse with `TokenExpiredError` once the token ended longer ago than outcomes are kept."""
        if (self.ended_at or self.expires_at) + retention <= now:
            raise expired(self.status, self.end_reason)

    def told(self, wait_seconds: float, policy: Policy, stretch: float = 1.0) -> Told:
        """Return what the fan is told about asking again; `wait_seconds` is for one that waits."""
        if self.status != QueueTokenStatus.WAITING:
            return Told(max(INSIDE_SECONDS, ceil(policy.poll_at_least.total_seconds())), "token")
        return told(wait_seconds, self.id, policy, stretch)

    def view(
        self, line: Line | None, policy: Policy, stretch: float = 1.0, *, sold_out: bool = False
    ) -> dict[str, Any]:
        """Return the contract's *QueueToken*; `line` is needed for one that waits, else `sold_out` of its concert."""
        position = line.position(self.place) if line and self.status == QueueTokenStatus.WAITING else None
        paced = self.told(line.pacing_wait_seconds(position) if line and position else inf, policy, stretch)
        return {
            "id": self.id,
            "concert_id": self.concert_id,
            "user_id": self.user_id,
            "status": str(self.status),
            "place": self.place,
            "position": position,
            "estimated_wait_seconds": line.estimated_wait_seconds(position) if line and position else None,
            "issued_at": to_rfc3339(self.issued_at),
            "admitted_at": to_rfc3339(self.admitted_at),
            "expires_at": to_rfc3339(self.expires_at),
            "poll_after_seconds": paced.seconds,
            "watch": paced.watch,
            "sold_out": line.sold_out if line else sold_out,
        }


def expired(status: str, reason: str | None = None) -> TokenExpiredError:
    """Return the refusal for a token that can do nothing any more; `reason` where the status does not say why."""
    if reason is not None:
        message = "The line was ended; nobody is admitted from it any more."
        return TokenExpiredError(message, reason=reason)
    reason = {"completed": "was used up by a payment", "left": "was given up"}.get(status, "has expired")
    message = f"The queue token {reason}; join the line again."
    return TokenExpiredError(message)


class QueueToken(Entity):
    """One fan's place; at most one live token a user and concert."""

    _table_ = "queue_token"
    id = PrimaryKey(int, size=64, auto=True)
    concert_id = Required(int, size=64)
    user_id = Required(str)
    place = Required(int, size=64)
    status = Required(str)
    issued_at = Required(datetime, sql_type="timestamptz")
    admitted_at = Optional(datetime, sql_type="timestamptz")
    asks_by = Optional(datetime, sql_type="timestamptz")
    used_at = Optional(datetime, sql_type="timestamptz")
    expires_at = Required(datetime, sql_type="timestamptz")
    ended_at = Optional(datetime, sql_type="timestamptz")
    end_reason = Optional(str, nullable=True)
    request_id = Required(UUID)

    @classmethod
    def admitted(cls, token_id: int, user_id: str, now: datetime) -> "QueueToken":
        """Lock an active token of a user, and note that it is used.

        Refuses with `TokenInvalidError`, `TokenExpiredError`, `NotAdmittedError`.
        """
        token = lock(cls, [token_id]).get(token_id)
        if token is None or token.user_id != user_id:
            message = "There is no such queue token."
            raise TokenInvalidError(message)
        if token.status not in LIVE or token.expires_at <= now:
            raise expired(token.status, token.end_reason)
        if token.status == QueueTokenStatus.WAITING:
            standing = cls.standing(token_id)
            if standing is not None:
                # Its line may have been ended.
                standing.check_live(now)
            message = "The queue token still waits."
            raise NotAdmittedError(message, position=Line.load(token.concert_id, now).position(token.place))
        return token

    def check_concert(self, concert_id: int) -> None:
        """Refuse with `WrongConcertError` when the token is for another concert."""
        if self.concert_id != concert_id:
            message = f"The queue token is for concert {self.concert_id}, not for {concert_id}."
            raise WrongConcertError(message, concert_id=self.concert_id)

    def hold_until(self, now: datetime, policy: Policy) -> datetime:
        """Return when a hold that an active token makes now ends; the token lives at least as long, and is used.

        A turn ends at the latest at admission + active time + one hold, whatever is held, and what is held ends with
        it: otherwise holding, releasing and holding again would keep a turn for ever.
        """
        latest = max(self.expires_at, self.admitted_at + policy.active_token + policy.hold)
        moment: datetime = min(now + policy.hold, latest)
        self.expires_at = max(self.expires_at, moment)
        if self.used_at is None:
            self.used_at = now
        return moment

    def complete(self, now: datetime) -> None:
        """End the token with a purchase."""
        self._end(QueueTokenStatus.COMPLETED, now)

    def leave(self, now: datetime) -> None:
        """End the token by its owner's wish."""
        self._end(QueueTokenStatus.LEFT, now)

    def expire(self, now: datetime) -> None:
        """End the token because its time is over."""
        self._end(QueueTokenStatus.EXPIRED, now)

    def _end(self, to: QueueTokenStatus, now: datetime) -> None:
        move(self, to, QUEUE_TOKEN_MOVES)
        self.ended_at = now

    def as_standing(self) -> Standing:
        """Return where the token stands in this transaction."""
        return Standing(
            self.id,
            self.concert_id,
            self.user_id,
            self.place,
            self.status,
            self.issued_at,
            self.admitted_at,
            self.used_at,
            self.expires_at,
        )

    @classmethod
    def standing(cls, token_id: int) -> Standing | None:
        """Return where a token stands, without a lock; None when there is none of that id."""
        return cls.standings([token_id])[0]

    @staticmethod
    def standings(token_ids: Sequence[int]) -> list[Standing | None]:
        """Return where tokens stand, without a lock; None for an id that there is not."""
        found = {row[0]: Standing(*row) for row in _FIND.rows(list(token_ids))}
        return [found.get(token_id) for token_id in token_ids]

    @staticmethod
    def left_since(concert_id: int, since: datetime, *, beyond: int) -> list[int]:
        """Return the places beyond a place whose tokens were given up after a moment."""
        sql = """
            SELECT place FROM queue_token
             WHERE concert_id = $concert_id AND status = 'left' AND ended_at > $since AND place > $beyond
        """
        return [place for (place,) in rows(sql, concert_id=concert_id, since=since, beyond=beyond)]

    @staticmethod
    def mark_used(token_id: int, now: datetime) -> None:
        """Note that an admitted fan came; without it the admission is given to the next one.

        Waits for nobody: who has the token locked is using it, ending it, or done before the next poll.
        """
        change(_MARK_USED, token_id=token_id, now=now)


STANDING = "id, concert_id, user_id, place, status, issued_at, admitted_at, used_at, expires_at, ended_at, end_reason"
# As it is, whether a sweep has ended the tokens of an ended line yet or not: one more look at the line's row.
_ENDED = "t.status = 'waiting' AND t.place <= q.ended_through"
SEEN = f"""
    t.id, t.concert_id, t.user_id, t.place, CASE WHEN {_ENDED} THEN 'expired' ELSE t.status END, t.issued_at,
    t.admitted_at, t.used_at, t.expires_at, CASE WHEN {_ENDED} THEN q.ended_at ELSE t.ended_at END,
    CASE WHEN {_ENDED} THEN 'queue_ended' ELSE t.end_reason END
"""
_MARK_USED = """
    UPDATE queue_token SET used_at = $now WHERE id = ANY(ARRAY(
        SELECT id FROM queue_token
         WHERE id = $token_id AND used_at IS NULL AND status = 'active' FOR UPDATE SKIP LOCKED))
"""
_FIND = Prepared(
    "find_queue_tokens",
    "bigint[]",
    f"SELECT {SEEN} FROM queue_token t JOIN queue q USING (concert_id) WHERE t.id = ANY($1)",  # noqa: S608
)
