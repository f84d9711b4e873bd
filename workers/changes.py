"""That something changed, counted in the broker, so that whoever keeps what they read of it reads again.

Nobody depends on it: what is kept ends by itself within half a second. But a fan who was just told that their hold is
done should see the seats held, and an operator who added a concert should see it. The workers count seats that changed
with what they announce (`workers/outcome_channel.py`).
"""

import redis

from workers.broker import Broker

SEATS = "frontrow:seats-changed"
PROGRAMME = "frontrow:programme-changed"
OF_SEATS = frozenset({"queue_token.leave", "reservation.hold", "reservation.release", "payment.pay", "payment.refund"})


def version(broker: Broker, key: str) -> bytes | None:
    """Return what is different after each change; None when the broker does not say."""
    if broker.is_silent:
        return None
    try:
        found = broker.client.get(key)
    except redis.RedisError:
        broker.note_silence()
        return None
    return found if isinstance(found, bytes) else None


def note(broker: Broker, key: str) -> None:
    """Count a change that is committed. Never raises, and never waits longer than the broker's deadlines."""
    if broker.is_silent:
        return
    try:
        try:
            broker.client.incr(key)
        except redis.ResponseError:
            # It is no number; that it is gone is a change as well.
            broker.client.delete(key)
    except redis.RedisError:
        broker.note_silence()
