"""What is around every operation: one transaction, one outcome, neighbours unharmed, faults capped."""

import os
from datetime import timedelta

import pytest

from models.errors import QueueClosedError

pytestmark = pytest.mark.usefixtures("time")


@pytest.fixture
def charge(sale, monkeypatch):
    """Let a test say what the operation of a charge does; the original is handed to it."""
    task = sale.tasks["points.charge"]
    original = task.operate

    def replace(operate):
        def replaced(orders):
            return [answer for order in orders for answer in operate(order, lambda order: original([order]))]

        monkeypatch.setattr(task, "operate", replaced)

    return replace


def _charges(sale, *amounts):
    return [sale.accept("points.charge", "a", amount=amount).id for amount in amounts]


def _statuses(sale, ids):
    return [sale.task(id_, "a")["status"] for id_ in ids]


def _drain_until_quiet(sale, time, rounds=12):
    for _ in range(rounds):
        sale.drain("points.charge")
        time.tick(timedelta(seconds=10))


def test_a_refusal_that_comes_after_a_change_is_rolled_back(sale, monkeypatch):
    from models.points import PointAccount

    def half(cls, *, user_id, **rest):
        cls.locked(user_id).balance += 5
        raise QueueClosedError("no")

    monkeypatch.setattr(PointAccount, "charge", classmethod(half))
    good, [bad] = sale.accept("points.charge", "b", amount=1).id, _charges(sale, 1)
    sale.drain("points.charge")
    assert sale.task(bad, "a")["problem"] == {"code": "queue_closed", "detail": "no"}
    assert (sale.balance("a"), sale.balance("b")) == (0, 0)
    assert sale.task(good, "b")["status"] == "refused"


def test_a_spoiled_batch_is_carried_out_one_by_one(sale, charge):
    from workers.batch import SpoiledError

    seen = []

    def operate(order, original):
        seen.append(order.arguments["amount"])
        if order.arguments["amount"] == 2:
            original(order)
            raise SpoiledError(QueueClosedError("no"))
        return original(order)

    charge(operate)
    ids = _charges(sale, 1, 2, 3)
    assert sale.drain("points.charge") == 3
    assert _statuses(sale, ids) == ["done", "refused", "done"]
    assert sale.balance("a") == 4
    assert seen == [1, 2, 1, 2, 3]


def test_neighbours_of_a_request_that_raises_are_unharmed_and_it_fails_in_the_end(sale, charge, time):
    tries = []

    def operate(order, original):
        if order.arguments["amount"] == 2:
            original(order)
            tries.append(order)
            raise RuntimeError("poison")
        return original(order)

    charge(operate)
    ids = _charges(sale, 1, 2, 3)
    sale.drain("points.charge")
    assert _statuses(sale, ids) == ["done", "queued", "done"]
    _drain_until_quiet(sale, time)
    assert _statuses(sale, ids) == ["done", "failed", "done"]
    assert sale.task(ids[1], "a")["problem"]["code"] == "internal_error"
    assert "poison" not in str(sale.task(ids[1], "a"))
    assert len(tries) == 1 + 5
    assert sale.balance("a") == 4
    assert sale.violations() == {}


def test_a_request_that_raised_is_not_tried_again_at_once(sale, charge):
    tries = []

    def operate(order, original):
        tries.append(order)
        raise RuntimeError("poison")

    charge(operate)
    _charges(sale, 1)
    for _ in range(4):
        sale.drain("points.charge")
    assert len(tries) == 2


def test_a_request_that_kills_its_worker_fails_in_the_end_and_its_neighbours_do_not(sale, charge, time):
    def operate(order, original):
        if order.arguments["amount"] == 2:
            os._exit(9)
        return original(order)

    charge(operate)
    ids = _charges(sale, 1, 2, 3)
    killed = 0
    for _ in range(12):
        if not (pid := os.fork()):
            sale.drain("points.charge")
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        killed += os.waitstatus_to_exitcode(status) == 9
        time.tick(timedelta(seconds=6))
    assert killed == 1 + 4
    assert _statuses(sale, ids) == ["done", "failed", "done"]
    assert sale.balance("a") == 4
    assert sale.violations() == {}


