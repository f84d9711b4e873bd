"""Outcomes announced over the broker, a message a batch, so that nobody has to ask the database again and again.

Nobody depends on it: a message that is lost costs those who wait for it the time until they look for themselves.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

import redis
import structlog

from workers import changes
from workers.broker import Broker

# Channels, unlike keys, are shared by all databases of a server.
_CHANNEL = "frontrow:outcomes:{database}"


log = structlog.get_logger(__name__)


class Announcement(NamedTuple):
    """Requests that were finished together, and the queue tokens that were given up with them."""

    request_ids: list[UUID]
    left_token_ids: list[int]


def announce(
    broker: Broker, request_ids: Sequence[UUID], *, left_token_ids: Sequence[int] = (), seats_changed: bool = False
) -> None:
    """Tell whoever listens that requests are finished, and that seats changed; what is told is committed.

    Never raises, and never waits longer than the broker's deadlines.
    """
    if broker.is_silent:
        return
    message = json.dumps([[request_id.hex for request_id in request_ids], list(left_token_ids)])
    try:
        with broker.client.pipeline(transaction=False) as pipeline:
            if seats_changed:
                # First: who learns of the outcome must find the seats changed.
                pipeline.incr(changes.SEATS)
            pipeline.publish(_channel(broker), message)
            first, *_ = pipeline.execute(raise_on_error=False)
        if isinstance(first, redis.ResponseError):
            # It is no number; that it is gone is a change as well.
            broker.client.delete(changes.SEATS)
    except redis.RedisError:
        broker.note_silence()


@contextmanager
def listening(broker: Broker) -> Iterator["Listener"]:
    """Listen from now on. Raises `redis.RedisError` here and inside when the broker is away."""
    with broker.client.pubsub() as subscription:  # type: ignore[no-untyped-call]  # redis-py leaves it untyped.
        subscription.subscribe(_channel(broker))
        yield Listener(subscription)


class Listener:
    """A subscription to the announcements."""

    def __init__(self, subscription: Any) -> None:
        """Take redis-py's subscription."""
        self._subscription = subscription

    def next(self, seconds: float) -> Announcement | None:
        """Return the next announcement, or None when there was none for so long."""
        message = self._subscription.get_message(timeout=seconds)
        if message is None or message["type"] != "message":
            return None
        try:
            request_ids, left = json.loads(message["data"])
            return Announcement([UUID(hex=request_id) for request_id in request_ids], [int(id_) for id_ in left])
        except (ValueError, TypeError, AttributeError) as error:
            # Nobody of ours said this; whoever waits for an outcome looks for it in the end.
            log.warning("announcement_unreadable", reason=f"{type(error).__name__}: {error}"[:200])
            return None


def _channel(broker: Broker) -> str:
    return _CHANNEL.format(database=broker.client.connection_pool.connection_kwargs.get("db") or 0)
