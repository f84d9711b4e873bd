"""Messages that are none: whatever lies in a broker queue and cannot be read is dropped, and the worker goes on.

kombu 5.7.0 lets what is no JSON, or JSON of another shape, end the worker that took it from the list.
"""

from functools import wraps
from typing import Any

import structlog
from kombu.transport import redis

# What taking a message to pieces raises; the connection's own errors are none of these.
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)

log = structlog.get_logger()


def drop_them_always() -> None:
    """Let every channel of this process drop them."""
    # kombu offers no other place than a method of its own, which its types leave away.
    channel_class: Any = redis.Channel
    read = channel_class._brpop_read  # noqa: SLF001
    if hasattr(read, "__wrapped__"):
        return

    @wraps(read)
    def read_or_drop(channel: Any, **options: Any) -> Any:
        try:
            return read(channel, **options)
        except UNREADABLE as error:
            log.warning("broker_message_dropped", reason=f"{type(error).__name__}: {error}"[:200])
            return True

    channel_class._brpop_read = read_or_drop  # noqa: SLF001
