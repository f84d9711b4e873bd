"""Seats held for a while: all or none, given back, or somebody else's once the time is over."""

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.usefixtures("time")


def test_a_hold_takes_all_its_seats_for_five_minutes(sale):
    show = sale.show(price=700)
    token_id = sale.inside(show, "a")
    reservation = sale.hold(show, "a", token_id, 2, 0)
    assert (reservation["status"], reservation["amount"], reservation["payment_id"]) == ("held", 1400, None)
    assert [seat["id"] for seat in reservation["seats"]] == [show.seat_ids[0], show.seat_ids[2]]
    held_at, expires_at = (datetime.fromisoformat(reservation[name]) for name in ("held_at", "expires_at"))
    assert expires_at - held_at == timedelta(minutes=5)
    assert sale.seat_statuses(show) == ["held", "available", "held", "available"]
    assert sale.violations() == {}


def test_a_taken_seat_refuses_the_whole_hold_and_names_it(sale):
    show = sale.show()
    sale.held(show, "a", 1, 2)
    token_id = sale.inside(show, "b")
    problem = sale.refused("reservation.hold", "b", **sale.wish(show, token_id, 0, 1, 2, 3))
    assert (problem["code"], problem["seat_ids"]) == ("seat_taken", show.seat_ids[1:3])
    assert sale.seat_statuses(show) == ["available", "held", "held", "available"]


def test_a_sold_seat_is_taken_for_good(sale, time):
    show = sale.show()
    sale.bought(show, "a", 0)
    token_id = sale.inside(show, "b")
    assert sale.refused("reservation.hold", "b", **sale.wish(show, token_id, 0))["code"] == "seat_taken"
    time.tick(timedelta(minutes=6))
    token_id = sale.inside(show, "c")
    assert sale.refused("reservation.hold", "c", **sale.wish(show, token_id, 0))["code"] == "seat_taken"


def test_a_lapsed_hold_is_taken_over_before_any_sweep(sale, time):
    show = sale.show()
    lapsed = sale.held(show, "a", 0, 1)
    time.tick(timedelta(minutes=5))
    token_id = sale.inside(show, "b")
    sale.hold(show, "b", token_id, 1, 2)
    assert sale.one("SELECT status FROM reservation WHERE id = $id", id=lapsed["reservation_id"]) == "expired"
    assert sale.seat_statuses(show) == ["available", "held", "held", "available"]
    assert sale.violations() == {}


def test_a_hold_stands_until_its_very_last_moment(sale, time):
    show = sale.show()
    sale.held(show, "a", 0)
    time.tick(timedelta(minutes=5) - timedelta(milliseconds=2))
    token_id = sale.inside(show, "b")
    assert sale.refused("reservation.hold", "b", **sale.wish(show, token_id, 0))["code"] == "seat_taken"
    assert sale.sweep("reservation.expire_due") == 0


def test_two_fans_of_one_batch_take_over_a_lapsed_hold_only_once(sale, time):
    show = sale.show()
    sale.held(show, "a", 0, 1)
    time.tick(timedelta(minutes=5))
    tokens = {user: sale.inside(show, user) for user in ("b", "c")}
    ids = {user: sale.accept("reservation.hold", user, **sale.wish(show, tokens[user], 0, 1)).id for user in tokens}
    sale.drain("reservation.hold")
    assert sorted(sale.task(ids[user], user)["status"] for user in tokens) == ["done", "refused"]
    assert sale.violations() == {}


def test_the_sweep_ends_lapsed_holds_and_frees_their_seats(sale, time, monkeypatch):
    from workers import reservations

    monkeypatch.setattr(reservations, "EXPIRED_TOGETHER", 1)
    show = sale.show()
    for seat, user in enumerate("abc"):
        sale.held(show, user, seat)
    time.tick(timedelta(minutes=5))
    assert sale.sweep("reservation.expire_due") == 3
    assert sale.seat_statuses(show) == ["available"] * 4
    assert sale.sweep("reservation.expire_due") == 0
    assert sale.violations() == {}


def test_unknown_seats_and_seats_of_another_performance_are_not_found(sale):
    show, other = sale.show(), sale.show()
    token_id = sale.inside(show, "a")
    wish = sale.wish(show, token_id, 0)
    problem = sale.refused("reservation.hold", "a", **{**wish, "seat_ids": [show.seat_ids[0], 999, other.seat_ids[0]]})
    assert (problem["code"], problem["seat_ids"]) == ("seat_not_found", [999, other.seat_ids[0]])
    assert sale.refused("reservation.hold", "a", **{**wish, "performance_id": 999})["code"] == "seat_not_found"
    assert sale.seat_statuses(show) == ["available"] * 4


