import threading

import pytest
from pony.orm import core, flush, rollback


@pytest.fixture
def trips(monkeypatch):
    """Count the parts of each statement that a flush sends."""
    from models import saving

    sent = []
    original = saving._send

    def send(database, together, **options):
        sent.append(len(together))
        return original(database, together, **options)

    monkeypatch.setattr(saving, "_send", send)
    return sent


def test_in_a_batch_a_hold_and_a_payment_are_one_trip_each(sale, trips):
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
    assert trips == [6, 6]  # The reservation, two rows of its seats, two seats, the token.
    trips.clear()
    for fan, hold in holds.items():
        reservation_id = sale.task(hold.id, fan)["result"]["id"]
        sale.accept("payment.pay", fan, queue_token_id=tokens[fan], reservation_id=reservation_id)
    sale.drain("payment.pay")
    assert trips == [7, 7]  # The payment, the account and its entry, the reservation, two seats, the token.


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
