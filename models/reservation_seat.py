"""Which seats reservations took, and how many a user has; asked once a session, since a session knows what it adds."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pony.orm import PrimaryKey, Required

from models.database import Entity, Prepared
from models.locking import remembered


class ReservationSeat(Entity):
    """That a reservation took a seat, and at which price."""

    _table_ = "reservation_seat"
    reservation_id = Required(int, size=64)
    seat_id = Required(int, size=64)
    price = Required(int, size=64)
    live = Required(bool)
    PrimaryKey(reservation_id, seat_id)


def seat_ids_of(reservation_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return the ids of the seats that reservations took; asked once a session, since they never change."""
    known: dict[int, list[int]] = remembered("seat_ids")
    unknown = [id_ for id_ in reservation_ids if id_ not in known]
    if unknown:
        known.update({id_: [] for id_ in unknown})
        for reservation_id, seat_id in _SEAT_IDS.rows(unknown):
            known[reservation_id].append(seat_id)
    return {id_: known[id_] for id_ in reservation_ids}


def seats_of_users(users: Collection[tuple[str, int]], now: datetime) -> dict[tuple[str, int], int]:
    """Return how many seats each user has of a concert, held or bought; counted once a session, then kept up by holds.

    The caller has locked the users' tokens, so nobody else takes seats for them.
    """
    known: dict[tuple[str, int], int] = remembered("seats of users")
    unknown = [user for user in users if user not in known]
    if unknown:
        known.update(dict.fromkeys(unknown, 0))
        user_ids, concert_ids = zip(*unknown, strict=True)
        for user_id, concert_id, seats in _COUNT_SEATS.rows(list(user_ids), list(concert_ids), now):
            known[user_id, concert_id] = int(seats)
    return {user: known[user] for user in users}


def note_hold(reservation_id: int, user: tuple[str, int], seat_ids: Sequence[int]) -> None:
    """Keep up what this session knows with a hold of its own; the user's seats were counted before."""
    remembered("seat_ids")[reservation_id] = sorted(seat_ids)
    remembered("seats of users")[user] += len(seat_ids)


_SEAT_IDS = Prepared(
    "find_seat_ids_of_reservations",
    "bigint[]",
    "SELECT reservation_id, seat_id FROM reservation_seat WHERE reservation_id = ANY($1) ORDER BY seat_id",
)

_COUNT_SEATS = Prepared(
    "count_seats_of_users",
    "text[], bigint[], timestamptz",
    """
    SELECT user_id, concert_id, sum(seat_count) FROM reservation
     WHERE (user_id, concert_id) IN (SELECT * FROM unnest($1, $2))
       AND (status = 'confirmed' OR status = 'held' AND expires_at > $3)
     GROUP BY user_id, concert_id
    """,
)
