"""Faults of the broker and of its messages: full, forgetful, lost, delivered again."""

import signal
import time
import uuid
from contextlib import suppress

from celery import Celery
from kombu import Exchange, Queue

from tests.faults.scene import Scene, broker_of, unavailable
from tests.faults.stack import WORKERS, send
from tests.faults.witness import connected

OPERATION_OF = {
    "queue_tokens": "queue_token.issue",
    "reservations": "reservation.hold",
    "points": "points.charge",
    "payments": "payment.pay",
    "sweeps": "queue_token.promote_waiting",
}


def fill_broker(scene: Scene) -> None:
    """Let the broker be full: it reads, and refuses every write."""
    with unavailable(), broker_of(scene.stack) as broker:
        before = broker.config_get("maxmemory")["maxmemory"]
        broker.config_set("maxmemory", "1")
        scene.pause(1.0, 4.0)
        broker.config_set("maxmemory", before)


def lose_messages(scene: Scene) -> None:
    """Delete the broker's lists again and again: messages are lost between broker and worker."""
    lost = 0
    until = time.monotonic() + scene.rng.uniform(1.0, 3.0)
    frozen = [main for role in scene.rng.sample(WORKERS, 2) for main in scene.stack.family(role)]
    send(frozen, signal.SIGSTOP)
    try:
        while time.monotonic() < until:
            with unavailable(), broker_of(scene.stack) as broker:
                lost += sum(int(broker.llen(name)) for name in WORKERS)
                broker.delete(*WORKERS, "unacked", "unacked_index")
            time.sleep(0.05)
    finally:
        send(frozen, signal.SIGCONT)
    scene.notes.append(f"{lost} lost")


def empty_broker(scene: Scene) -> None:
    """Let the broker forget everything: messages, marks, signs of life."""
    with unavailable(), broker_of(scene.stack) as broker:
        broker.flushall()


def deliver_thrice(scene: Scene) -> None:
    """Deliver the same message three times at once, to every broker queue, several times."""
    with Celery("rig", broker=scene.stack.service.broker_url) as app:
        app.conf.update(task_ignore_result=True, broker_transport_options={"socket_timeout": 3})
        for _ in range(scene.rng.randint(2, 6)):
            for name, operation in OPERATION_OF.items():
                task_id = _a_request(scene, operation)
                with suppress(Exception):
                    for _ in range(3):
                        queue = Queue(name, Exchange(name), routing_key=name)
                        kwargs = {} if name == "sweeps" else {"request_id": task_id}
                        app.send_task(operation, kwargs=kwargs, task_id=task_id, queue=queue, retry=False)
            scene.pause(0.05, 0.3)


def _a_request(scene: Scene, operation: str) -> str:
    """Return a request to deliver again: the newest, so that it is under way or just done."""
    with unavailable(), connected(scene.stack) as cursor:
        sql = "SELECT id::text FROM request WHERE operation = %s ORDER BY submitted_at DESC LIMIT 1"
        cursor.execute(sql, (operation,))
        for (task_id,) in cursor.fetchall():
            return str(task_id)
    return str(uuid.uuid4())
