"""Concerts, their dates and their line."""

from typing import Literal

from pydantic import Field

from api.schemas.shape import Count, Id, Points, Time, View

QueueState = Literal["open", "paused", "closed", "ended"]


class ConcertDateView(View):
    """A date of a concert in the programme."""

    performance_id: Id
    starts_at: Time
    reservable_from: Time
    reservable_until: Time
    seats_total: Count
    price_from: Points | None = Field(description="The lowest price of a seat; null of a date without seats.")
    price_to: Points | None = Field(description="The highest price of a seat, likewise.")


class ConcertView(View):
    """A concert of the programme."""

    id: Id
    title: str
    venue: str
    timezone: str = Field(description="The IANA time zone of the venue, in which its times are shown.")
    created_at: Time
    performances: list[ConcertDateView]


class AvailableDateView(View):
    """A date that can still be reserved."""

    performance_id: Id
    starts_at: Time
    seats_total: Count
    seats_available: Count


class QueueView(View):
    """The line of a concert."""

    concert_id: Id
    state: QueueState = Field(
        description="`open`; `paused` takes fans and admits nobody; `closed` takes no newcomers and serves those who"
        " wait; `ended` takes nobody, and nobody waits in it any more."
    )
    waiting: Count
    active: Count
    capacity: Count
    serving_number: Count = Field(description="The highest place that was admitted so far.")
    estimated_wait_seconds: Count | None = Field(
        description="For one more at the end of the line; null while nobody is admitted."
    )
    sold_out: bool = Field(
        description="All seats that could still be reserved are sold, none of them is merely held. Up to a few seconds"
        " old; seats may come back."
    )
    sale_over: bool = Field(
        description="Nobody can join: it is sold out, or no date can be reserved any more (`sale_over`)."
    )
    stretch: float = Field(
        ge=1,
        le=3,
        description="1 when calm. Under load, look so many times less often than your estimate alone would have it,"
        " though never less often than the last `poll_after_seconds` of your token.",
    )
