"""Celery messages made once: what Celery and kombu write for a task, with the id of the request filled in.

Both put a message together anew each time, which costs more than to send it; and only a message that is
ready can be sent by the same step that looks whether it is needed (`workers/wake_up.py`).
"""

import json
from base64 import b64decode, b64encode
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from celery import Task
from kombu import Connection

_ID, _TAG = (str(UUID(int=number)) for number in (1, 2))


class Envelope:
    """The message of one task, for any request."""

    def __init__(self, task: Task) -> None:
        """Let Celery and kombu write the message once."""
        message = _as_published(task)
        message["properties"]["delivery_tag"] = _TAG
        self._body = b64decode(message.pop("body")).decode()
        self._around = json.dumps(message)
        # Its list in the broker.
        self.key = str(message["properties"]["delivery_info"]["routing_key"])

    def holding(self, request_id: UUID) -> str:
        """Return the message, as it lies in the broker, that names a request."""
        body = b64encode(self._body.replace(_ID, str(request_id)).encode()).decode()
        # A request may be named by two messages at once, a delivery only by one.
        around = self._around.replace(_ID, str(request_id)).replace(_TAG, str(uuid4()))
        return f'{{"body": "{body}", {around[1:]}'


@cache
def envelope_of(task: Task) -> Envelope:
    """Return a task's envelope, made when it is first needed."""
    return Envelope(task)


def _as_published(task: Task) -> dict[str, Any]:
    """Publish a task to a broker in memory, and take the message out of it."""
    amqp = task.app.amqp
    queue = amqp.queues[task.queue]  # type: ignore[attr-defined]  # Its types leave it away.
    written = amqp.as_task_v2(_ID, task.name, kwargs={"request_id": _ID}, ignore_result=True)
    with Connection("memory://", virtual_host=f"envelope of {task.name}") as connection:
        channel = connection.channel()
        amqp.send_task_message(amqp.Producer(channel), task.name, written, queue=queue, retry=False)
        message: dict[str, Any] = channel._get(queue.name)  # type: ignore[attr-defined]  # noqa: SLF001
    return message
