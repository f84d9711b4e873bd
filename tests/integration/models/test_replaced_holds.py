"""A hold that replaces another one of the same token: all or none, and no seat for longer."""

from datetime import datetime, timedelta

import pytest

from models.clock import to_rfc3339

pytestmark = pytest.mark.usefixtures("time")


@pytest.fixture
def show(sale):
    return sale.show(seats=8)


def _replacing(sale, show, wish, *seats):
    return {**sale.wish(show, wish["queue_token_id"], *seats), "replaces": wish["reservation_id"]}


def _status(sale, wish):
    return sale.one("SELECT status FROM reservation WHERE id = $id", id=wish["reservation_id"])


def test_seats_are_added_kept_and_given_up_at_once(sale, show, time):
    wish = sale.held(show, "a", 0, 1)
    ends = sale.one("SELECT expires_at FROM reservation")
    time.tick(timedelta(seconds=60))
    made = sale.done("reservation.hold", "a", **_replacing(sale, show, wish, 1, 2, 3))
    assert _status(sale, wish) == "released"
    assert sale.seat_statuses(show) == ["available", "held", "held", "held"] + ["available"] * 4
    # Seat 1 was not given back, so nobody has it for longer.
    assert made["expires_at"] == to_rfc3339(ends)
    assert made["amount"] == 3_000
    assert not any(sale.violations().values())


def test_other_seats_altogether_are_held_as_long_as_any(sale, show, time):
    wish = sale.held(show, "a", 0)
    time.tick(timedelta(seconds=60))
    made = sale.done("reservation.hold", "a", **_replacing(sale, show, wish, 1))
    assert datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["held_at"]) == sale.policy.hold


def test_the_limit_counts_what_is_given_up_as_free(sale, show):
    wish = sale.held(show, "a", 0, 1, 2, 3)
    made = sale.done("reservation.hold", "a", **_replacing(sale, show, wish, 2, 3, 4, 5))
    again = {"queue_token_id": wish["queue_token_id"], "reservation_id": made["id"]}
    # Again and again, with seats that were kept before.
    sale.done("reservation.hold", "a", **_replacing(sale, show, again, 3, 4, 5, 6))
    assert (
        sale.refused("reservation.hold", "a", **sale.wish(show, wish["queue_token_id"], 7))["code"]
        == "seat_limit_exceeded"
    )
    assert not any(sale.violations().values())


def test_what_was_given_up_is_everybody_elses_for_a_while(sale, show):
    wish = sale.held(show, "a", 0, 1)
    made = sale.done("reservation.hold", "a", **_replacing(sale, show, wish, 1))
    again = {"queue_token_id": wish["queue_token_id"], "reservation_id": made["id"]}
    refused = sale.refused("reservation.hold", "a", **_replacing(sale, show, again, 0, 1))
    assert (refused["code"], refused["seat_ids"]) == ("seat_released", [show.seat_ids[0]])
    assert sale.hold(show, "b", sale.inside(show, "b"), 0)["status"] == "held"


def _taken(sale, show, wish):
    sale.held(show, "b", 2)
    return _replacing(sale, show, wish, 0, 2), "seat_taken"


def _somebody_elses(sale, show, wish):
    other = sale.held(show, "b", 2)
    return {**_replacing(sale, show, wish, 3), "replaces": other["reservation_id"]}, "reservation_not_found"


def _unknown(sale, show, wish):
    return {**_replacing(sale, show, wish, 3), "replaces": 2**62}, "reservation_not_found"


def _too_many(sale, show, wish):
    sale.hold(show, "a", wish["queue_token_id"], 2, 3)
    return _replacing(sale, show, wish, 0, 1, 4), "seat_limit_exceeded"


@pytest.mark.parametrize("refusable", [_taken, _somebody_elses, _unknown, _too_many])
def test_what_is_refused_leaves_the_hold_as_it_was(sale, show, refusable):
    wish = sale.held(show, "a", 0, 1)
    arguments, code = refusable(sale, show, wish)
    before = sale.seat_statuses(show)
    assert sale.refused("reservation.hold", "a", **arguments)["code"] == code
    assert (_status(sale, wish), sale.seat_statuses(show)) == ("held", before)
    assert not any(sale.violations().values())


def _expired(sale, wish, time):
    time.tick(sale.policy.hold)
    return "expired"


def _released(sale, wish, time):
    sale.done("reservation.release", "a", reservation_id=wish["reservation_id"])
    return "released"


@pytest.mark.parametrize("end", [_expired, _released])
def test_a_hold_that_is_over_cannot_be_replaced(sale, show, time, end):
    wish = sale.held(show, "a", 0)
    # A second hold keeps the turn.
    time.tick(timedelta(seconds=1))
    sale.hold(show, "a", wish["queue_token_id"], 5)
    status = end(sale, wish, time)
    refused = sale.refused("reservation.hold", "a", **_replacing(sale, show, wish, 3))
    assert (refused["code"], refused["reservation_status"]) == ("reservation_not_held", status)


def test_of_two_in_one_batch_one_replaces(sale, show):
    wish = sale.held(show, "a", 0)
    accepted = [sale.accept("reservation.hold", "a", **_replacing(sale, show, wish, 0, seat)) for seat in (1, 2)]
    sale.drain("reservation.hold")
    first, second = (sale.task(one.id, "a") for one in accepted)
    assert (first["status"], second["problem"]["code"]) == ("done", "reservation_not_held")
    assert sale.seat_statuses(show).count("held") == 2
    assert not any(sale.violations().values())
