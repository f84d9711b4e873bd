"""Reservations."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from api.schemas.performances import PlacedSeatView
from api.schemas.shape import Id, Points, RequestBody, Time, UserId, View

MOST_SEATS = 4


def _each_once(seat_ids: list[int]) -> list[int]:
    if len(set(seat_ids)) < len(seat_ids):
        raise PydanticCustomError("seat_twice", "a seat is named twice")
    return seat_ids


SeatIds = Annotated[
    list[Id],
    Field(min_length=1, max_length=MOST_SEATS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_each_once),
]


class HoldSeats(RequestBody):
    """Hold seats of one performance for a while, all or none."""

    performance_id: Id
    seat_ids: SeatIds
    replaces: Id | None = Field(
        default=None,
        description="A reservation that this token holds: it ends with this one, all or none. Its seats may be among"
        " the new ones, which are then held until it would have ended.",
    )


class ReservationView(View):
    """Seats held, bought or given back."""

    id: Id
    performance_id: Id
    user_id: UserId
    status: Literal["held", "confirmed", "expired", "released", "refunded"]
    seats: list[PlacedSeatView]
    amount: Points
    held_at: Time
    expires_at: Time
    payment_id: Id | None
