"""A floor: the textbook pipeline, one Celery task a request, its result polled through AsyncResult over HTTP.

It keeps nothing: no row, no idempotency, no effect. `BENCH_BROKER_URL` names the Redis server that is
broker and result backend.
"""

import os

import falcon
from celery import Celery
from celery.result import AsyncResult

BROKER_URL = os.environ["BENCH_BROKER_URL"]
celery = Celery("textbook", broker=BROKER_URL, backend=BROKER_URL)


@celery.task(name="textbook.nothing")
def nothing() -> dict[str, bool]:
    """Do nothing and say so."""
    return {"done": True}


class TasksResource:
    """Takes a request in."""

    def on_post(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Enqueue the task and tell where its outcome will be."""
        result = nothing.delay()
        resp.status = falcon.HTTP_202
        resp.location = f"/tasks/{result.id}"
        resp.media = {"id": result.id}


class TaskResource:
    """Tells an outcome."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        """Look the result up in the result backend."""
        result = AsyncResult(task_id, app=celery)
        status = result.status
        resp.media = {"id": task_id, "status": status, "result": result.result if status == "SUCCESS" else None}


application = falcon.App()
application.add_route("/tasks", TasksResource())
application.add_route("/tasks/{task_id}", TaskResource())
