"""Wake-ups: one Celery message for however many requests wait.

Publishing and consuming a message cost more than most operations. So a request publishes its
operation's task only when no wake-up of that operation is under way; the task deletes the mark
first thing and then takes every request that waits. A request whose row was committed before it
found the mark set is seen by that task, since the mark is deleted before the rows are read.
A wake-up that is lost is made good by the sweep that publishes again.
"""

import os
import threading
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


class Waker:
    """Wakes from a thread of its own, so that no client waits for the broker.

    Requests accepted while it talks to the broker share the next wake-up. What it has not said when
    its process ends, the sweep makes good.
    """

    def __init__(self, broker: Broker) -> None:
        """Prepare; the thread starts with the first wake-up, and again after a fork."""
        self._broker = broker
        self._start_afresh()
        os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        self._pending: dict[str, tuple[Task, UUID]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def wake_soon(self, task: Task, request_id: UUID) -> None:
        """Wake a task's workers as soon as the broker has heard what was said before."""
        with self._changed:
            self._pending.setdefault(task.name, (task, request_id))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                pending, self._pending = self._pending, {}
            for task, request_id in pending.values():
                wake(task, request_id, self._broker)


def clear(operation: str, broker: Broker) -> None:
    """Delete the mark of an operation; a request accepted from now on publishes again."""
    try:
        broker.client.delete(_mark(operation))
    except redis.RedisError:
        # The mark ends by itself, and the sweep publishes what waits meanwhile.
        broker.note_silence()


def _mark(operation: str) -> str:
    return f"frontrow:wake:{operation}"
