"""The service as a fan's program sees it: it asks, waits as told, and asks again when that is safe."""

import asyncio
import json
import random
import uuid
from typing import Any, Self

from cli.sale.closing import Closing
from cli.sale.connections import Way
from cli.sale.record import Record
from cli.sale.waiting import LONGEST_WAIT
from cli.sale.wire import Answer, request_bytes

ATTEMPTS = 12
ACCEPTED = 202
UNAVAILABLE = 503
TRY_AGAIN = frozenset({429, 502, UNAVAILABLE, 504})
CHANGES = frozenset({"POST", "DELETE"})
WAIT = {"Prefer": "wait=10"}
OUTSIDE = {"poll": "poll", "watch": "watch"}


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
    """Sends requests one way and writes every answer into the record.

    `lane` names whose requests they are, where not the crowd's outside. With `waits=False` it polls for
    outcomes instead of having the service wait: a benchmark's floor, not a setting.
    """

    def __init__(
        self, way: Way, record: Record, over: Closing | None = None, *, lane: str | None = None, waits: bool = True
    ) -> None:
        self.way = way
        self.record = record
        self.over = over or Closing()
        self.lane = lane
        self.waits = waits

    def own(self, lane: str | None) -> Self:
        """Return the service as one reaches it who has a connection of their own; to be closed."""
        return type(self)(self.way.own(), self.record, self.over, lane=lane, waits=self.waits)

    def close(self) -> None:
        """Close the connection, when it is somebody's own."""
        self.way.close()

    async def ask(
        self,
        operation: str,
        method: str,
        path: str,
        bearer: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request; raises Refused for a problem and FaultError when it stays without an answer.

        A change carries an Idempotency-Key that stays the same when it is sent again, so that an
        answer lost on the way costs nothing and changes nothing twice. Whoever is told that the service
        is busy comes again as told, however often, as long as the sale lasts.
        """
        sent = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        if method in CHANGES:
            sent["Idempotency-Key"] = uuid.uuid4().hex
        content = None if body is None else json.dumps(body).encode()
        sent.update(headers or {})
        request = request_bytes(method, self.way.base + path, self.way.authority, sent, content)
        attempt = 0
        while attempt < ATTEMPTS:
            answer = await self._send(operation, request)
            if answer is not None and answer.status not in TRY_AGAIN:
                return _good(operation, answer)
            if answer is not None and (problem := _busy(answer)) is not None:
                await self._told_busy(operation, answer, problem)
                continue
            self.record.retries += 1
            await asyncio.sleep(_pause(answer, attempt))
            attempt += 1
        raise FaultError(f"{operation}: no answer after {ATTEMPTS} attempts")

    async def _send(self, operation: str, request: bytes) -> Answer | None:
        started = self.record.now()
        try:
            answer = await self.way.exchange(request)
        except (ConnectionError, TimeoutError) as error:
            self.record.faults[f"{operation}: {type(error).__name__}"] += 1
            return None
        lane = self.lane or OUTSIDE.get(operation, "joins")
        self.record.answered(operation, answer.status, self.record.now() - started, lane)
        return answer

    async def _told_busy(self, operation: str, answer: Answer, problem: dict[str, Any]) -> None:
        self.record.busy[operation] += 1
        if self.over.is_set():
            raise Refused(UNAVAILABLE, problem)
        told = told_to_wait(answer, 1.0)
        await self.over.sleep(told + random.uniform(0, max(0.1, told / 10)))

    async def change(
        self, operation: str, method: str, path: str, bearer: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Submit a change and have the service wait for its outcome; asks for the task when that took too long.

        Returns the finished Task, raises Refused.
        """
        prefer = WAIT if self.waits else None
        sent = self.record.now()
        answer = await self.ask(operation, method, path, bearer, body, prefer)
        accepted = self.record.now() if answer.status == ACCEPTED else None
        where = answer.header("Location") or ""
        while answer.status == ACCEPTED or answer.json()["status"] == "queued":
            await asyncio.sleep(told_to_wait(answer, 1.0))
            answer = await self.ask("task", "GET", where, bearer, headers=prefer)
        task: dict[str, Any] = answer.json()
        self.record.service_clock.note(answer.header("Date"))
        self.record.outcome(operation, sent, accepted, task.get("submitted_at"))
        if task["status"] != "done":
            problem = task["problem"] or {}
            raise Refused(int(problem.get("status", 500)), problem)
        return task


def _good(operation: str, answer: Answer) -> Answer:
    if answer.status < 400:
        return answer
    if answer.status >= 500:
        raise FaultError(f"{operation}: {answer.status}")
    raise Refused(answer.status, answer.json())


def _busy(answer: Answer) -> dict[str, Any] | None:
    """Return the problem when the service says that it is over its means; nothing was accepted then."""
    if answer.status != UNAVAILABLE:
        return None
    try:
        problem = answer.json()
    except ValueError:
        return None
    return problem if isinstance(problem, dict) and problem.get("code") == "busy" else None


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
