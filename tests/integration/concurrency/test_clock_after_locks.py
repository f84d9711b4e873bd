"""Time that passes while an operation waits for a lock: it acts at the time after its last lock, not before."""

import threading
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest

from models import clock, connection
from tests.integration.concurrency.duel import WAITING
from tests.waiting import wait_for


@pytest.fixture
def sale(sale_to_spoil):
    return sale_to_spoil


class Rival:
    """Holds the lock of a row while something else waits for it, and time passes."""

    def __init__(self, monkeypatch):
        self._later = timedelta(0)
        now = clock.utcnow
        monkeypatch.setattr(clock, "utcnow", lambda: now() + self._later)

    def outlast(self, table, work, *, seconds):
        """Lock all rows of a table, let `work` run into them, pass the time, let go; return the time at letting go."""
        with closing(psycopg2.connect(connection._target["dsn"])) as rival, closing(rival.cursor()) as cursor:
            cursor.execute(f"SELECT 1 FROM {table} FOR UPDATE")
            waiting = threading.Thread(target=work)
            waiting.start()
            wait_for(lambda: _somebody_waits() or not waiting.is_alive())
            assert waiting.is_alive(), f"nothing waited for a lock of {table}"
            self._later += timedelta(seconds=seconds)
            freed_at = clock.utcnow()
            rival.rollback()
            waiting.join(20)
            assert not waiting.is_alive()
        return freed_at


def _somebody_waits():
    with closing(psycopg2.connect(connection._target["dsn"])) as watcher, closing(watcher.cursor()) as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0] > 0


@pytest.fixture
def rival(monkeypatch):
    return Rival(monkeypatch)


@pytest.mark.parametrize("table", ["queue_token", "reservation", "seat", "point_account"])
def test_a_hold_that_ends_while_its_payment_waits_is_not_paid(sale, rival, table):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    sale.done("points.charge", "a", amount=10_000)
    task = sale.accept("payment.pay", "a", **wish)
    rival.outlast(table, lambda: sale.drain("payment.pay"), seconds=301)
    assert sale.task(task.id, "a")["problem"]["code"] == "hold_expired"
    assert sale.balance("a") == 10_000


def _hold(sale, show, wish):
    token_id = sale.inside(show, "b")
    return "b", sale.wish(show, token_id, 1), "SELECT max(held_at) FROM reservation"


def _release(sale, show, wish):
    return "a", {"reservation_id": wish["reservation_id"]}, "SELECT ended_at FROM reservation"


def _pay(sale, show, wish):
    return "a", wish, "SELECT paid_at FROM payment"


def _refund(sale, show, wish):
    payment_id = sale.done("payment.pay", "a", **wish)["payment_id"]
    return "boss", {"payment_id": payment_id}, "SELECT refunded_at FROM payment"


def _charge(sale, show, wish):
    return "a", {"amount": 5}, "SELECT max(created_at) FROM point_entry"


def _join(sale, show, wish):
    return "b", {"concert_id": show.concert_id}, "SELECT max(issued_at) FROM queue_token"


def _leave(sale, show, wish):
    return "a", {"queue_token_id": wish["queue_token_id"]}, "SELECT ended_at FROM queue_token"


LOCKS = {
    "reservation.hold": (_hold, ("queue_token", "seat")),
    "reservation.release": (_release, ("reservation", "seat")),
    "payment.pay": (_pay, ("queue_token", "reservation", "seat", "point_account")),
    "payment.refund": (_refund, ("reservation", "payment", "seat", "point_account")),
    "points.charge": (_charge, ("point_account",)),
    "queue_token.issue": (_join, ("queue",)),
    "queue_token.leave": (_leave, ("queue", "queue_token", "reservation", "seat")),
}


def test_every_operation_is_looked_at(sale):
    assert set(LOCKS) == set(sale.tasks)


@pytest.mark.parametrize(
    ("operation", "table"), [(name, table) for name, (_, tables) in LOCKS.items() for table in tables]
)
def test_an_operation_happens_after_its_last_lock(sale, rival, operation, table):
    show = sale.show()
    wish = sale.held(show, "a", 0)
    sale.done("points.charge", "a", amount=10_000)
    user, arguments, happened = LOCKS[operation][0](sale, show, wish)
    task = sale.accept(operation, user, **arguments)
    freed_at = rival.outlast(table, lambda: sale.drain(operation), seconds=3)
    assert sale.task(task.id, user)["status"] == "done"
    assert sale.one(happened) >= freed_at


def test_holds_end_after_the_last_lock_of_their_sweep(sale, rival, monkeypatch):
    sale.held(sale.show(), "a", 0)
    rival._later += timedelta(seconds=301)
    freed_at = rival.outlast("seat", lambda: sale.sweep("reservation.expire_due"), seconds=3)
    assert sale.one("SELECT ended_at FROM reservation") >= freed_at
