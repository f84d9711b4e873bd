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
    unknown = [user for user in users if user not in seats]
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


def check_limits(user: User, seat_ids: Sequence[int], now: datetime, policy: Policy) -> None:
    """Refuse with `SeatLimitExceededError` or `SeatReleasedError` when this user may not hold these seats now."""
    load_limits([user], now, policy)
    has = remembered("seats of users")[user]
    if has + len(seat_ids) > policy.seats_per_user:
        message = f"A user may have {policy.seats_per_user} seats of a concert; {has} are held or bought."
        raise SeatLimitExceededError(message, limit=policy.seats_per_user, seats=has)
    _check_released(remembered("seats released by users")[user], seat_ids, now, policy.released_seat)


def note_seats(user: User, count: int) -> None:
    """Add what this session holds for a user, whose limits were checked before."""
    remembered("seats of users")[user] += count


def _check_released(released: dict[int, datetime], seat_ids: Sequence[int], now: datetime, kept: timedelta) -> None:
    barred = {id_: released[id_] + kept for id_ in seat_ids if id_ in released and released[id_] + kept > now}
    if barred:
        message = f"Released by the same user a moment ago: {sorted(barred)}."
        raise SeatReleasedError(message, seat_ids=sorted(barred), holdable_from=to_rfc3339(max(barred.values())))


_LIMITS = Prepared(
    "find_hold_limits_of_users",
    "text[], bigint[], timestamptz, timestamptz",
    """
    SELECT user_id, concert_id, sum(seat_count), NULL, NULL FROM reservation
     WHERE (user_id, concert_id) IN (SELECT * FROM unnest($1, $2))
       AND (status = 'confirmed' OR status = 'held' AND expires_at > $3)
     GROUP BY user_id, concert_id
    UNION ALL
    (SELECT user_id, concert_id, 0, seat_id, ended_at
      FROM reservation JOIN reservation_seat ON reservation_id = id
     WHERE (user_id, concert_id) IN (SELECT * FROM unnest($1, $2)) AND status = 'released' AND ended_at > $4
     ORDER BY ended_at)
    """,
)
