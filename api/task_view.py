"""Tasks as their owner sees them: the request's row, completed with what only the HTTP side knows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from api.problems import ProblemError, problem_of_outcome
from api.token_signature import QueueTokenClaims, TokenSignature
from models.clock import to_rfc3339
from models.database import read_session
from models.gathering import Gathering
from models.request import Accepted, Request

ISSUE = "queue_token.issue"


class TaskView:
    """Shows tasks; signs the queue token in the result of its issue, so that no server ever holds it."""

    def __init__(self, signature: TokenSignature) -> None:
        """Take who signs queue tokens."""
        self._signature = signature
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

    def find(self, task_id: UUID, user_id: str) -> dict[str, Any]:
        """Return a user's *Task*. Raises a `task_not_found` problem, for somebody else's too."""
        task = self._tasks((task_id, user_id))
        if task is None:
            raise ProblemError(code="task_not_found", detail="There is no such task.")
        return self._shown(task)

    def find_all(self, wanted: Sequence[tuple[UUID, str]]) -> list[dict[str, Any] | None]:
        """Return the *Task* of each id and user, read with one statement; None where there is none."""
        return [None if task is None else self._shown(task) for task in _tasks(wanted)]

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


def _tasks(wanted: Sequence[tuple[UUID, str]]) -> Sequence[dict[str, Any] | None]:
    with read_session():
        return Request.tasks(wanted)
