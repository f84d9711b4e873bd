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

from workers.broker import Broker
from workers.envelope import envelope_of

# A mark outlives a lost message by no more than this.
MARK_SECONDS = 3
# Under load a wake-up waits so long for others to share it; the first after a pause waits for nobody.
SHARED_SECONDS = 0.003

# Marks and publishes in one step, which costs one trip and leaves no mark without its message behind. A worker on
# standby is told directly; a message that must be published in any case goes both ways.
_PUBLISH_UNLESS_MARKED = """
local standby = redis.call('EXISTS', KEYS[3]) == 1
if ARGV[3] == 'always' then
    redis.call('SET', KEYS[1], 1, 'EX', ARGV[2])
elseif not redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[2]) then
    return 0
end
if standby then
    redis.call('LPUSH', KEYS[4], ARGV[4])
    redis.call('EXPIRE', KEYS[4], ARGV[2])
end
if not standby or ARGV[3] == 'always' then
    redis.call('LPUSH', KEYS[2], ARGV[1])
end
return 1
"""


def wake(task: Task, request_id: UUID, broker: Broker, *, always: bool = False) -> bool:
    """Publish a task unless one of its kind is on its way; return whether the broker answered.

    `always` publishes whatever the mark says. Never raises, never waits longer than the broker's deadlines.
    """
    if broker.is_silent:
        return False
    envelope = envelope_of(task)
    message = envelope.holding(request_id)
    try:
        broker.script(_PUBLISH_UNLESS_MARKED)(
            keys=[_mark(task.name), envelope.key, *standby_keys(envelope.key)],
            args=[message, MARK_SECONDS, "always" if always else "once", task.name],
        )
    except redis.RedisError:
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
        pause = threading.Event()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                pending, self._pending = self._pending, {}
            for task, request_id in pending.values():
                wake(task, request_id, self._broker)
            pause.wait(SHARED_SECONDS)


def clear(operation: str, broker: Broker) -> None:
    """Delete the mark of an operation; a request accepted from now on publishes again."""
    try:
        broker.client.delete(_mark(operation))
    except redis.RedisError:
        # The mark ends by itself, and the sweep publishes what waits meanwhile.
        broker.note_silence()


def standby_keys(queue: str) -> tuple[str, str]:
    """Return the keys of a broker queue's standby: that a worker stands by, and the wake-ups for it."""
    return f"frontrow:standby:{queue}", f"frontrow:standby:{queue}:wake-ups"


def _mark(operation: str) -> str:
    return f"frontrow:wake:{operation}"
