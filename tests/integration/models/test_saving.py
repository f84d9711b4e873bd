import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pony.orm import core, flush, rollback


@pytest.fixture
def trips(monkeypatch):
    """Note how many rows each trip saves."""
    from models import saving

    sent = []
    original = saving._send

    def send(cache):
        unsent = cache.__dict__.get("unsent")
        if unsent is not None and unsent.rows:
            sent.append(sum(map(len, unsent.rows.values())))
        return original(cache)

    monkeypatch.setattr(saving, "_send", send)
    return sent


def test_a_batch_of_holds_is_one_trip_and_one_of_payments_two(sale, trips):
    show = sale.show(seats=4)
    fans = {"ann": show.seat_ids[:2], "bob": show.seat_ids[2:]}
    tokens = {}
    for fan in fans:
        sale.done("points.charge", fan, amount=5_000)
        tokens[fan] = sale.inside(show, fan)
    trips.clear()
    holds = {
        fan: sale.accept(
            "reservation.hold",
            fan,
            queue_token_id=tokens[fan],
            performance_id=show.performance_id,
            seat_ids=seats,
        )
        for fan, seats in fans.items()
    }
    sale.drain("reservation.hold")
    assert trips == [2 * 7]  # The reservation, two rows of its seats, two seats, the token, the outcome.
    trips.clear()
    for fan, hold in holds.items():
        reservation_id = sale.task(hold.id, fan)["result"]["id"]
        sale.accept("payment.pay", fan, queue_token_id=tokens[fan], reservation_id=reservation_id)
    sale.drain("payment.pay")
    # The payment, the account and its entry, the reservation, two seats, the token; after the tickets outcomes.
    assert trips == [2 * 7, 2]


def test_a_payment_alone_is_two_trips_as_well(sale, trips):
    show = sale.show(seats=1)
    sale.done("points.charge", "ann", amount=5_000)
    token = sale.inside(show, "ann")
    arguments = {"performance_id": show.performance_id, "seat_ids": show.seat_ids}
    hold = sale.done("reservation.hold", "ann", queue_token_id=token, **arguments)
    trips.clear()
    sale.done("payment.pay", "ann", queue_token_id=token, reservation_id=hold["id"])
    assert trips == [6, 1]


def test_a_refusal_after_a_change_is_seen_although_something_was_asked_in_between(sale):
    from models.database import rows, write_session
    from models.errors import InsufficientPointsError
    from models.order import Order
    from models.points import PointAccount
    from workers.batch import SpoiledError, one_by_one

    sale.done("points.charge", "ann", amount=5)

    def operation(_order, _now):
        PointAccount.locked("ann").balance += 100
        rows("SELECT 1")
        message = "too late"
        raise InsufficientPointsError(message)

    order = Order(uuid4(), "ann", {}, datetime.now(UTC))
    with pytest.raises(SpoiledError), write_session():
        one_by_one(operation, lock=lambda _: None, show=None)([order])
    assert sale.sql("SELECT balance FROM point_account") == [(5,)]


def test_what_changes_twice_in_a_batch_is_sent_twice(sale, trips):
    sale.done("points.charge", "ann", amount=1)
    trips.clear()
    for _ in range(3):
        sale.accept("points.charge", "ann", amount=1_000)
    sale.drain("points.charge")
    assert trips == [
        2,
        2 + 3,
        2,
    ]  # The account and its entry, three times; the outcomes go with the first trip after all is done.
    assert sale.sql("SELECT balance_after FROM point_entry WHERE user_id = 'ann' ORDER BY id") == [
        (1,),
        (1_001,),
        (2_001,),
        (3_001,),
    ]


def test_what_is_kept_is_sent_before_anything_is_asked_and_at_the_end(sale, trips):
    from models.database import keep, rows, write_session
    from models.seat import Seat

    first, second = sale.show(seats=2).seat_ids
    trips.clear()
    price = "SELECT price FROM seat WHERE id = $id"
    with write_session():
        Seat[first].price = 7
        keep()
        assert trips == []
        assert rows(price, id=first) == [(7,)]
        assert trips == [1]
        Seat[second].price = 8
        keep()
    assert trips == [1, 1]
    assert sale.sql(price, id=second) == [(8,)]


def test_what_is_kept_is_gone_with_a_rollback(sale, trips):
    from models.database import keep, write_session
    from models.seat import Seat

    [seat_id] = sale.show(seats=1).seat_ids
    trips.clear()
    with write_session():
        Seat[seat_id].price = 7
        keep()
        rollback()
    assert trips == []
    assert sale.sql("SELECT price FROM seat WHERE id = $id", id=seat_id) == [(1_000,)]


def test_a_row_that_somebody_else_changed_is_found_among_many(sale):
    from models.database import write_session
    from models.seat import Seat

    show = sale.show(seats=3)

    def steal():
        sale.sql("UPDATE seat SET price = 1 WHERE id = $id", id=show.seat_ids[1])

    with write_session():
        for seat in [Seat[id_] for id_ in show.seat_ids]:
            seat.price = seat.price + 1
        thief = threading.Thread(target=steal)
        thief.start()
        thief.join()
        with pytest.raises(core.OptimisticCheckError, match="somebody else"):
            flush()
        rollback()
    assert sale.sql("SELECT price FROM seat WHERE id = ANY($ids) ORDER BY id", ids=show.seat_ids) == [
        (1_000,),
        (1,),
        (1_000,),
    ]


def test_ids_taken_ahead_count_up_and_are_taken_once(sale):
    from models.database import write_session
    from models.ids import new_id, reserve_ids
    from models.payment import Payment

    with write_session():
        reserve_ids(Payment, 3)
        ids = [new_id(Payment) for _ in range(4)]
    assert ids == sorted(set(ids))
