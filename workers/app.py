"""The Celery app (`celery -A workers.app worker -Q reservations`)."""

import gc
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_ready, worker_shutdown
from kombu import Exchange, Queue

import logs
from beat_schedule import BEAT_SCHEDULE
from models import database
from settings import Settings
from workers import slots, stopping, unreadable_messages
from workers.broker import broker_of
from workers.presence import Presence
from workers.queues import BrokerQueue

settings = Settings.from_env()

# A hung broker must hang nobody: every wait for it is bounded.
TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    # A message whose worker was killed is delivered again after this; requests do not wait for it,
    # the sweep publishes them again within seconds.
    "visibility_timeout": 60,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}

app = Celery(
    "frontrow",
    broker=settings.broker_url,
    include=["workers.queue_tokens", "workers.reservations", "workers.points", "workers.payments", "workers.sweeps"],
)
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_queues=[Queue(queue.value, Exchange(queue.value), routing_key=queue.value) for queue in BrokerQueue],
    task_default_queue=BrokerQueue.SWEEPS.value,
    task_create_missing_queues=False,
    task_soft_time_limit=45,
    task_time_limit=55,
    task_publish_retry=False,
    broker_transport_options=TRANSPORT_OPTIONS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_pool_limit=16,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    enable_utc=True,
    beat_schedule=BEAT_SCHEDULE,
    beat_max_loop_interval=1,
)

slots.free_them_always()
unreadable_messages.drop_them_always()
stopping.in_time()
logs.configure(settings.log_level)
# Celery sets up no logging of its own where somebody listens: its lines look like all others then.
setup_logging.connect(lambda **_: None, weak=False)

# A worker may wait longer for the database than a client may be kept waiting.
database.bind(
    settings.database_url,
    application_name="frontrow-worker",
    deadline=timedelta(seconds=settings.worker_database_deadline_seconds),
    without=database.WITHOUT_JOINS,
)


@worker_init.connect
def _share_memory(**_: Any) -> None:
    """Keep the collector away from what is loaded before the pool forks, so that children share its pages."""
    gc.collect()
    gc.freeze()


@worker_ready.connect
def _announce(sender: Any, **_: Any) -> None:
    queues = [queue.name for queue in sender.task_consumer.queues]
    sender.frontrow_presence = Presence(broker_of(settings), sender.hostname, queues)
    sender.frontrow_presence.start()
    _running.append(sender.frontrow_presence)


_running: list[Presence] = []


@worker_shutdown.connect
def _say_goodbye(**_: Any) -> None:
    for presence in _running:
        presence.stop()
