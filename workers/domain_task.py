"""What every fan's task does around its operation, once: claim, transaction, retry, outcome.

A run takes every request of its operation that waits. Requests are carried out together in one
transaction, each with its own outcome; when anything but a refusal happens to one of them, the
transaction is rolled back and each is carried out alone, so nobody's fault is his neighbour's.
"""

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from celery import Task

from models import clock, database
from models.database import DatabaseUnavailableError, read_session, write_session
from models.errors import REFUSAL_OF_CONSTRAINT, DomainError
from models.order import Order
from models.request import Claimed, Outcome, Request
from workers import outcome, standby, tell, wake_up
from workers.app import app, settings
from workers.batch import Batch, Lock, Operation, Show, SpoiledError, one_by_one
from workers.broker import broker_of
from workers.queues import BrokerQueue

log = structlog.get_logger()
waker = wake_up.Waker(broker_of(settings))

# How many requests share a transaction. More would hold locks longer without saving much.
TOGETHER = 100
# So many at once tell of a crowd. Then more are let gather before the next batch, since a batch costs most of what it
# costs whatever its size; a request alone never waits.
CROWD = 4
GATHERING_SECONDS = 0.01
# A worker that was killed gives its requests back after this.
LEASE = timedelta(seconds=5)
MOST_ATTEMPTS = 5
# For so long a database that goes away is not taken for the request's doing.
BELIEVED_INNOCENT = timedelta(minutes=10)
BACK_OFF = timedelta(seconds=1)
CONTENTION_TRIES = 6
# After so long a run lets another operation of its broker queue have its turn, and wakes a successor when there is more
# to do. All turns of a task, those on standby included, must be over before its time limit.
LONGEST_RUN = 1.0


class DomainTask(Task):
    """A Celery task that carries out the waiting requests of one operation."""

    abstract = True
    operate: Batch
    broker_queue: BrokerQueue

    def wake(self, request_id: UUID) -> bool:
        """Tell the workers that a request waits; return whether the broker took the word. Never raises."""
        return wake_up.wake(self, request_id, broker_of(settings))

    def wake_soon(self, request_id: UUID) -> None:
        """Tell them from another thread, so that nobody waits for the broker."""
        waker.wake_soon(self, request_id)

    def drain(self) -> int:
        """Carry out what waits, until nothing is left or the run has been long enough; return how many."""
        wake_up.clear(self.name, broker_of(settings))
        database.check_clock()
        until = monotonic() + LONGEST_RUN
        finished = 0
        while claimed := self._claim():
            finished += len(claimed)
            try:
                self._carry_out(claimed)
            except DatabaseUnavailableError as away:
                self._give_back(claimed, away)
                raise
            if monotonic() > until:
                self.wake(claimed[-1].order.request_id)
                break
            if len(claimed) >= CROWD:
                threading.Event().wait(GATHERING_SECONDS)
        return finished

    def _claim(self) -> list[Claimed]:
        """Take fresh requests, many at once, and one that was in hand before: neither kind starves the other."""
        with read_session():
            return Request.claim(self.name, now=clock.utcnow(), lease=LEASE, limit=TOGETHER)

    def _carry_out(self, claimed: Sequence[Claimed]) -> None:
        """Carry out fresh requests together; one that was in hand before alone and last, as it may end this process."""
        fresh = [claim for claim in claimed if claim.attempts == 1]
        if fresh:
            self._carry_out_fresh(fresh)
        again = [claim for claim in claimed if claim.attempts > 1]
        if again:
            self._each_alone(again)

    def _carry_out_fresh(self, fresh: Sequence[Claimed]) -> None:
        try:
            return self._together([claim.order for claim in fresh])
        except DatabaseUnavailableError:
            # They were all claimed; whoever comes after the lease carries them out.
            raise
        except Exception as fault:  # noqa: BLE001  # Whatever it was, it shows again alone, and is logged there.
            log.info("batch_rolled_back", operation=self.name, requests=len(fresh), reason=repr(fault)[:200])
        return self._each_alone(fresh)

    def _give_back(self, claimed: Sequence[Claimed], away: DatabaseUnavailableError) -> None:
        """Uncount attempts that the database ended, not the requests: it may be away for longer than attempts last.

        An old request keeps its count, since one that itself brings the server down must stop some time.
        """
        now = clock.utcnow()
        young = [
            claim for claim in claimed if database.is_full(away) or now - claim.order.submitted_at < BELIEVED_INNOCENT
        ]
        # Where even this cannot be written, the attempt stays counted and the lease tells when the next one is due.
        with suppress(DatabaseUnavailableError), write_session():
            Request.give_back([claim.order.request_id for claim in young], now + BACK_OFF)

    def _each_alone(self, claimed: Sequence[Claimed]) -> None:
        for claim in claimed:
            self._alone(claim)

    def _together(self, orders: Sequence[Order]) -> None:
        """Carry out requests in one transaction with their outcomes."""
        with write_session():
            queued = Request.lock_queued([order.request_id for order in orders])
            orders = [order for order in orders if order.request_id in queued]
            outcomes = [
                outcome.refused(order, answer) if isinstance(answer, DomainError) else outcome.done(order, answer)
                for order, answer in zip(orders, self.operate(orders) if orders else (), strict=True)
            ]
            Request.finish(outcomes, clock.utcnow())
        tell.finished(self.name, orders, outcomes)

    def _alone(self, claim: Claimed) -> None:
        """Carry out one request; a refusal is rolled back before it is written down."""
        order = claim.order
        if claim.attempts > MOST_ATTEMPTS:
            log.error("request_given_up", operation=self.name, **tell.of(order))
            return self._finish(outcome.failed(order), order)
        try:
            self._try(order)
        except DomainError as refusal:
            self._finish(outcome.refused(order, refusal), order)
        except DatabaseUnavailableError:
            raise
        except Exception:  # A fault of ours: logged, tried again, in the end told.
            log.exception("request_failed", operation=self.name, **tell.of(order))
            self._try_later(claim)
        return None

    def _try(self, order: Order) -> None:
        for attempt in range(1, CONTENTION_TRIES + 1):
            try:
                return self._once(order)
            except SpoiledError as spoiled:
                raise spoiled.refusal from spoiled
            except Exception as error:
                refusal = REFUSAL_OF_CONSTRAINT.get(database.constraint(error) or "")
                if refusal:
                    message = "Somebody else was faster."
                    raise refusal(message, **_members(refusal, order)) from error
                if attempt == CONTENTION_TRIES or not database.is_contention(error):
                    raise
            threading.Event().wait(random.uniform(0.005, 0.02) * attempt)  # Jitter is no secret.
        return None

    def _once(self, order: Order) -> None:
        with write_session():
            if not Request.lock_queued([order.request_id]):
                return
            [answer] = self.operate([order])
            if isinstance(answer, DomainError):
                raise answer
            Request.finish([finished := outcome.done(order, answer)], clock.utcnow())
        tell.finished(self.name, [order], [finished])

    def _finish(self, finished: Outcome, order: Order) -> None:
        """Write an outcome whose operation changed nothing, unless another worker was faster."""
        with write_session():
            if not Request.lock_queued([finished.request_id]):
                return
            Request.finish([finished], clock.utcnow())
        tell.finished(self.name, [order], [finished])

    def _try_later(self, claim: Claimed) -> None:
        if claim.attempts >= MOST_ATTEMPTS:
            return self._finish(outcome.failed(claim.order), claim.order)
        with write_session():
            Request.postpone(claim.order.request_id, clock.utcnow() + BACK_OFF * claim.attempts)
        return None


