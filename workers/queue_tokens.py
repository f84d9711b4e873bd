"""Queue tokens: issue and leave; and the sweeps that promote and expire them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from models import clock, joining, leaving, queues_due, sales
from models.database import DatabaseUnavailableError, write_session
from models.errors import DomainError
from models.holder import Holder
from models.order import Order
from models.queue import Queue
from workers.app import settings
from workers.domain_task import batch_task, domain_task
from workers.queues import BrokerQueue
from workers.sweep import sweep

# More than this is left to the next sweep, so that no transaction holds a line's lock for long.
MOST_EXPIRED = 10_000


@batch_task("queue_token.issue", BrokerQueue.QUEUE_TOKENS)
def issue(orders: Sequence[Order]) -> Sequence[dict[str, Any] | DomainError]:
    """Give each fan a place in the line; results are *QueueToken*, the token itself being signed where it is shown."""
    answers = joining.issue(orders, clock.utcnow, settings.policy)
    Holder.note(
        {
            order.user_id: order.arguments["name"]
            for order, answer in zip(orders, answers, strict=True)
            if "name" in order.arguments and not isinstance(answer, DomainError)
        }
    )
    return answers


def _lock_for_leaves(orders: Sequence[Order]) -> None:
    leaving.lock_for_leaves([order.arguments["queue_token_id"] for order in orders])


@domain_task("queue_token.leave", BrokerQueue.QUEUE_TOKENS, lock=_lock_for_leaves)
def leave(order: Order, now: datetime) -> dict[str, Any]:
    """Give a place up; result is *QueueToken*."""
    return leaving.leave(order.arguments["queue_token_id"], order.user_id, now, settings.policy)


@sweep("queue_token.promote_waiting")
def promote_waiting() -> int:
    """Admit the next of every line as room comes free; return how many."""
    with write_session():
        concerts = queues_due.to_promote()
    return _of_each(concerts, lambda queue: queue.promote_waiting(clock.utcnow(), settings.policy))


@sweep("queue_token.expire_due")
def expire_due() -> int:
    """End tokens whose time is over and admissions that were not used; return how many."""
    with write_session():
        concerts = queues_due.with_due_tokens(clock.utcnow(), settings.policy)
    return _of_each(concerts, _expire)


def _expire(queue: Queue) -> int:
    now = clock.utcnow()
    ended = queue.end_waiting(MOST_EXPIRED)
    return ended + queue.expire_active(now, settings.policy) + queue.expire_waiting(now, MOST_EXPIRED)


@sweep("queue.note_sold_out")
def note_sold_out() -> int:
    """Note which concerts are sold out by now, or sell their last dates no longer; return how many."""
    return _note_sales(sold_out=False)


@sweep("queue.note_seats_back")
def note_seats_back() -> int:
    """Note which concerts have something to sell again; return how many."""
    return _note_sales(sold_out=True)


def _note_sales(*, sold_out: bool) -> int:
    with write_session():
        concerts = sales.changed(clock.utcnow(), sold_out=sold_out)
    return _of_each(concerts, lambda queue: sales.note(queue, clock.utcnow()))


def _of_each(concerts: Iterable[int], tidy: Callable[[Queue], int]) -> int:
    """Tidy each line in a transaction of its own; what is wrong with one is raised when the others are done."""
    done, faults = 0, list[Exception]()
    for concert_id in concerts:
        try:
            with write_session():
                done += tidy(Queue.locked(concert_id))
        except DatabaseUnavailableError:
            raise
        except Exception as fault:  # noqa: BLE001  # One concert's sale must not stop another's.
            faults.append(fault)
    if faults:
        raise faults[0]
    return done
