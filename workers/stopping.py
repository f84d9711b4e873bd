"""A worker that is told to stop is gone soon, whatever holds it up.

Celery waits for its pool without an end: a child that hangs, or a rare moment of its own, kept a worker that would
take nothing more for half a minute. Nothing is lost by going: what was in hand comes back when its lease is over.
"""

import os
import threading
from typing import Any

import structlog
from celery.signals import worker_shutting_down

# A batch takes a fraction of this. With the start of the next worker it stays below the 15 s of a recovery.
MOST_SECONDS = 8.0

log = structlog.get_logger()


def in_time() -> None:
    """Let the workers of this process end in time from now on."""
    worker_shutting_down.connect(_set_an_end, weak=False)


def _set_an_end(**_: Any) -> None:
    end = threading.Timer(MOST_SECONDS, _go)
    end.daemon = True
    end.start()


def _go() -> None:
    log.warning("worker_held_up", seconds=MOST_SECONDS)
    os._exit(1)
