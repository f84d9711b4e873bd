"""What operators do: put concerts on sale, steer lines, release holds, give money back; each deed on record."""

from datetime import timedelta
from typing import Any

import falcon

from api.answered_once import answered_once
from api.caching import answer
from api.credentials import Credential
from api.operation import operation
from api.pagination import PageQuery
from api.schemas.concerts import ConcertView
from api.schemas.operator import CreateConcert, QueueSettingsView, StatsView, SteerQueue
from api.schemas.oversight import ConcertOverviewView
from api.schemas.payments import PaymentView
from api.schemas.reservations import ReservationView
from api.schemas.shape import Page
from api.wiring import Resource
from models import clock, overview, reservation_view, statistics
from models.concert import Concert
from models.database import patience, read_session, wait_in_all, write_session
from models.deletion import delete_concert
from models.errors import (
    AlreadyRefundedError,
    ConcertInUseError,
    ConcertNotFoundError,
    PaymentNotFoundError,
    ReservationNotFoundError,
    ReservationNotHeldError,
)
from models.operator_action import Action, OperatorAction
from models.queue import Queue
from workers.payments import refund
from workers.reservations import release

TAG = "Operators"
# The most seats that can be made at once take 3 s on two busy cores; answers have 8 s to be given.
CREATION_PATIENCE = timedelta(seconds=7)


class Concerts(Resource):
    """`/v1/operator/concerts`."""

    @operation(
        "See all concerts at a glance",
        tag=TAG,
        credential=Credential.OPERATOR,
        query=PageQuery,
        answers={200: Page[ConcertOverviewView]},
        description="Newest first, each with the state of its line, who waits and is inside, what was sold and for how"
        " much.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List concerts with their figures."""
        query = req.context.query
        with read_session():
            found = overview.page(limit=query.limit + 1, before_id=query.after("overview"))
        answer(resp, query.page("overview", found))

    @operation(
        "Put a concert on sale",
        tag=TAG,
        credential=Credential.OPERATOR,
        keyed_as=Action.CREATE_CONCERT.value,
        body=CreateConcert,
        answers={201: ConcertView},
        description=(
            "A plain write, done when it is answered. Up to 200,000 seats on 200 dates; dates of one hall share"
            " `sections` beside `performances`, so that all of them fit into a body of 64 KiB."
        ),
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Create a concert with its line, dates and seats."""
        wait_in_all(CREATION_PATIENCE)
        with patience(CREATION_PATIENCE), write_session():
            concert = answered_once(req, resp, lambda: self._create(req))
        self.wiring.programme.changed()
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"/v1/concerts/{concert['id']}")
        answer(resp, concert)

    def _create(self, req: falcon.Request) -> dict[str, Any]:
        now, new = clock.utcnow(), req.context.body.as_concert()
        concert = Concert.create(**new, now=now, policy=self.wiring.settings.policy)
        detail = {
            "title": concert["title"],
            "state": new["queue"]["state"],
            "performances": len(concert["performances"]),
            "seats": sum(date["seats_total"] for date in concert["performances"]),
        }
        by = req.context.caller.user_id
        OperatorAction.record(Action.CREATE_CONCERT, concert["id"], by=by, detail=detail, now=now)
        return concert


class OneConcert(Resource):
    """`/v1/operator/concerts/{concert_id}`."""

    @operation(
        "Delete a concert that sold nothing",
        tag=TAG,
        credential=Credential.OPERATOR,
        keyed_as=Action.DELETE_CONCERT.value,
        answers={204: None},
        refusals=(ConcertNotFoundError, ConcertInUseError),
        description="It is not there any more for anybody; the trail keeps what it was. Nobody may wait or be inside.",
    )
    def on_delete(self, req: falcon.Request, resp: falcon.Response, concert_id: int) -> None:
        """Delete a concert."""
        with write_session():
            answered_once(req, resp, lambda: self._delete(req, concert_id))
        self.wiring.programme.changed()
        resp.status = falcon.HTTP_204

    @staticmethod
    def _delete(req: falcon.Request, concert_id: int) -> dict[str, Any]:
        Queue.existing(concert_id)
        now = clock.utcnow()  # Somebody may have held the lock for a while.
        detail = delete_concert(concert_id, now)
        by = req.context.caller.user_id
        OperatorAction.record(Action.DELETE_CONCERT, concert_id, by=by, detail=detail, now=now)
        return {}


class QueueOfConcert(Resource):
    """`/v1/operator/concerts/{concert_id}/queue`."""

    @operation(
        "Steer the line of a concert",
        tag=TAG,
        credential=Credential.OPERATOR,
        keyed_as=Action.PATCH_QUEUE.value,
        body=SteerQueue,
        answers={200: QueueSettingsView},
        refusals=(ConcertNotFoundError,),
        description="What is left away stays as it is. `ended` ends the places of all who wait, for good.",
    )
    def on_patch(self, req: falcon.Request, resp: falcon.Response, concert_id: int) -> None:
        """Change state, capacity or rate."""
        with write_session():
            queue = answered_once(req, resp, lambda: self._steer(req, concert_id))
        answer(resp, queue)

    def _steer(self, req: falcon.Request, concert_id: int) -> dict[str, Any]:
        changes = req.context.body.model_dump(exclude_unset=True)
        before = Queue.existing(concert_id)
        detail = {**changes, "before": {name: getattr(before, name) for name in changes}}
        now = clock.utcnow()  # Somebody may have held the lock for a while.
        queue = Queue.steer(concert_id, now=now, policy=self.wiring.settings.policy, **changes)
        if changes:
            by = req.context.caller.user_id
            OperatorAction.record(Action.PATCH_QUEUE, concert_id, by=by, detail=detail, now=now)
        return queue


class Stats(Resource):
    """`/v1/operator/concerts/{concert_id}/stats`."""

    @operation(
        "See a concert's figures",
        tag=TAG,
        credential=Credential.OPERATOR,
        answers={200: StatsView},
        refusals=(ConcertNotFoundError,),
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, concert_id: int) -> None:
        """Count the line, the seats, the money and the last minute."""
        del req
        with read_session():
            answer(resp, statistics.of_concert(concert_id, clock.utcnow()))


class Releases(Resource):
    """`/v1/operator/reservations/{reservation_id}/release`."""

    @operation(
        "Release anybody's hold",
        tag=TAG,
        credential=Credential.OPERATOR,
        accepts=release,
        result=ReservationView,
        refusals=(ReservationNotFoundError,),
        outcomes=(ReservationNotHeldError,),
        description="The seats are free again at once. The task is the operator's.",
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, reservation_id: int) -> None:
        """Accept a release."""
        with read_session():
            if reservation_view.find(reservation_id) is None:
                message = f"There is no reservation {reservation_id}."
                raise ReservationNotFoundError(message)
        self.wiring.acceptance.accept(req, resp, reservation_id=reservation_id, by_operator=True)


class Refunds(Resource):
    """`/v1/operator/payments/{payment_id}/refund`."""

    @operation(
        "Refund a payment",
        tag=TAG,
        credential=Credential.OPERATOR,
        accepts=refund,
        result=PaymentView,
        outcomes=(PaymentNotFoundError, AlreadyRefundedError),
        description="Points back through a ledger entry, seats free again, reservation `refunded`.",
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response, payment_id: int) -> None:
        """Accept a refund."""
        self.wiring.acceptance.accept(req, resp, payment_id=payment_id)
