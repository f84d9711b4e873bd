"""Counts of many processes come together in the broker, and none waits for it."""

import os
import threading
from time import monotonic

import pytest
import redis

from workers.broker import Broker
from workers.tally import KEY, Histogram, Tally, totals

SECONDS = Histogram("seconds", (0.1, 1.0))


@pytest.fixture
def broker(valkey_url):
    return Broker(valkey_url, 0.5)


def test_counts_of_several_processes_are_summed(broker):
    tally = Tally(broker)
    tally.observe(SECONDS, 0.5, "pay", also=("finished", "pay"))
    if not (pid := os.fork()):
        tally.observe(SECONDS, 0.05, "pay", also=("finished", "pay"))
        tally.flush()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    tally.flush()
    tally.flush()
    assert totals(broker) == {
        ("finished", "pay"): 2,
        ("seconds", "0.1", "pay"): 1,
        ("seconds", "1.0", "pay"): 1,
        ("seconds_sum", "pay"): pytest.approx(0.55),
    }


@pytest.mark.parametrize(
    ("field", "value"), [("finished|pay", "many"), ("finished|pay", "nan"), (b"\xff|pay", "1"), ("other", "Infinity")]
)
def test_what_is_no_count_is_passed_over_and_counting_goes_on(broker, field, value):
    broker.client.hset(KEY, field, value)
    tally = Tally(broker)
    for _ in range(2):
        tally.count(("finished", "pay"), 2)
        tally.flush()
    assert not broker.is_silent
    assert totals(broker)["finished", "pay"] in (2, 4)
    assert set(totals(broker)) == {("finished", "pay")}


def test_a_tally_that_is_none_is_begun_anew(broker):
    broker.client.set(KEY, "no hash")
    tally = Tally(broker)
    for _ in range(2):
        tally.count(("finished", "pay"), 2)
        tally.flush()
    assert totals(broker) == {("finished", "pay"): 2}
    assert not broker.is_silent


def test_a_bound_is_within_its_bucket():
    assert [SECONDS.mark(value) for value in (0.0, 0.1, 0.10001, 1.0, 7.0)] == ["0.1", "0.1", "1.0", "1.0", "+Inf"]


def test_counts_are_handed_over_without_being_asked(broker, monkeypatch):
    monkeypatch.setattr("workers.tally.INTERVAL", 0.01)
    tally = Tally(broker)
    for _ in range(2):
        tally.observe(SECONDS, 0.5, "pay")
        until = monotonic() + 10
        while tally._counts and monotonic() < until:
            threading.Event().wait(0.01)
    assert totals(broker)["seconds", "1.0", "pay"] == 2


def test_what_the_broker_did_not_take_is_kept(broker, valkey_url):
    tally = Tally(Broker("redis+socket:///nonexistent/valkey.sock?virtual_host=0", 0.5))
    tally.observe(SECONDS, 0.5, "pay")
    tally.flush()
    assert dict(tally._counts) == {("seconds", "1.0", "pay"): 1, ("seconds_sum", "pay"): 0.5}
    tally._broker = broker
    tally.flush()
    assert totals(broker)["seconds", "1.0", "pay"] == 1


def test_what_a_hanging_broker_may_still_take_is_not_sent_again(broker, monkeypatch):
    class Hanging:
        def pipeline(self, **_):
            raise redis.TimeoutError

    tally = Tally(broker)
    tally.observe(SECONDS, 0.5, "pay")
    monkeypatch.setattr(broker, "client", Hanging())
    tally.flush()
    assert not tally._counts
    assert broker.is_silent


def test_no_count_is_lost_between_threads(broker, monkeypatch):
    monkeypatch.setattr("workers.tally.INTERVAL", 0.001)
    tally = Tally(broker)

    def observe():
        for _ in range(2000):
            tally.observe(SECONDS, 0.5, "pay")

    threads = [threading.Thread(target=observe) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.flush()
    until = monotonic() + 10
    while totals(broker).get(("seconds", "1.0", "pay")) != 8000 and monotonic() < until:
        threading.Event().wait(0.01)
    assert totals(broker)["seconds", "1.0", "pay"] == 8000
