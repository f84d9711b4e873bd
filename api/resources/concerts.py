"""Concerts: the programme, the dates of one, and its line."""

import falcon

from api.credentials import Credential
from api.operation import operation
from api.pagination import PageQuery
from api.schemas.concerts import AvailableDateView, ConcertView, QueueView
from api.schemas.shape import Page
from api.wiring import Resource
from models.errors import ConcertNotFoundError, WrongConcertError

TAG = "Programme"
# The programme changes when an operator adds to it; a few seconds later is early enough for a cache.
PROGRAMME_CACHE = "public, max-age=10"
# A browser keeps the dates and asks each time whether they are still so.
DATES_CACHE = "private, no-cache"
# Whoever keeps the line may show it a little longer while they fetch the next one: the number that is served only
# grows, so an old one is merely old. Positions are told by `/v1/queue-tokens/current`, which nobody may keep.
LINE_CACHE = "public, max-age=1, stale-while-revalidate=4"


class Concerts(Resource):
    """`/v1/concerts`."""

    @operation("See the programme", tag=TAG, query=PageQuery, answers={200: Page[ConcertView]})
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List concerts with their dates, oldest first."""
        self.wiring.programme.page(req.context.query).answer(req, resp, PROGRAMME_CACHE)


class OneConcert(Resource):
    """`/v1/concerts/{concert_id}`."""

    @operation("See a concert", tag=TAG, answers={200: ConcertView}, refusals=(ConcertNotFoundError,))
    def on_get(self, req: falcon.Request, resp: falcon.Response, concert_id: int) -> None:
        """Show one concert with its dates."""
        self.wiring.programme.concert(concert_id).answer(req, resp, PROGRAMME_CACHE)


class Dates(Resource):
    """`/v1/concerts/{concert_id}/dates`."""

    @operation(
        "See the dates that can be reserved",
        tag=TAG,
        credential=Credential.ACTIVE_TOKEN,
        query=PageQuery,
        answers={200: Page[AvailableDateView]},
        refusals=(ConcertNotFoundError, WrongConcertError),
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, concert_id: int) -> None:
        """List the dates that are open and not sold out; what is left of them is up to half a second old."""
        req.context.caller.check_concert(concert_id)
        self.wiring.open_dates.page(concert_id, req.context.query).answer(req, resp, DATES_CACHE)


class Line(Resource):
    """`/v1/queues/{concert_id}`."""

    @operation(
        "See the line of a concert",
        tag="Queue tokens",
        answers={200: QueueView},
        refusals=(ConcertNotFoundError,),
        description="Made for a CDN: it may be kept for a second, be shown for four more while the next one is fetched,"
        " and has an ETag.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, concert_id: int) -> None:
        """Show the line from this process's snapshot of it."""
        self.wiring.lines.of(concert_id).representation.answer(req, resp, LINE_CACHE)
