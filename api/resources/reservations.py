"""Reservations: hold seats, look at a reservation, give it back."""

from contextlib import suppress
from typing import Any

import falcon

from api.caching import answer
from api.credentials import Caller, Credential
from api.operation import operation
from api.schemas.reservations import HoldSeats, ReservationView
from api.wiring import Resource
from models import reservation_view
from models.database import read_session
from models.errors import (
    PerformanceClosedError,
    PerformanceNotFoundError,
    ReservationNotFoundError,
    ReservationNotHeldError,
    SeatLimitExceededError,
    SeatNotFoundError,
    SeatReleasedError,
    SeatTakenError,
    WrongConcertError,
)
from workers.reservations import hold, release

TAG = "Reservations"


class Reservations(Resource):
    """`/v1/reservations`."""

    @operation(
        "Hold seats",
        tag=TAG,
        credential=Credential.ACTIVE_TOKEN,
        body=HoldSeats,
        accepts=hold,
        result=ReservationView,
        refusals=(WrongConcertError,),
        outcomes=(
            SeatTakenError,
            SeatNotFoundError,
            SeatLimitExceededError,
            SeatReleasedError,
            PerformanceClosedError,
            ReservationNotFoundError,
            ReservationNotHeldError,
        ),
        description="All seats or none, for five minutes unless the operator set another time, and at most until the"
        " turn ends: one hold after the active time. `replaces` changes a hold without letting its seats go.",
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Accept a hold."""
        caller, body = req.context.caller, req.context.body
        # Of an unknown performance the worker says that its seats are unknown.
        with suppress(PerformanceNotFoundError):
            caller.check_concert(self.wiring.programme.concert_of(body.performance_id))
        self.wiring.acceptance.accept(
            req,
            resp,
            queue_token_id=caller.queue_token.id,
            performance_id=body.performance_id,
            seat_ids=body.seat_ids,
            **({} if body.replaces is None else {"replaces": body.replaces}),
        )


class OneReservation(Resource):
    """`/v1/reservations/{reservation_id}`."""

    @operation(
        "See a reservation",
        tag=TAG,
        credential=Credential.OWNER,
        answers={200: ReservationView},
        refusals=(ReservationNotFoundError,),
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, reservation_id: int) -> None:
        """Show one of the caller's reservations."""
        answer(resp, _own(reservation_id, req.context.caller))

    @operation(
        "Give held seats back",
        tag=TAG,
        credential=Credential.LIVE_TOKEN,
        accepts=release,
        result=ReservationView,
        refusals=(ReservationNotFoundError,),
        outcomes=(ReservationNotHeldError,),
    )
    def on_delete(self, req: falcon.Request, resp: falcon.Response, reservation_id: int) -> None:
        """Accept a release of one of the caller's reservations."""
        caller = req.context.caller
        _own(reservation_id, caller)
        self.wiring.acceptance.accept(req, resp, reservation_id=reservation_id, queue_token_id=caller.queue_token.id)


def _own(reservation_id: int, caller: Caller) -> dict[str, Any]:
    """Read a reservation that the caller speaks for. Raises `ReservationNotFoundError`, alike for all others."""
    with read_session():
        reservation = reservation_view.find_own(reservation_id, caller.user_id, caller.concert_id)
    if reservation is None:
        message = f"There is no reservation {reservation_id}."
        raise ReservationNotFoundError(message)
    return reservation
