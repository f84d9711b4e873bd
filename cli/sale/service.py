"""The service as a fan's program sees it: it asks, waits as told, and asks again when that is safe."""

import asyncio
import json
import random
import time
import uuid
from typing import Any

from cli.sale.record import Record
from cli.sale.wire import Answer, Pool, request_bytes

ATTEMPTS = 12
# How long the service is asked to keep a request until its outcome is there (`Prefer: wait`), in seconds.
WAIT = 10
LONGEST_WAIT = 30.0
TASK = "task"
TRY_AGAIN = frozenset({429, 502, 503, 504})


class FaultError(Exception):
    """The service did what its contract does not allow, or stayed away for too long."""


class Refused(Exception):  # noqa: N818 - a refusal is a correct answer, not an error.
    """The service said no; `code` and `status` are those of its problem body."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail", ""))
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.problem = problem


class Service:
    """Sends requests for everybody over one pool and writes every answer into the record."""

    def __init__(self, pool: Pool, record: Record, *, waits: bool = True) -> None:
        """Take the connections, where answers are written down, and whether outcomes are waited for or polled."""
        self.pool = pool
        self.record = record
        self.waits = waits

    def with_pool(self, pool: Pool) -> "Service":
        """Return the same service over other connections."""
        return Service(pool, self.record, waits=self.waits)

    async def ask(
        self, operation: str, method: str, path: str, bearer: str, body: dict[str, Any] | None = None
    ) -> Answer:
        """Send one request; raises Refused for a problem and FaultError when it stays without an answer.

        A change carries an Idempotency-Key that stays the same when it is sent again, so that an
        answer lost on the way costs nothing and changes nothing twice.
        """
        request = self._written(operation, method, path, bearer, body)
        attempt = 0
        while attempt < ATTEMPTS:
            answer = await self._send(operation, request)
            if answer is not None and answer.status not in TRY_AGAIN:
                return _good(operation, answer)
            if answer is not None and is_busy(answer):
                # Nothing is wrong: the service said when to come again, as often as it takes.
                self.record.busy[operation] += 1
            else:
                attempt += 1
            self.record.retries += 1
            await asyncio.sleep(_pause(answer, attempt))
        raise FaultError(f"{operation}: no answer after {ATTEMPTS} attempts")

    def _written(self, operation: str, method: str, path: str, bearer: str, body: dict[str, Any] | None) -> bytes:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        changes = method in ("POST", "DELETE")
        if changes:
            headers["Idempotency-Key"] = uuid.uuid4().hex
        if self.waits and (changes or operation == TASK):
            headers["Prefer"] = f"wait={WAIT}"
        content = None if body is None else json.dumps(body).encode()
        return request_bytes(method, self.pool.base + path, self.pool.authority, headers, content)

    async def _send(self, operation: str, request: bytes) -> Answer | None:
        started = time.monotonic()
        try:
            answer = await self.pool.exchange(request)
        except (ConnectionError, TimeoutError) as error:
            self.record.faults[f"{operation}: {type(error).__name__}"] += 1
            return None
        self.record.answered(operation, answer.status, time.monotonic() - started)
        return answer

    async def change(
        self, operation: str, method: str, path: str, bearer: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Submit a change and wait for its outcome, asking as told; returns the finished Task, raises Refused."""
        sent = time.monotonic()
        answer = await self.ask(operation, method, path, bearer, body)
        accepted = time.monotonic()
        where, task = answer.header("Location") or "", answer.json()
        while task.get("status", "queued") == "queued":
            await asyncio.sleep(told_to_wait(answer, 1.0))
            answer = await self.ask(TASK, "GET", where, bearer)
            task = answer.json()
        self.record.outcome(operation, sent, accepted)
        if task["status"] == "done":
            finished: dict[str, Any] = task
            return finished
        problem = task["problem"] or {}
        raise Refused(int(problem.get("status", 500)), problem)


def is_busy(answer: Answer) -> bool:
    """Tell whether the service refused because it is over its means, which is no fault."""
    return answer.status == 503 and b'"busy"' in answer.body


def _good(operation: str, answer: Answer) -> Answer:
    if answer.status < 400:
        return answer
    if answer.status >= 500:
        raise FaultError(f"{operation}: {answer.status}")
    raise Refused(answer.status, answer.json())


def _pause(answer: Answer | None, attempt: int) -> float:
    """Wait as told, else longer from one attempt to the next; never all fans at the same moment."""
    backoff = min(0.1 * 2**attempt, 5.0)
    told = told_to_wait(answer, backoff) if answer is not None else backoff
    return told + random.uniform(0, backoff)


def told_to_wait(answer: Answer, otherwise: float) -> float:
    """Read Retry-After in seconds; `otherwise` when it is missing or no number."""
    try:
        return min(max(float(answer.header("Retry-After") or ""), 0.0), LONGEST_WAIT)
    except ValueError:
        return otherwise
