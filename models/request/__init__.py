"""The request row: what was accepted, and its one outcome. It is the promise behind every 202."""

import json
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pony.orm import Json, Optional, PrimaryKey, Required

from models.clock import to_rfc3339
from models.database import DatabaseUnavailableError, Entity, change, keep_rows, rows
from models.errors import IdempotencyKeyReusedError
from models.order import Order
from models.queue_token import Standing
from models.request import statements
from models.request.records import REQUEST_MOVES, Accepted, Claimed, Outcome, Reader, RequestStatus, Submission

__all__ = ["REQUEST_MOVES", "Accepted", "Claimed", "Outcome", "Reader", "Request", "RequestStatus", "Submission"]


class Request(Entity):
    """One accepted request: its row is the task's row, its id the task's id."""

    _table_ = "request"
    id = PrimaryKey(UUID)
    operation = Required(str)
    user_id = Required(str)
    arguments = Required(Json)
    idempotency_key = Optional(str, nullable=True)
    fingerprint = Optional(str, nullable=True)
    status = Required(str)
    attempts = Required(int)
    submitted_at = Required(datetime, sql_type="timestamptz")
    due_at = Required(datetime, sql_type="timestamptz")
    finished_at = Optional(datetime, sql_type="timestamptz")
    result = Optional(Json, nullable=True)
    problem = Optional(Json, nullable=True)
    trace = Optional(Json, nullable=True)

    @staticmethod
    def write_down(submissions: Sequence[Submission]) -> list[bool]:
        """Write down requests, durably, with one statement; tell of each whether it was written.

        The session must not be in a transaction: when this returns, the rows are committed. Raises
        `DatabaseUnavailableError` when nothing was written. The statement itself leaves away a request whose client has
        stopped waiting, so a server that wakes up late does not carry out what he was told had failed.
        """
        columns = zip(*(submission.columns() for submission in submissions), strict=True)
        written = {id_ for (id_,) in statements.ACCEPT.rows(*map(list, columns))}
        return [submission.id in written for submission in submissions]

    @staticmethod
    def accepted(submission: Submission, *, written: bool) -> Accepted:
        """Return what a submission led to: itself when it was written, else the request that its key stands for.

        Refuses with `IdempotencyKeyReusedError`; raises `DatabaseUnavailableError` when nothing was accepted.
        """
        if written:
            return Accepted(submission.id, submission.at, replayed=False)
        found = Request.accepted_before(
            submission.operation, submission.user_id, submission.key, submission.fingerprint, submission.id
        )
        if found is None:
            message = "the request came too late to be accepted"
            raise DatabaseUnavailableError(message)
        return found

    @staticmethod
    def accepted_before(
        operation: str, user_id: str, key: str | None, fingerprint: str | None, request_id: UUID | None = None
    ) -> Accepted | None:
        """Return what a key (or this request) stands for, if anything. Refuses with `IdempotencyKeyReusedError`."""
        found = rows(statements.FIND_BY_KEY, id=request_id, operation=operation, user_id=user_id, key=key)
        if not found:
            return None
        earlier_id, submitted_at, earlier_fingerprint = found[0]
        if earlier_fingerprint != fingerprint:
            message = "This Idempotency-Key was used with another body."
            raise IdempotencyKeyReusedError(message)
        return Accepted(earlier_id, submitted_at, replayed=earlier_id != request_id)

    @staticmethod
    def tasks(wanted: Sequence[tuple[UUID, Reader]]) -> list[tuple[dict[str, Any] | None, Standing | None]]:
        """Return the contract's *Task* of each id and reader, and where the reader's queue token stands.

        The task is None for an unknown one, for somebody else's, and where the queue token may not see it.
        """
        ids, user_ids, token_ids = zip(*((id_, *reader) for id_, reader in wanted), strict=True)
        found = {}
        for row in statements.TASKS.rows(list(map(str, ids)), list(user_ids), list(token_ids)):
            asked, token, task = row[:3], row[3:_FIRST_OF_TASK], row[_FIRST_OF_TASK:]
            found[asked] = _task(asked[0], *task), Standing(*token) if token[0] is not None else None
        return [found[id_, *reader] for id_, reader in wanted]

    @staticmethod
    def claim(operation: str, *, now: datetime, lease: timedelta, limit: int) -> list[Claimed]:
        """Take requests in hand, and count the attempt before anything can go wrong.

        Up to `limit` fresh ones, oldest first, and one that a worker had before and that is due; nobody else takes
        them before `lease` is over. The session must not be in a transaction: when this returns, the
        count is committed and survives the worker.
        """
        claimed = statements.CLAIM.rows(operation, now, now + lease, limit)
        orders = [
            Claimed(_order(id_, user_id, arguments, submitted_at, trace), attempts)
            for id_, user_id, arguments, submitted_at, trace, attempts in claimed
        ]
        return sorted(orders, key=lambda claim: (claim.order.submitted_at, claim.order.request_id))

    @staticmethod
    def lock_queued(request_ids: Sequence[UUID]) -> set[UUID]:
        """Lock those requests that still have no outcome and that nobody else works on; return their ids.

        Another worker's claim locks, for as long as it runs, also what it then finds taken. So what seems to be
        worked on is asked for again before it is left to the other: left by both, it would wait for a lease's end.
        """
        locked: set[UUID] = set()
        for pause in (*_CLAIMS_LAST, None):
            left = [str(id_) for id_ in request_ids if id_ not in locked]
            locked |= {id_ for (id_,) in statements.LOCK_QUEUED.rows(left, RequestStatus.QUEUED.value)}
            if pause is None or len(locked) == len(request_ids):
                break
            _let_pass(pause)
        return locked

    @staticmethod
    def finish(outcomes: Sequence[Outcome], now: datetime) -> None:
        """Write outcomes, each once, with what the session changes besides.

        The commit raises Pony's `OptimisticCheckError` when a request already had one.
        """
        found = [
            {
                "request_id": str(outcome.request_id),
                "new_status": outcome.status.value,
                "new_result": _json_if(outcome, done=True),
                "new_problem": _json_if(outcome, done=False),
                "now": now,
                "queued": RequestStatus.QUEUED.value,
            }
            for outcome in outcomes
        ]
        if found:
            keep_rows(statements.FINISH, found)

    @staticmethod
    def postpone(request_id: UUID, due_at: datetime) -> None:
        """Let a request be tried again, not before `due_at`."""
        change("UPDATE request SET due_at = $due_at WHERE id = $id AND status = 'queued'", id=request_id, due_at=due_at)

    @staticmethod
    def give_back(request_ids: Sequence[UUID], due_at: datetime) -> None:
        """Take back the attempt that a claim counted: not for the request's sake could it not be carried out."""
        # As with the claim itself, nobody waits for a disk, which may be what is out of order.
        sql = """
            UPDATE request SET attempts = attempts - 1, due_at = $due_at
             WHERE id = ANY($ids::uuid[]) AND status = 'queued' AND attempts > 0
               AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
        """
        change(sql, ids=[str(id_) for id_ in request_ids], due_at=due_at)

    @staticmethod
    def undelivered(before: datetime) -> list[str]:
        """Return the operations that have requests due since before a moment."""
        sql = "SELECT DISTINCT operation FROM request WHERE status = 'queued' AND due_at <= $before"
        return [operation for (operation,) in rows(sql, before=before)]

    @staticmethod
    def purge(finished_before: datetime, limit: int) -> int:
        """Delete up to `limit` requests whose outcome is old enough; return how many."""
        return change(statements.PURGE, before=finished_before, limit=limit)


