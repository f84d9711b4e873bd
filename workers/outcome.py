"""Outcomes: done, refused or failed, in the form in which the request row keeps them."""

from typing import Any

from models.errors import DomainError
from models.order import Order
from models.request import Outcome, RequestStatus


def done(order: Order, result: dict[str, Any]) -> Outcome:
    """Tell that the domain did it."""
    return Outcome(order.request_id, RequestStatus.DONE, result)


def refused(order: Order, refusal: DomainError) -> Outcome:
    """Tell that the domain said no; the problem's HTTP side is added where it is shown."""
    return Outcome(
        order.request_id, RequestStatus.REFUSED, {"code": refusal.code, "detail": refusal.detail, **refusal.members}
    )


def failed(order: Order) -> Outcome:
    """Tell of a fault of ours, without its inner parts."""
    detail = "The service could not carry out the request; nothing was changed."
    return Outcome(order.request_id, RequestStatus.FAILED, {"code": "internal_error", "detail": detail})
