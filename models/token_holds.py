"""What queue tokens hold: found and locked for many at once, and given back when a token ends."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from models.database import Prepared
from models.locking import lock, remembered
from models.reservation import Reservation
from models.reservation_status import ReservationStatus


def held_by(token_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return the ids of the reservations that tokens hold; asked once a session.

    The caller has locked the tokens, so that nothing more is held with them meanwhile.
    """
    known: dict[int, list[int]] = remembered("held by tokens")
    unknown = [token_id for token_id in dict.fromkeys(token_ids) if token_id not in known]
    if unknown:
        known.update({token_id: [] for token_id in unknown})
        for token_id, reservation_id in _HELD.rows(unknown):
            known[token_id].append(reservation_id)
    return {token_id: known[token_id] for token_id in token_ids}


def lock_held_by(token_ids: Sequence[int], reservation_ids: Iterable[int] = ()) -> None:
    """Lock the reservations that tokens, locked by the caller, hold, others with them, and the seats of all."""
    held = [id_ for ids in held_by(token_ids).values() for id_ in ids]
    Reservation.lock_with_seats([*reservation_ids, *held])


def give_back(token_id: int, now: datetime, *, but: int | None = None) -> None:
    """Give back whatever a token, locked by the caller, still holds, `but` for one reservation.

    A hold whose time is over has expired; nobody gave it back.
    """
    held = [id_ for id_ in held_by([token_id])[token_id] if id_ != but]
    for reservation in lock(Reservation, held).values():
        if reservation.status == ReservationStatus.HELD:
            reservation.give_back(now)


_HELD = Prepared(
    "find_reservations_held_by_tokens",
    "bigint[]",
    "SELECT queue_token_id, id FROM reservation WHERE queue_token_id = ANY($1) AND status = 'held' ORDER BY id",
)
