"""Where a fault happens: the stack, the dice, a note of what was hit, and the servers asked directly."""

import random
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg2
import redis

from tests.faults.stack import Stack


@dataclass
class Scene:
    """Where a fault happens: the stack, the dice, and a note of what was hit."""

    stack: Stack
    rng: random.Random
    notes: list[str] = field(default_factory=list)

    def pause(self, shortest: float, longest: float) -> None:
        """Let a fault last."""
        time.sleep(self.rng.uniform(shortest, longest))


def broker_of(stack: Stack) -> Any:
    """Return a client of the stack's broker, for a `with`."""
    url = stack.service.broker_url.replace("redis+socket://", "unix://").replace("virtual_host=", "db=")
    return closing(redis.Redis.from_url(url, socket_timeout=2, decode_responses=True))


def unavailable() -> suppress:
    """What happens to the rig itself when another fault hit the server it works on."""
    return suppress(psycopg2.Error, redis.RedisError, ConnectionError, psutil.Error)
