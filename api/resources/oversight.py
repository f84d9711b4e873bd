"""What operators look at: the audit trail, a fan's things, the seats of a date, and how the service does."""

from typing import Any

import falcon
import redis

from api.caching import answer
from api.credentials import Credential
from api.operation import operation
from api.pressure import pressure
from api.resources.performances import SEAT_CACHE
from api.schemas.oversight import (
    ActionView,
    FanQuery,
    FanView,
    NamedFansView,
    NameQuery,
    ServiceView,
    TrailQuery,
)
from api.schemas.payments import BookingView
from api.schemas.performances import SeatQuery, SeatView
from api.schemas.shape import Page
from api.wiring import Resource
from models import booking, clock, figures, reservation_view
from models.database import read_session
from models.errors import PaymentNotFoundError, PerformanceNotFoundError
from models.holder import Holder
from models.operator_action import OperatorAction
from models.queue_token import Standing
from models.tokens_of_fan import tokens_of_fan
from workers.backlog import lengths
from workers.presence import present
from workers.queues import BrokerQueue

TAG = "Operators"
TRAIL = "operator-actions"
# More of one fan's things than a person reads.
MOST = 50


class Trail(Resource):
    """`/v1/operator/audit`."""

    @operation(
        "See what operators did",
        tag=TAG,
        credential=Credential.OPERATOR,
        query=TrailQuery,
        answers={200: Page[ActionView]},
        description="Newest first. Every steering action is written in its own transaction and never changed.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List actions."""
        query = req.context.query
        with read_session():
            found = OperatorAction.page(
                limit=query.limit + 1, before_id=query.after(TRAIL), concert_id=query.concert_id
            )
        answer(resp, query.page(TRAIL, found))


class NamedFans(Resource):
    """`/v1/operator/fans`."""

    @operation(
        "Find fans by name",
        tag=TAG,
        credential=Credential.OPERATOR,
        query=NameQuery,
        answers={200: NamedFansView},
        description="By the name that their identity said last. Who has none is found by user id alone.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List users whose names begin so."""
        with read_session():
            found = Holder.named(req.context.query.name, limit=MOST)
        answer(resp, {"items": found})


class OneFan(Resource):
    """`/v1/operator/fans/{user_id}`."""

    @operation(
        "Find what a fan has",
        tag=TAG,
        credential=Credential.OPERATOR,
        query=FanQuery,
        answers={200: FanView},
        description="A user id that nobody used yet has nothing.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        """List tokens, reservations and bookings of a user."""
        only: dict[str, Any] = {"limit": MOST, "concert_id": req.context.query.concert_id}
        with read_session():
            tokens = tokens_of_fan(user_id, **only)
            reservations, bookings = reservation_view.page(user_id, **only), booking.page(user_id, **only)
            name = Holder.name_of(user_id)
        shown = {"tokens": [self._view(token) for token in tokens], "reservations": reservations, "bookings": bookings}
        answer(resp, {"user_id": user_id, "name": name, **shown})

    def _view(self, token: Standing) -> dict[str, Any]:
        return token.view(self.wiring.lines.of(token.concert_id).line, self.wiring.settings.policy)


class OnePayment(Resource):
    """`/v1/operator/payments/{payment_id}`."""

    @operation(
        "See what anybody's payment bought",
        tag=TAG,
        credential=Credential.OPERATOR,
        answers={200: BookingView},
        refusals=(PaymentNotFoundError,),
        description="Whose it is, and which seats: what a refund would undo, or has undone.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, payment_id: int) -> None:
        """Show a payment with fan, concert and seats."""
        del req
        with read_session():
            found = booking.find(payment_id)
        if found is None:
            message = f"There is no payment {payment_id}."
            raise PaymentNotFoundError(message)
        answer(resp, found)


class SeatsOfPerformance(Resource):
    """`/v1/operator/performances/{performance_id}/seats`."""

    @operation(
        "See the seats of any performance",
        tag=TAG,
        credential=Credential.OPERATOR,
        query=SeatQuery,
        answers={200: Page[SeatView]},
        refusals=(PerformanceNotFoundError,),
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, performance_id: int) -> None:
        """List seats as fans see them."""
        self.wiring.programme.concert_of(performance_id)
        self.wiring.seat_pages.page(performance_id, req.context.query).answer(req, resp, SEAT_CACHE)


class Service(Resource):
    """`/v1/operator/service`."""

    @operation(
        "See how the service does",
        tag=TAG,
        credential=Credential.OPERATOR,
        answers={200: ServiceView},
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Count workers and what waits."""
        del req
        with read_session():
            oldest = figures.oldest_request_seconds(clock.utcnow())
        answer(resp, {**self._broker(), "oldest_queued_seconds": oldest, "stretch": round(pressure.stretch, 1)})

    def _broker(self) -> dict[str, dict[str, int] | None]:
        try:
            found = present(self.wiring.broker)
            return {
                "workers": {queue.value: found.get(queue.value, 0) for queue in BrokerQueue},
                "broker_queues": lengths(self.wiring.broker),
            }
        except redis.RedisError:
            return {"workers": None, "broker_queues": None}
