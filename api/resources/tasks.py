"""Tasks: what became of an accepted change."""

from uuid import UUID

import falcon

from api import lanes
from api.caching import answer
from api.credentials import Credential
from api.deferred_answers import APPLIED
from api.operation import operation
from api.schemas.tasks import TaskView
from api.task_view import reader_of
from api.wiring import Resource


class OneTask(Resource):
    """`/v1/tasks/{task_id}`."""

    @operation(
        "See what became of a request",
        tag="Tasks",
        credential=Credential.OWNER,
        answers={200: TaskView},
        waits=True,
        reads_standing=True,
        description="404 `task_not_found` for an unknown id and for somebody else's. A queue token sees what was asked"
        " for with a queue token of its concert; the results of `queue_token.issue` are the identity's alone. Poll as"
        " `Retry-After` says while"
        " `queued`, or wait for the outcome with `Prefer: wait`; outcomes are kept for 24 h unless the operator set"
        " another time.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, task_id: UUID) -> None:
        """Show one of the caller's tasks."""
        deferred_answers, caller = self.wiring.deferred_answers, req.context.caller
        deferred = deferred_answers.defer(req, task_id, reader_of(caller))
        try:
            task = self.wiring.tasks.find(task_id, caller)
        except BaseException:
            deferred_answers.cancel(req, deferred)
            raise
        if task["status"] == "queued":
            resp.set_header("Retry-After", "1")
        else:
            deferred_answers.cancel(req, deferred)
            if req.context.get("wait_seconds") is not None:
                resp.set_header(APPLIED, "wait")
        lanes.note_task(task["operation"], queued=task["status"] == "queued")
        answer(resp, task)
