"""What an operator sends and sees."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from api.schemas.concerts import QueueState
from api.schemas.shape import Count, Id, RequestBody, View
from models.time_zones import check_time_zone

MOST_SEATS = 200_000
MOST_SEATS_OF_ROW = 1_000
MOST_ROWS = 10_000
HIGHEST_PRICE = 10_000_000_000

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


def _within_reason(moment: datetime) -> datetime:
    """Refuse years that PostgreSQL and Python's calendar would stumble over."""
    if not datetime(2000, 1, 1, tzinfo=UTC) <= moment < datetime(2200, 1, 1, tzinfo=UTC):
        raise PydanticCustomError("time_out_of_range", "a time between the years 2000 and 2200 is needed")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_within_reason)]
TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64, examples=["Asia/Seoul", "America/New_York"]),
    AfterValidator(check_time_zone),
]
Capacity = Annotated[int, Field(ge=1, le=1_000_000)]
Rate = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class NewQueue(RequestBody):
    """The line of a new concert."""

    state: QueueState = Field(
        default="open", description="`paused` takes fans and admits nobody before it is opened on purpose."
    )
    capacity: Capacity | None = Field(default=None, description="Active tokens at most; the default is a setting.")
    admit_per_second: Rate | None = Field(default=None, description="Null admits as fast as room allows.")


class NewSection(RequestBody):
    """Rows of seats of one price."""

    name: Name
    rows: Annotated[int, Field(ge=1, le=MOST_ROWS)]
    seats_per_row: Annotated[int, Field(ge=1, le=MOST_SEATS_OF_ROW)]
    price: Annotated[int, Field(ge=0, le=HIGHEST_PRICE)]


def _named_apart(sections: list[NewSection]) -> list[NewSection]:
    if len({section.name for section in sections}) < len(sections):
        raise PydanticCustomError("sections_alike", "two sections have the same name")
    return sections


Sections = Annotated[list[NewSection], Field(min_length=1, max_length=100), AfterValidator(_named_apart)]


class NewPerformance(RequestBody):
    """A date with its seats, and when they can be reserved."""

    starts_at: Moment
    reservable_from: Moment
    reservable_until: Moment
    sections: Sections | None = Field(default=None, description="Without them those beside `performances` are made.")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.reservable_until <= self.reservable_from:
            raise PydanticCustomError("window_reversed", "reservable_until must come after reservable_from")
        return self


class CreateConcert(RequestBody):
    """A concert with its line, dates and seats."""

    title: Name
    venue: Name
    timezone: TimeZone | None = Field(default=None, description="The venue's; the default is a setting.")
    queue: NewQueue = NewQueue()
    performances: Annotated[list[NewPerformance], Field(default_factory=list, max_length=200)]
    sections: Sections | None = Field(default=None, description="Of every date that has none of its own.")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.sections is None and any(performance.sections is None for performance in self.performances):
            message = "a date needs sections of its own, or some beside `performances`"
            raise PydanticCustomError("sections_missing", message)
        made = (performance.sections or self.sections or [] for performance in self.performances)
        if sum(section.rows * section.seats_per_row for sections in made for section in sections) > MOST_SEATS:
            message = f"up to {MOST_SEATS:,} seats can be made at once"
            raise PydanticCustomError("too_many_seats", message, {"limit": MOST_SEATS})
        return self

    def as_concert(self) -> dict[str, Any]:
        """Return what `Concert.create` takes: each date with its sections."""
        new = self.model_dump()
        shared = new.pop("sections")
        for performance in new["performances"]:
            performance["sections"] = performance["sections"] or shared
        return new


class SteerQueue(RequestBody):
    """What to change about a line; what is left away stays as it is."""

    state: QueueState = "open"
    capacity: Capacity = 1
    admit_per_second: Rate | None = Field(default=None, description="Null admits as fast as room allows.")


class QueueSettingsView(View):
    """How a line admits."""

    concert_id: Id
    state: QueueState
    capacity: Count
    admit_per_second: float | None


Minute = Annotated[list[Count], Field(min_length=60, max_length=60)]


class LastMinuteView(View):
    """What was done in each of the last 60 seconds, the oldest first."""

    tokens: Minute
    admissions: Minute
    holds: Minute
    payments: Minute
    refusals: Minute


class StatsView(View):
    """A concert at a glance."""

    concert_id: Id
    state: QueueState
    capacity: Count
    waiting: Count
    active: Count
    admitted: Count
    completed: Count
    expired: Count
    left: Count
    seats_available: Count
    seats_held: Count
    seats_sold: Count
    revenue: Count
    tokens_per_second: float
    admissions_per_second: float
    holds_per_second: float
    payments_per_second: float
    refusals_per_second: float
    last_60_seconds: LastMinuteView