def _members(refusal: type[DomainError], order: Order) -> dict[str, Any]:
    seat_ids = order.arguments.get("seat_ids")
    return {"seat_ids": seat_ids} if refusal.code == "seat_taken" and seat_ids else {}


def domain_task(
    name: str,
    queue: BrokerQueue,
    *,
    lock: Lock,
    show: Show | None = None,
) -> Callable[[Operation], DomainTask]:
    """Make a function of one order a task.

    `lock` locks ahead everything that orders will need; the operation is given the time after that. `show`
    makes results of what the operation returned for many orders, where that is not a result itself.
    """

    def make(operation: Operation) -> DomainTask:
        return batch_task(name, queue)(one_by_one(operation, lock=lock, show=show))

    return make


def batch_task(name: str, queue: BrokerQueue) -> Callable[[Batch], DomainTask]:
    """Make a function of many orders, which answers each, a task."""

    def make(operate: Batch) -> DomainTask:
        def run(self: DomainTask, request_id: str) -> None:
            structlog.contextvars.bind_contextvars(woken_by=request_id)
            self.drain()
            standby.stand_by(_tasks_of(queue), queue.value, broker_of(settings))

        task: DomainTask = app.task(name=name, bind=True, base=DomainTask, queue=queue.value, shared=False)(run)
        task.operate, task.broker_queue = operate, queue
        return task

    return make


def _tasks_of(queue: BrokerQueue) -> dict[str, DomainTask]:
    tasks = {name: task for name, task in app.tasks.items() if isinstance(task, DomainTask)}
    return {name: task for name, task in tasks.items() if task.broker_queue is queue}


def operations() -> list[str]:
    """Return the names of all operations that were imported."""
    return sorted(name for name, task in app.tasks.items() if isinstance(task, DomainTask))
