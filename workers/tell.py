"""What became of requests, told: one log line for what was committed at once, and the counts of the metrics."""

from collections.abc import Sequence
from typing import Any

import structlog
from celery.signals import worker_process_shutdown

from models import clock
from models.order import Order
from models.request import Outcome, RequestStatus
from workers import changes, outcome_channel
from workers.app import settings
from workers.broker import broker_of
from workers.tally import Histogram, Tally
from workers.traces import traces_of

log = structlog.get_logger()
tally = Tally(broker_of(settings))
traces = traces_of(settings)

FINISHED = "requests_finished"
LEAVE = "queue_token.leave"
# From accepted to outcome. Most take hundredths of a second; a minute means that workers were away.
SECONDS = Histogram("request_outcome_seconds", (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0))


@worker_process_shutdown.connect(weak=False)
def hand_over(**_: Any) -> None:
    """Lose no count and no span with a process that ends."""
    tally.flush()
    if traces is not None:
        traces.flush()


def of(order: Order) -> dict[str, str]:
    """Return what a log line says of one request: the task's id, and the X-Request-ID it came with."""
    return {"task_id": str(order.request_id), "request_id": order.trace.get("request_id", "-")}


def finished(operation: str, orders: Sequence[Order], outcomes: Sequence[Outcome]) -> None:
    """Tell the outcomes of orders (in their order), which were committed together a moment ago.

    One line: under load one a request would cost more than the work. Its lists are in the same order.
    """
    if not outcomes:
        return
    _announce(operation, orders, outcomes)
    codes = [_code(outcome) for outcome in outcomes]
    log.info(
        FINISHED,
        operation=operation,
        count=len(outcomes),
        task_ids=",".join(str(order.request_id) for order in orders),
        request_ids=",".join(order.trace.get("request_id", "-") for order in orders),
        outcomes=",".join(codes),
    )
    now = clock.utcnow()
    for order, outcome, code in zip(orders, outcomes, codes, strict=True):
        status, reason = outcome.status.value, "" if outcome.status is RequestStatus.DONE else code
        seconds = (now - order.submitted_at).total_seconds()
        tally.observe(SECONDS, seconds, operation, also=(FINISHED, operation, status, reason))
        if traces is not None:
            traces.finished(operation, order, status, reason, now)


def _announce(operation: str, orders: Sequence[Order], outcomes: Sequence[Outcome]) -> None:
    done = [order for order, one in zip(orders, outcomes, strict=True) if one.status is RequestStatus.DONE]
    outcome_channel.announce(
        broker_of(settings),
        [outcome.request_id for outcome in outcomes],
        left_token_ids=[order.arguments["queue_token_id"] for order in done] if operation == LEAVE else (),
        seats_changed=bool(done) and operation in changes.OF_SEATS,
    )


def _code(outcome: Outcome) -> str:
    return str(outcome.status.value if outcome.status is RequestStatus.DONE else outcome.body["code"])
