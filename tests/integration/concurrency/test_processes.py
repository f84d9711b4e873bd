"""Workers as processes of their own: they share what waits, and one that is killed takes nothing with it."""

import os
import signal
from collections import Counter

import pytest

FANS = [f"fan-{number}" for number in range(120)]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    from workers import domain_task

    monkeypatch.setattr(domain_task, "TOGETHER", 5)


@pytest.fixture
def wishes(sale):
    """A hold of one of thirty seats for each fan, four fans a seat."""
    show = sale.show(seats=30, capacity=len(FANS))
    tokens = sale.join_all(show, FANS)
    sale.promote()
    for number, fan in enumerate(FANS):
        sale.accept("reservation.hold", fan, **sale.wish(show, tokens[fan], number % 30))
    return show


def _start_worker(sale):
    """Fork a process that drains and ends; its connections are its own."""
    if pid := os.fork():
        return pid
    try:
        sale.drain("reservation.hold")
    finally:
        os._exit(0)


def _outcomes(sale):
    sql = "SELECT coalesce(problem ->> 'code', status) FROM request WHERE operation = 'reservation.hold'"
    return Counter(code for (code,) in sale.sql(sql))


def test_processes_share_what_waits(sale, wishes):
    workers = [_start_worker(sale) for _ in range(3)]
    assert [os.waitpid(pid, 0)[1] for pid in workers] == [0, 0, 0]
    assert _outcomes(sale) == {"done": 30, "seat_taken": 90}
    assert sale.violations() == {}


def test_a_worker_that_is_killed_in_its_midst_takes_nothing_with_it(sale, wishes):
    workers = [_start_worker(sale) for _ in range(2)]
    while not sale.one("SELECT count(*) FROM request WHERE operation = 'reservation.hold' AND status <> 'queued'"):
        pass
    os.kill(workers[0], signal.SIGKILL)
    for pid in workers:
        os.waitpid(pid, 0)
    # What it had in hand comes back when the lease is over.
    sale.sql("UPDATE request SET due_at = submitted_at WHERE status = 'queued'")
    sale.drain("reservation.hold")
    assert _outcomes(sale) == {"done": 30, "seat_taken": 90}
    assert sale.violations() == {}
