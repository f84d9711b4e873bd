"""Concerts, their dates and their line."""

from typing import Literal

from pydantic import Field

from api.schemas.shape import Count, Id, Time, View

QueueState = Literal["open", "paused", "closed"]


class ConcertDateView(View):
    """A date of a concert in the programme."""

    performance_id: Id
    starts_at: Time
    reservable_from: Time
    reservable_until: Time
    seats_total: Count


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
    state: QueueState
    waiting: Count
    active: Count
    capacity: Count
    serving_number: Count = Field(description="The highest place that was admitted so far.")
    estimated_wait_seconds: Count | None = Field(description="For whoever joins now; null while nobody is admitted.")
    stretch: float = Field(
        ge=1,
        le=3,
        description="1 when calm. Under load, look so many times less often than your estimate alone would have it,"
        " though never less often than the last `poll_after_seconds` of your token.",
    )
