"""Crowds on the real database: many threads drain and sweep at once, and nothing is lost or done twice."""

import threading
from collections import Counter
from contextlib import closing, contextmanager
from itertools import permutations

import psycopg2
import pytest

from tests.fixtures.parallel import in_parallel

WORKERS = 4


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    """Let workers share the requests finely, so that they meet."""
    from workers import domain_task

    monkeypatch.setattr(domain_task, "TOGETHER", 7)


@contextmanager
def _sweeps(sale):
    """All sweeps, again and again, beside what happens in the block; two of each, as with two beats."""
    from models.database import DatabaseUnavailableError, is_contention

    over, faults = threading.Event(), []

    def run():
        while not over.is_set():
            for name in sale.sweeps:
                try:
                    sale.sweep(name)
                except DatabaseUnavailableError as away:
                    faults.append(away)
                except Exception as error:  # noqa: BLE001  # Told at the end.
                    if not is_contention(error):
                        faults.append(error)
            over.wait(0.01)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert faults == []


def _work(sale, operation):
    """Let several workers carry out what waits of an operation, the sweeps running beside."""
    with _sweeps(sale):
        in_parallel(*[lambda: sale.drain(operation)] * WORKERS)


def _outcomes(sale, operation):
    sql = """SELECT coalesce(problem ->> 'code', status) FROM request WHERE operation = $operation"""
    return Counter(code for (code,) in sale.sql(sql, operation=operation))


def _inside(sale, show, users):
    tokens = sale.join_all(show, users)
    sale.promote()
    return tokens


def test_one_seat_and_five_hundred_fans(sale):
    fans = [f"fan-{number}" for number in range(500)]
    show = sale.show(seats=1, capacity=500)
    tokens = _inside(sale, show, fans)
    for fan in fans:
        sale.accept("reservation.hold", fan, **sale.wish(show, tokens[fan], 0))
    _work(sale, "reservation.hold")
    assert _outcomes(sale, "reservation.hold") == {"done": 1, "seat_taken": 499}
    assert sale.violations() == {}


def _wish_four_seats_in_every_order(sale):
    orders = list(permutations(range(4)))
    show = sale.show(seats=4, capacity=100)
    tokens = _inside(sale, show, [f"fan-{number}" for number in range(len(orders))])
    return [(user, sale.wish(show, tokens[user], *order)) for user, order in zip(tokens, orders, strict=True)]


def test_four_overlapping_seats_in_every_order(sale):
    wishes = _wish_four_seats_in_every_order(sale)
    for user, wish in wishes:
        sale.accept("reservation.hold", user, **wish)
    _work(sale, "reservation.hold")
    assert _outcomes(sale, "reservation.hold") == {"done": 1, "seat_taken": 23}
    assert _deadlocks() == 0
    assert sale.violations() == {}


def test_overlapping_pairs_of_seats_never_fail(sale):
    fans = [f"fan-{number}" for number in range(60)]
    show = sale.show(seats=8, capacity=100)
    tokens = _inside(sale, show, fans)
    for number, fan in enumerate(fans):
        pair = (number % 8, (number * 5 + 3) % 8) if number % 8 != (number * 5 + 3) % 8 else (number % 8,)
        sale.accept("reservation.hold", fan, **sale.wish(show, tokens[fan], *pair))
    _work(sale, "reservation.hold")
    assert set(_outcomes(sale, "reservation.hold")) == {"done", "seat_taken"}
    assert sale.violations() == {}


