"""The sweeps over rows that are done with: publish again what was never delivered, purge what is old."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from models import clock, token_purge
from models.database import read_session, write_session
from models.request import Request
from workers import wake_up
from workers.app import app, settings
from workers.broker import broker_of
from workers.sweep import sweep

# A request that nobody took in hand for so long lost its message.
UNDELIVERED_AFTER = timedelta(seconds=1)
PURGED_TOGETHER = 5_000
TOKENS_KEPT_LONGER = timedelta(hours=1)


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
    return _all_of(Request.purge, clock.utcnow() - settings.policy.retention)


@sweep("queue_token.purge")
def purge_tokens() -> int:
    """Delete tokens that nobody may read any more and nothing was held with; return how many.

    An hour later than the requests that made or ended them, so that none speaks of a token that is gone.
    """
    return _all_of(token_purge.purge, clock.utcnow() - settings.policy.retention - TOKENS_KEPT_LONGER)


def _all_of(purge_some: Callable[[datetime, int], int], before: datetime) -> int:
    """Purge in transactions of a bounded size until nothing is left; return how many."""
    purged = 0
    while True:
        with write_session():
            some = purge_some(before, PURGED_TOGETHER)
        purged += some
        if some < PURGED_TOGETHER:
            return purged
