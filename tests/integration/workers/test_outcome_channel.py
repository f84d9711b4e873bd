"""Finished requests are announced to whoever listens, and to nobody else."""

from uuid import uuid4

import pytest
import redis

from workers import changes, outcome_channel
from workers.broker import Broker


@pytest.fixture
def broker(valkey_url):
    return Broker(valkey_url, 0.5)


def _next(listener):
    """Return the next announcement; confirmations of the subscription are passed over."""
    return next(found for _ in range(20) if (found := listener.next(0.5)) is not None)


def test_what_is_finished_is_announced(broker):
    ids = [uuid4(), uuid4()]
    with outcome_channel.listening(broker) as listener:
        outcome_channel.announce(broker, ids, left_token_ids=[7])
        assert _next(listener) == (ids, [7])
        assert listener.next(0.01) is None


@pytest.mark.parametrize("said", [b"", b"\xff", b"5", b"[]", b"[[5], []]", b'[["00"], []]', b"[[], [null]]", b"{}"])
def test_what_is_no_announcement_is_passed_over(broker, said):
    mine = uuid4()
    with outcome_channel.listening(broker) as listener:
        broker.client.publish(outcome_channel._channel(broker), said)
        outcome_channel.announce(broker, [mine])
        assert _next(listener).request_ids == [mine]


def test_a_count_of_changes_that_is_none_keeps_no_outcome_back(broker):
    mine = uuid4()
    broker.client.set(changes.SEATS, "many")
    with outcome_channel.listening(broker) as listener:
        outcome_channel.announce(broker, [mine], seats_changed=True)
        assert _next(listener).request_ids == [mine]
    assert not broker.is_silent
    assert changes.version(broker, changes.SEATS) != b"many"


def test_seats_are_counted_changed_before_the_outcome_is_known(broker):
    before = changes.version(broker, changes.SEATS)
    with outcome_channel.listening(broker) as listener:
        outcome_channel.announce(broker, [uuid4()], seats_changed=True)
        _next(listener)
        assert changes.version(broker, changes.SEATS) != before


def test_two_services_on_one_server_do_not_hear_each_other(broker, valkey_url):
    other, mine = Broker(valkey_url.replace("virtual_host=0", "virtual_host=3"), 0.5), uuid4()
    assert outcome_channel._channel(other) != outcome_channel._channel(broker)
    with outcome_channel.listening(broker) as listener:
        outcome_channel.announce(other, [uuid4()])
        outcome_channel.announce(broker, [mine])
        assert _next(listener).request_ids == [mine]


def test_a_broker_that_is_away_is_told_of_nothing_and_costs_nothing():
    away = Broker("redis+socket:///nonexistent/valkey.sock?virtual_host=0", 0.2)
    outcome_channel.announce(away, [uuid4()])
    assert away.is_silent
    with pytest.raises(redis.RedisError), outcome_channel.listening(away):
        pass
