"""A reservation: one to four seats, held for a while, then the fan's or everybody's again."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pony.orm import Optional, PrimaryKey, Required

from models.database import Entity, change, rows
from models.errors import (
    ReservationNotFoundError,
    ReservationNotHeldError,
    SeatNotFoundError,
    SeatTakenError,
)
from models.hold_limits import check_limits, load_limits, note_released, note_seats
from models.ids import new_id, reserve_ids
from models.lapsed_holds import expire_together
from models.lifecycle import move
from models.locking import lock, remembered
from models.performance import Performance
from models.policy import Policy
from models.queue_token import QueueToken
from models.reservation_seat import ReservationSeat, note_seat_ids, seat_ids_of
from models.reservation_status import RESERVATION_MOVES, ReservationStatus
from models.seat import Seat, SeatStatus


class Reservation(Entity):
    """Seats of one performance for one user; `live` while held or confirmed."""

    _table_ = "reservation"
    id = PrimaryKey(int, size=64, auto=True)
    performance_id = Required(int, size=64)
    concert_id = Required(int, size=64)
    user_id = Required(str)
    queue_token_id = Required(int, size=64)
    status = Required(str)
    seat_count = Required(int)
    amount = Required(int, size=64)
    held_at = Required(datetime, sql_type="timestamptz")
    expires_at = Required(datetime, sql_type="timestamptz")
    ended_at = Optional(datetime, sql_type="timestamptz")
    payment_id = Optional(int, size=64)
    request_id = Required(UUID)

    @classmethod
    def hold(  # They are the order, the clock and the rules.
        cls,
        *,
        user_id: str,
        queue_token_id: int,
        performance_id: int,
        seat_ids: Sequence[int],
        request_id: UUID,
        now: datetime,
        policy: Policy,
        replaces: int | None = None,
    ) -> "Reservation":
        """Hold seats for a while, at most as long as the turn, all or none.

        With `replaces`, a hold of the same token ends with it: its seats can be among the new ones, which then end when
        it would have ended. Locks the token, that hold and lapsed ones of the seats, and the seats. Refuses with
        the token's refusals, `SeatNotFoundError`, `WrongConcertError`, `PerformanceClosedError`,
        `SeatTakenError`, `SeatLimitExceededError`, `SeatReleasedError`, `ReservationNotFoundError`,
        `ReservationNotHeldError`.
        """
        token = QueueToken.admitted(queue_token_id, user_id, now)
        performance = Performance.get(id=performance_id)
        if performance is None:
            message = f"There is no performance {performance_id}."
            raise SeatNotFoundError(message, seat_ids=list(seat_ids))
        token.check_concert(performance.concert_id)
        performance.check_reservable(now)
        replaced = None if replaces is None else cls._replaceable(replaces, queue_token_id, now)
        lapsed = cls._lock_lapsed(seat_ids, now)
        seats = Seat.locked(performance_id, seat_ids)
        _check_free(seats, [*lapsed, replaced] if replaced else lapsed)
        kept = [seat.id for seat in seats if replaced and seat.reservation_id == replaced.id]
        given_up = replaced.seat_count if replaced else 0
        check_limits(user := (user_id, performance.concert_id), seat_ids, now, policy, kept=kept, given_up=given_up)
        for reservation in lapsed:
            reservation.expire(now)
        if replaced:
            note_released(user, [seat_id for seat_id in replaced.seat_ids() if seat_id not in kept], now)
            replaced.give_back(now)
        reservation = cls(
            id=new_id(cls),
            performance_id=performance_id,
            concert_id=performance.concert_id,
            user_id=user_id,
            queue_token_id=queue_token_id,
            status=ReservationStatus.HELD.value,
            seat_count=len(seats),
            amount=sum(seat.price for seat in seats),
            held_at=now,
            # Nobody has a seat for longer by choosing another one beside it.
            expires_at=replaced.expires_at if replaced and kept else token.hold_until(now, policy),
            request_id=request_id,
        )
        note_seat_ids(reservation.id, seat_ids)
        note_seats(user, len(seats) - given_up)
        for seat in seats:
            seat.hold(reservation.id, reservation.expires_at)
            ReservationSeat(reservation_id=reservation.id, seat_id=seat.id, price=seat.price, live=True)
        return reservation

    @classmethod
    def lock_for_holds(cls, orders: Iterable[dict[str, Any]], clock: Callable[[], datetime], policy: Policy) -> None:
        """Lock what holds will need, one statement per table, in the order that everybody locks in.

        Which holds have lapsed is asked with the time after the tokens are locked.
        """
        orders = list(orders)
        seat_ids = [seat_id for order in orders for seat_id in order["seat_ids"]]
        tokens = lock(QueueToken, [order["queue_token_id"] for order in orders])
        cls._lock_lapsed(seat_ids, clock(), replaced=[order["replaces"] for order in orders if "replaces" in order])
        lock(Seat, seat_ids)
        # Who has a locked token takes no seats elsewhere, so what they have is counted once for the whole batch.
        load_limits({(token.user_id, token.concert_id) for token in tokens.values()}, clock(), policy)
        reserve_ids(cls, len(orders))

    @classmethod
    def _replaceable(cls, reservation_id: int, queue_token_id: int, now: datetime) -> "Reservation":
        """Return a hold of this token, which was locked ahead."""
        reservation = cls.locked(reservation_id)
        if reservation.queue_token_id != queue_token_id:
            message = f"There is no reservation {reservation_id}."
            raise ReservationNotFoundError(message)
        reservation.check_held(now)
        return reservation

    @classmethod
    def _lock_lapsed(
        cls, seat_ids: Sequence[int], now: datetime, *, replaced: Sequence[int] = ()
    ) -> list["Reservation"]:
        """Lock the reservations whose hold on one of the seats has run out, others with them, and all seats of theirs.

        Seats are locked after reservations, so what stands in the way is looked up before, once a session: a hold that
        lapsed since then stands in the way for this moment.
        """
        looked_up: dict[int, int | None] = remembered("lapsed holds of seats")
        unknown = [seat_id for seat_id in seat_ids if seat_id not in looked_up]
        if unknown:
            looked_up.update(dict.fromkeys(unknown))
            looked_up.update(rows(_LAPSED, ids=unknown, now=now))
        found = lock(cls, {id_ for seat_id in seat_ids if (id_ := looked_up[seat_id]) is not None} | set(replaced))
        if unknown and found:
            lock(Seat, [*seat_ids, *(seat_id for reservation in found.values() for seat_id in reservation.seat_ids())])
        return [
            reservation
            for reservation in found.values()
            if reservation.status == ReservationStatus.HELD and reservation.expires_at <= now
        ]

    @classmethod
    def locked(cls, reservation_id: int, user_id: str | None = None) -> "Reservation":
        """Lock a reservation (of this user). Refuses with `ReservationNotFoundError`."""
        reservation = lock(cls, [reservation_id]).get(reservation_id)
        if reservation is None or user_id not in (None, reservation.user_id):
            message = f"There is no reservation {reservation_id}."
            raise ReservationNotFoundError(message)
        return reservation

    @classmethod
    def release(cls, *, reservation_id: int, user_id: str | None, now: datetime) -> "Reservation":
        """Give held seats back, this user's or anybody's. Locks the reservation and its seats.

        Refuses with `ReservationNotFoundError`, `ReservationNotHeldError`.
        """
        reservation = cls.locked(reservation_id, user_id)
        reservation.check_held(now)
        reservation.give_back(now)
        return reservation

    @classmethod
    def lock_with_seats(cls, reservation_ids: Sequence[int]) -> None:
        """Lock many reservations and the seats they took, a statement a table, in the common order."""
        lock(cls, reservation_ids)
        lock(Seat, [seat_id for seat_ids in seat_ids_of(reservation_ids).values() for seat_id in seat_ids])

    def check_held(self, now: datetime) -> None:
        """Refuse with `ReservationNotHeldError` unless the hold stands."""
        if self.status != ReservationStatus.HELD or self.expires_at <= now:
            status = ReservationStatus.EXPIRED.value if self.status == ReservationStatus.HELD else self.status
            message = f"Reservation {self.id} is not held: it is {status}."
            raise ReservationNotHeldError(message, reservation_status=status)

    @classmethod
    def expire_all(cls, reservation_ids: Sequence[int], clock: Callable[[], datetime]) -> int:
        """End those of many holds whose time is over, one statement per table; return how many.

        Locks the reservations and their seats; `clock` is asked after that.
        """
        locked, now = lock(cls, reservation_ids).values(), clock()
        due = [held.id for held in locked if held.status == ReservationStatus.HELD and held.expires_at <= now]
        if due:
            expire_together(due, clock)
        return len(due)

    def confirm(self, payment_id: int) -> None:
        """Make the held seats the fan's."""
        self._move(ReservationStatus.CONFIRMED)
        self.payment_id = payment_id
        for seat in lock(Seat, self.seat_ids()).values():
            seat.sell()

    def give_back(self, now: datetime) -> None:
        """End a hold before it is paid; one whose time is over was not given back but has expired."""
        self._end(ReservationStatus.EXPIRED if self.expires_at <= now else ReservationStatus.RELEASED, now)

    def expire(self, now: datetime) -> None:
        """End a hold whose time is over."""
        self._end(ReservationStatus.EXPIRED, now)

    def refund(self, now: datetime) -> None:
        """End a confirmed reservation whose points were given back."""
        self._end(ReservationStatus.REFUNDED, now)

    def _end(self, to: ReservationStatus, now: datetime) -> None:
        self._move(to)
        self.ended_at = now
        change("UPDATE reservation_seat SET live = false WHERE reservation_id = $id", id=self.id)
        for seat in lock(Seat, self.seat_ids()).values():
            if seat.reservation_id == self.id:
                seat.free()

    def _move(self, to: ReservationStatus) -> None:
        move(self, to, RESERVATION_MOVES)

    def seat_ids(self) -> list[int]:
        """Return the ids of the seats this reservation took, also after they were given back."""
        return seat_ids_of([self.id])[self.id]


def _check_free(seats: Sequence[Seat], lapsed: Sequence[Reservation]) -> None:
    """Refuse with `SeatTakenError` unless each seat is available, or held by a lapsed reservation that is locked."""
    over = {reservation.id for reservation in lapsed}
    taken = [seat.id for seat in seats if seat.status != SeatStatus.AVAILABLE and seat.reservation_id not in over]
    if taken:
        message = f"Already taken: {taken}."
        raise SeatTakenError(message, seat_ids=taken)


_LAPSED = "SELECT id, reservation_id FROM seat WHERE id = ANY($ids) AND held_until <= $now"
