"""The line knows what it sells: sold out is told and nobody joins, until seats come back or the time is over."""

from datetime import timedelta

import pytest

pytestmark = pytest.mark.usefixtures("time")


def _look(sale):
    return sale.sweep("queue.note_sold_out"), sale.sweep("queue.note_seats_back")


def _refused(sale, show, user="late"):
    return sale.refused("queue_token.issue", user, concert_id=show.concert_id)


def _told(sale, show):
    line = sale.line(show).view()
    return line["sold_out"], line["sale_over"]


def test_who_comes_when_all_is_sold_is_told_so_until_a_refund(sale):
    show = sale.show(seats=1)
    paid = sale.bought(show, "quick")
    waits = sale.join(show, "early")
    assert _look(sale) == (1, 0)
    problem = _refused(sale, show)
    assert (problem["code"], problem["sold_out"]) == ("sale_over", True)
    assert _told(sale, show) == (True, True)
    # Who was there before keeps their place: seats may come back.
    again = sale.done("queue_token.issue", "early", concert_id=show.concert_id)
    assert (again["id"], again["sold_out"]) == (waits, True)
    assert _look(sale) == (0, 0)

    sale.done("payment.refund", "boss", payment_id=paid["payment_id"])
    assert _look(sale) == (0, 1)
    assert _told(sale, show) == (False, False)
    assert sale.done("queue_token.issue", "late", concert_id=show.concert_id)["sold_out"] is False


def test_seats_that_are_held_are_not_sold(sale, time):
    show = sale.show(seats=2)
    sale.bought(show, "quick", 0)
    sale.held(show, "slow", 1)
    assert _look(sale) == (0, 0)
    assert _told(sale, show) == (False, False)
    time.tick(timedelta(minutes=6))
    # Over by time is free again, whether a sweep came by or not.
    assert _look(sale) == (0, 0)


def test_a_date_that_can_be_reserved_no_longer_sells_nothing(sale, time):
    from models import clock

    show = sale.show(reservable_until=clock.utcnow() + timedelta(hours=1))
    sale.join(show, "early")
    time.tick(timedelta(hours=1))
    problem = _refused(sale, show)
    assert (problem["code"], problem["sold_out"]) == ("sale_over", False)
    assert _told(sale, show) == (False, True)
    # The clock says it, no sweep.
    assert _look(sale) == (0, 0)


def test_of_two_dates_the_later_one_sold_and_the_earlier_one_past_is_sold_out(sale, time):
    from models import clock
    from models.concert import Concert
    from models.database import write_session

    now = clock.utcnow()
    section = [{"name": "A", "rows": 1, "seats_per_row": 1, "price": 10}]
    dates = [
        {
            "starts_at": now + timedelta(days=day),
            "reservable_from": now,
            "reservable_until": now + timedelta(days=day),
            "sections": section,
        }
        for day in (1, 2)
    ]
    with write_session():
        made = Concert.create(title="T", venue="V", queue={}, performances=dates, now=now, policy=sale.policy)
    later = made["performances"][1]["performance_id"]
    seat_id = sale.one("SELECT id FROM seat WHERE performance_id = $id", id=later)
    show = sale.show_of(made["id"], later, [seat_id])
    sale.bought(show, "quick")
    # The earlier date still sells, for a day.
    assert _look(sale) == (1, 0)
    assert _told(sale, show) == (False, False)
    time.tick(timedelta(days=1, seconds=1))
    assert _refused(sale, show)["code"] == "sale_over"
    assert _look(sale) == (1, 0)
    assert _told(sale, show) == (True, True)


def test_a_payment_and_a_hold_do_not_touch_the_line(sale):
    """A row that all payments of a concert update would serve one of them at a time."""
    show = sale.show(seats=2)
    wish = sale.held(show, "a")
    sale.done("points.charge", "a", amount=10_000)
    before = sale.one("SELECT xmin::text FROM queue WHERE concert_id = $id", id=show.concert_id)
    sale.done("payment.pay", "a", **wish)
    assert sale.one("SELECT xmin::text FROM queue WHERE concert_id = $id", id=show.concert_id) == before
