"""Payments and what they buy."""

from collections.abc import Sequence

import falcon

from api.caching import answer
from api.credentials import Credential
from api.operation import operation
from api.pagination import PageQuery
from api.schemas.payments import BookingView, PaymentView, PayReservation
from api.schemas.shape import Page
from api.wiring import Resource
from models import booking, reservation_view
from models.database import read_session
from models.errors import (
    AlreadyPaidError,
    HoldExpiredError,
    InsufficientPointsError,
    PaymentNotFoundError,
    ReservationNotFoundError,
    ReservationNotHeldError,
    WrongConcertError,
)
from models.gathering import Gathering
from models.payment import Payment
from workers.payments import pay

TAG = "Payments"


def _ask_concerts(wanted: Sequence[tuple[int, str]]) -> Sequence[int | None]:
    with read_session():
        return reservation_view.concerts_of(wanted)


# Payments come in crowds.
_concerts = Gathering(_ask_concerts)


class Payments(Resource):
    """`/v1/payments`."""

    @operation(
        "Pay a reservation",
        tag=TAG,
        credential=Credential.ACTIVE_TOKEN,
        body=PayReservation,
        accepts=pay,
        result=BookingView,
        refusals=(WrongConcertError,),
        outcomes=(
            ReservationNotFoundError,
            HoldExpiredError,
            AlreadyPaidError,
            ReservationNotHeldError,
            InsufficientPointsError,
        ),
        description="Points deducted, payment recorded, seats sold and queue token completed: all or nothing."
        " The turn ends with it, so other reservations still held with the token are released in the same step.",
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Accept a payment."""
        caller, reservation_id = req.context.caller, req.context.body.reservation_id
        concert_id = _concerts((reservation_id, caller.user_id))
        if concert_id is not None:
            caller.check_concert(concert_id)
        self.wiring.acceptance.accept(req, resp, queue_token_id=caller.queue_token.id, reservation_id=reservation_id)


class OnePayment(Resource):
    """`/v1/payments/{payment_id}`."""

    @operation(
        "See a payment",
        tag=TAG,
        credential=Credential.OWNER,
        answers={200: PaymentView},
        refusals=(PaymentNotFoundError,),
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, payment_id: int) -> None:
        """Show one of the caller's payments."""
        caller = req.context.caller
        with read_session():
            payment = Payment.find_own(payment_id, caller.user_id, caller.concert_id)
        if payment is None:
            message = f"There is no payment {payment_id}."
            raise PaymentNotFoundError(message)
        answer(resp, payment)


class Bookings(Resource):
    """`/v1/bookings`."""

    @operation(
        "See what one has booked",
        tag=TAG,
        credential=Credential.OWNER,
        query=PageQuery,
        answers={200: Page[BookingView]},
        description="With a queue token those of its concert alone.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List confirmed reservations that the caller speaks for, newest first."""
        query, caller = req.context.query, req.context.caller
        before_id = query.after("bookings")
        with read_session():
            found = booking.page(
                caller.user_id, limit=query.limit + 1, before_id=before_id, concert_id=caller.concert_id
            )
        answer(resp, query.page("bookings", found, id_name="payment_id"))
