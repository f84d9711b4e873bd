"""Payments: pay and refund."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from models import booking
from models.operator_action import Action, OperatorAction
from models.order import Order
from models.payment import Payment
from workers.domain_task import domain_task
from workers.queues import BrokerQueue


def _lock_for_payments(orders: Sequence[Order]) -> None:
    Payment.lock_for_payments([(order.user_id, order.arguments) for order in orders])


def _lock_for_refunds(orders: Sequence[Order]) -> None:
    Payment.lock_for_refunds([order.arguments["payment_id"] for order in orders])


def _show_bookings(payments: Sequence[Payment]) -> Sequence[dict[str, Any]]:
    return booking.of_payments([payment.id for payment in payments])


@domain_task("payment.pay", BrokerQueue.PAYMENTS, lock=_lock_for_payments, show=_show_bookings)
def pay(order: Order, now: datetime) -> Payment:
    """Pay a held reservation; result is *Booking*."""
    return Payment.pay(user_id=order.user_id, request_id=order.request_id, now=now, **order.arguments)


@domain_task("payment.refund", BrokerQueue.PAYMENTS, lock=_lock_for_refunds)
def refund(order: Order, now: datetime) -> dict[str, Any]:
    """Give a payment's points back, on record; the order's user is the operator; result is the payment."""
    payment = Payment.give_back(payment_id=order.arguments["payment_id"], request_id=order.request_id, now=now)
    detail = {
        "user_id": payment.user_id,
        "amount": payment.amount,
        "reservation_id": payment.reservation_id,
        "concert_id": payment.concert_id,
    }
    OperatorAction.record(
        Action.REFUND_PAYMENT, payment.id, by=order.user_id, detail=detail, now=now, request_id=order.request_id
    )
    return payment.view()
