"""The application on a real database, with the workers' tasks run in this process when a test says so."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from typing import Any

import falcon.testing
import jwt
import pytest
from pydantic import BaseModel

# The workers read their settings when they are imported; nothing here may reach a broker of the machine.
os.environ.setdefault("FRONTROW_DEMO", "1")
os.environ.setdefault("FRONTROW_BROKER_URL", "redis+socket:///nonexistent/valkey.sock")

SECRET = "integration-tests-integration-tests"
TASKS = ("issue", "leave", "hold", "release", "charge", "pay", "refund")


class Answer:
    """One answer: its status, headers, and body read as JSON where it is JSON."""

    def __init__(self, result: falcon.testing.Result) -> None:
        self.status, self.headers, self.text = result.status_code, result.headers, result.text
        self.is_json = "json" in (self.headers.get("content-type") or "") and bool(result.content)
        self.body: Any = result.json if self.is_json else None

    @property
    def code(self) -> str | None:
        return self.body.get("code") if isinstance(self.body, dict) else None

    def __repr__(self) -> str:
        return f"<{self.status} {self.text[:400]}>"


class Service:
    """A client of the application that holds every answer against the documented shapes."""

    def __init__(self, url: str) -> None:
        from api.app import create_app
        from api.token_signature import TokenSignature
        from settings import Settings

        self.settings = Settings(
            database_url=url, broker_url=os.environ["FRONTROW_BROKER_URL"], demo=True, secret=SECRET
        )
        self.app = create_app(self.settings)
        self.client = falcon.testing.TestClient(self.app)
        self.app_signature = TokenSignature(self.settings.secret)
        self._users = count(1)

    # --- speaking HTTP -----------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, token: str | None = None, body: object = None, **more: Any) -> Answer:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        answer = Answer(self.client.simulate_request(method, path, headers=headers, **more))
        check_shape(method, path.partition("?")[0], answer)
        return answer

    def raw(self, method: str, path: str, token: str | None, body: str | bytes, headers: dict[str, str]) -> Answer:
        """Send a body as it is; an empty Content-Length leaves the header away."""
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **headers}
        environ = {"CONTENT_LENGTH": ""} if sent.pop("Content-Length", None) == "" else {}
        result = self.client.simulate_request(method, path, headers=sent, body=body, extras=environ)
        return Answer(result)

    def get(self, path: str, token: str | None = None, **more: Any) -> Answer:
        return self.call("GET", path, token, **more)

    def post(self, path: str, token: str | None = None, body: object = None, **more: Any) -> Answer:
        return self.call("POST", path, token, body, **more)

    def delete(self, path: str, token: str | None = None, **more: Any) -> Answer:
        return self.call("DELETE", path, token, **more)

    # --- credentials -------------------------------------------------------------------------------------------------

    def user(self, name: str = "fan") -> str:
        return f"{name}-{next(self._users)}"

    def identity(self, user: str, *, secret: str = SECRET, ttl: float = 3600, **claims: Any) -> str:
        payload = {"sub": user, "exp": datetime.now(UTC) + timedelta(seconds=ttl), **claims}
        return jwt.encode({name: value for name, value in payload.items() if value is not None}, secret, "HS256")

    @property
    def operator(self) -> str:
        return self.identity("boss", scope="operator")

    # --- the workers' side -------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Carry out whatever was accepted."""
        from workers import payments, points, queue_tokens, reservations

        found = {**vars(payments), **vars(points), **vars(queue_tokens), **vars(reservations)}
        for name in TASKS:
            found[name].drain()

    def promote(self) -> int:
        from workers.queue_tokens import promote_waiting

        return int(promote_waiting.tidy())

    def sql(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        from models.database import db, write_session

        with write_session():
            cursor = db._exec_raw_sql(statement, {}, parameters, 0, start_transaction=True)
            return list(cursor.fetchall()) if cursor.description else []

    # --- the steps of a fan ------------------------------------------------------------------------------------------

    def outcome(self, accepted: Answer, token: str) -> dict[str, Any]:
        """Carry out what was accepted and return its task."""
        assert accepted.status == 202, accepted
        self.work()
        until = monotonic() + 5
        while (task := self.get(accepted.headers["location"], token)).body.get("status") == "queued":
            # A leave is told in the tick after it.
            assert monotonic() < until, task
        assert task.status == 200, task
        found: dict[str, Any] = task.body
        return found

    def result(self, accepted: Answer, token: str) -> dict[str, Any]:
        task = self.outcome(accepted, token)
        assert task["status"] == "done", task
        found: dict[str, Any] = task["result"]
        return found

    def concert(self, *, rows: int = 2, seats_per_row: int = 10, price: int = 50_000, **queue: Any) -> dict[str, Any]:
        now = datetime.now(UTC)
        body = {
            "title": "Night at the Park",
            "venue": "Olympic Hall",
            "queue": {"capacity": 100, **queue},
            "performances": [
                {
                    "starts_at": (now + timedelta(days=30)).isoformat(),
                    "reservable_from": (now - timedelta(days=1)).isoformat(),
                    "reservable_until": (now + timedelta(days=29)).isoformat(),
                    "sections": [{"name": "A", "rows": rows, "seats_per_row": seats_per_row, "price": price}],
                }
            ],
        }
        created = self.post("/v1/operator/concerts", self.operator, body)
        assert created.status == 201, created
        found: dict[str, Any] = created.body
        return found

    def join(self, concert_id: int, user: str) -> dict[str, Any]:
        identity = self.identity(user)
        return self.result(self.post("/v1/queue-tokens", identity, {"concert_id": concert_id}), identity)

    def waiting(self, concert_id: int, user: str | None = None) -> str:
        token: str = self.join(concert_id, user or self.user())["token"]
        return token

    def active(self, concert_id: int, user: str | None = None) -> str:
        token = self.waiting(concert_id, user)
        self.promote()
        return token

    def seats(self, performance_id: int, token: str) -> list[int]:
        found = self.get(f"/v1/performances/{performance_id}/seats", token, params={"status": "available"})
        assert found.status == 200, found
        return [seat["id"] for seat in found.body["items"]]

    def hold(self, performance_id: int, token: str, seat_ids: list[int] | None = None) -> dict[str, Any]:
        wanted = seat_ids or self.seats(performance_id, token)[:1]
        body = {"performance_id": performance_id, "seat_ids": wanted}
        return self.result(self.post("/v1/reservations", token, body), token)

    def charge(self, amount: int, token: str) -> dict[str, Any]:
        return self.result(self.post("/v1/points/charges", token, {"amount": amount}), token)

    def charge_task(self, bearer: str) -> str:
        """Charge a point and return the task's id."""
        task_id: str = self.outcome(self.post("/v1/points/charges", bearer, {"amount": 1}), bearer)["id"]
        return task_id

    def ended(self, concert_id: int, status: str, user: str | None = None, *, hours: float = 25) -> str:
        """Return a token that ended so many hours ago."""
        token = self.active(concert_id, user)
        self.end(token, status, hours=hours)
        return token

    def end(self, token: str, status: str, *, hours: float) -> None:
        """Let a token have ended so many hours ago, whatever became of it since."""
        read = self.app_signature.read(token)
        assert read is not None
        self.sql(
            "UPDATE queue_token SET status = $status, expires_at = now() - $hours * interval '1 hour',"
            " ended_at = now() - $hours * interval '1 hour' WHERE id = $id",
            id=read.id,
            status=status,
            hours=hours,
        )

    def buy(self, concert: dict[str, Any], user: str) -> tuple[str, dict[str, Any]]:
        """Take a fan through everything; return the (completed) token and the booking."""
        token = self.active(concert["id"], user)
        reservation = self.hold(concert["performances"][0]["performance_id"], token)
        self.charge(reservation["amount"] or 1, token)
        paid = self.post("/v1/payments", token, {"reservation_id": reservation["id"]})
        return token, self.result(paid, token)


def check_shape(method: str, path: str, answer: Answer) -> None:
    """Hold an answer against what the documentation says of its operation."""
    from api.openapi import codes_of
    from api.openapi_shapes import declared
    from api.problem_codes import PROBLEMS
    from api.schemas.tasks import ProblemView, TaskView

    if answer.headers.get("content-type") == "application/problem+json":
        problem = ProblemView.model_validate(answer.body)
        assert problem.status == answer.status == PROBLEMS[problem.code].status
        assert problem.type == f"/problems/{problem.code}"
        assert "Traceback" not in answer.text
        assert "SELECT" not in answer.text
    for known, verb, operation in declared():
        if verb != method or not _matches(known, path):
            continue
        if answer.status >= 400 and answer.code:
            assert answer.code in codes_of(known, operation), (known, answer)
        elif answer.status == 202:
            _check_result(TaskView.model_validate(answer.body), operation.result)
        elif answer.is_json and operation.answers.get(answer.status):
            operation.answers[answer.status].model_validate_json(answer.text)
            if operation.answers[answer.status] is TaskView and answer.body["status"] == "done":
                _check_result(TaskView.model_validate(answer.body), None)
        return


def _check_result(task: Any, shape: type[BaseModel] | None) -> None:
    from api.openapi_shapes import declared

    shapes = {operation.accepts.name: operation.result for _, _, operation in declared() if operation.accepts}
    if task.status == "done":
        (shape or shapes[task.operation]).model_validate(task.result)
    if task.status == "refused":
        assert task.problem.status >= 400


def _matches(known: str, path: str) -> bool:
    steps, given = known.split("/"), path.split("/")
    literal = [step for step in steps if not step.startswith("{")]
    if len(steps) != len(given):
        return False
    pairs = zip(steps, given, strict=True)
    return all(step == one or step.startswith("{") for step, one in pairs) and (
        path == known or "{" in known or literal == given
    )


@pytest.fixture(scope="module")
def service(new_database: Callable[[str], str]) -> Service:
    """The application on an empty database that the tests of a module share; each takes users of its own."""
    return Service(new_database("frontrow_test"))


@pytest.fixture(autouse=True, scope="module")
def lines_of_this_moment() -> Iterator[None]:
    """Let every poll see the line as it is now, not as it was up to half a second ago; a module's world, too."""
    from api import lines

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "TICK", timedelta(microseconds=1))
        yield


@pytest.fixture(scope="module")
def concert(service: Service) -> dict[str, Any]:
    """A concert with room for everybody and twenty seats."""
    return service.concert()
