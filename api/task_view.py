"""Tasks as their owner sees them: the request's row, completed with what only the HTTP side knows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from api.left_tokens import LeftTokens
from api.lines import tick_of
from api.problems import ProblemError, problem_of_outcome
from api.token_signature import QueueTokenClaims, TokenSignature
from models import clock
from models.clock import to_rfc3339
from models.database import read_session
from models.gathering import Gathering
from models.request import Accepted, Request

ISSUE, LEAVE = "queue_token.issue", "queue_token.leave"


class TaskView:
    """Shows tasks; signs the queue token in the result of its issue, so that no server ever holds it."""

    def __init__(self, signature: TokenSignature, left: LeftTokens) -> None:
        """Take who signs queue tokens, and which were given up a moment ago."""
        self._signature, self._left = signature, left
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
        if task["operation"] == LEAVE and _is_of_this_tick(task["finished_at"]) and not self._is_announced(task):
            # A poll may be answered from what was read earlier in this tick: shown now, the leave would seem undone.
            return {**task, "status": "queued", "finished_at": None, "result": None, "problem": None}
        if task["problem"] is not None:
            task["problem"] = problem_of_outcome(task["problem"])
        elif task["result"] is not None and task["operation"] == ISSUE:
            task["result"] = self._with_token(task["result"])
        return task

    def _is_announced(self, task: dict[str, Any]) -> bool:
        """Tell whether this process, and so its siblings, knows without asking that the token was left."""
        return task["result"] is not None and task["result"]["id"] in self._left

    def _with_token(self, result: dict[str, Any]) -> dict[str, Any]:
        """Add the signed token to what the worker said of it."""
        issued_at = datetime.fromisoformat(result["issued_at"])
        claims = QueueTokenClaims(result["id"], result["concert_id"], result["place"], result["user_id"], issued_at)
        return {"token": self._signature.sign(claims), **result}


def _tasks(wanted: Sequence[tuple[UUID, str]]) -> Sequence[dict[str, Any] | None]:
    with read_session():
        return Request.tasks(wanted)


def _is_of_this_tick(finished_at: str | None) -> bool:
    return finished_at is not None and tick_of(datetime.fromisoformat(finished_at)) == tick_of(clock.utcnow())
