"""A floor: the first honest version of the seat list, a query and `json.dumps` for every request.

`BENCH_DATABASE_URL` names the database of the stack whose seats are read.
"""

import os
import threading

import falcon
import psycopg2

DATABASE_URL = os.environ["BENCH_DATABASE_URL"]
LIST = """
    SELECT id, section, row, number, price,
           CASE WHEN status = 'held' AND held_until <= now() THEN 'available' ELSE status END
    FROM seat WHERE performance_id = %s AND id > %s ORDER BY id LIMIT %s
"""
NAMES = ("id", "section", "row", "number", "price", "status")
local = threading.local()


class SeatsResource:
    """Lists the seats of a performance."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, performance_id: int) -> None:
        """Read one page from the database and write it as JSON."""
        if not hasattr(local, "connection"):
            local.connection = psycopg2.connect(DATABASE_URL)
            local.connection.autocommit = True
        limit = req.get_param_as_int("limit", default=100)
        with local.connection.cursor() as cursor:
            cursor.execute(LIST, (performance_id, req.get_param_as_int("after", default=0), limit + 1))
            rows = cursor.fetchall()
        items = [dict(zip(NAMES, row, strict=True)) for row in rows[:limit]]
        resp.media = {"items": items, "next_cursor": str(items[-1]["id"]) if len(rows) > limit else None}


application = falcon.App()
application.add_route("/performances/{performance_id:int}/seats", SeatsResource())
