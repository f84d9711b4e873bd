"""Seats of a performance."""

from typing import Annotated, Literal

from pydantic import Field

from api.pagination import PageQuery
from api.schemas.shape import Count, Id, View

SeatStatus = Literal["available", "held", "sold"]


class SeatQuery(PageQuery):
    """Which seats of a performance."""

    status: Annotated[SeatStatus | None, Field(description="Only seats of this status.")] = None


class PlacedSeatView(View):
    """A seat at the price of the moment."""

    id: Id
    section: str
    row: Id
    number: Id
    price: Count


class SeatView(PlacedSeatView):
    """A seat and whether one can have it."""

    status: SeatStatus