def _deadlocks():
    from models import connection

    with closing(psycopg2.connect(connection._target["dsn"])) as watcher:
        cursor = watcher.cursor()
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_control_locked_in_the_order_asked_for_seats_deadlock_and_the_retry_hides_it(sale_to_spoil, monkeypatch):
    from pony.orm import core

    sale, seen = sale_to_spoil, []
    original, rendezvous = core.EntityMeta.select_by_sql, threading.Barrier(2)

    def one_by_one(entity, sql, scope, names):
        if entity._table_ != "seat" or len(names.get("missing", ())) < 2:
            return original(entity, sql, scope, names)
        backwards = threading.current_thread().name.endswith("0")
        found = []
        for seat_id in sorted(names["missing"], reverse=backwards):
            found += original(entity, sql, scope, {"missing": [seat_id]})
            if not seen:
                rendezvous.wait(10)
                seen.append(seat_id)
        return found

    show = sale.show(capacity=10)
    tokens = _inside(sale, show, ["a", "b"])
    monkeypatch.setattr(core.EntityMeta, "select_by_sql", one_by_one)
    monkeypatch.setattr("workers.domain_task.TOGETHER", 1)
    for user in tokens:
        sale.accept("reservation.hold", user, **sale.wish(show, tokens[user], 0, 1))
    before = _deadlocks()
    threads = [threading.Thread(target=sale.drain, args=("reservation.hold",), name=f"rival-{n}") for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _outcomes(sale, "reservation.hold") == {"done": 1, "seat_taken": 1}
    assert _until(lambda: _deadlocks() > before)


def _until(condition, seconds=10):
    waiting = threading.Event()
    for _ in range(seconds * 10):
        if condition():
            return True
        waiting.wait(0.1)
    return False


def test_twenty_payments_at_once_have_one_effect(sale):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    sale.done("points.charge", "a", amount=10_000)
    for _ in range(20):
        sale.accept("payment.pay", "a", **wish)
    _work(sale, "payment.pay")
    assert _outcomes(sale, "payment.pay") == {"done": 1, "already_paid": 19}
    assert sale.balance("a") == 9_000
    assert sale.violations() == {}


def test_one_charge_sent_three_hundred_times_has_one_effect(sale):
    def send():
        return [sale.accept("points.charge", "a", key="once", amount=500).id for _ in range(50)]

    ids = in_parallel(*[send] * 6, *[lambda: sale.drain("points.charge")] * 2)[:6]
    _work(sale, "points.charge")
    assert len({id_ for sent in ids for id_ in sent}) == 1
    assert sale.balance("a") == 500
    assert sale.violations() == {}


def test_three_hundred_charges_of_five_hundred_make_one_hundred_and_fifty_thousand(sale):
    def send():
        for _ in range(75):
            sale.accept("points.charge", "a", amount=500)

    in_parallel(*[send] * 4, *[lambda: sale.drain("points.charge")] * 2)
    _work(sale, "points.charge")
    assert sale.balance("a") == 150_000
    assert sale.violations() == {}


def test_a_thousand_payments_from_one_account(sale, monkeypatch):
    from workers import domain_task

    monkeypatch.setattr(domain_task, "TOGETHER", 50)
    shows = _thousand_holds_of(sale, "rich")
    for _ in range(10):
        sale.accept("points.charge", "rich", amount=100)
    sale.drain("points.charge")
    _work(sale, "payment.pay")
    assert _outcomes(sale, "payment.pay") == {"done": 1000}
    assert sale.balance("rich") == 0
    assert len(shows) == 1000
    assert sale.violations() == {}


def _thousand_holds_of(sale, user):
    """A thousand concerts with a seat of one point each, held by one user; copied by SQL from the first."""
    shows = [sale.show(seats=1, price=1)]
    sale.inside(shows[0], user)
    sale.hold(shows[0], user, 1, 0)
    sale.sql(_COPIES)
    found = sale.sql("SELECT id, queue_token_id FROM reservation ORDER BY id")
    for reservation_id, token_id in found:
        sale.accept("payment.pay", user, queue_token_id=token_id, reservation_id=reservation_id)
    return found


_COPIES = """
    DO $$$$
    BEGIN
        INSERT INTO concert SELECT i, title, venue, created_at FROM concert, generate_series(2, 1000) i;
        INSERT INTO queue (concert_id, state, capacity, credited_at, last_place, serving_number, admitted_total,
                           admitted_under)
            SELECT i, state, capacity, credited_at, 1, 1, 1, capacity FROM queue, generate_series(2, 1000) i;
        INSERT INTO queue_token SELECT i, i, user_id, place, status, issued_at, admitted_at, used_at, expires_at,
                                       ended_at, gen_random_uuid() FROM queue_token, generate_series(2, 1000) i;
        INSERT INTO performance SELECT i, i, starts_at, reservable_from, reservable_until, seats_total
                                  FROM performance, generate_series(2, 1000) i;
        INSERT INTO reservation SELECT i, i, i, user_id, i, status, seat_count, amount, held_at, expires_at, ended_at,
                                       payment_id, gen_random_uuid() FROM reservation, generate_series(2, 1000) i;
        INSERT INTO seat SELECT i, i, section, row, number, price, status, i, held_until
                           FROM seat, generate_series(2, 1000) i;
        INSERT INTO reservation_seat SELECT i, i, price, live FROM reservation_seat, generate_series(2, 1000) i;
    END $$$$
"""
