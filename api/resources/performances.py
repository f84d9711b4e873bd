"""Performances: the seats of one."""

import falcon

from api.caching import answer
from api.credentials import Credential
from api.operation import operation
from api.schemas.performances import SeatQuery, SeatView
from api.schemas.shape import Page
from api.wiring import Resource
from models import clock
from models.database import read_session
from models.errors import PerformanceNotFoundError, WrongConcertError
from models.seat import Seat


class Seats(Resource):
    """`/v1/performances/{performance_id}/seats`."""

    @operation(
        "See the seats of a performance",
        tag="Programme",
        credential=Credential.ACTIVE_TOKEN,
        query=SeatQuery,
        answers={200: Page[SeatView]},
        refusals=(PerformanceNotFoundError, WrongConcertError),
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, performance_id: int) -> None:
        """List seats by id."""
        req.context.caller.check_concert(self.wiring.programme.concert_of(performance_id))
        query = req.context.query
        after_id = query.after("seats") or 0
        with read_session():
            found = Seat.page(
                performance_id, now=clock.utcnow(), limit=query.limit + 1, after_id=after_id, status=query.status
            )
        answer(resp, query.page("seats", found))
