"""A floor: the first honest version of the seat list, as the documentation of Falcon and Pony would write it.

A token is looked up, a page of seats is selected, and written as JSON; nothing is kept from one request to the
next. `BENCH_DATABASE_URL` names the database of the stack whose seats are read; the bearer is a queue token's id.
"""

import os
from datetime import UTC, datetime

import falcon
from pony.orm import Database, Optional, PrimaryKey, Required, db_session, select

db = Database()


class Seat(db.Entity):
    """A seat."""

    _table_ = "seat"
    id = PrimaryKey(int, size=64, auto=True)
    performance_id = Required(int, size=64)
    section = Required(str)
    row = Required(int)
    number = Required(int)
    price = Required(int, size=64)
    status = Required(str)
    held_until = Optional(datetime, sql_type="timestamptz")


class QueueToken(db.Entity):
    """A fan's place in line."""

    _table_ = "queue_token"
    id = PrimaryKey(int, size=64, auto=True)
    status = Required(str)
    expires_at = Required(datetime, sql_type="timestamptz")


db.bind("postgres", os.environ["BENCH_DATABASE_URL"])
db.generate_mapping(create_tables=False, check_tables=False)
db.disconnect()


class SeatsResource:
    """Lists the seats of a performance."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, performance_id: int) -> None:
        """Check the token, read one page from the database, write it as JSON."""
        after, limit = req.get_param_as_int("after", default=0), req.get_param_as_int("limit", default=100)
        now = datetime.now(UTC)
        with db_session:
            token = QueueToken.get(id=int(req.auth.removeprefix("Bearer ")))
            if token is None or token.status != "active" or token.expires_at <= now:
                raise falcon.HTTPUnauthorized
            found = select(s for s in Seat if s.performance_id == performance_id and s.id > after)
            seats = found.order_by(Seat.id)[: limit + 1]
            items = [view(seat, now) for seat in seats[:limit]]
        resp.media = {"items": items, "next_cursor": str(items[-1]["id"]) if len(seats) > limit else None}


def view(seat: Seat, now: datetime) -> dict[str, object]:
    """Show a seat as the contract does; a hold whose time is over does not count."""
    shown = seat.to_dict(only=["id", "section", "row", "number", "price", "status"])
    if seat.held_until is not None and seat.held_until <= now:
        shown["status"] = "available"
    return shown


application = falcon.App()
application.add_route("/performances/{performance_id:int}/seats", SeatsResource())
