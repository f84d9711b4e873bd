"""Paying a hold, once; and giving the points back, once."""

from datetime import timedelta

import pytest

pytestmark = pytest.mark.usefixtures("time")


def _rich(sale, user, amount=10_000):
    sale.done("points.charge", user, amount=amount)


def test_a_payment_deducts_confirms_sells_and_completes_together(sale):
    show = sale.show(price=700)
    wish = sale.held(show, "a", 0, 1)
    _rich(sale, "a")
    booking = sale.done("payment.pay", "a", **wish)
    assert (booking["amount"], booking["status"], booking["reservation_id"]) == (
        1400,
        "confirmed",
        wish["reservation_id"],
    )
    assert sale.balance("a") == 8_600
    assert sale.seat_statuses(show) == ["sold", "sold", "available", "available"]
    assert sale.token(wish["queue_token_id"]).status == "completed"
    assert sale.one("SELECT payment_id FROM reservation") == booking["payment_id"]
    assert sale.violations() == {}


def test_what_cannot_be_paid_changes_nothing(sale):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    _rich(sale, "b")
    other = sale.inside(show, "b")
    before = sale.seat_statuses(show), sale.balance("b")
    foreign = {**wish, "queue_token_id": other}
    assert sale.refused("payment.pay", "b", **foreign)["code"] == "reservation_not_found"
    assert sale.refused("payment.pay", "a", **{**wish, "reservation_id": 999})["code"] == "reservation_not_found"
    assert sale.refused("payment.pay", "a", **foreign)["code"] == "token_invalid"
    assert (sale.seat_statuses(show), sale.balance("b")) == before
    assert sale.one("SELECT count(*) FROM payment") == 0


def test_a_token_of_another_concert_or_one_that_waits_does_not_pay(sale):
    show, other = sale.show(), sale.show(capacity=1)
    wish = sale.held(show, "a", 0)
    _rich(sale, "a")
    sale.inside(other, "somebody")
    waiting = sale.join(other, "a")
    assert sale.refused("payment.pay", "a", **{**wish, "queue_token_id": waiting})["code"] == "not_admitted"
    third = sale.inside(sale.show(), "a")
    assert sale.refused("payment.pay", "a", **{**wish, "queue_token_id": third})["code"] == "wrong_concert"


def test_a_paid_reservation_is_paid_once(sale):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    _rich(sale, "a")
    payment_id = sale.done("payment.pay", "a", **wish)["payment_id"]
    problem = sale.refused("payment.pay", "a", **wish)
    assert (problem["code"], problem["payment_id"]) == ("already_paid", payment_id)
    assert sale.balance("a") == 9_000


def test_many_payments_of_one_batch_pay_a_reservation_once(sale):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    _rich(sale, "a")
    ids = [sale.accept("payment.pay", "a", **wish).id for _ in range(5)]
    sale.drain("payment.pay")
    codes = [(sale.task(id_, "a")["problem"] or {}).get("code") for id_ in ids]
    assert codes == [None] + ["already_paid"] * 4
    assert sale.violations() == {}


def test_after_the_last_moment_of_the_hold_nothing_is_paid(sale, time):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    _rich(sale, "a")
    time.tick(timedelta(minutes=5))
    problem = sale.refused("payment.pay", "a", **wish)
    assert problem["code"] == "hold_expired"
    assert "expired_at" in problem
    sale.sweep("reservation.expire_due")
    assert sale.refused("payment.pay", "a", **wish)["code"] == "hold_expired"
    assert sale.balance("a") == 10_000


def test_a_moment_before_the_hold_ends_it_can_be_paid(sale, time):
    wish = sale.held(sale.show(), "a", 0)
    _rich(sale, "a")
    time.tick(timedelta(minutes=4, seconds=59))
    assert sale.done("payment.pay", "a", **wish)["status"] == "confirmed"


def test_a_released_or_refunded_reservation_is_not_held(sale):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    _rich(sale, "a")
    sale.done("reservation.release", "a", reservation_id=wish["reservation_id"])
    problem = sale.refused("payment.pay", "a", **wish)
    assert (problem["code"], problem["reservation_status"]) == ("reservation_not_held", "released")
    booking = sale.bought(show, "b", 1)
    sale.done("payment.refund", "boss", payment_id=booking["payment_id"])
    again = {"queue_token_id": sale.inside(show, "b"), "reservation_id": booking["reservation_id"]}
    assert sale.refused("payment.pay", "b", **again)["reservation_status"] == "refunded"


def test_a_completed_token_can_do_nothing_more(sale):
    show = sale.show()
    token_id = sale.held(show, "a", 0)["queue_token_id"]
    second = sale.hold(show, "a", token_id, 1)
    _rich(sale, "a")
    sale.done("payment.pay", "a", queue_token_id=token_id, reservation_id=second["id"])
    assert sale.refused("reservation.hold", "a", **sale.wish(show, token_id, 2))["code"] == "token_expired"
    assert sale.refused("queue_token.leave", "a", queue_token_id=token_id)["code"] == "token_expired"


def test_a_refund_gives_points_and_seats_back_once(sale):
    show = sale.show(price=700)
    booking = sale.bought(show, "a", 0, 1)
    refunded = sale.done("payment.refund", "boss", payment_id=booking["payment_id"])
    assert (refunded["status"], refunded["amount"], refunded["user_id"]) == ("refunded", 1400, "a")
    problem = sale.refused("payment.refund", "boss", payment_id=booking["payment_id"])
    assert (problem["code"], problem["refunded_at"]) == ("already_refunded", refunded["refunded_at"])
    assert sale.balance("a") == 10_000
    assert sale.seat_statuses(show) == ["available"] * 4
    sale.bought(show, "b", 0, 1)
    assert sale.violations() == {}


def test_there_is_nothing_to_refund_of_an_unknown_payment(sale):
    assert sale.refused("payment.refund", "boss", payment_id=999)["code"] == "payment_not_found"


def test_a_refund_that_would_pass_the_balance_limit_is_refused_and_changes_nothing(sale):
    show = sale.show(price=700)
    booking = sale.bought(show, "a", 0)
    sale.sql("UPDATE point_account SET balance = 9999999999 WHERE user_id = 'a'")
    problem = sale.refused("payment.refund", "boss", payment_id=booking["payment_id"])
    assert problem["code"] == "balance_limit_exceeded"
    assert sale.seat_statuses(show)[0] == "sold"
    assert sale.one("SELECT status FROM reservation") == "confirmed"


def test_bookings_show_what_was_bought_and_not_what_was_refunded(sale):
    from models import booking
    from models.database import read_session
    from models.payment import Payment

    show = sale.show()
    first, second = sale.bought(show, "a", 0), sale.bought(show, "a", 1)
    sale.done("payment.refund", "boss", payment_id=first["payment_id"])
    with read_session():
        assert booking.page("a", limit=10) == [second]
        assert booking.page("a", limit=10, before_id=second["payment_id"]) == []
        assert Payment.find(first["payment_id"])["status"] == "refunded"
        assert Payment.find(999) is None
