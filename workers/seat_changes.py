"""That seats changed hands, counted in the broker, so that whoever keeps what they read of them reads again.

Nobody depends on it: what is kept ends by itself within half a second. But a fan who was just told that their hold is
done should see the seats held. The workers count with what they announce (`workers/outcome_channel.py`).
"""

import redis

from workers.broker import Broker

KEY = "frontrow:seats-changed"
OPERATIONS = frozenset(
    {"queue_token.leave", "reservation.hold", "reservation.release", "payment.pay", "payment.refund"}
)


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
