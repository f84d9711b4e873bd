"""Payments and bookings."""

from typing import Literal

from pydantic import Field

from api.schemas.performances import PlacedSeatView
from api.schemas.shape import Holder, Id, Points, RequestBody, Time, UserId, View


class PayReservation(RequestBody):
    """Pay a held reservation with points."""

    reservation_id: Id


class PaymentView(View):
    """One payment."""

    id: Id
    reservation_id: Id
    user_id: UserId
    amount: Points
    status: Literal["paid", "refunded"]
    paid_at: Time
    refunded_at: Time | None


class BookedConcertView(View):
    """The concert of a booking."""

    id: Id
    title: str
    venue: str
    timezone: str = Field(description="The IANA time zone of the venue, in which its times are shown.")


class BookedDateView(View):
    """The date of a booking."""

    id: Id
    starts_at: Time


class BookingView(View):
    """A reservation that is the fan's."""

    payment_id: Id
    reservation_id: Id
    user_id: UserId
    holder: Holder
    status: Literal["confirmed", "refunded"]
    concert: BookedConcertView
    performance: BookedDateView
    seats: list[PlacedSeatView]
    amount: Points
    paid_at: Time
