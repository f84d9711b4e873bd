"""Everything at once: fans, workers, sweeps, and connections that are cut; afterwards every promise is kept."""

import random
import threading
from contextlib import closing
from time import monotonic

import psycopg2
import pytest

from tests.fixtures.parallel import in_parallel

SECONDS = 3.0
FANS = 12


class Fan:
    """Does what comes to his mind, knowing no more than what he was told."""

    def __init__(self, sale, show, name, seed):
        self.sale, self.show, self.name, self.chance = sale, show, name, random.Random(seed)
        self.sent = []

    def run(self, until):
        from models.database import DatabaseUnavailableError

        while monotonic() < until:
            try:
                self.chance.choice([self.join, self.hold, self.hold, self.pay, self.pay, self.charge, self.spoil])()
            except DatabaseUnavailableError:
                continue

    def send(self, operation, user=None, **arguments):
        user = user or self.name
        key = self.chance.choice([None, f"key-{self.chance.randrange(50)}"])
        body = repr(sorted(arguments.items()))
        if key:
            key = f"{key}-{body}"[:255]
        for _ in range(self.chance.choice([1, 1, 3]) if key else 1):
            self.sent.append((self.sale.accept(operation, user, key=key, body=body, **arguments).id, user))

    def _newest(self, table, columns):
        found = self.sale.sql(f"SELECT {columns} FROM {table} WHERE user_id = $user ORDER BY id DESC", user=self.name)
        return self.chance.choice(found[:2]) if found else None

    def join(self):
        self.send("queue_token.issue", concert_id=self.show.concert_id)

    def hold(self):
        if token := self._newest("queue_token", "id"):
            seats = self.chance.sample(range(len(self.show.seat_ids)), self.chance.randint(1, 3))
            self.send("reservation.hold", **self.sale.wish(self.show, token[0], *seats))

    def pay(self):
        if found := self._newest("reservation", "id, queue_token_id"):
            self.send("payment.pay", reservation_id=found[0], queue_token_id=found[1])

    def charge(self):
        self.send("points.charge", amount=self.chance.choice([100, 500]))

    def spoil(self):
        if found := self._newest("reservation", "id, queue_token_id, payment_id"):
            if found[2] and self.chance.random() < 0.5:
                self.send("payment.refund", user="boss", payment_id=found[2])
            elif self.chance.random() < 0.3:
                self.send("reservation.release", reservation_id=found[0])
            elif self.chance.random() < 0.3:
                self.send("queue_token.leave", queue_token_id=found[1])


def _again_and_again(work, until, pause):
    from models.database import DatabaseUnavailableError, is_contention

    def run():
        while monotonic() < until:
            try:
                work()
            except DatabaseUnavailableError:
                pass
            except Exception as error:
                if not is_contention(error):
                    raise
            pause.wait(0.01)

    return run


def _cut_connections(url, until, pause):
    def run():
        cut = 0
        with closing(psycopg2.connect(url, application_name="the-cutter")) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            while monotonic() < until:
                cursor.execute(
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name LIKE 'frontrow%'
                        ORDER BY random() LIMIT 1"""
                )
                cut += cursor.rowcount
                pause.wait(0.05)
        return cut

    return run


def _settle(sale):
    """Carry out what is left, as the redelivery would have it done."""
    from models.database import change, write_session

    for _ in range(3):
        with write_session():
            change("UPDATE request SET due_at = submitted_at WHERE status = 'queued'")
        for operation in sale.tasks:
            sale.drain(operation)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_promise_is_kept_through_turmoil(sale, seed, monkeypatch):
    from models import connection
    from workers import domain_task

    monkeypatch.setattr(domain_task, "TOGETHER", 5)
    # Many attempts: connections are cut here far faster than leases end.
    monkeypatch.setattr(domain_task, "MOST_ATTEMPTS", 1000)
    show = sale.show(seats=10, price=100, capacity=6)
    fans = [Fan(sale, show, f"fan-{number}", seed * 100 + number) for number in range(FANS)]
    until, pause = monotonic() + SECONDS, threading.Event()
    workers = [_again_and_again(lambda op=op: sale.drain(op), until, pause) for op in sale.tasks]
    sweeps = [_again_and_again(lambda name=name: sale.sweep(name), until, pause) for name in sale.sweeps]
    cutter = _cut_connections(connection._target["dsn"], until, pause)
    cut, *_ = in_parallel(cutter, *workers, *workers[2:3], *sweeps, *[lambda fan=fan: fan.run(until) for fan in fans])
    connection.db.disconnect()
    _settle(sale)

    assert cut > 5
    tasks = [sale.task(request_id, user) for fan in fans for request_id, user in fan.sent]
    assert len(tasks) > 50
    assert {task["status"] for task in tasks} <= {"done", "refused"}
    assert {"done", "refused"} == {task["status"] for task in tasks}
    assert sale.violations() == {}
