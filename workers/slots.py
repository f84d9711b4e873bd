"""A worker's slots: a message gives its slot back although the broker died before it was acknowledged.

kombu 5.7.0 frees the slot only after the broker has taken the acknowledgement. A worker whose slots were all
busy when the broker died has no connection open on which it waits for messages, so nothing tells it of the
loss; with its slots taken for good it never asks for another message, alive as it looks.
"""

from typing import Any

from kombu.transport import redis


class QoS(redis.QoS):
    """kombu's bookkeeping of delivered messages, which forgets a message whether or not the broker hears of it.

    The broker delivers it again after the visibility timeout, and then finds its request finished.
    """

    def ack(self, delivery_tag: Any) -> None:
        """Acknowledge a message; raises what the connection raises, but the slot is free."""
        try:
            super().ack(delivery_tag)
        except Exception:
            self._quick_ack(delivery_tag)  # type: ignore[attr-defined]  # Its types leave it away.
            raise

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:  # noqa: FBT001, FBT002  # It is kombu's signature.
        """Give a message back, or drop it; raises what the connection raises, but the slot is free."""
        try:
            super().reject(delivery_tag, requeue)
        except Exception:
            self._quick_ack(delivery_tag)  # type: ignore[attr-defined]  # Its types leave it away.
            raise


def free_them_always() -> None:
    """Let every channel of this process keep its books so."""
    redis.Channel.QoS = QoS
