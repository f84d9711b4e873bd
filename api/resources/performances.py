"""Performances: the seats of one."""

import falcon

from api.credentials import Credential
from api.operation import operation
from api.schemas.performances import SeatQuery, SeatView
from api.schemas.shape import Page
from api.wiring import Resource
from models.errors import PerformanceNotFoundError, WrongConcertError

# A browser keeps a page and asks each time whether it is still so.
SEAT_CACHE = "private, no-cache"


class Seats(Resource):
    """`/v1/performances/{performance_id}/seats`."""

    @operation(
        "See the seats of a performance",
        tag="Programme",
        credential=Credential.ACTIVE_TOKEN,
        query=SeatQuery,
        answers={200: Page[SeatView]},
        refusals=(PerformanceNotFoundError, WrongConcertError),
        in_bursts=True,
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, performance_id: int) -> None:
        """List seats by id; what is shown is up to half a second old."""
        req.context.caller.check_concert(self.wiring.programme.concert_of(performance_id))
        self.wiring.seat_pages.page(performance_id, req.context.query).answer(req, resp, SEAT_CACHE)
