"""A slot is free again although the broker could not be told."""

import pytest
from kombu.transport import redis

from workers.app import app
from workers.slots import QoS


class _AwayError(Exception):
    pass


class _Channel:
    do_restore = False

    def conn_or_acquire(self, client=None):
        raise _AwayError


def _busy(kind):
    qos = kind(_Channel(), prefetch_count=1)
    qos._delivered["tag"] = object()
    assert not qos.can_consume()
    return qos


def _acknowledge(qos):
    with pytest.raises(_AwayError):
        qos.ack("tag")


def test_control_kombu_keeps_the_slot_for_ever():
    qos = _busy(redis.QoS)
    _acknowledge(qos)
    assert not qos.can_consume()


@pytest.mark.parametrize("requeue", [True, False])
def test_a_rejection_that_the_broker_does_not_hear_frees_the_slot(requeue):
    qos = _busy(QoS)
    with pytest.raises(_AwayError):
        qos.reject("tag", requeue)
    assert qos.can_consume()


def test_an_acknowledgement_that_the_broker_does_not_hear_frees_the_slot():
    qos = _busy(QoS)
    _acknowledge(qos)
    assert qos.can_consume()


def test_the_workers_channels_keep_their_books_so():
    assert app.main == "frontrow"
    assert redis.Channel.QoS is QoS
