"""Two works on the same points or payment: each race shown without its guards, then with them."""

import pytest

from tests.fixtures.parallel import in_parallel


@pytest.fixture
def sale(sale_to_spoil):
    return sale_to_spoil


@pytest.fixture
def ready(sale):
    """A fan with a hold of one seat, and points for many; returns the show and the arguments of the payment."""
    show = sale.show(price=1_000)
    wish = sale.held(show, "a", 0)
    sale.done("points.charge", "a", amount=10_000)
    return show, wish


def _codes(*tasks):
    return [(task["problem"] or {}).get("code", task["status"]) for task in tasks]


def _pay_twice(sale, duel, wish):
    from models.points import PointAccount

    duel.pause_after(PointAccount, "covering")
    return duel.fight(*[lambda: sale.do("payment.pay", "a", **wish)] * 2)


def test_control_pay_and_pay_without_guards_pays_twice(sale, ready, duel, guards):
    guards.drop_locks()
    guards.drop_index("one_payment_per_reservation")
    assert _codes(*_pay_twice(sale, duel, ready[1])) == ["done", "done"]
    assert sale.one("SELECT count(*) FROM payment") == 2
    assert "one payment per confirmed reservation, and none without" in sale.violations()


def test_pay_and_pay_with_the_unique_index_alone_pays_once(sale, ready, duel, guards):
    guards.drop_locks()
    assert sorted(_codes(*_pay_twice(sale, duel, ready[1]))) == ["already_paid", "done"]
    assert sale.balance("a") == 9_000
    assert sale.violations() == {}


def test_pay_and_pay_pays_once(sale, ready, duel):
    assert _codes(*_pay_twice(sale, duel, ready[1])) == ["done", "already_paid"]
    assert sale.balance("a") == 9_000
    assert sale.violations() == {}


def _pay_as_the_hold_ends(sale, duel, show, wish):
    """The second lives when the hold is over: the sweep ends it, and a rival buys the seat."""
    from models.points import PointAccount

    sale.done("points.charge", "b", amount=10_000)
    rival = sale.inside(show, "b")

    def expire_and_buy():
        ended = sale.sweep("reservation.expire_due")
        task = sale.do("reservation.hold", "b", **sale.wish(show, rival, 0))
        if task["status"] == "done":
            task = sale.do("payment.pay", "b", queue_token_id=rival, reservation_id=task["result"]["id"])
        return ended, task

    duel.let_time_pass_for("second", 301)
    duel.pause_after(PointAccount, "covering")
    paid, (ended, bought) = duel.fight(lambda: sale.do("payment.pay", "a", **wish), expire_and_buy)
    return paid, ended, bought


def test_control_pay_and_expiry_without_guards_sells_a_seat_twice(sale, ready, duel, guards):
    guards.drop_locks()
    guards.drop_checks("reservation")
    paid, ended, bought = _pay_as_the_hold_ends(sale, duel, *ready)
    assert (paid["status"], ended, bought["status"]) == ("done", 1, "done")
    assert "at most one live reservation or sale per seat" in sale.violations()


def test_a_payment_in_its_last_moment_keeps_the_hold_from_ending(sale, ready, duel):
    paid, ended, bought = _pay_as_the_hold_ends(sale, duel, *ready)
    assert (paid["status"], ended, *_codes(bought)) == ("done", 0, "seat_taken")
    assert sale.violations() == {}


def test_a_hold_that_has_just_ended_is_not_paid(sale, ready, duel):
    # The other way round: the sweep is first and is not done yet when the payment comes.
    from models.reservation import Reservation

    duel.let_time_pass_for("first", 301)
    duel.pause_after(Reservation, "expire_all")
    ended, paid = duel.fight(
        lambda: sale.sweep("reservation.expire_due"), lambda: sale.do("payment.pay", "a", **ready[1])
    )
    assert (ended, *_codes(paid)) == (1, "hold_expired")
    assert sale.balance("a") == 10_000
    assert sale.violations() == {}


def _pay_and_release(sale, duel, wish):
    from models.points import PointAccount

    duel.pause_after(PointAccount, "covering")
    release = {"reservation_id": wish["reservation_id"]}
    return duel.fight(
        lambda: sale.do("payment.pay", "a", **wish), lambda: sale.do("reservation.release", "a", **release)
    )


def test_control_pay_and_release_without_guards_both_succeed(sale, ready, duel, guards):
    guards.drop_locks()
    guards.drop_checks("reservation")
    guards.drop_checks("seat")
    assert _codes(*_pay_and_release(sale, duel, ready[1])) == ["done", "done"]
    assert sale.violations() != {}