def _task(  # They are the columns.
    request_id: UUID,
    operation: str | None,
    status: str,
    submitted_at: datetime,
    finished_at: datetime | None,
    result: str | None,
    problem: str | None,
) -> dict[str, Any] | None:
    if operation is None:
        return None
    return {
        "id": str(request_id),
        "operation": operation,
        "status": status,
        "submitted_at": to_rfc3339(submitted_at),
        "finished_at": to_rfc3339(finished_at),
        "result": json.loads(result) if result else None,
        "problem": json.loads(problem) if problem else None,
    }


# Seconds; a claim lasts for a millisecond or two, on a busy machine for some more.
_CLAIMS_LAST = (0.002, 0.01, 0.05)


def _let_pass(seconds: float) -> None:
    threading.Event().wait(seconds)


# Before it come which task is wanted by whom, and where the reader's queue token stands.
_FIRST_OF_TASK = 3 + len(Standing._fields)


def _order(request_id: UUID, user_id: str, arguments: str, submitted_at: datetime, trace: str | None) -> Order:
    return Order(request_id, user_id, json.loads(arguments), submitted_at, json.loads(trace) if trace else {})


def _json_if(outcome: Outcome, *, done: bool) -> str | None:
    return json.dumps(outcome.body) if (outcome.status is RequestStatus.DONE) == done else None
