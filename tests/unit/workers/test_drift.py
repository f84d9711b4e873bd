"""What beat publishes, workers know; what waits, somebody serves."""

import re
from pathlib import Path

import pytest

from beat_schedule import BEAT_SCHEDULE
from workers.app import app
from workers.queues import BrokerQueue

OPERATIONS = {
    "queue_token.issue": "queue_tokens",
    "queue_token.leave": "queue_tokens",
    "reservation.hold": "reservations",
    "reservation.release": "reservations",
    "points.charge": "points",
    "payment.pay": "payments",
    "payment.refund": "payments",
}


@pytest.fixture(scope="module", autouse=True)
def _loaded():
    app.loader.import_default_modules()


def _own_tasks():
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


@pytest.mark.parametrize("name", BEAT_SCHEDULE)
def test_what_beat_publishes_is_a_sweep_of_the_sweeps_queue(name):
    entry = BEAT_SCHEDULE[name]
    assert app.tasks[entry["task"]].queue == entry["options"]["queue"] == BrokerQueue.SWEEPS
    # A worker whose clock is minutes ahead must not take a fresh sweep for a stale one.
    assert 240 <= entry["options"]["expires"] <= 600


def test_every_sweep_is_published():
    sweeps = {name for name, task in _own_tasks().items() if hasattr(task, "tidy")}
    assert sweeps == {entry["task"] for entry in BEAT_SCHEDULE.values()}


def test_every_operation_waits_in_the_broker_queue_of_its_noun():
    fans = {name: task.queue for name, task in _own_tasks().items() if not hasattr(task, "tidy")}
    assert fans == OPERATIONS


def test_every_broker_queue_is_declared_and_has_an_exchange_of_its_own():
    queues = app.amqp.queues
    assert set(queues) == {queue.value for queue in BrokerQueue}
    assert {queue.routing_key for queue in queues.values()} == {queue.value for queue in BrokerQueue}
    assert len({queue.exchange.name for queue in queues.values()}) == len(BrokerQueue)
    assert app.conf.task_default_queue in queues


def test_every_broker_queue_has_a_worker_in_the_procfile():
    procfile = (Path(__file__).parents[3] / "Procfile").read_text(encoding="utf-8")
    served = [name for names in re.findall(r"(?:-Q|--queues)[ =](\S+)", procfile) for name in names.split(",")]
    assert sorted(served) == sorted(queue.value for queue in BrokerQueue)


def test_messages_are_json_late_acknowledged_and_leave_no_result():
    conf = app.conf
    assert (conf.accept_content, conf.task_serializer) == (["json"], "json")
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.task_ignore_result
    assert conf.result_backend is None
    assert 0 < conf.task_soft_time_limit < conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]


def test_no_wait_for_the_broker_is_without_a_bound():
    options = app.conf.broker_transport_options
    assert options["socket_timeout"]
    assert options["socket_connect_timeout"]
    assert not app.conf.task_publish_retry
