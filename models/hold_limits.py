"""What keeps a user from a hold although the seats are free: how many they have, and which they have just released.

Asked with one statement a session, for all users of a batch: the caller has locked their tokens and the seats, so that
nobody takes or releases these seats for them meanwhile.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from models.clock import to_rfc3339
from models.database import Prepared
from models.errors import SeatLimitExceededError, SeatReleasedError
from models.locking import remembered
from models.policy import Policy

User = tuple[str, int]


def load_limits(users: Collection[User], now: datetime, policy: Policy) -> None:
    """Load what each user (with the concert) has, and released lately, unless this session did before."""
    seats: dict[User, int] = remembered("seats of users")
    released: dict[User, dict[int, datetime]] = remembered("seats released by users")
    unknown = [user for user in dict.fromkeys(users) if user not in seats]
    if not unknown:
        return
    seats.update(dict.fromkeys(unknown, 0))
    released.update({user: {} for user in unknown})
    user_ids, concert_ids = (list(column) for column in zip(*unknown, strict=True))
    since = now - policy.released_seat
    for user_id, concert_id, count, seat_id, ended_at in _LIMITS.rows(user_ids, concert_ids, now, since):
        seats[user_id, concert_id] += int(count)
        if seat_id is not None:
            released[user_id, concert_id][seat_id] = ended_at


def check_limits(
    user: User, seat_ids: Sequence[int], now: datetime, policy: Policy, *, kept: Sequence[int] = (), given_up: int = 0
) -> None:
    """Refuse with `SeatLimitExceededError` or `SeatReleasedError` when this user may not hold these seats now.

    Of a hold that the new one replaces, these are `kept`, and all its seats, so many, are `given_up`.
    """
    load_limits([user], now, policy)
    has = remembered("seats of users")[user] - given_up
    if has + len(seat_ids) > policy.seats_per_user:
        message = f"A user may have {policy.seats_per_user} seats of a concert; {has} are held or bought."
        raise SeatLimitExceededError(message, limit=policy.seats_per_user, seats=has)
    fresh = [seat_id for seat_id in seat_ids if seat_id not in kept]
    _check_released(remembered("seats released by users")[user], fresh, now, policy.released_seat)


def note_seats(user: User, count: int) -> None:
    """Add what this session holds for a user, whose limits were checked before."""
    remembered("seats of users")[user] += count


def note_released(user: User, seat_ids: Sequence[int], now: datetime) -> None:
    """Remember what this session gave back for a user, for the holds that come after in it."""
    remembered("seats released by users")[user].update(dict.fromkeys(seat_ids, now))


def _check_released(released: dict[int, datetime], seat_ids: Sequence[int], now: datetime, kept: timedelta) -> None:
    barred = {id_: released[id_] + kept for id_ in seat_ids if id_ in released and released[id_] + kept > now}
    if barred:
        message = f"Released by the same user a moment ago: {sorted(barred)}."
        raise SeatReleasedError(message, seat_ids=sorted(barred), holdable_from=to_rfc3339(max(barred.values())))


# Each user is looked up by index (`LATERAL` with an aggregate or a LIMIT is no join): a plan that was made while the
# table was empty would read all reservations, again for each batch.
_LIMITS = Prepared(
    "find_hold_limits_of_users",
    "text[], bigint[], timestamptz, timestamptz",
    """
    SELECT wanted.user_id, wanted.concert_id, live.seats, NULL, NULL FROM unnest($1, $2) AS wanted (user_id, concert_id)
     CROSS JOIN LATERAL (
           SELECT sum(seat_count) AS seats FROM reservation
            WHERE user_id = wanted.user_id AND concert_id = wanted.concert_id
              AND status IN ('held', 'confirmed') AND (status = 'confirmed' OR expires_at > $3)) AS live
     WHERE live.seats IS NOT NULL
    UNION ALL
    (SELECT wanted.user_id, wanted.concert_id, 0, reservation_seat.seat_id, past.ended_at
       FROM unnest($1, $2) AS wanted (user_id, concert_id)
      CROSS JOIN LATERAL (
            SELECT id, ended_at FROM reservation
             WHERE user_id = wanted.user_id AND status = 'released' AND ended_at > $4
               AND concert_id = wanted.concert_id
             ORDER BY ended_at LIMIT ALL OFFSET 0) AS past
       JOIN reservation_seat ON reservation_id = past.id
      ORDER BY past.ended_at)
    """,
)
