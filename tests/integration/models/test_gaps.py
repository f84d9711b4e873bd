"""Those who left a long line are taken off the positions of all behind them, not only at its head."""

import random
from bisect import bisect_left

import pytest

from models import line
from models.line import HEAD, Line, gaps_beyond
from models.queue_gap import BUCKET

pytestmark = pytest.mark.usefixtures("time")


@pytest.fixture
def long_line(sale):
    """A line of four buckets and somebody at its end."""
    show = sale.show(capacity=1)
    sale.sql(
        """INSERT INTO queue_token (concert_id, user_id, place, status, issued_at, expires_at, request_id)
           SELECT $concert_id, 'crowd-' || n, n, 'waiting', now(), now() + interval '1 day', gen_random_uuid()
             FROM generate_series(1, $fans) n""",
        concert_id=show.concert_id,
        fans=4 * BUCKET,
    )
    sale.sql("UPDATE queue SET last_place = $fans WHERE concert_id = $id", fans=4 * BUCKET, id=show.concert_id)
    return show


def _leave(sale, show, first, last):
    """Let everybody between two places leave, as so many single leaves do."""
    sale.sql(
        """UPDATE queue_token SET status = 'left', ended_at = now()
            WHERE concert_id = $id AND status = 'waiting' AND place BETWEEN $first AND $last""",
        id=show.concert_id,
        first=first,
        last=last,
    )
    sale.sql(
        """UPDATE queue SET gone_total = (SELECT count(*) FROM queue_token WHERE concert_id = $id AND status = 'left')
            WHERE concert_id = $id""",
        id=show.concert_id,
    )


def test_whole_buckets_that_left_are_taken_off(sale, long_line):
    assert sale.line(long_line).position(4 * BUCKET) == 4 * BUCKET
    _leave(sale, long_line, BUCKET + 1, 3 * BUCKET)
    assert sale.line(long_line).position(4 * BUCKET) == 2 * BUCKET
    token_id = sale.join(long_line, "new")
    task = sale.task(sale.one("SELECT request_id FROM queue_token WHERE id = $id", id=token_id), "new")
    # A newcomer is told the same.
    assert task["result"]["position"] == sale.line(long_line).position(4 * BUCKET + 1) == 2 * BUCKET + 1


def test_a_leave_is_counted_by_the_table_itself(sale, long_line):
    token_id = sale.join(long_line, "new")
    sale.done("queue_token.leave", "new", queue_token_id=token_id)
    assert sale.sql("SELECT bucket, gone FROM queue_gap") == [(4, 1)]


def _as_seen(waiting, gone, issued, now):
    """The snapshot of a line of which these places wait, and these have gone while they waited."""
    head = tuple(sorted(waiting)[: line.HEAD])
    counted = {}
    for place in sorted(gone):
        counted[(place - 1) // line.BUCKET] = counted.get((place - 1) // line.BUCKET, 0) + 1
    gaps = gaps_beyond(head[-1] if head else 0, sorted(counted.items()))
    return Line(1, "open", 1, issued, 0, len(waiting), 0, None, 1.0, head, now, gaps=gaps)


@pytest.mark.parametrize("seed", range(20))
def test_a_position_never_grows_is_never_too_low_and_too_high_by_less_than_two_buckets(monkeypatch, seed):
    monkeypatch.setattr(line, "HEAD", 5)
    monkeypatch.setattr(line, "BUCKET", 8)
    chance = random.Random(seed)
    waiting, gone, told = set(range(1, 201)), set(), {}
    while waiting:
        seen = _as_seen(waiting, gone, 200, None)
        places = sorted(waiting)
        for place in places:
            true = bisect_left(places, place) + 1
            position = seen.position(place)
            assert true <= position < true + 2 * 8
            assert position <= told.get(place, position)
            told[place] = position
        leaving = set(chance.sample(places, min(len(places), chance.randint(0, 30))))
        admitted = set(sorted(waiting - leaving)[: chance.randint(0, 6)])
        waiting -= leaving | admitted
        gone |= leaving
        if not leaving and not admitted:
            waiting.discard(places[0])


def test_the_buckets_of_the_table_are_those_of_the_line(sale):
    [(definition,)] = sale.sql("SELECT prosrc FROM pg_proc WHERE proname = 'note_gap'")
    assert f"/ {BUCKET}" in definition
    assert HEAD < BUCKET
