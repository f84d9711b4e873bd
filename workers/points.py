"""Points: charge."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from models.order import Order
from models.points import PointAccount
from workers.domain_task import domain_task
from workers.queues import BrokerQueue


def _lock_for_charges(orders: Sequence[Order]) -> None:
    PointAccount.lock_for_charges([order.user_id for order in orders])


@domain_task("points.charge", BrokerQueue.POINTS, lock=_lock_for_charges)
def charge(order: Order, now: datetime) -> dict[str, Any]:
    """Add points to a balance; result is `{"user_id", "balance", "entry_id"}`."""
    entry = PointAccount.charge(
        user_id=order.user_id, amount=order.arguments["amount"], request_id=order.request_id, now=now
    )
    return entry.charged()
