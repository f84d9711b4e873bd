"""Health: whether this process is alive, and whether the service can do its work."""

from datetime import timedelta

import falcon
import redis

from api.caching import answer
from api.operation import operation
from api.schemas.health import AliveView, ReadyView
from api.wiring import Resource
from models.database import DatabaseUnavailableError, patience, read_session, rows
from workers.presence import present
from workers.queues import BrokerQueue

TAG = "Health"
PATIENCE = timedelta(seconds=1)
OK, AWAY = "ok", "unavailable"


class Alive(Resource):
    """`/healthz`."""

    @operation("Is the process alive?", tag=TAG, answers={200: AliveView})
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say so, without asking anybody else."""
        del req
        resp.set_header("Cache-Control", "no-store")
        answer(resp, {"status": OK})


class Ready(Resource):
    """`/readyz`."""

    @operation(
        "Can the service do its work?",
        tag=TAG,
        answers={200: ReadyView, 503: ReadyView},
        description="503 when the database is away. `degraded` when only the broker is, or workers are missing:"
        " requests are accepted then and carried out later.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Check each dependency, each for a second at most."""
        del req
        checks = {"database": _database(), **self._broker_and_workers()}
        if checks["database"] != OK:
            status, resp.status = AWAY, falcon.HTTP_503
            resp.set_header("Retry-After", "2")
        else:
            status = OK if set(checks.values()) == {OK} else "degraded"
        resp.set_header("Cache-Control", "no-store")
        answer(resp, {"status": status, "checks": checks})

    def _broker_and_workers(self) -> dict[str, str]:
        try:
            workers = present(self.wiring.broker)
        except redis.RedisError:
            return {"broker": AWAY, "workers": "unknown"}
        missing = [queue.value for queue in BrokerQueue if not workers.get(queue.value)]
        return {"broker": OK, "workers": f"missing: {', '.join(missing)}" if missing else OK}


def _database() -> str:
    try:
        with patience(PATIENCE), read_session():
            [(migrated,)] = rows("SELECT to_regclass('request') IS NOT NULL")
    except DatabaseUnavailableError:
        return AWAY
    return OK if migrated else "not migrated"
