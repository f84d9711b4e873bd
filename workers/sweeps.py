"""The sweeps over the request rows: publish again what was never delivered, purge what is old."""

from datetime import timedelta
from uuid import uuid4

from models import clock
from models.database import read_session, write_session
from models.request import Request
from workers import wake_up
from workers.app import app, settings
from workers.broker import broker_of
from workers.sweep import sweep

# A request that nobody took in hand for so long lost its message.
UNDELIVERED_AFTER = timedelta(seconds=1)
PURGED_TOGETHER = 5_000


@sweep("request.redeliver")
def redeliver() -> int:
    """Publish every operation again that has requests waiting too long; return how many operations."""
    with read_session():
        operations = Request.undelivered(clock.utcnow() - UNDELIVERED_AFTER)
    known = [app.tasks[operation] for operation in operations if operation in app.tasks]
    return sum(wake_up.wake(task, uuid4(), broker_of(settings), always=True) for task in known)


@sweep("request.purge")
def purge() -> int:
    """Delete requests whose outcome was kept long enough; return how many."""
    purged = 0
    before = clock.utcnow() - settings.policy.retention
    while True:
        with write_session():
            some = Request.purge(before, PURGED_TOGETHER)
        purged += some
        if some < PURGED_TOGETHER:
            return purged
