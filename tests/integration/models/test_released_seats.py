"""A seat that a fan released, in whatever way, is everybody else's for a while."""

from datetime import UTC, datetime, timedelta

import pytest

from models.clock import to_rfc3339

pytestmark = pytest.mark.usefixtures("time")


def _released(sale, show):
    wish = sale.held(show, "a", 0, 1)
    sale.done("reservation.release", "a", reservation_id=wish["reservation_id"])
    return wish["queue_token_id"]


def _left(sale, show):
    sale.done("queue_token.leave", "a", queue_token_id=sale.held(show, "a", 0, 1)["queue_token_id"])
    return sale.inside(show, "a")


def _given_back_by_a_payment(sale, show):
    wish = sale.held(show, "a", 0, 1)
    paid = sale.hold(show, "a", wish["queue_token_id"], 4)
    sale.done("points.charge", "a", amount=10_000)
    sale.done("payment.pay", "a", queue_token_id=wish["queue_token_id"], reservation_id=paid["id"])
    return sale.inside(show, "a")


@pytest.mark.parametrize("release", [_released, _left, _given_back_by_a_payment])
def test_a_fan_cannot_hold_again_for_a_while_what_they_released(sale, time, release):
    show = sale.show(seats=6)
    released_at = datetime.now(UTC)
    token_id = release(sale, show)
    problem = sale.refused("reservation.hold", "a", **sale.wish(show, token_id, 0, 2))
    until = to_rfc3339(released_at + sale.policy.released_seat)
    assert (problem["code"], problem["seat_ids"], problem["holdable_from"]) == (
        "seat_released",
        show.seat_ids[:1],
        until,
    )
    sale.hold(show, "a", token_id, 2)
    time.tick(sale.policy.released_seat - timedelta(seconds=1))
    assert sale.refused("reservation.hold", "a", **sale.wish(show, token_id, 1))["code"] == "seat_released"
    time.tick(timedelta(seconds=1))
    sale.hold(show, "a", token_id, 1)
    assert sale.violations() == {}


def test_others_hold_at_once_what_somebody_released_also_in_one_batch(sale):
    show = sale.show()
    tokens = {"a": _released(sale, show), "b": sale.inside(show, "b")}
    ids = {user: sale.accept("reservation.hold", user, **sale.wish(show, tokens[user], 0)).id for user in tokens}
    sale.drain("reservation.hold")
    assert sale.task(ids["a"], "a")["problem"]["code"] == "seat_released"
    assert sale.task(ids["b"], "b")["status"] == "done"


def test_released_seats_of_one_concert_bar_nothing_of_another(sale):
    show, other = sale.show(), sale.show()
    _released(sale, show)
    assert sale.held(other, "a", 0, 1)
