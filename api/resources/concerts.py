"""Concerts: the programme, the dates of one, and its line."""

import falcon
from pydantic_core import to_json

from api.caching import Representation, answer
from api.credentials import Credential
from api.operation import operation
from api.pagination import PageQuery
from api.schemas.concerts import AvailableDateView, ConcertView, QueueView
from api.schemas.shape import Page
from api.wiring import Resource
from models import clock
from models.concert import Concert
from models.database import read_session
from models.errors import ConcertNotFoundError, WrongConcertError
from models.performance import Performance

TAG = "Programme"
# The programme changes when an operator adds to it; a few seconds later is early enough for a cache.
PROGRAMME_CACHE = "public, max-age=10"
# Whoever keeps the line may show it a little longer while they fetch the next one: the number that is served only
# grows, so an old one is merely old. Positions are told by `/v1/queue-tokens/current`, which nobody may keep.
LINE_CACHE = "public, max-age=1, stale-while-revalidate=4"


class Concerts(Resource):
    """`/v1/concerts`."""

    @operation("See the programme", tag=TAG, query=PageQuery, answers={200: Page[ConcertView]})
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List concerts with their dates, oldest first."""
        query = req.context.query
        after_id = query.after("concerts") or 0
        with read_session():
            found = Concert.page(limit=query.limit + 1, after_id=after_id)
        Representation(to_json(query.page("concerts", found))).answer(req, resp, PROGRAMME_CACHE)


class OneConcert(Resource):
    """`/v1/concerts/{concert_id}`."""

    @operation("See a concert", tag=TAG, answers={200: ConcertView}, refusals=(ConcertNotFoundError,))
    def on_get(self, req: falcon.Request, resp: falcon.Response, concert_id: int) -> None:
        """Show one concert with its dates."""
        with read_session():
            body = to_json(Concert.find(concert_id))
        Representation(body).answer(req, resp, PROGRAMME_CACHE)


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
        """List the dates that are open and not sold out."""
        req.context.caller.check_concert(concert_id)
        query = req.context.query
        after_id = query.after("dates") or 0
        with read_session():
            found = Performance.dates(concert_id, now=clock.utcnow(), limit=query.limit + 1, after_id=after_id)
        answer(resp, query.page("dates", found, id_name="performance_id"))


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
