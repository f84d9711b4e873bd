"""What every sweep does around its duty, once: its broker queue, its log line, its faults."""

from collections.abc import Callable
from typing import Any

import structlog
from celery import Task

from models import database
from models.database import DatabaseUnavailableError
from workers.app import app
from workers.queues import BrokerQueue

log = structlog.get_logger()


def sweep(name: str) -> Callable[[Callable[[], int]], Task]:
    """Make a function that tidies, and returns how much it did, a task for beat to publish.

    A sweep is not repeated when it fails: the next one is due soon and does the same.
    """

    def make(tidy: Callable[[], int]) -> Task:
        def run() -> None:
            try:
                database.check_clock()
                done = tidy()
            except DatabaseUnavailableError as away:
                log.warning("sweep_put_off", sweep=name, reason=str(away)[:200])
                return
            except Exception as error:
                if not database.is_contention(error):
                    raise
                log.info("sweep_put_off", sweep=name, reason="contention")
                return
            if done:
                log.info("swept", sweep=name, count=done)

        options: dict[str, Any] = {"queue": BrokerQueue.SWEEPS.value, "acks_late": False, "shared": False}
        task = app.task(run, name=name, **options)
        task.tidy = tidy
        return task

    return make
