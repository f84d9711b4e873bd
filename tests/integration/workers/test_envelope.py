"""Messages made once, beside those that Celery makes."""

import json
from uuid import UUID, uuid4

import pytest

from workers import queue_tokens, wake_up
from workers.broker import Broker
from workers.envelope import envelope_of


@pytest.fixture
def broker(valkey_url):
    return Broker(valkey_url, 0.5)


@pytest.fixture
def published(valkey_url, broker):
    """Publish a task as Celery does, and return its message."""

    def publish(task, request_id):
        app = task.app
        with app.connection_for_write(valkey_url) as connection:
            arguments = {"kwargs": {"request_id": str(request_id)}, "task_id": str(request_id)}
            task.apply_async(**arguments, connection=connection)
        return broker.client.rpop(task.queue)

    return publish


@pytest.mark.parametrize("task", [queue_tokens.issue, queue_tokens.leave], ids=lambda task: task.name)
def test_it_is_the_message_that_celery_publishes(task, published):
    request_id = uuid4()
    by_celery, by_us = (
        json.loads(message) for message in (published(task, request_id), envelope_of(task).holding(request_id))
    )
    assert by_us["properties"].pop("delivery_tag") != by_celery["properties"].pop("delivery_tag")
    # A result would be sent there, and none is kept.
    assert by_us["properties"].pop("reply_to") != by_celery["properties"].pop("reply_to")
    assert by_us == by_celery


def test_each_delivery_has_a_tag_of_its_own():
    request_id = UUID(int=7)
    messages = [json.loads(envelope_of(queue_tokens.issue).holding(request_id)) for _ in range(2)]
    tags = {message["properties"]["delivery_tag"] for message in messages}
    assert len(tags) == 2
    assert {message["headers"]["id"] for message in messages} == {str(request_id)}


def test_a_broker_that_takes_no_message_keeps_no_mark(broker):
    task = queue_tokens.issue
    limit = broker.client.config_get("maxmemory")["maxmemory"]
    try:
        broker.client.config_set("maxmemory", 1)
        assert not wake_up.wake(task, uuid4(), broker)
        assert not broker.client.exists("frontrow:wake:queue_token.issue")
    finally:
        broker.client.config_set("maxmemory", limit)
