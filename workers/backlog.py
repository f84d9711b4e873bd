"""How many messages wait in each broker queue."""

from workers.broker import Broker
from workers.queues import BrokerQueue


def lengths(broker: Broker) -> dict[str, int]:
    """Return the number of messages that no worker has taken yet. Raises `redis.RedisError` when the broker is away."""
    with broker.client.pipeline(transaction=False) as pipeline:
        for queue in BrokerQueue:
            # The transport keeps a queue as a list of the same name.
            pipeline.llen(queue.value)
        return dict(zip((queue.value for queue in BrokerQueue), pipeline.execute(), strict=True))
