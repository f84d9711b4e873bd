"""Batches of two workers that need the same rows the other way round: first in a circle, then one after the other."""

from time import monotonic

import pytest

# PostgreSQL looks for a circle of waits after so many seconds; whoever is in one has waited that long.
DEADLOCK_SECONDS = 1.0


@pytest.fixture
def sale(sale_to_spoil):
    return sale_to_spoil


@pytest.fixture
def rolled_back(monkeypatch):
    """The operations whose batch was rolled back for one of its requests, each time it was."""
    from workers.domain_task import DomainTask

    monkeypatch.setattr("workers.domain_task.TOGETHER", 2)
    names, original = [], DomainTask._each_alone

    def each_alone(self, claimed):
        names.append(self.name)
        original(self, claimed)

    monkeypatch.setattr(DomainTask, "_each_alone", each_alone)
    return names


class Circle:
    """Four requests in two batches, the second in the order opposite to the first's."""

    def __init__(self, sale, duel, owner, name):
        self.sale, self.duel = sale, duel
        duel.pause_after(owner, name)

    def fight(self, operation, user, argument, one, other):
        ids = [self.sale.accept(operation, user, **{argument: value}).id for value in (one, other, other, one)]
        begun = monotonic()
        self.duel.fight(lambda: self.sale.drain(operation), lambda: self.sale.drain(operation))
        return [self.sale.task(id_, user)["status"] for id_ in ids], monotonic() - begun


def _release(sale, duel):
    from models.reservation import Reservation

    show = sale.show()
    token_id = sale.inside(show, "a")
    held = [sale.hold(show, "a", token_id, seat)["id"] for seat in (0, 1)]
    return Circle(sale, duel, Reservation, "release").fight("reservation.release", "a", "reservation_id", *held)


def _refund(sale, duel):
    from models.payment import Payment

    show = sale.show()
    bought = [sale.bought(show, user, seat)["payment_id"] for seat, user in enumerate("ab")]
    return Circle(sale, duel, Payment, "give_back").fight("payment.refund", "boss", "payment_id", *bought)


def _leave(sale, duel):
    from models import leaving

    tokens = [sale.join(sale.show(), "a") for _ in range(2)]
    return Circle(sale, duel, leaving, "leave").fight("queue_token.leave", "a", "queue_token_id", *tokens)


# What locks ahead, by owner and name; without it each request locks its own when its turn comes.
CIRCLES = {
    "release": (_release, "models.reservation.Reservation.lock_with_seats"),
    "refund": (_refund, "models.payment.Payment.lock_for_refunds"),
    "leave": (_leave, "models.leaving.lock_for_leaves"),
}


@pytest.mark.parametrize("circle", CIRCLES)
def test_control_without_locking_ahead_two_batches_wait_for_each_other(sale, duel, rolled_back, monkeypatch, circle):
    fight, guard = CIRCLES[circle]
    monkeypatch.setattr(guard, lambda *_: None)
    statuses, seconds = fight(sale, duel)
    assert rolled_back
    assert seconds > DEADLOCK_SECONDS
    # It was found and each request carried out alone: late, but right.
    assert sorted(statuses) == ["done", "done", "refused", "refused"]
    assert sale.violations() == {}


@pytest.mark.parametrize("circle", CIRCLES)
def test_two_batches_with_the_same_rows_come_one_after_the_other(sale, duel, rolled_back, circle):
    fight, _ = CIRCLES[circle]
    statuses, _ = fight(sale, duel)
    assert rolled_back == []
    assert statuses == ["done", "done", "refused", "refused"]
    assert sale.violations() == {}


def _leave_and_hold(sale, duel):
    """Somebody who holds a seat leaves in one batch with a fan who asks for that seat in another."""
    from models import leaving

    show = sale.show()
    tokens = {user: sale.inside(show, user) for user in "abc"}
    sale.hold(show, "a", tokens["a"], 0)
    left = [sale.accept("queue_token.leave", user, queue_token_id=tokens[user]).id for user in "ab"]
    asked = [sale.accept("reservation.hold", user, **sale.wish(show, tokens[user], 0)).id for user in "bc"]
    duel.pause_after(leaving, "leave")
    begun = monotonic()
    duel.fight(lambda: sale.drain("queue_token.leave"), lambda: sale.drain("reservation.hold"))
    seconds = monotonic() - begun
    return [sale.task(id_, user)["status"] for id_, user in zip((*left, *asked), "abbc", strict=True)], seconds


def test_control_without_locking_ahead_leaving_and_holding_wait_for_each_other(sale, duel, rolled_back, monkeypatch):
    monkeypatch.setattr("models.leaving.lock_for_leaves", lambda *_: None)
    _, seconds = _leave_and_hold(sale, duel)
    assert rolled_back
    assert seconds > DEADLOCK_SECONDS
    assert sale.violations() == {}


def test_leaving_and_holding_come_one_after_the_other(sale, duel, rolled_back):
    statuses, _ = _leave_and_hold(sale, duel)
    assert rolled_back == []
    assert statuses == ["done", "done", "refused", "done"]
    assert sale.violations() == {}
