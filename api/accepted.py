"""Accepting a change: the only place in api/ that enqueues. The row is committed, then the workers are woken."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import falcon
import structlog
from pydantic_core import to_json

from api import lanes
from api.credentials import Caller
from api.deferred_answers import APPLIED, Deferred, DeferredAnswers
from api.problems import ProblemError
from api.task_view import TaskView, reader_of
from models import clock
from models.database import check_clock, read_session
from models.errors import DomainError
from models.gathering import Gathering
from models.request import Accepted, Request, Submission

log = structlog.get_logger(__name__)


class Acceptance:
    """Turns a checked request into a row and a 202."""

    def __init__(self, tasks: TaskView, deferred: DeferredAnswers) -> None:
        """Take who shows tasks, and who answers when an outcome is there."""
        self._tasks, self._deferred = tasks, deferred
        self._write_down = Gathering(_write_down)

    def accept(self, req: falcon.Request, resp: falcon.Response, **arguments: Any) -> None:
        """Accept the operation of this request with these arguments (JSON primitives) and answer 202.

        Raises `IdempotencyKeyReusedError`, and `DatabaseUnavailableError` when nothing was accepted. A broker
        that is away stops nothing: the request waits in its row.
        """
        check_clock()
        task, user_id = req.context.operation.accepts, req.context.caller.user_id
        key = req.context.idempotency_key
        submission = Submission.of(
            task.name,
            user_id,
            arguments,
            key=key,
            fingerprint=fingerprint_of(req) if key else None,
            at=clock.utcnow(),
            trace=_trace(req),
        )
        # Before anybody can finish it: an outcome that is announced earlier would be missed.
        owner = Caller(user_id)
        deferred = self._deferred.defer(req, submission.id, reader_of(owner))
        try:
            accepted = self._accepted(submission)
            if accepted.replayed:
                # Whoever may ask for it may learn what came of it, whichever credential it was first sent with.
                self._answer_again(req, resp, accepted.id, owner, deferred)
                return
        except BaseException:
            self._deferred.cancel(req, deferred)
            raise
        task.wake_soon(accepted.id)
        lanes.note_task(task.name, queued=True)
        log.debug("accepted", request_id=req.context.request_id, task_id=str(accepted.id), operation=task.name)
        _answer(resp, self._tasks.queued(task.name, accepted))

    def replay(self, req: falcon.Request, resp: falcon.Response) -> bool:
        """Answer with what this Idempotency-Key stands for; False when it stands for nothing that the caller may see.

        Raises `IdempotencyKeyReusedError`.
        """
        key, caller = req.context.idempotency_key, req.context.caller
        if not key:
            return False
        with read_session():
            earlier = Request.accepted_before(
                req.context.operation.accepts.name, caller.user_id, key, fingerprint_of(req)
            )
        if earlier is None:
            return False
        deferred = self._deferred.defer(req, earlier.id, reader_of(caller))
        try:
            self._answer_again(req, resp, earlier.id, caller, deferred)
        except (DomainError, ProblemError):
            self._deferred.cancel(req, deferred)
            return False
        except BaseException:
            self._deferred.cancel(req, deferred)
            raise
        return True

    def _accepted(self, submission: Submission) -> Accepted:
        if self._write_down(submission):
            return Request.accepted(submission, written=True)
        with read_session():
            return Request.accepted(submission, written=False)

    def _answer_again(
        self, req: falcon.Request, resp: falcon.Response, task_id: UUID, reader: Caller, deferred: Deferred | None
    ) -> None:
        if deferred is not None:
            self._deferred.retarget(deferred, task_id)
        task = self._tasks.find(task_id, reader)
        resp.set_header("Idempotent-Replayed", "true")
        if task["status"] == "queued":
            _answer(resp, task)
            return
        self._deferred.cancel(req, deferred)
        if req.context.get("wait_seconds") is None:
            _answer(resp, task)
        else:
            resp.set_header(APPLIED, "wait")
            resp.data = to_json(task)


def _write_down(submissions: Sequence[Submission]) -> Sequence[bool]:
    with read_session():
        return Request.write_down(submissions)


def _answer(resp: falcon.Response, task: dict[str, Any]) -> None:
    resp.status = falcon.HTTP_202
    resp.set_header("Location", f"/v1/tasks/{task['id']}")
    resp.set_header("Retry-After", "1")
    resp.data = to_json(task)


def _trace(req: falcon.Request) -> dict[str, str]:
    """Return what the workers' logs and traces must know of where a request came from."""
    found = {"request_id": req.context.request_id}
    traceparent = req.context.get("traceparent")
    return found if traceparent is None else {**found, "traceparent": traceparent}


def fingerprint_of(req: falcon.Request) -> str:
    """Identify what is asked for: the body, the ids in the path, and for a leave the token itself."""
    context = req.context
    asked = {name: str(value) for name, value in context.target.items()}
    body = context.get("body")
    if body is not None:
        asked["body"] = body.model_dump(mode="json")
    if not asked and context.caller.token is not None:
        asked["queue_token_id"] = context.caller.token.id
    return sha256(to_json(asked)).hexdigest()
