"""Reservations: hold and release; and the sweep that ends lapsed holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from models import clock, reservation_view
from models.database import rows, write_session
from models.locking import lock
from models.operator_action import Action, OperatorAction
from models.order import Order
from models.reservation import Reservation
from models.seat import Seat
from workers.app import settings
from workers.domain_task import domain_task
from workers.queues import BrokerQueue
from workers.sweep import sweep

# So many holds end in one transaction.
EXPIRED_TOGETHER = 500


def _lock_for_holds(orders: Sequence[Order]) -> None:
    Reservation.lock_for_holds([order.arguments for order in orders], clock.utcnow, settings.policy)


def _lock_for_releases(orders: Sequence[Order]) -> None:
    Reservation.lock_with_seats([order.arguments["reservation_id"] for order in orders])


@domain_task("reservation.hold", BrokerQueue.RESERVATIONS, lock=_lock_for_holds)
def hold(order: Order, now: datetime) -> dict[str, Any]:
    """Hold one to four seats; result is *Reservation*."""
    reservation = Reservation.hold(
        user_id=order.user_id,
        request_id=order.request_id,
        now=now,
        policy=settings.policy,
        **order.arguments,
    )
    return reservation_view.of_entity(reservation, lock(Seat, order.arguments["seat_ids"]).values())


@domain_task("reservation.release", BrokerQueue.RESERVATIONS, lock=_lock_for_releases)
def release(order: Order, now: datetime) -> dict[str, Any]:
    """Give held seats back; result is *Reservation*. An operator (`by_operator`) gives back anybody's, on record."""
    by_operator = order.arguments.get("by_operator", False)
    reservation = Reservation.release(
        reservation_id=order.arguments["reservation_id"], user_id=None if by_operator else order.user_id, now=now
    )
    if by_operator:
        detail = {
            "user_id": reservation.user_id,
            "performance_id": reservation.performance_id,
            "concert_id": reservation.concert_id,
        }
        OperatorAction.record(
            Action.RELEASE_RESERVATION,
            reservation.id,
            by=order.user_id,
            detail=detail,
            now=now,
            request_id=order.request_id,
        )
    return reservation_view.of_entity(reservation, lock(Seat, reservation.seat_ids()).values())


@sweep("reservation.expire_due")
def expire_due() -> int:
    """End holds whose time is over; return how many."""
    ended = 0
    while batch := _expire_some():
        ended += batch
    return ended


def _expire_some() -> int:
    now = clock.utcnow()
    with write_session():
        due = rows(
            "SELECT id FROM reservation WHERE status = 'held' AND expires_at <= $now ORDER BY id LIMIT $limit",
            now=now,
            limit=EXPIRED_TOGETHER,
        )
        return Reservation.expire_all([id_ for (id_,) in due], clock.utcnow) if due else 0
