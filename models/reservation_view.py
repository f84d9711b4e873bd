"""How a reservation is shown: the contract's *Reservation*, from rows or from entities at hand."""

from collections.abc import Iterable, Sequence
from typing import Any

from models.clock import to_rfc3339
from models.database import Prepared, rows
from models.reservation import Reservation
from models.reservation_status import ReservationStatus
from models.seat import Seat


def of_entity(reservation: Reservation, seats: Iterable[Seat]) -> dict[str, Any]:
    """Show a reservation whose seats are at hand, prices being those of the moment of the hold."""
    shown = [
        {"id": seat.id, "section": seat.section, "row": seat.row, "number": seat.number, "price": seat.price}
        for seat in sorted(seats, key=lambda seat: seat.id)
    ]
    columns = [getattr(reservation, name) for name in _COLUMNS[:-1]]
    # Pony forgets a null it has saved, and would ask the database for the payment that a hold cannot have.
    payment_id = None if reservation.status == ReservationStatus.HELD else reservation.payment_id
    return _view([*columns, payment_id], shown)


def find(reservation_id: int) -> dict[str, Any] | None:
    """Return one reservation as the contract shows it (with its `user_id`), or None."""
    return _one("id = $reservation_id", reservation_id=reservation_id)


def find_own(reservation_id: int, user_id: str, concert_id: int | None = None) -> dict[str, Any] | None:
    """Return a reservation of a user (for one concert) as the contract shows it; None for any other."""
    own = "id = $reservation_id AND user_id = $user_id AND concert_id = coalesce($concert_id::bigint, concert_id)"
    return _one(own, reservation_id=reservation_id, user_id=user_id, concert_id=concert_id)


def _one(condition: str, **parameters: Any) -> dict[str, Any] | None:
    found = rows(f"SELECT {', '.join(_COLUMNS)} FROM reservation WHERE {condition}", **parameters)  # noqa: S608
    return _view(found[0], seats_of([found[0][0]])[found[0][0]]) if found else None


def page(user_id: str, *, limit: int, concert_id: int | None = None) -> list[dict[str, Any]]:
    """Return up to `limit` reservations of a user (for one concert), ended ones too, newest first."""
    sql = f"""SELECT {", ".join(_COLUMNS)} FROM reservation
         WHERE user_id = $user_id AND concert_id = coalesce($concert_id::bigint, concert_id)
         ORDER BY id DESC LIMIT $limit"""  # noqa: S608
    found = rows(sql, user_id=user_id, concert_id=concert_id, limit=limit)
    seats = seats_of([reservation_id for reservation_id, *_ in found])
    return [_view(row, seats[row[0]]) for row in found]


def concerts_of(wanted: Sequence[tuple[int, str]]) -> list[int | None]:
    """Return the concert of each reservation and user; None for an unknown one and for somebody else's."""
    ids, user_ids = zip(*wanted, strict=True)
    found = {row[:2]: row[2] for row in _CONCERTS.rows(list(ids), list(user_ids))}
    return [found.get(one) for one in wanted]


def seats_of(reservation_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the seats of reservations, by reservation, at the prices of the moment of the hold."""
    seats: dict[int, list[dict[str, Any]]] = {id_: [] for id_ in reservation_ids}
    names = ("id", "section", "row", "number", "price")
    for reservation_id, *seat in _SEATS.rows(list(reservation_ids)) if reservation_ids else ():
        seats[reservation_id].append(dict(zip(names, seat, strict=True)))
    return seats


def _view(columns: Sequence[Any], seats: list[dict[str, Any]]) -> dict[str, Any]:
    id_, performance_id, user_id, status, amount, held_at, expires_at, payment_id = columns
    return {
        "id": id_,
        "performance_id": performance_id,
        "user_id": user_id,
        "status": str(status),
        "seats": seats,
        "amount": amount,
        "held_at": to_rfc3339(held_at),
        "expires_at": to_rfc3339(expires_at),
        "payment_id": payment_id,
    }


_COLUMNS = ("id", "performance_id", "user_id", "status", "amount", "held_at", "expires_at", "payment_id")

_CONCERTS = Prepared(
    "find_concerts_of_reservations",
    "bigint[], text[]",
    "SELECT id, user_id, concert_id FROM reservation JOIN unnest($1, $2) AS wanted (id, user_id) USING (id, user_id)",
)

_SEATS = Prepared(
    "find_seats_of_reservations",
    "bigint[]",
    """
    SELECT r.reservation_id, s.id, s.section, s."row", s.number, r.price
      FROM reservation_seat r
      JOIN LATERAL (SELECT id, section, "row", number FROM seat WHERE id = r.seat_id LIMIT 1) s ON true
     WHERE r.reservation_id = ANY($1) ORDER BY s.id
    """,
)
