"""A floor: the first honest version of the lists, as the documentation of Falcon and Pony would write it.

A token is looked up, a page of rows is selected, and written as JSON; nothing is kept from one request to the
next. `BENCH_DATABASE_URL` names the database of the stack whose rows are read; the bearer is a queue token's id.
"""

import os
from datetime import UTC, datetime

import falcon
from pony.orm import Database, Optional, PrimaryKey, Required, count, db_session, select

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


class Concert(db.Entity):
    """A concert."""

    _table_ = "concert"
    id = PrimaryKey(int, size=64, auto=True)
    title = Required(str)
    venue = Required(str)
    timezone = Required(str)
    created_at = Required(datetime, sql_type="timestamptz")


class Performance(db.Entity):
    """A date of a concert."""

    _table_ = "performance"
    id = PrimaryKey(int, size=64, auto=True)
    concert_id = Required(int, size=64)
    starts_at = Required(datetime, sql_type="timestamptz")
    reservable_from = Required(datetime, sql_type="timestamptz")
    reservable_until = Required(datetime, sql_type="timestamptz")
    seats_total = Required(int)
    price_from = Optional(int, size=64)
    price_to = Optional(int, size=64)


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
            check_token(req, now)
            found = select(s for s in Seat if s.performance_id == performance_id and s.id > after)
            seats = found.order_by(Seat.id)[: limit + 1]
            items = [view(seat, now) for seat in seats[:limit]]
        resp.media = {"items": items, "next_cursor": str(items[-1]["id"]) if len(seats) > limit else None}


class ConcertsResource:
    """Lists concerts with their dates."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Read one page of concerts and their dates, write it as JSON."""
        after, limit = req.get_param_as_int("after", default=0), req.get_param_as_int("limit", default=100)
        with db_session:
            concerts = select(c for c in Concert if c.id > after).order_by(Concert.id)[: limit + 1]
            ids = [concert.id for concert in concerts]
            dates: dict[int, list[dict[str, object]]] = {concert_id: [] for concert_id in ids}
            for date in select(p for p in Performance if p.concert_id in ids).order_by(Performance.starts_at):
                dates[date.concert_id].append(plain(date.to_dict(exclude="concert_id")))
            items = [plain(concert.to_dict()) | {"performances": dates[concert.id]} for concert in concerts[:limit]]
        resp.media = {"items": items, "next_cursor": str(items[-1]["id"]) if len(concerts) > limit else None}


class DatesResource:
    """Lists the dates of a concert that can still be reserved."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, concert_id: int) -> None:
        """Check the token, count the seats of each date, write it as JSON."""
        now = datetime.now(UTC)
        with db_session:
            check_token(req, now)
            dates = select(
                p
                for p in Performance
                if p.concert_id == concert_id and p.reservable_from <= now and p.reservable_until > now
            ).order_by(Performance.id)[:]
            ids = [date.id for date in dates]
            left = dict(
                select(
                    (s.performance_id, count(s))
                    for s in Seat
                    if s.performance_id in ids and (s.status == "available" or s.held_until <= now)
                )
            )
            items = [
                plain(date.to_dict(only=["id", "starts_at", "seats_total"])) | {"seats_available": left[date.id]}
                for date in dates
                if left.get(date.id)
            ]
        resp.media = {"items": items, "next_cursor": None}


def check_token(req: falcon.Request, now: datetime) -> None:
    """Refuse who has no turn."""
    token = QueueToken.get(id=int(req.auth.removeprefix("Bearer ")))
    if token is None or token.status != "active" or token.expires_at <= now:
        raise falcon.HTTPUnauthorized


def plain(shown: dict[str, object]) -> dict[str, object]:
    """Write times as text."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in shown.items()}


def view(seat: Seat, now: datetime) -> dict[str, object]:
    """Show a seat as the contract does; a hold whose time is over does not count."""
    shown = seat.to_dict(only=["id", "section", "row", "number", "price", "status"])
    if seat.held_until is not None and seat.held_until <= now:
        shown["status"] = "available"
    return shown


application = falcon.App()
application.add_route("/performances/{performance_id:int}/seats", SeatsResource())
application.add_route("/concerts", ConcertsResource())
application.add_route("/concerts/{concert_id:int}/dates", DatesResource())
