"""A closed line serves those who wait; in an ended one nobody waits, whatever a sweep has done yet."""

from datetime import timedelta

import pytest

pytestmark = pytest.mark.usefixtures("time")


@pytest.fixture
def steer(sale):
    from models import clock
    from models.database import write_session
    from models.queue import Queue

    def do(show, **settings):
        with write_session():
            return Queue.steer(show.concert_id, now=clock.utcnow(), policy=sale.policy, **settings)

    return do


def _end(sale, steer, **settings):
    """End a line of one inside, two who wait; return the show and their tokens."""
    show = sale.show(capacity=1, **settings)
    tokens = sale.join_all(show, ["inside", "a", "b"])
    sale.promote()
    steer(show, state="ended")
    return show, tokens


def test_a_closed_line_serves_those_who_wait_to_the_last(sale, steer):
    show = sale.show(capacity=1)
    tokens = sale.join_all(show, ["a", "b"])
    steer(show, state="closed")
    assert sale.refused("queue_token.issue", "late", concert_id=show.concert_id)["code"] == "queue_closed"
    assert sale.line(show).estimated_wait_seconds(1) is not None
    for fan in ("a", "b"):
        assert sale.promote() == 1
        sale.done("queue_token.leave", fan, queue_token_id=tokens[fan])


@pytest.mark.parametrize("swept", [False, True])
def test_an_ended_line_ends_those_who_wait_and_not_who_is_inside(sale, steer, swept):
    show, tokens = _end(sale, steer)
    assert sale.line(show).view() | {"state": "ended", "waiting": 0, "active": 1} == sale.line(show).view()
    assert sale.sweep("queue_token.expire_due") == 2 if swept else True
    assert [sale.token(token).status for token in tokens.values()] == ["active", "expired", "expired"]
    assert {sale.token(tokens[fan]).end_reason for fan in "ab"} == {"queue_ended"}
    for operation in ("queue_token.leave", "reservation.hold"):
        wish = {"queue_token_id": tokens["a"]} if operation.endswith("leave") else sale.wish(show, tokens["a"])
        problem = sale.refused(operation, "a", **wish)
        assert (problem["code"], problem["reason"]) == ("token_expired", "queue_ended")
    assert sale.refused("queue_token.issue", "a", concert_id=show.concert_id)["code"] == "queue_ended"
    assert sale.join(show, "inside") == tokens["inside"]
    sale.hold(show, "inside", tokens["inside"])
    assert sale.promote() == 0
    assert sale.violations() == {}


@pytest.mark.parametrize("swept", [False, True])
def test_a_line_that_is_opened_again_admits_newcomers_and_nobody_from_before(sale, steer, swept):
    show, tokens = _end(sale, steer)
    if swept:
        sale.sweep("queue_token.expire_due")
    steer(show, state="open", capacity=3)
    again, late = sale.join(show, "a"), sale.join(show, "late")
    assert again != tokens["a"]
    assert [sale.line(show).position(sale.token(token).place) for token in (again, late)] == [1, 2]
    assert sale.line(show).waiting == 2
    assert sale.promote() == 2
    assert sale.violations() == {}
    sale.sweep("queue_token.expire_due")
    statuses = {name: sale.token(token).status for name, token in (tokens | {"again": again, "late": late}).items()}
    assert statuses == {"inside": "active", "a": "expired", "b": "expired", "again": "active", "late": "active"}
    assert sale.violations() == {}


def test_tokens_of_an_ended_line_are_ended_a_batch_at_a_time_and_counted_once(sale, steer, time, monkeypatch):
    from workers import queue_tokens

    monkeypatch.setattr(queue_tokens, "MOST_EXPIRED", 1)
    show, tokens = _end(sale, steer)
    ended_at = sale.token(tokens["a"]).ended_at
    time.tick(timedelta(hours=25))
    # Whose time is over by now, too, is over with the line.
    assert [sale.sweep("queue_token.expire_due") for _ in range(3)] == [2, 1, 0]
    assert sale.token(tokens["b"]).ended_at == ended_at
    assert sale.line(show).waiting == 0
    assert sale.violations() == {}
