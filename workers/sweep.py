"""What every sweep does around its duty, once: its broker queue, its log line, its faults."""

from collections.abc import Callable

import structlog
from celery import Task

from models import database
from models.database import DatabaseUnavailableError
from workers.app import app
from workers.queues import BrokerQueue

log = structlog.get_logger()


class Sweep(Task):
    """A Celery task that tidies; `tidy` is its duty alone, and returns how much it did."""

    abstract = True
    tidy: Callable[[], int]


def sweep(name: str) -> Callable[[Callable[[], int]], Sweep]:
    """Make a function that tidies, and returns how much it did, a task for beat to publish.

    A sweep is not repeated when it fails: the next one is due soon and does the same.
    """

    def make(tidy: Callable[[], int]) -> Sweep:
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

        task: Sweep = app.task(name=name, base=Sweep, queue=BrokerQueue.SWEEPS.value, acks_late=False, shared=False)(
            run
        )
        task.tidy = tidy
        return task

    return make
