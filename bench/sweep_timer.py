"""Times the sweeps on a database of their own, with no beat beside them: `python -m bench.sweep_timer CROWD ROUNDS`.

Reads FRONTROW_DATABASE_URL as a worker does, prints one JSON object. Run by the P7 measure.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

from bench.seeding import INSERT_TOKENS
from models.concert import Concert
from models.database import patience, write_session
from models.migrate import migrate
from workers import queue_tokens, reservations
from workers.app import settings

# A million rows are not written in the time in which a fan's request is given up.
PATIENCE = timedelta(minutes=2)
PROMOTED = 1000
HOLDS = 10_000

INSERT_LAPSED = """
    WITH fans AS (SELECT row_number() OVER (ORDER BY place) n, id, user_id FROM queue_token
                   WHERE concert_id = %(concert_id)s AND status = 'active'),
    places AS (SELECT row_number() OVER (ORDER BY seat.id) n, seat.id, performance_id, price
                 FROM seat JOIN performance ON performance.id = performance_id WHERE concert_id = %(concert_id)s),
    held AS (
        INSERT INTO reservation (performance_id, concert_id, user_id, queue_token_id, status, seat_count, amount,
                                 held_at, expires_at, request_id)
        SELECT performance_id, %(concert_id)s, user_id, fans.id, 'held', 1, price,
               now() - interval '10 minutes', now() - interval '1 minute', uuidv7()
          FROM fans JOIN places USING (n) RETURNING id, queue_token_id, expires_at),
    taken AS (
        SELECT held.id reservation_id, places.id seat_id, price, held.expires_at
          FROM held JOIN fans ON fans.id = queue_token_id JOIN places USING (n)),
    noted AS (INSERT INTO reservation_seat (reservation_id, seat_id, price, live)
              SELECT reservation_id, seat_id, price, true FROM taken)
    UPDATE seat SET status = 'held', reservation_id = taken.reservation_id, held_until = taken.expires_at
      FROM taken WHERE seat.id = taken.seat_id
"""


def timed(sweep: Callable[[], int], expected: int) -> float:
    """Return the seconds a sweep takes; raises RuntimeError when it did not do what was set up."""
    started = time.perf_counter()
    done = sweep()
    seconds = time.perf_counter() - started
    if done != expected:
        raise RuntimeError(f"the sweep did {done}, not {expected}")
    return seconds


def concert(seats: int) -> int:
    """Create a concert with a line that admits nobody yet."""
    now = datetime.now(UTC)
    section = {"name": "A", "rows": seats // 100, "seats_per_row": 100, "price": 1000}
    performance = {
        "starts_at": now + timedelta(days=30),
        "reservable_from": now - timedelta(days=1),
        "reservable_until": now + timedelta(days=29),
        "sections": [section],
    }
    with write_session():
        made = Concert.create(
            title="Sweeps",
            venue="Rig",
            queue={"capacity": 1},
            performances=[performance],
            now=now,
            policy=settings.policy,
        )
    return int(made["id"])


def promotion(cursor: Any, concert_id: int) -> float:
    """Open the line for a thousand more and time their promotion."""
    # One was admitted by nobody: the capacity of 1 that a concert must have is part of the first thousand.
    admitted = "(SELECT count(*) FROM queue_token WHERE concert_id = %(id)s AND status = 'active')"
    cursor.execute(
        f"UPDATE queue SET state = 'open', capacity = {admitted} + %(more)s WHERE concert_id = %(id)s",
        {"id": concert_id, "more": PROMOTED},
    )
    seconds = timed(queue_tokens.promote_waiting.tidy, PROMOTED)
    cursor.execute("UPDATE queue SET state = 'paused' WHERE concert_id = %s", (concert_id,))
    return seconds


def fill(cursor: Any, concert_id: int, count: int, *, active: bool) -> None:
    """Put fans into a line, or behind it with their turn already."""
    values = {"concert_id": concert_id, "count": count, "active": active, "prefix": f"sweep-{concert_id}-"}
    cursor.execute(INSERT_TOKENS, values)


def main(crowd: int, rounds: int) -> dict[str, list[float]]:
    """Time everything; returns seconds per round."""
    migrate(settings.database_url)
    times: dict[str, list[float]] = {"many": [], "few": [], "insert": [], "holds": []}
    connected = closing(psycopg2.connect(settings.database_url))
    with patience(PATIENCE), connected as connection, connection.cursor() as cursor:
        connection.autocommit = True
        many, few, held = concert(100), concert(100), concert(HOLDS)
        cursor.execute("UPDATE queue SET state = 'paused'")
        started = time.perf_counter()
        fill(cursor, many, crowd, active=False)
        times["insert"].append(time.perf_counter() - started)
        fill(cursor, few, 10_000, active=False)
        fill(cursor, held, HOLDS, active=True)
        cursor.execute("VACUUM ANALYZE")
        for number in range(rounds):
            for name, line in (("many", many), ("few", few)) if number % 2 else (("few", few), ("many", many)):
                times[name].append(promotion(cursor, line))
        cursor.execute(INSERT_LAPSED, {"concert_id": held})
        times["holds"].append(timed(reservations.expire_due.tidy, HOLDS))
    return times


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
