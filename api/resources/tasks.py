"""Tasks: what became of an accepted change."""

from uuid import UUID

import falcon

from api.caching import answer
from api.credentials import Credential
from api.operation import operation
from api.schemas.tasks import TaskView
from api.wiring import Resource


class OneTask(Resource):
    """`/v1/tasks/{task_id}`."""

    @operation(
        "See what became of a request",
        tag="Tasks",
        credential=Credential.OWNER,
        answers={200: TaskView},
        description="404 `task_not_found` for an unknown id and for somebody else's. Poll as `Retry-After` says while"
        " `queued`; outcomes are kept for 24 h unless the operator set another time.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response, task_id: UUID) -> None:
        """Show one of the caller's tasks."""
        task = self.wiring.tasks.find(task_id, req.context.caller.user_id)
        if task["status"] == "queued":
            resp.set_header("Retry-After", "1")
        answer(resp, task)
