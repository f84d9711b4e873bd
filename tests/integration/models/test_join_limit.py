"""How often a user may join one line within an hour."""

from datetime import UTC, datetime, timedelta

import pytest

from models.clock import to_rfc3339

pytestmark = pytest.mark.usefixtures("time")


def _join_and_leave(sale, show, times):
    for _ in range(times):
        sale.done("queue_token.leave", "a", queue_token_id=sale.join(show, "a"))


def _refused(sale, show):
    return sale.refused("queue_token.issue", "a", concert_id=show.concert_id)


def test_who_joined_ten_times_within_an_hour_has_to_wait(sale, time):
    show, other, first_at = sale.show(), sale.show(), datetime.now(UTC)
    _join_and_leave(sale, show, 1)
    time.tick(timedelta(minutes=20))
    _join_and_leave(sale, show, 9)
    problem = _refused(sale, show)
    until = first_at + timedelta(hours=1)
    assert (problem["code"], problem["limit"], problem["joinable_from"]) == ("join_limit", 10, to_rfc3339(until))
    assert sale.join(show, "b")
    assert sale.join(other, "a")
    time.move_to(until - timedelta(seconds=1))
    assert _refused(sale, show)["code"] == "join_limit"
    time.move_to(until)
    assert sale.join(show, "a")
    assert sale.violations() == {}


def test_asking_again_for_a_place_that_one_has_is_no_join(sale):
    show = sale.show()
    _join_and_leave(sale, show, 9)
    assert len({sale.join(show, "a") for _ in range(12)}) == 1


def test_many_joins_of_one_batch_are_one(sale):
    show = sale.show()
    _join_and_leave(sale, show, 9)
    ids = [sale.accept("queue_token.issue", "a", concert_id=show.concert_id).id for _ in range(5)]
    sale.drain("queue_token.issue")
    assert len({sale.task(id_, "a")["result"]["id"] for id_ in ids}) == 1


def test_a_turn_that_ended_by_time_counts_before_any_sweep_has_ended_it(sale, time):
    show = sale.show()
    _join_and_leave(sale, show, 9)
    sale.inside(show, "a")
    time.tick(timedelta(minutes=10))
    assert _refused(sale, show)["code"] == "join_limit"
    assert sale.violations() == {}


def test_a_closed_line_says_that_it_is_closed(sale):
    show = sale.show()
    _join_and_leave(sale, show, 10)
    sale.sql("UPDATE queue SET state = 'closed'")
    assert _refused(sale, show)["code"] == "queue_closed"
