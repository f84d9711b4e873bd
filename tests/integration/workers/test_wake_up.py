"""Wake-ups on a real broker: one message for many requests, and nobody waits for a broker that is away."""

import base64
import json
import pickle
import socket
import threading
from contextlib import closing
from time import monotonic
from uuid import uuid4

import pytest
import redis
from celery import Celery
from kombu import Exchange, Queue
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads, prepare_accept_content

from workers import wake_up
from workers.broker import Broker
from workers.presence import Presence, present


@pytest.fixture
def broker(valkey_url):
    return Broker(valkey_url, 0.5)


@pytest.fixture
def task(valkey_url):
    """A task of an app on this test's broker."""
    app = Celery("wake-up", broker=valkey_url)
    app.conf.update(
        task_queues=[Queue("points", Exchange("points"), routing_key="points")],
        task_default_queue="points",
        task_publish_retry=False,
    )

    @app.task(name="points.charge", queue="points")
    def charge(request_id: str) -> None: ...

    yield charge
    app.close()


def _messages(broker):
    return [json.loads(message) for message in broker.client.lrange("points", 0, -1)]


def test_many_requests_share_one_message_until_a_worker_takes_them(task, broker):
    assert all(wake_up.wake(task, uuid4(), broker) for _ in range(5))
    assert len(_messages(broker)) == 1
    wake_up.clear("points.charge", broker)
    assert wake_up.wake(task, uuid4(), broker)
    assert len(_messages(broker)) == 2


def test_a_redelivery_is_published_whatever_the_mark_says(task, broker):
    wake_up.wake(task, uuid4(), broker)
    assert wake_up.wake(task, uuid4(), broker, always=True)
    assert len(_messages(broker)) == 2


def test_a_mark_whose_message_was_lost_ends_by_itself(task, broker):
    wake_up.wake(task, uuid4(), broker)
    assert 0 < broker.client.ttl("frontrow:wake:points.charge") <= wake_up.MARK_SECONDS


def test_nothing_of_a_fan_lies_in_the_broker(task, broker):
    request_id = uuid4()
    wake_up.wake(task, request_id, broker)
    [message] = _messages(broker)
    assert json.loads(base64.b64decode(message["body"]))[:2] == [[], {"request_id": str(request_id)}]
    assert message["content-type"] == "application/json"


@pytest.fixture
def hung():
    """A broker that takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield Broker(f"redis://127.0.0.1:{server.getsockname()[1]}/0", 0.2)


@pytest.fixture
def away():
    return Broker("redis+socket:///nonexistent/valkey.sock?virtual_host=0", 0.2)


@pytest.mark.parametrize("which", ["hung", "away"])
def test_a_broker_that_does_not_answer_is_said_so_soon_and_then_left_alone(task, which, request):
    silent = request.getfixturevalue(which)
    started = monotonic()
    assert not wake_up.wake(task, uuid4(), silent)
    assert monotonic() - started < 1
    assert silent.is_silent
    started = monotonic()
    assert not any(wake_up.wake(task, uuid4(), silent) for _ in range(100))
    wake_up.clear("points.charge", silent)
    assert monotonic() - started < 1


def test_a_full_broker_takes_no_word_and_breaks_nothing(task, broker):
    limit = broker.client.config_get("maxmemory")["maxmemory"]
    try:
        broker.client.config_set("maxmemory", 1)
        assert not wake_up.wake(task, uuid4(), broker)
    finally:
        broker.client.config_set("maxmemory", limit)
    assert broker.is_silent


def _until(condition):
    pause = threading.Event()
    for _ in range(200):
        if condition():
            return True
        pause.wait(0.02)
    return False


def test_what_is_to_be_said_soon_is_said_once(task, broker):
    waker = wake_up.Waker(broker)
    for _ in range(20):
        waker.wake_soon(task, uuid4())
    assert _until(lambda: len(_messages(broker)) == 1)
    wake_up.clear("points.charge", broker)
    waker.wake_soon(task, uuid4())
    assert _until(lambda: len(_messages(broker)) == 2)


def test_a_worker_deletes_the_mark_before_it_reads_the_rows(sale, monkeypatch):
    from workers import domain_task

    steps = []
    monkeypatch.setattr(wake_up, "clear", lambda operation, broker: steps.append(operation))
    claim = domain_task.Request.claim
    monkeypatch.setattr(
        domain_task.Request, "claim", staticmethod(lambda *a, **o: steps.append("claim") or claim(*a, **o))
    )
    sale.drain("points.charge")
    assert steps[:2] == ["points.charge", "claim"]


def test_a_worker_is_present_until_it_stops(broker):
    workers = [Presence(broker, f"worker-{number}", ["points"]) for number in range(2)]
    for worker in workers:
        worker.start()
    assert _until(lambda: present(broker) == {"points": 2})
    for worker in workers:
        worker.stop()
    assert _until(lambda: present(broker) == {})


def test_a_worker_that_died_is_missed(broker):
    worker = Presence(broker, "died", ["points"])
    worker.start()
    try:
        assert _until(lambda: present(broker) == {"points": 1})
        assert 0 < broker.client.ttl("frontrow:worker:points:died") <= 10
    finally:
        worker.stop()


def test_presence_does_not_hide_that_the_broker_is_away(away):
    with pytest.raises(redis.RedisError):
        present(away)


def test_a_worker_reads_nothing_but_json():
    from workers.app import app

    accepted = prepare_accept_content(app.conf.accept_content)
    assert loads(b'["a"]', "application/json", "utf-8", accept=accepted) == ["a"]
    # A pickle runs what its sender likes.
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps(["a"]), "application/x-python-serialize", "binary", accept=accepted)
