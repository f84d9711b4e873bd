"""Tasks as their owner sees them: the request's row, completed with what only the HTTP side knows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from api.credentials import Caller, genuine
from api.problems import ProblemError, problem_of_outcome
from api.token_signature import QueueTokenClaims, TokenSignature
from models import clock
from models.clock import to_rfc3339
from models.database import check_clock, read_session
from models.gathering import Gathering
from models.policy import Policy
from models.queue_token import Standing
from models.request import Accepted, Reader, Request

ISSUE = "queue_token.issue"


class TaskView:
    """Shows tasks; signs the queue token in the result of its issue, so that no server ever holds it."""

    def __init__(self, signature: TokenSignature, policy: Policy) -> None:
        """Take who signs queue tokens, and how long an ended one may still read."""
        self._signature, self._retention = signature, policy.retention
        self._tasks = Gathering(_tasks)

    @staticmethod
    def queued(operation: str, accepted: Accepted) -> dict[str, Any]:
        """Return the *Task* of a request that was accepted just now."""
        return {
            "id": str(accepted.id),
            "operation": operation,
            "status": "queued",
            "submitted_at": to_rfc3339(accepted.submitted_at),
            "finished_at": None,
            "result": None,
            "problem": None,
        }

    def find(self, task_id: UUID, caller: Caller) -> dict[str, Any]:
        """Return a *Task* of the caller's, who with a queue token sees what was asked for with one of its concert.

        Raises a `task_not_found` problem, for somebody else's too; `TokenInvalidError` and `TokenExpiredError` when the
        caller's queue token may read nothing any more.
        """
        if caller.token is not None:
            check_clock()
        task, standing = self._tasks((task_id, reader_of(caller)))
        if caller.token is not None:
            genuine(caller.token, standing).check_readable(clock.utcnow(), self._retention)
        if task is None:
            raise ProblemError(code="task_not_found", detail="There is no such task.")
        return self._shown(task)

    def find_all(self, wanted: Sequence[tuple[UUID, Reader]]) -> list[dict[str, Any] | None]:
        """Return the *Task* of each id and reader, read with one statement; None where there is none for them.

        Whether their queue tokens may still read was found out when they asked.
        """
        return [None if task is None else self._shown(task) for task, _ in _tasks(wanted)]

    def _shown(self, task: dict[str, Any]) -> dict[str, Any]:
        if task["problem"] is not None:
            task["problem"] = problem_of_outcome(task["problem"])
        elif task["result"] is not None and task["operation"] == ISSUE:
            task["result"] = self._with_token(task["result"])
        return task

    def _with_token(self, result: dict[str, Any]) -> dict[str, Any]:
        """Add the signed token to what the worker said of it."""
        issued_at = datetime.fromisoformat(result["issued_at"])
        claims = QueueTokenClaims(result["id"], result["concert_id"], result["place"], result["user_id"], issued_at)
        return {"token": self._signature.sign(claims), **result}


def reader_of(caller: Caller) -> Reader:
    """Return a caller as the one who asks for a task."""
    return Reader(caller.user_id, caller.token.id if caller.token else None)


def _tasks(wanted: Sequence[tuple[UUID, Reader]]) -> Sequence[tuple[dict[str, Any] | None, Standing | None]]:
    with read_session():
        return Request.tasks(wanted)
