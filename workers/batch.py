"""The orders of one transaction, carried out one by one: each has its own answer, and none spoils its neighbours."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from models import clock, database
from models.errors import DomainError
from models.order import Order

Operation = Callable[[Order, datetime], Any]
Batch = Callable[[Sequence[Order]], Sequence[dict[str, Any] | DomainError]]
Lock = Callable[[Sequence[Order]], None]
Show = Callable[[Sequence[Any]], Sequence[dict[str, Any]]]


class SpoiledError(Exception):
    """An operation refused after it had changed something, so its neighbours must not be committed with it."""

    def __init__(self, refusal: DomainError) -> None:
        """Keep the refusal: for a request alone it is the answer, once all is rolled back."""
        super().__init__(f"{refusal.code} after a change")
        self.refusal = refusal


def one_by_one(operation: Operation, *, lock: Lock, show: Show | None) -> Batch:
    """Make an operation of one order one of many.

    `lock` locks ahead everything the orders will need, one order as well as many: the time they are
    carried out at is taken after it, so no lock that was waited for makes an operation act in the past.
    `show` makes results of what the operation returned for many orders, where that is not a result itself.
    """

    def operate(orders: Sequence[Order]) -> list[dict[str, Any] | DomainError]:
        lock(orders)
        now = clock.utcnow()
        answers = [_answer(operation, order, now) for order in orders]
        done = [answer for answer in answers if not isinstance(answer, DomainError)]
        shown = iter(show(done) if show and done else done)
        return [answer if isinstance(answer, DomainError) else next(shown) for answer in answers]

    return operate


def _answer(operation: Operation, order: Order, now: datetime) -> Any | DomainError:
    """Carry out one order of a batch. A refusal is an answer as long as nothing was changed before it."""
    database.keep()
    before = database.changes()
    try:
        return operation(order, now)
    except DomainError as refusal:
        if database.changes() != before:
            raise SpoiledError(refusal) from refusal
        return refusal