def test_arguments_that_the_operation_does_not_know_fail_alone(sale, time):
    ids = [sale.accept("points.charge", "a", nonsense=1).id, *_charges(sale, 7)]
    _drain_until_quiet(sale, time)
    assert _statuses(sale, ids) == ["failed", "done"]


def test_contention_is_tried_again_at_once_and_unseen(sale, charge):
    from psycopg2.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

    troubles = [DeadlockDetected, LockNotAvailable, SerializationFailure]

    class TroubleError(Exception):
        def __init__(self, code):
            self.pgcode = code

    codes = {DeadlockDetected: "40P01", LockNotAvailable: "55P03", SerializationFailure: "40001"}

    def operate(order, original):
        if troubles:
            raise TroubleError(codes[troubles.pop()])
        return original(order)

    charge(operate)
    ids = _charges(sale, 5)
    sale.drain("points.charge")
    assert _statuses(sale, ids) == ["done"]


def test_requests_that_had_a_fault_are_not_starved_by_newcomers(sale, charge, time, monkeypatch):
    from workers import domain_task

    def fail(order, original):
        raise RuntimeError("once")

    done = []

    def operate(order, original):
        done.append(order.request_id)
        return original(order)

    [first] = _charges(sale, 1)
    charge(fail)
    sale.drain("points.charge")
    time.tick(timedelta(seconds=10))
    charge(operate)
    monkeypatch.setattr(domain_task, "TOGETHER", 2)
    newcomers = _charges(sale, *[3] * 20)
    sale.drain("points.charge")
    assert set(done) == {first, *newcomers}
    assert done.index(first) <= 2


def test_a_disk_that_is_full_for_long_fails_no_request(sale, time):
    from models.database import DatabaseUnavailableError, change, write_session

    with write_session():
        change("""
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION ''no space left'' USING ERRCODE = ''disk_full''; END'""")
        change("CREATE TRIGGER full_disk BEFORE INSERT ON point_entry FOR EACH ROW EXECUTE FUNCTION full_disk()")
    ids = _charges(sale, 1, 2)
    for _ in range(8):
        with pytest.raises(DatabaseUnavailableError):
            sale.drain("points.charge")
        time.tick(timedelta(seconds=6))
    assert _statuses(sale, ids) == ["queued", "queued"]
    with write_session():
        change("DROP TRIGGER full_disk ON point_entry")
    _drain_until_quiet(sale, time)
    assert _statuses(sale, ids) == ["done", "done"]
    assert sale.balance("a") == 3


def test_a_database_that_goes_away_again_and_again_fails_no_young_request(sale, time, monkeypatch):
    from models.database import DatabaseUnavailableError
    from models.request import Request

    def away(*_: object) -> None:
        message = "the commit was not answered"
        raise DatabaseUnavailableError(message)

    ids = _charges(sale, 1, 2)
    with monkeypatch.context() as outage:
        outage.setattr(Request, "finish", away)
        for _ in range(8):
            with pytest.raises(DatabaseUnavailableError):
                sale.drain("points.charge")
            time.tick(timedelta(seconds=6))
    assert _statuses(sale, ids) == ["queued", "queued"]
    _drain_until_quiet(sale, time)
    assert _statuses(sale, ids) == ["done", "done"]


def test_a_run_that_was_long_enough_leaves_the_rest_to_a_successor(sale, monkeypatch):
    from workers import domain_task

    woken = []
    monkeypatch.setattr(domain_task, "TOGETHER", 2)
    monkeypatch.setattr(domain_task, "LONGEST_RUN", -1.0)
    monkeypatch.setattr(sale.tasks["points.charge"], "wake", woken.append)
    ids = _charges(sale, 1, 2, 3, 4, 5)
    assert [sale.tasks["points.charge"].drain() for _ in range(3)] == [2, 2, 1]
    assert len(woken) == 3
    assert _statuses(sale, ids) == ["done"] * 5
