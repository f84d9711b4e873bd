"""Which seats reservations took; asked once a session, since a session knows what it adds."""

from collections.abc import Sequence

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


def note_seat_ids(reservation_id: int, seat_ids: Sequence[int]) -> None:
    """Keep up what this session knows with a hold of its own."""
    remembered("seat_ids")[reservation_id] = sorted(seat_ids)


_SEAT_IDS = Prepared(
    "find_seat_ids_of_reservations",
    "bigint[]",
    "SELECT reservation_id, seat_id FROM reservation_seat WHERE reservation_id = ANY($1) ORDER BY seat_id",
)
