"""A worker that has just served stands by for a moment: the next wake-up reaches it past Celery's two hops.

A Celery message is taken by the worker's main process and handed to its child, which takes longer than most operations.
A child on standby says so in the broker; while it does, a wake-up names the operation in a list on which the child
waits. Whatever is lost on the way, the sweep that publishes again makes good, as with any wake-up.
"""

from collections.abc import Mapping
from time import monotonic
from typing import Any, Protocol

import redis

from workers import wake_up
from workers.broker import Broker

# The child serves its broker queue alone, so what Celery brings meanwhile waits as long as this at most.
STANDBY_SECONDS = 2.0
# A stop waits for the child: after so long it goes back to Celery, however much there is to do.
LONGEST_SECONDS = 5.0
# One wait; below the broker's own deadline, so that it never looks like a broker that does not answer.
STEP_SECONDS = 0.3
# Kept up from one wait to the next. A child that is busy for longer stands by no more: others are woken then.
FLAG_MILLISECONDS = 900


class Served(Protocol):
    """A task as far as standing by knows it."""

    def drain(self) -> int:
        """Carry out what waits; return how many."""


def stand_by(tasks: Mapping[str, Served], queue: str, broker: Broker) -> None:
    """Serve the tasks of a broker queue, by name, as wake-ups name them, until none has come for a while."""
    ends = monotonic() + LONGEST_SECONDS
    try:
        while monotonic() < ends and (operation := _next(tasks, queue, broker)) is not None:
            _serve(tasks, operation)
        # Whoever comes from now on sends a Celery message again.
        for operation in _end(queue, broker):
            _serve(tasks, operation)
    except redis.RedisError:
        broker.note_silence()


def _serve(tasks: Mapping[str, Served], operation: str) -> None:
    if operation in tasks:
        tasks[operation].drain()


def _next(tasks: Mapping[str, Served], queue: str, broker: Broker) -> str | None:
    """Return the operation that the next wake-up names; None when none came."""
    flag, wake_ups = wake_up.standby_keys(queue)
    until = monotonic() + STANDBY_SECONDS
    while (left := until - monotonic()) > 0:
        was_on_standby = broker.client.set(flag, 1, px=FLAG_MILLISECONDS, get=True)
        if was_on_standby is None:
            # What was accepted before sent a Celery message, which waits until this child is through.
            for task in tasks.values():
                task.drain()
        found: Any = broker.client.brpop([wake_ups], timeout=min(left, STEP_SECONDS))
        if found is not None:
            return bytes(found[1]).decode(errors="replace")
    return None


def _end(queue: str, broker: Broker) -> list[str]:
    """Stand by no more; return the operations of wake-ups that came at the last moment."""
    flag, wake_ups = wake_up.standby_keys(queue)
    with broker.client.pipeline() as step:
        step.delete(flag)
        step.lrange(wake_ups, 0, -1)
        step.delete(wake_ups)
        found: Any = step.execute()[1]
    return [bytes(operation).decode(errors="replace") for operation in found]