@pytest.mark.parametrize(
    "window",
    [
        {"reservable_from": datetime(2020, 1, 1, tzinfo=UTC), "reservable_until": datetime(2020, 1, 2, tzinfo=UTC)},
        {"reservable_from": datetime(2090, 1, 1, tzinfo=UTC), "reservable_until": datetime(2090, 1, 2, tzinfo=UTC)},
    ],
    ids=["past its end", "not yet"],
)
def test_outside_its_window_a_performance_is_closed(sale, window):
    show = sale.show()
    token_id = sale.inside(show, "a")
    begins, ends = window["reservable_from"], window["reservable_until"]
    sale.sql("UPDATE performance SET reservable_from = $begins, reservable_until = $ends", begins=begins, ends=ends)
    problem = sale.refused("reservation.hold", "a", **sale.wish(show, token_id))
    assert problem["code"] == "performance_closed"
    assert {"reservable_from", "reservable_until"} < set(problem)


def test_held_and_bought_seats_together_have_a_limit(sale):
    show = sale.show(seats=6)
    sale.bought(show, "a", 0, 1)
    token_id = sale.inside(show, "a")
    sale.hold(show, "a", token_id, 2)
    problem = sale.refused("reservation.hold", "a", **sale.wish(show, token_id, 3, 4))
    assert (problem["code"], problem["limit"], problem["seats"]) == ("seat_limit_exceeded", 4, 3)
    sale.hold(show, "a", token_id, 3)


def test_the_limit_counts_neither_lapsed_nor_released_nor_refunded_nor_other_concerts_seats(sale, time):
    show, other = sale.show(seats=8), sale.show()
    booking = sale.bought(show, "a", 0)
    sale.done("payment.refund", "boss", payment_id=booking["payment_id"])
    sale.held(show, "a", 1)
    time.tick(timedelta(minutes=5))
    token_id = sale.inside(show, "a")
    released = sale.hold(show, "a", token_id, 2)
    sale.done("reservation.release", "a", reservation_id=released["id"])
    sale.held(other, "a", 0, 1)
    assert sale.hold(show, "a", token_id, 4, 5, 6, 7)["status"] == "held"
    assert sale.violations() == {}


def test_only_an_active_token_of_the_fan_and_the_concert_holds(sale, time):
    show, other = sale.show(capacity=1), sale.show()
    active = sale.inside(show, "a")
    waiting = sale.join(show, "b")
    foreign = sale.inside(other, "c")

    def refusal(user, token_id):
        return sale.refused("reservation.hold", user, **sale.wish(show, token_id))

    assert refusal("b", active)["code"] == "token_invalid"
    assert refusal("b", 999)["code"] == "token_invalid"
    assert (refusal("b", waiting)["code"], refusal("b", waiting)["position"]) == ("not_admitted", 1)
    assert refusal("c", foreign)["code"] == "wrong_concert"
    time.tick(timedelta(minutes=10))
    assert refusal("a", active)["code"] == "token_expired"
    assert sale.seat_statuses(show) == ["available"] * 4


def test_a_released_seat_is_free_at_once_and_released_once(sale):
    show = sale.show()
    reservation_id = sale.held(show, "a", 0, 1)["reservation_id"]
    assert sale.refused("reservation.release", "b", reservation_id=reservation_id)["code"] == "reservation_not_found"
    assert sale.refused("reservation.release", "a", reservation_id=999)["code"] == "reservation_not_found"
    released = sale.done("reservation.release", "a", reservation_id=reservation_id)
    assert (released["status"], len(released["seats"])) == ("released", 2)
    problem = sale.refused("reservation.release", "a", reservation_id=reservation_id)
    assert (problem["code"], problem["reservation_status"]) == ("reservation_not_held", "released")
    sale.held(show, "b", 0, 1)


def test_a_lapsed_hold_cannot_be_released_any_more(sale, time):
    reservation_id = sale.held(sale.show(), "a")["reservation_id"]
    time.tick(timedelta(minutes=5))
    problem = sale.refused("reservation.release", "a", reservation_id=reservation_id)
    assert (problem["code"], problem["reservation_status"]) == ("reservation_not_held", "expired")


def test_whoever_lost_a_seat_gets_no_harm_from_releasing_what_somebody_else_took_over(sale, time):
    show = sale.show()
    lost = sale.held(show, "a", 0)
    time.tick(timedelta(minutes=5))
    sale.held(show, "b", 0)
    assert (
        sale.refused("reservation.release", "a", reservation_id=lost["reservation_id"])["code"]
        == "reservation_not_held"
    )
    assert sale.seat_statuses(show)[0] == "held"


def test_a_lapsed_hold_shows_as_available_before_any_sweep(sale, time):
    from models import clock
    from models.database import read_session
    from models.performance import Performance

    show = sale.show()
    sale.held(show, "a", 0)
    time.tick(timedelta(minutes=5))
    with read_session():
        [date] = Performance.dates(show.concert_id, now=clock.utcnow())
    assert sale.seats_shown(show) == ["available"] * 4
    assert date["seats_available"] == 4
