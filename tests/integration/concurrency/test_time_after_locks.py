"""The time of an operation is the one after its last lock: whoever waited until something was over finds it over."""

import threading
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest

from models import clock, connection
from tests.integration.concurrency.duel import WAITING
from tests.waiting import wait_for

LATER = timedelta(hours=25)


@pytest.fixture
def pass_time(monkeypatch):
    """Let the clock of this process jump ahead, for all threads."""
    ahead, now = [timedelta(0)], clock.utcnow
    monkeypatch.setattr(clock, "utcnow", lambda: now() + ahead[0])
    return lambda: ahead.__setitem__(0, LATER)


@pytest.fixture
def do_after_waiting(sale_to_spoil, pass_time):
    """Carry out one request that finds a row locked until much later; return its task."""
    sale = sale_to_spoil

    def do(row, operation, user, **arguments):
        accepted = sale.accept(operation, user, **arguments)
        worker = threading.Thread(target=sale.drain, args=(operation,))
        with closing(psycopg2.connect(connection._target["dsn"])) as rival, rival.cursor() as cursor:
            cursor.execute(f"SELECT FROM {row} FOR UPDATE")
            watcher = psycopg2.connect(connection._target["dsn"])
            watcher.autocommit = True
            with closing(watcher), watcher.cursor() as looks:

                def waits():
                    looks.execute(WAITING)
                    return looks.fetchone()[0] > 0

                worker.start()
                wait_for(waits)
            pass_time()
            rival.rollback()
        worker.join(20)
        assert not worker.is_alive()
        return sale.task(accepted.id, user)

    return do


@pytest.fixture
def sale(sale_to_spoil):
    return sale_to_spoil


def _code(task):
    return (task["problem"] or {}).get("code", task["status"])


def test_a_hold_that_ended_while_its_payment_waited_is_not_paid(sale, do_after_waiting):
    wish = sale.held(sale.show(), "a", 0)
    sale.done("points.charge", "a", amount=10_000)
    row = f"reservation WHERE id = {wish['reservation_id']}"
    assert _code(do_after_waiting(row, "payment.pay", "a", **wish)) == "hold_expired"
    assert sale.balance("a") == 10_000
    assert sale.violations() == {}


def test_a_hold_that_ended_while_its_release_waited_is_not_released(sale, do_after_waiting):
    reservation_id = sale.held(sale.show(), "a", 0)["reservation_id"]
    row = f"reservation WHERE id = {reservation_id}"
    task = do_after_waiting(row, "reservation.release", "a", reservation_id=reservation_id)
    assert _code(task) == "reservation_not_held"


def test_a_turn_that_ended_while_its_hold_waited_holds_nothing(sale, do_after_waiting):
    show = sale.show()
    wish = sale.wish(show, sale.inside(show, "a"), 0)
    assert _code(do_after_waiting(f"seat WHERE id = {show.seat_ids[0]}", "reservation.hold", "a", **wish)) == (
        "token_expired"
    )
    assert sale.seat_statuses(show)[0] == "available"


def test_a_place_that_ended_while_it_was_to_be_left_is_not_left(sale, do_after_waiting):
    token_id = sale.join(sale.show(), "a")
    row = f"queue_token WHERE id = {token_id}"
    assert _code(do_after_waiting(row, "queue_token.leave", "a", queue_token_id=token_id)) == "token_expired"


def test_a_refund_that_waited_is_dated_when_it_was_made(sale, do_after_waiting):
    show, before = sale.show(), clock.utcnow()
    paid = sale.bought(show, "a", 0)
    refund = {"payment_id": paid["payment_id"]}
    row = f"reservation WHERE id = {paid['reservation_id']}"
    assert _code(do_after_waiting(row, "payment.refund", "operator", **refund)) == "done"
    assert sale.one("SELECT refunded_at FROM payment") > before + LATER


@pytest.mark.parametrize(
    ("row", "operation", "arguments", "made"),
    [
        ("point_account", "points.charge", {"amount": 5}, "SELECT max(created_at) FROM point_entry"),
        ("queue", "queue_token.issue", {}, "SELECT max(issued_at) FROM queue_token"),
    ],
)
def test_what_waited_is_dated_when_it_was_made(sale, do_after_waiting, row, operation, arguments, made):
    show, before = sale.show(), clock.utcnow()
    sale.done("points.charge", "a", amount=1)
    concert = {"concert_id": show.concert_id} if operation == "queue_token.issue" else {}
    assert _code(do_after_waiting(f"{row} LIMIT 1", operation, "a", **arguments, **concert)) == "done"
    assert sale.one(made) > before + LATER
