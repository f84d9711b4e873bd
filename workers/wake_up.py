"""Wake-ups: one Celery message for however many requests wait.

Publishing and consuming a message cost more than most operations. So a request publishes its
operation's task only when no wake-up of that operation is under way; the task deletes the mark
first thing and then takes every request that waits. A request whose row was committed before it
found the mark set is seen by that task, since the mark is deleted before the rows are read.
A wake-up that is lost is made good by the sweep that publishes again.
"""

from uuid import UUID

import redis
from celery import Task
from kombu.exceptions import OperationalError

from workers.broker import Broker

# A mark outlives a lost message by no more than this.
MARK_SECONDS = 3


def wake(task: Task, request_id: UUID, broker: Broker, *, always: bool = False) -> bool:
    """Publish a task unless one of its kind is on its way; return whether the broker answered.

    `always` publishes whatever the mark says. Never raises, never waits longer than the broker's deadlines.
    """
    if broker.is_silent:
        return False
    try:
        marked = broker.client.set(_mark(task.name), 1, nx=not always, ex=MARK_SECONDS)
        if marked:
            task.apply_async(kwargs={"request_id": str(request_id)}, task_id=str(request_id))
    except (redis.RedisError, OperationalError, OSError, RuntimeError):
        broker.note_silence()
        return False
    return True


def clear(operation: str, broker: Broker) -> None:
    """Delete the mark of an operation; a request accepted from now on publishes again."""
    try:
        broker.client.delete(_mark(operation))
    except redis.RedisError:
        # The mark ends by itself, and the sweep publishes what waits meanwhile.
        broker.note_silence()


def _mark(operation: str) -> str:
    return f"frontrow:wake:{operation}"
