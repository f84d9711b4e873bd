"""A payment: points for a reservation, once; and its way back."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pony.orm import Optional, PrimaryKey, Required

from models.clock import to_rfc3339
from models.database import Entity, Prepared, rows
from models.errors import AlreadyPaidError, AlreadyRefundedError, HoldExpiredError, PaymentNotFoundError
from models.ids import new_id, reserve_ids
from models.lifecycle import move
from models.locking import lock
from models.points import PointAccount
from models.queue_token import QueueToken
from models.reservation import Reservation
from models.reservation_status import ReservationStatus
from models.seat import Seat
from models.token_holds import give_back, lock_held_by


class PaymentStatus(StrEnum):
    """Paid, or given back."""

    PAID = "paid"
    REFUNDED = "refunded"


PAYMENT_MOVES = {PaymentStatus.PAID: {PaymentStatus.REFUNDED}, PaymentStatus.REFUNDED: set()}


class Payment(Entity):
    """One payment of one reservation, in points."""

    _table_ = "payment"
    id = PrimaryKey(int, size=64, auto=True)
    reservation_id = Required(int, size=64)
    concert_id = Required(int, size=64)
    user_id = Required(str)
    amount = Required(int, size=64)
    status = Required(str)
    paid_at = Required(datetime, sql_type="timestamptz")
    refunded_at = Optional(datetime, sql_type="timestamptz")
    request_id = Required(UUID)

    @classmethod
    def pay(
        cls, *, user_id: str, queue_token_id: int, reservation_id: int, request_id: UUID, now: datetime
    ) -> "Payment":
        """Pay a held reservation: points deducted, seats sold, token completed, all in this transaction.

        With the token ends what else it holds: nobody could pay or release that any more.

        Locks the token, its reservations, their seats and the account. Refuses with
        `ReservationNotFoundError`, `AlreadyPaidError`, `HoldExpiredError`, `ReservationNotHeldError`, the
        token's refusals, `WrongConcertError`, `InsufficientPointsError`.
        """
        lock(QueueToken, [queue_token_id])
        lock_held_by([queue_token_id], [reservation_id])
        reservation = Reservation.locked(reservation_id, user_id)
        _check_payable(reservation, now)
        token = QueueToken.admitted(queue_token_id, user_id, now)
        token.check_concert(reservation.concert_id)
        account = PointAccount.covering(user_id, reservation.amount)
        payment = cls(
            id=new_id(cls),
            reservation_id=reservation.id,
            concert_id=reservation.concert_id,
            user_id=user_id,
            amount=reservation.amount,
            status=PaymentStatus.PAID.value,
            paid_at=now,
            request_id=request_id,
        )
        account.pay(payment.amount, payment_id=payment.id, request_id=request_id, now=now)
        reservation.confirm(payment.id)
        give_back(queue_token_id, now, but=reservation_id)
        token.complete(now)
        return payment

    @classmethod
    def lock_for_payments(cls, orders: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Lock what many payments (user and arguments) will need, a statement a table, in the common order."""
        orders = list(orders)
        token_ids = [arguments["queue_token_id"] for _, arguments in orders]
        lock(QueueToken, token_ids)
        lock_held_by(token_ids, [arguments["reservation_id"] for _, arguments in orders])
        PointAccount.lock_existing([user_id for user_id, _ in orders])
        reserve_ids(cls, len(orders))

    @classmethod
    def give_back(cls, *, payment_id: int, request_id: UUID, now: datetime) -> "Payment":
        """Refund a payment: points back, seats free again, reservation refunded, in this transaction.

        Locks the reservation, the payment, the seats and the account. Refuses with
        `PaymentNotFoundError`, `AlreadyRefundedError`; the limit of a balance is for charges, not for what was theirs.
        """
        found = rows("SELECT reservation_id FROM payment WHERE id = $payment_id", payment_id=payment_id)
        if not found:
            message = f"There is no payment {payment_id}."
            raise PaymentNotFoundError(message)
        reservation = Reservation.locked(found[0][0])
        payment = lock(cls, [payment_id])[payment_id]
        if payment.status == PaymentStatus.REFUNDED:
            message = f"Payment {payment_id} was refunded before."
            raise AlreadyRefundedError(message, refunded_at=to_rfc3339(payment.refunded_at))
        lock(Seat, reservation.seat_ids())
        account = PointAccount.locked(payment.user_id)
        reservation.refund(now)
        account.refund(payment.amount, payment_id=payment.id, request_id=request_id, now=now)
        move(payment, PaymentStatus.REFUNDED, PAYMENT_MOVES)
        payment.refunded_at = now
        return payment

    @classmethod
    def lock_for_refunds(cls, payment_ids: Sequence[int]) -> None:
        """Lock what many refunds will need, a statement a table, in the common order."""
        found = _OF_PAYMENTS.rows(list(payment_ids))
        lock(Reservation, [reservation_id for reservation_id, _ in found])
        lock(cls, payment_ids)
        Reservation.lock_with_seats([reservation_id for reservation_id, _ in found])
        PointAccount.lock_existing([user_id for _, user_id in found])

    def view(self) -> dict[str, Any]:
        """Return the payment as `GET /v1/payments/{id}` shows it."""
        return _view(
            self.id, self.reservation_id, self.user_id, self.amount, str(self.status), self.paid_at, self.refunded_at
        )

    @staticmethod
    def find_own(payment_id: int, user_id: str, concert_id: int | None = None) -> dict[str, Any] | None:
        """Return a payment of a user (for one concert) as the contract shows it; None for any other."""
        sql = """
            SELECT id, reservation_id, user_id, amount, status, paid_at, refunded_at
              FROM payment
             WHERE id = $payment_id AND user_id = $user_id AND concert_id = coalesce($concert_id::bigint, concert_id)
        """
        found = rows(sql, payment_id=payment_id, user_id=user_id, concert_id=concert_id)
        return _view(*found[0]) if found else None


_OF_PAYMENTS = Prepared(
    "find_reservations_and_users_of_payments",
    "bigint[]",
    "SELECT reservation_id, user_id FROM payment WHERE id = ANY($1)",
)


def _check_payable(reservation: Reservation, now: datetime) -> None:
    if reservation.status == ReservationStatus.CONFIRMED:
        message = f"Reservation {reservation.id} is paid."
        raise AlreadyPaidError(message, payment_id=reservation.payment_id)
    lapsed = reservation.status == ReservationStatus.HELD and reservation.expires_at <= now
    if lapsed or reservation.status == ReservationStatus.EXPIRED:
        message = f"The hold of reservation {reservation.id} has ended."
        raise HoldExpiredError(message, expired_at=to_rfc3339(reservation.expires_at))
    reservation.check_held(now)


def _view(  # They are the columns.
    id_: int,
    reservation_id: int,
    user_id: str,
    amount: int,
    status: str,
    paid_at: datetime,
    refunded_at: datetime | None,
) -> dict[str, Any]:
    return {
        "id": id_,
        "reservation_id": reservation_id,
        "user_id": user_id,
        "amount": amount,
        "status": status,
        "paid_at": to_rfc3339(paid_at),
        "refunded_at": to_rfc3339(refunded_at),
    }
