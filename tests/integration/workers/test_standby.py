"""A worker on standby is woken past Celery, loses no wake-up, and goes back to Celery soon."""

import threading
from time import monotonic
from uuid import uuid4

import pytest
from celery import Celery
from kombu import Exchange, Queue

from tests.waiting import wait_for
from workers import standby, wake_up
from workers.broker import Broker
from workers.standby import stand_by

QUEUE = "points"


class Charged:
    """Counts how often what waits was carried out; `then` happens each time."""

    def __init__(self, then=lambda: None):
        self.drained, self.then = 0, then

    def drain(self):
        self.drained += 1
        self.then()
        return 0


@pytest.fixture
def broker(valkey_url):
    return Broker(valkey_url, 0.5)


@pytest.fixture
def task(valkey_url):
    app = Celery("standby", broker=valkey_url)
    app.conf.update(task_queues=[Queue(QUEUE, Exchange(QUEUE), routing_key=QUEUE)], task_publish_retry=False)

    @app.task(name="points.charge", queue=QUEUE)
    def charge(request_id: str) -> None: ...

    yield charge
    app.close()


@pytest.fixture
def brief(monkeypatch):
    """Stand by for moments only."""
    monkeypatch.setattr(standby, "STANDBY_SECONDS", 0.2)


def _messages(broker):
    return broker.client.llen(QUEUE)


def _standing_by(broker):
    return broker.client.exists(wake_up.standby_keys(QUEUE)[0])


def test_a_wake_up_reaches_a_child_on_standby_and_not_celery(task, broker):
    charged = Charged()
    child = threading.Thread(target=stand_by, args=({"points.charge": charged}, QUEUE, broker))
    child.start()
    wait_for(lambda: _standing_by(broker) and charged.drained == 1)
    for expected in (2, 3):
        wake_up.clear("points.charge", broker)
        assert wake_up.wake(task, uuid4(), broker)
        wait_for(lambda expected=expected: charged.drained == expected)
    assert _messages(broker) == 0
    child.join(10)
    assert not child.is_alive()
    assert not _standing_by(broker)


def test_nobody_on_standby_means_a_celery_message(task, broker):
    wake_up.wake(task, uuid4(), broker)
    assert _messages(broker) == 1


@pytest.mark.usefixtures("brief")
def test_what_was_accepted_before_is_carried_out_first(broker):
    charged, refunded = Charged(), Charged()
    stand_by({"points.charge": charged, "points.refund": refunded}, QUEUE, broker)
    assert (charged.drained, refunded.drained) == (1, 1)


@pytest.mark.usefixtures("brief")
def test_a_wake_up_of_the_last_moment_is_not_lost(task, broker, monkeypatch):
    charged, last = Charged(), standby._end

    def wake_and_end(*arguments):
        monkeypatch.setattr(standby, "_end", last)
        wake_up.wake(task, uuid4(), broker)
        return last(*arguments)

    monkeypatch.setattr(standby, "_end", wake_and_end)
    stand_by({"points.charge": charged}, QUEUE, broker)
    assert charged.drained == 2
    assert _messages(broker) == 0


@pytest.mark.usefixtures("brief")
def test_a_child_that_was_busy_for_long_looks_for_what_celery_was_sent_meanwhile(task, broker, monkeypatch):
    charged = Charged()
    other = Charged(then=lambda: broker.client.delete(wake_up.standby_keys(QUEUE)[0]))
    broker.client.lpush(wake_up.standby_keys(QUEUE)[1], "points.refund")
    stand_by({"points.charge": charged, "points.refund": other}, QUEUE, broker)
    # Both at the beginning; the refund that was asked for; both again, as the flag was gone then.
    assert (charged.drained, other.drained) == (2, 3)


def test_it_goes_back_to_celery_after_a_while_however_much_there_is_to_do(task, broker, monkeypatch):
    monkeypatch.setattr(standby, "LONGEST_SECONDS", 0.3)
    wake_ups = wake_up.standby_keys(QUEUE)[1]
    ends = monotonic() + 0.2
    charged = Charged(then=lambda: monotonic() < ends and broker.client.lpush(wake_ups, "points.charge"))
    child = threading.Thread(target=stand_by, args=({"points.charge": charged}, QUEUE, broker), daemon=True)
    child.start()
    child.join(10)
    assert not child.is_alive()
    assert charged.drained > 2
    # It stands by no more: the next wake-up is a Celery message, and none was left behind.
    assert not broker.client.exists(*wake_up.standby_keys(QUEUE))
    assert wake_up.wake(task, uuid4(), broker)
    assert _messages(broker) == 1


def test_a_redelivery_goes_both_ways(task, broker):
    broker.client.set(wake_up.standby_keys(QUEUE)[0], 1)
    wake_up.wake(task, uuid4(), broker, always=True)
    assert _messages(broker) == 1
    assert broker.client.lrange(wake_up.standby_keys(QUEUE)[1], 0, -1) == [b"points.charge"]


def test_without_a_broker_nobody_stands_by():
    away = Broker("redis+socket:///nonexistent/valkey.sock?virtual_host=0", 0.2)
    charged = Charged()
    stand_by({"points.charge": charged}, QUEUE, away)
    assert charged.drained == 0
    assert away.is_silent