def test_pay_and_release_one_is_refused(sale, ready, duel):
    assert _codes(*_pay_and_release(sale, duel, ready[1])) == ["done", "reservation_not_held"]
    assert sale.violations() == {}


def _refund_twice(sale, duel, payment_id):
    from models.points import PointAccount

    duel.pause_after(PointAccount, "locked")
    return duel.fight(*[lambda: sale.do("payment.refund", "boss", payment_id=payment_id)] * 2)


@pytest.fixture
def payment_id(sale, ready):
    return sale.done("payment.pay", "a", **ready[1])["payment_id"]


def test_control_refund_and_refund_without_guards_enters_the_points_twice(sale, payment_id, duel, guards):
    guards.drop_locks()
    assert _codes(*_refund_twice(sale, duel, payment_id)) == ["done", "done"]
    assert "every payment is in the ledger once, and so is every refund" in sale.violations()


def test_refund_and_refund_gives_back_once(sale, payment_id, duel):
    assert _codes(*_refund_twice(sale, duel, payment_id)) == ["done", "already_refunded"]
    assert sale.balance("a") == 10_000
    assert sale.violations() == {}


def _charge_twice(sale, duel):
    from models.points import PointAccount

    sale.done("points.charge", "a", amount=1)
    duel.pause_after(PointAccount, "locked")
    return duel.fight(*[lambda: sale.do("points.charge", "a", amount=500)] * 2)


def test_control_charge_and_charge_without_guards_loses_one(sale, duel, guards):
    guards.drop_locks()
    assert _codes(*_charge_twice(sale, duel)) == ["done", "done"]
    assert sale.balance("a") == 501
    assert "every balance equals its ledger" in sale.violations()


def test_charge_and_charge_adds_both(sale, duel):
    assert _codes(*_charge_twice(sale, duel)) == ["done", "done"]
    assert sale.balance("a") == 1_001
    assert sale.violations() == {}


def _pay_for_two_at_once(sale, duel):
    """One fan pays for two reservations, of two concerts, at once; his points cover both."""
    from models.points import PointAccount

    first, second = (sale.held(sale.show(price=1_000), "a", 0) for _ in range(2))
    sale.done("points.charge", "a", amount=10_000)
    duel.pause_after(PointAccount, "covering")
    return duel.fight(lambda: sale.do("payment.pay", "a", **first), lambda: sale.do("payment.pay", "a", **second))


def test_control_two_payments_of_one_account_without_guards_cost_one(sale, duel, guards):
    guards.drop_locks()
    assert _codes(*_pay_for_two_at_once(sale, duel)) == ["done", "done"]
    assert sale.balance("a") == 9_000
    assert "every balance equals its ledger" in sale.violations()


def test_two_payments_of_one_account_cost_both(sale, duel):
    assert _codes(*_pay_for_two_at_once(sale, duel)) == ["done", "done"]
    assert sale.balance("a") == 8_000
    assert sale.violations() == {}


def _send_one_key(sale):
    in_parallel(*[lambda: sale.accept("points.charge", "a", key="once", amount=500)] * 8)
    sale.drain("points.charge")
    return sale.balance("a")


def test_control_one_key_without_its_index_charges_each_time(sale, guards):
    guards.drop_index("one_request_per_key")
    assert _send_one_key(sale) == 8 * 500


def test_one_key_charges_once(sale):
    assert _send_one_key(sale) == 500


def test_the_first_two_charges_of_a_newcomer_make_one_account(sale):
    for _ in range(8):
        sale.accept("points.charge", "new", amount=5)
    in_parallel(*[lambda: sale.drain("points.charge")] * 4)
    assert sale.balance("new") == 40


def _deliver_twice(sale, duel):
    """A message is delivered a second time while its request is in hand, after the lease was over."""
    from workers import outcome

    request_id = sale.accept("points.charge", "a", amount=500).id
    duel.let_time_pass_for("second", 6)
    duel.pause_after(outcome, "done")
    duel.fight(*[lambda: sale.drain("points.charge")] * 2)
    return sale.task(request_id, "a")


def test_control_a_request_delivered_twice_without_guards_has_two_effects(sale, duel, guards):
    sale.done("points.charge", "a", amount=1)
    guards.drop_locks()
    guards.drop_request_lock()
    guards.drop_index("one_entry_per_request")
    _deliver_twice(sale, duel)
    assert sale.one("SELECT count(*) FROM point_entry WHERE amount = 500") == 2
    assert "one effect per request, and none without" in sale.violations()


def test_a_request_delivered_twice_has_one_effect(sale, duel):
    sale.done("points.charge", "a", amount=1)
    assert _deliver_twice(sale, duel)["status"] == "done"
    assert sale.balance("a") == 501
    assert sale.violations() == {}
