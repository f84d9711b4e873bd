"""That seats changed hands, told over the broker, so that who keeps what he read of them reads again.

Nobody depends on it: what is kept ends by itself within half a second. But whoever has just been
told that his hold is done should see his seats held.
"""

import redis

from workers.broker import Broker

KEY = "frontrow:seats-changed"
OPERATIONS = frozenset(
    {"queue_token.leave", "reservation.hold", "reservation.release", "payment.pay", "payment.refund"}
)


def tell(broker: Broker) -> None:
    """Tell that seats, or tokens that hold some, have changed; what was changed is committed."""
    if broker.is_silent:
        return
    try:
        broker.client.incr(KEY)
    except redis.RedisError:
        broker.note_silence()


def version(broker: Broker) -> bytes | None:
    """Return what is different after each change; None when the broker does not say."""
    if broker.is_silent:
        return None
    try:
        found = broker.client.get(KEY)
    except redis.RedisError:
        broker.note_silence()
        return None
    return found if isinstance(found, bytes) else None
