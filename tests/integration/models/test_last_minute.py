"""The last minute of a concert: each second counted, refusals given to their concert, and no table read through."""

import json
from datetime import timedelta

from models import clock, last_minute
from models.database import read_session

ROWS_OF_A_DAY = 50_000


def _minute(sale, show):
    with read_session():
        return last_minute.of_concert(show.concert_id, clock.utcnow())


def _sums(sale, show):
    return {name: sum(counts) for name, counts in _minute(sale, show).items()}


def test_a_refusal_counts_at_the_concert_it_was_about(sale, time):
    show, other = sale.show(), sale.show()
    assert _sums(sale, show) == {"tokens": 0, "admissions": 0, "holds": 0, "payments": 0, "refusals": 0}
    pay = sale.held(show, "early", 0)
    late = sale.inside(show, "late")
    assert sale.refused("reservation.hold", "late", **sale.wish(show, late, 0))["code"] == "seat_taken"
    assert sale.refused("payment.pay", "early", **pay)["code"] == "insufficient_points"
    nowhere = sale.refused("payment.pay", "late", queue_token_id=late, reservation_id=4_000_000_000)
    assert nowhere["code"] == "reservation_not_found"
    assert _sums(sale, show) == {"tokens": 2, "admissions": 2, "holds": 1, "payments": 0, "refusals": 3}
    sale.done("reservation.release", "early", reservation_id=pay["reservation_id"])
    for by_operator in (False, True):
        again = {"reservation_id": pay["reservation_id"], "by_operator": by_operator}
        assert sale.refused("reservation.release", "early", **again)["code"] == "reservation_not_held"
    sale.sql("UPDATE queue SET state = 'closed' WHERE concert_id = $id", id=show.concert_id)
    assert sale.refused("queue_token.issue", "too-late", concert_id=show.concert_id)["code"] == "queue_closed"
    assert _sums(sale, show)["refusals"] == 6
    assert set(_sums(sale, other).values()) == {0}


def test_a_refund_that_was_made_before_counts_at_its_concert(sale, time):
    show = sale.show()
    booking = sale.bought(show, "buyer")
    sale.done("payment.refund", "boss", payment_id=booking["payment_id"])
    assert sale.refused("payment.refund", "boss", payment_id=booking["payment_id"])["code"] == "already_refunded"
    assert _sums(sale, show)["refusals"] == 1


def test_what_names_no_concert_is_no_concerts_refusal(sale, time):
    show = sale.show()
    assert sale.refused("queue_token.issue", "lost", concert_id=show.concert_id + 1)["code"] == "concert_not_found"
    assert sale.refused("payment.refund", "boss", payment_id=2**63 - 1)["code"] == "payment_not_found"
    assert _sums(sale, show)["refusals"] == 0


def test_the_oldest_second_comes_first_and_falls_out_after_a_minute(sale, time):
    show = sale.show()
    held = sale.held(show, "early")
    sale.refused("payment.pay", "early", **held)
    for name in ("tokens", "admissions", "holds", "refusals"):
        assert _minute(sale, show)[name] == [0] * 59 + [1]
    time.tick(timedelta(seconds=30))
    assert _minute(sale, show)["refusals"] == [0] * 29 + [1] + [0] * 30
    time.tick(timedelta(seconds=29.5))
    assert _minute(sale, show)["holds"] == [1] + [0] * 59
    time.tick(timedelta(seconds=1))
    assert _sums(sale, show) == {"tokens": 0, "admissions": 0, "holds": 0, "payments": 0, "refusals": 0}


def test_a_long_line_is_counted_as_if_it_were_read_through(sale):
    """Places without an admission, those of other concerts, and more in the minute than one power of two."""
    show = sale.show()
    sale.show()
    sale.sql(_LONG_LINE, concert_id=show.concert_id)
    for column, name in (("issued_at", "tokens"), ("admitted_at", "admissions")):
        plainly = f"SELECT count(*) FROM queue_token WHERE concert_id = $id AND {column} > now() - interval '60 s'"
        counted = _sums(sale, show)[name]
        assert 0 < counted < 5_000
        # A second may have passed between the two.
        assert abs(counted - sale.one(plainly, id=show.concert_id)) <= 50


def _pages_read(sale, show, name):
    """Carry out the statement of a series; return how many pages of the database it looked at."""
    now = clock.utcnow()
    given = {"now": now, "since": now - last_minute.WINDOW, "long_since": now - last_minute.WINDOW * 1.5}
    statement = last_minute._EVENTS[name]
    used = {key: value for key, value in given.items() if f"${key}" in statement}
    explained = sale.one(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT json) {statement}", concert_id=show.concert_id, **used)
    plan = json.loads(explained)[0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def test_no_series_reads_what_lies_there(sale_to_spoil):
    sale = sale_to_spoil
    show = sale.show()
    sale.sql(_LONG_LINE, concert_id=show.concert_id)
    sale.sql(_A_DAY_OF_REQUESTS, concert_id=show.concert_id, rows=ROWS_OF_A_DAY)
    sale.sql("ANALYZE")
    pages = {name: _pages_read(sale, show, name) for name in last_minute._EVENTS}
    assert max(pages.values()) < 400, pages
    assert _sums(sale, show)["refusals"] > 0
    # What the index is for.
    sale.sql("DROP INDEX refused_requests")
    assert _pages_read(sale, show, "refusals") > 1_000


# 20,000 fans joined, 40 a second until now; 10,000 places were served, 20 a second, and every seventh had left before.
_LONG_LINE = """
    WITH line AS (UPDATE queue SET last_place = 20000, serving_number = 10000 WHERE concert_id = $concert_id)
    INSERT INTO queue_token
           (concert_id, user_id, place, status, issued_at, admitted_at, expires_at, ended_at, request_id)
    SELECT $concert_id, 'fan-' || place, place,
           CASE WHEN place > 10000 THEN 'waiting' WHEN place % 7 = 0 THEN 'left' ELSE 'expired' END,
           now() - (20000 - place) * interval '0.025 s',
           CASE WHEN place <= 10000 AND place % 7 > 0 THEN now() - (10000 - place) * interval '0.05 s' END,
           now() + interval '1 h', CASE WHEN place <= 10000 THEN now() END, gen_random_uuid()
      FROM generate_series(1, 20000) place
"""

_A_DAY_OF_REQUESTS = """
    INSERT INTO request (id, operation, user_id, arguments, status, submitted_at, due_at, finished_at, result, problem)
    SELECT gen_random_uuid(), 'queue_token.issue', 'fan', jsonb_build_object('concert_id', $concert_id),
           status, at, at, at,
           CASE status WHEN 'done' THEN '{}'::jsonb END, CASE status WHEN 'refused' THEN '{}'::jsonb END
      FROM generate_series(1, $rows) number
     CROSS JOIN LATERAL (SELECT now() - ($rows - number) * interval '1.7 s') m (at)
     CROSS JOIN LATERAL (SELECT CASE number % 5 WHEN 0 THEN 'refused' ELSE 'done' END) s (status)
"""
