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


def _status(sale, reservation_id):
    return sale.one("SELECT status FROM reservation WHERE id = $id", id=reservation_id)


def test_whoever_pays_one_of_two_holds_gives_the_other_back(sale):
    show = sale.show(seats=5)
    token_id = sale.held(show, "a", 0)["queue_token_id"]
    first = sale.one("SELECT id FROM reservation")
    second, somebodys = sale.hold(show, "a", token_id, 1, 2)["id"], sale.held(show, "b", 3)["reservation_id"]
    _rich(sale, "a")
    sale.done("payment.pay", "a", queue_token_id=token_id, reservation_id=second)
    assert [_status(sale, id_) for id_ in (first, second, somebodys)] == ["released", "confirmed", "held"]
    assert sale.seat_statuses(show) == ["available", "sold", "sold", "held", "available"]
    assert sale.balance("a") == 8_000
    problem = sale.refused("payment.pay", "a", queue_token_id=token_id, reservation_id=first)
    assert (problem["code"], problem["reservation_status"]) == ("reservation_not_held", "released")
    assert sale.held(show, "c", 0)
    assert sale.violations() == {}


def test_another_hold_whose_time_is_over_has_expired_and_was_not_given_back(sale, time):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    time.tick(timedelta(minutes=4))
    second = sale.hold(show, "a", wish["queue_token_id"], 1)["id"]
    time.tick(timedelta(minutes=2))
    _rich(sale, "a")
    sale.done("payment.pay", "a", queue_token_id=wish["queue_token_id"], reservation_id=second)
    assert (_status(sale, wish["reservation_id"]), _status(sale, second)) == ("expired", "confirmed")
    assert sale.violations() == {}


def test_a_payment_that_is_refused_leaves_the_other_hold_alone(sale):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    second = sale.hold(show, "a", wish["queue_token_id"], 1)["id"]
    assert sale.refused("payment.pay", "a", **wish)["code"] == "insufficient_points"
    assert (_status(sale, wish["reservation_id"]), _status(sale, second)) == ("held", "held")
    assert sale.violations() == {}


def test_of_two_payments_in_one_batch_the_first_takes_the_turn(sale):
    show = sale.show(seats=6)
    wishes = {}
    for user, seats in (("a", (0, 1)), ("b", (2, 3))):
        token_id = sale.held(show, user, seats[0])["queue_token_id"]
        sale.hold(show, user, token_id, seats[1])
        found = sale.sql("SELECT id FROM reservation WHERE user_id = $user ORDER BY id", user=user)
        wishes[user] = [{"queue_token_id": token_id, "reservation_id": id_} for (id_,) in found]
        _rich(sale, user)
    ids = [(user, sale.accept("payment.pay", user, **wish).id) for user in wishes for wish in wishes[user]]
    sale.drain("payment.pay")
    codes = [(sale.task(id_, user)["problem"] or {}).get("code") for user, id_ in ids]
    assert codes == [None, "reservation_not_held"] * 2
    assert sale.seat_statuses(show) == ["sold", "available", "sold", "available", "available", "available"]
    assert sale.violations() == {}


@pytest.mark.parametrize("purchases", [1, 5])
def test_other_holds_are_looked_up_once_for_all_payments_of_a_batch(sale, monkeypatch, purchases):
    from models import token_holds

    asked, original = [], token_holds._HELD.rows
    monkeypatch.setattr(token_holds._HELD, "rows", lambda ids: asked.append(ids) or original(ids))
    show = sale.show(seats=5)
    users = "abcde"[:purchases]
    for seat, user in enumerate(users):
        wish = sale.held(show, user, seat)
        _rich(sale, user)
        sale.accept("payment.pay", user, **wish)
    assert sale.drain("payment.pay") == purchases
    assert [len(ids) for ids in asked] == [purchases]
    assert sale.seat_statuses(show).count("sold") == purchases


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


def test_a_refund_is_given_back_also_above_the_balance_limit(sale):
    show = sale.show(price=700)
    booking = sale.bought(show, "a", 0)
    sale.sql("UPDATE point_account SET balance = 9999999999 WHERE user_id = 'a'")
    sale.done("payment.refund", "boss", payment_id=booking["payment_id"])
    assert sale.balance("a") == 10_000_000_699
    assert sale.seat_statuses(show)[0] == "available"
    assert sale.refused("points.charge", "a", amount=1)["code"] == "balance_limit_exceeded"


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
        assert Payment.find_own(first["payment_id"], "a")["status"] == "refunded"
        assert Payment.find_own(first["payment_id"], "b") is None
        assert Payment.find_own(999, "a") is None
