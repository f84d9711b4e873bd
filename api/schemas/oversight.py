"""What an operator sees of the service and its fans."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from api.pagination import PageQuery
from api.schemas.concerts import QueueState
from api.schemas.payments import BookingView
from api.schemas.queue_tokens import QueueTokenView
from api.schemas.reservations import ReservationView
from api.schemas.shape import LARGEST_ID, Count, Holder, Id, Time, UserId, View


def _id(text: object) -> int:
    """Read a query parameter as an id, written as one writes it."""
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST_ID)):
        message = "Give one id, a whole number."
        raise ValueError(message)
    return int(text)


class TrailQuery(PageQuery):
    """How much of the audit trail."""

    concert_id: Annotated[
        Id | None,
        BeforeValidator(_id),
        Field(description="Only what concerns this concert: itself, its line, its reservations and payments."),
    ] = None


class ActionView(View):
    """One deed of an operator."""

    id: Id
    at: Time
    user_id: UserId
    action: str = Field(
        description="`concert.create`, `concert.delete`, `queue.patch`, `reservation.release` or `payment.refund`."
    )
    target: str = Field(description="Kind and id, as in `concert:7`.")
    detail: dict[str, Any] = Field(
        description="What was set (and under `before` what it was until then), or whom it concerned."
    )


def _printable(text: str) -> str:
    if not text.isprintable():
        message = "a name has no control characters"
        raise ValueError(message)
    return text


class NameQuery(BaseModel):
    """Which name."""

    name: Annotated[
        str,
        Field(min_length=1, max_length=100, description="How the name begins, in whatever case."),
        AfterValidator(_printable),
    ]


class NamedFanView(View):
    """A fan by name."""

    user_id: UserId
    name: str


class NamedFansView(View):
    """Fans whose names begin alike, up to 50."""

    items: list[NamedFanView]


class ConcertOverviewView(View):
    """A concert at a glance, for operators."""

    id: Id
    title: str
    venue: str
    timezone: str
    state: QueueState
    capacity: Count
    waiting: Count
    active: Count
    performances: Count
    first_starts_at: Time | None
    seats_total: Count
    seats_sold: Count = Field(description="Paid and not refunded.")
    revenue: Count
    sold_out: bool


class FanQuery(BaseModel):
    """Which of a fan's things."""

    concert_id: Annotated[Id | None, BeforeValidator(_id), Field(description="Only of this concert.")] = None


class FanView(View):
    """What one fan has, newest first, up to 50 of each."""

    user_id: UserId
    name: Holder
    tokens: list[QueueTokenView]
    reservations: list[ReservationView]
    bookings: list[BookingView]


class ServiceView(View):
    """How the service does. What only the broker knows is null while it is away."""

    workers: dict[str, Count] | None = Field(description="Live workers by broker queue.")
    broker_queues: dict[str, Count] | None = Field(description="Messages that wait, by broker queue.")
    oldest_queued_seconds: float | None = Field(description="Age of the oldest request without an outcome.")
    stretch: float = Field(
        ge=1,
        le=3,
        description="1 when this process is calm; under load fans far back wait so many times longer.",
    )
