"""Who is let in: in order of issue, never above capacity, never faster than allowed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

pytestmark = pytest.mark.usefixtures("time")

FANS = [f"fan-{number}" for number in range(12)]


def _statuses(sale, tokens):
    return [sale.token(token_id).status for token_id in tokens.values()]


def _steer(show, **settings):
    from models import clock
    from models.database import write_session
    from models.policy import Policy
    from models.queue import Queue

    with write_session():
        return Queue.steer(show.concert_id, now=clock.utcnow(), policy=Policy(), **settings)


def test_the_first_in_line_are_admitted_up_to_the_capacity(sale):
    show = sale.show(capacity=3)
    tokens = sale.join_all(show, FANS[:5])
    assert (sale.promote(), sale.promote()) == (3, 0)
    assert _statuses(sale, tokens) == ["active"] * 3 + ["waiting"] * 2
    assert sale.line(show).serving_number == 3
    assert sale.violations() == {}


def test_capacity_holds_when_statistics_call_the_table_tiny(sale):
    # As a semi-join the locking subquery would run again for each row, and its LIMIT would let everybody in.
    show = sale.show(capacity=3)
    sale.join(show, "early")
    sale.sql("ANALYZE queue_token")
    sale.join_all(show, FANS)
    assert sale.promote() == 3


def test_whoever_leaves_makes_room_for_the_next(sale):
    show = sale.show(capacity=1)
    tokens = sale.join_all(show, ["a", "b", "c"])
    sale.promote()
    sale.done("queue_token.leave", "b", queue_token_id=tokens["b"])
    sale.done("queue_token.leave", "a", queue_token_id=tokens["a"])
    assert sale.promote() == 1
    assert _statuses(sale, tokens) == ["left", "left", "active"]


def test_a_purchase_makes_room_for_the_next(sale):
    show = sale.show(capacity=1)
    sale.bought(show, "a")
    sale.join(show, "b")
    assert sale.promote() == 1


def test_an_admission_that_nobody_used_is_given_on_after_a_minute(sale, time):
    from models import clock
    from models.database import write_session
    from models.queue_token import QueueToken

    show = sale.show(capacity=2)
    tokens = sale.join_all(show, ["came", "stayed away", "next"])
    sale.promote()
    with write_session():
        QueueToken.mark_used(tokens["came"], clock.utcnow())
    # The minute begins when they were told to ask again, two seconds after the admission at the latest.
    time.tick(timedelta(seconds=61))
    assert sale.promote() == 0
    time.tick(timedelta(seconds=1))
    assert sale.promote() == 1
    assert _statuses(sale, tokens) == ["active", "expired", "active"]


def test_a_fault_of_one_line_keeps_no_other_waiting(sale, monkeypatch):
    from models.queue import Queue

    shows = [sale.show() for _ in range(3)]
    tokens = [sale.join(show, "a") for show in shows]
    promote = Queue.promote_waiting

    def promote_but_one(queue, *arguments):
        if queue.concert_id == shows[1].concert_id:
            raise ZeroDivisionError
        return promote(queue, *arguments)

    monkeypatch.setattr(Queue, "promote_waiting", promote_but_one)
    with pytest.raises(ZeroDivisionError):
        sale.promote()
    assert [sale.token(token).status for token in tokens] == ["active", "waiting", "active"]


def test_noting_a_use_waits_for_nobody_who_has_the_token_locked(sale):
    from models import clock
    from models.database import write_session
    from models.locking import lock
    from models.queue_token import QueueToken

    token_id = sale.join(sale.show(), "a")
    sale.promote()

    def note():
        with write_session():
            QueueToken.mark_used(token_id, clock.utcnow())

    with ThreadPoolExecutor(1) as thread:
        with write_session():
            lock(QueueToken, [token_id])
            thread.submit(note).result(timeout=4)
        assert sale.token(token_id).used_at is None
        thread.submit(note).result(timeout=4)
    assert sale.token(token_id).used_at is not None


def test_holding_a_seat_is_a_use(sale, time):
    show = sale.show(capacity=1)
    token_id = sale.inside(show, "a")
    sale.hold(show, "a", token_id)
    time.tick(timedelta(seconds=61))
    assert sale.sweep("queue_token.expire_due") == 0
    assert sale.token(token_id).status == "active"


@pytest.mark.parametrize(("state", "admitted"), [("open", 2), ("paused", 0), ("closed", 2), ("ended", 0)])
def test_a_line_that_is_open_or_closed_to_newcomers_admits(sale, state, admitted):
    show = sale.show()
    sale.join_all(show, ["a", "b"])
    _steer(show, state=state)
    assert sale.promote() == admitted


def test_a_paused_line_still_takes_fans_and_goes_on_in_order(sale):
    show = sale.show(capacity=1)
    _steer(show, state="paused")
    tokens = sale.join_all(show, ["a", "b"])
    assert sale.line(show).estimated_wait_seconds(1) is None
    _steer(show, state="open")
    assert sale.promote() == 1
    assert _statuses(sale, tokens) == ["active", "waiting"]


def test_a_lowered_capacity_admits_nobody_until_there_is_room(sale):
    show = sale.show(capacity=3)
    tokens = sale.join_all(show, FANS[:5])
    sale.promote()
    assert _steer(show, capacity=2)["capacity"] == 2
    for fan in FANS[:2]:
        assert sale.promote() == 0
        sale.done("queue_token.leave", fan, queue_token_id=tokens[fan])
    assert sale.promote() == 1
    assert sale.violations() == {}


def test_admissions_keep_to_the_rate(sale, time):
    show = sale.show(capacity=100, admit_per_second=2)
    sale.join_all(show, FANS)
    admitted = []
    for _ in range(6):
        admitted.append(sale.promote())
        time.tick(timedelta(seconds=0.5))
    assert sum(admitted) <= 2 + 2 * 2.5
    assert max(admitted) <= 2
    assert sum(admitted) >= 5


def test_what_was_not_admitted_in_a_quiet_hour_is_not_made_up_for_at_once(sale, time):
    show = sale.show(capacity=100, admit_per_second=3)
    time.tick(timedelta(hours=1))
    sale.join_all(show, FANS)
    assert sale.promote() == 3


def test_a_rate_below_one_admits_one_now_and_then(sale, time):
    show = sale.show(capacity=100, admit_per_second=0.5)
    sale.join_all(show, FANS[:4])
    admitted = []
    for _ in range(8):
        time.tick(timedelta(seconds=1))
        admitted.append(sale.promote())
    assert sum(admitted) == 4
    assert max(admitted) == 1


def test_one_line_does_not_wait_for_another(sale):
    full, free = sale.show(capacity=1), sale.show(capacity=1)
    sale.join_all(full, ["a", "b"])
    sale.promote()
    sale.join(free, "c")
    assert sale.promote() == 1


def test_a_waiting_token_over_by_time_is_passed_over(sale, time):
    show = sale.show(capacity=2)
    tokens = sale.join_all(show, ["a"])
    time.tick(timedelta(hours=23))
    tokens |= sale.join_all(show, ["b"])
    time.tick(timedelta(hours=1))
    assert sale.promote() == 1
    assert _statuses(sale, tokens) == ["waiting", "active"]
    assert sale.sweep("queue_token.expire_due") == 1
    assert sale.line(show).waiting == 0


def test_an_unknown_line_cannot_be_steered(sale):
    from models.errors import ConcertNotFoundError

    show = sale.show()
    with pytest.raises(ConcertNotFoundError):
        _steer(type(show)(999, 1, []), state="paused")
