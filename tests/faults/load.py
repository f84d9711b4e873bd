"""What overload sends: charges and joins over keep-alive connections, at a rate or as fast as they are answered."""

import asyncio
import itertools
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from cli.sale.wire import Answer, Connection, request_bytes
from tests.faults import verdict
from tests.faults.book import TERMINAL, Book, Promise
from tests.faults.probe import new_concert
from tests.faults.stack import Stack

CARRIED_SECONDS = 20.0
CARRIED_FANS = 64
MOST_UNDER_WAY = 300
PATIENCE = 20.0
# Of those accepted so many are watched until their outcome; watching all would be a load of its own.
WATCHED = 0.1
CHARGE, JOIN = "points.charge", "queue_token.issue"


@dataclass
class Load:
    """Charges, and a share of joins, sent over keep-alive connections, and what came of them."""

    stack: Stack
    book: Book
    joins: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    waits: list[tuple[float, float]] = field(default_factory=list)
    polls: list[tuple[float, float]] = field(default_factory=list)
    not_sent: int = 0
    busy: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._free: defaultdict[str, list[Connection]] = defaultdict(list)
        self._spoke_inside: WeakSet[Connection] = WeakSet()
        concert_id, _ = new_concert(self.stack, capacity=50, rows=1, seats=1, price=1)
        charge, join = {"amount": 1}, {"concert_id": concert_id}
        self._asked = {CHARGE: ("/v1/points/charges", charge), JOIN: ("/v1/queue-tokens", join)}
        self._numbers = itertools.count()
        self._users = [(f"fan-{number}", self.stack.token(f"fan-{number}")) for number in range(500)]
        self._host = f"127.0.0.1:{self.stack.port}"

    async def carried(self) -> float:
        """Return how many requests a second come to an outcome when as many are sent as are answered."""
        begun = time.monotonic()
        accepted = 0

        async def fan() -> None:
            nonlocal accepted
            while time.monotonic() - begun < CARRIED_SECONDS:
                got = await self.send()
                accepted += got is not None

        await asyncio.gather(*(fan() for _ in range(CARRIED_FANS)))
        await asyncio.to_thread(verdict.settle, self.stack, 60.0)
        return accepted / (time.monotonic() - begun)

    async def pour(self, per_second: float, seconds: float) -> None:
        """Send at a rate, whatever the answers; watch some until their outcome."""
        begun = time.monotonic()
        under_way: set[asyncio.Task[None]] = set()
        for number in itertools.count():
            due = begun + number / per_second
            if due - begun > seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(under_way) >= MOST_UNDER_WAY:
                self.not_sent += 1
                continue
            task = asyncio.create_task(self._one(watch=number % int(1 / WATCHED) == 0))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def _one(self, *, watch: bool) -> None:
        accepted = await self.send()
        if accepted and watch:
            await self.outcome(*accepted)

    async def send(self) -> tuple[str, str, str] | None:
        """Send one change; return the task's id, its operation and the identity when it was accepted."""
        number = next(self._numbers)
        user, token = self._users[number % len(self._users)]
        operation = JOIN if int((number + 1) * self.joins) > int(number * self.joins) else CHARGE
        path, body = self._asked[operation]
        answer = await self._exchange(operation, "POST", path, token, body)
        if answer is not None and _is_busy(answer):
            return None
        if answer is None or answer.status != 202:
            self.book.unsure[user, operation] += 1
            return None
        task_id = answer.json()["id"]
        self.book.promised(Promise(task_id, user, operation, None, body))
        return task_id, operation, token

    async def outcome(self, task_id: str, operation: str, token: str) -> bool:
        """Poll for an outcome, and time both the wait and the polls."""
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE * 3:
            asked = time.monotonic()
            answer = await self._exchange(operation, "GET", f"/v1/tasks/{task_id}", token)
            if answer is not None and answer.status == 200:
                self.polls.append((asked, time.monotonic() - asked))
                task = answer.json()
                if task["status"] in TERMINAL:
                    self.book.was_told(task)
                    self.waits.append((begun, time.monotonic() - begun))
                    return True
            is_busy = answer is not None and _is_busy(answer)
            await asyncio.sleep(float(answer.header("Retry-After") or 1) if answer and is_busy else 0.1)
        self.book.violated(f"{task_id} has no outcome after {PATIENCE * 3:.0f} s")
        return False

    async def _exchange(
        self, operation: str, method: str, path: str, token: str, body: dict[str, Any] | None = None
    ) -> Answer | None:
        free = self._free[operation]
        connection = free.pop() if free else None
        try:
            if connection is None or not connection.usable:
                loop = asyncio.get_running_loop()
                _, connection = await loop.create_connection(Connection, "127.0.0.1", self.stack.port)
            headers, content = {"Authorization": f"Bearer {token}"}, None if body is None else json.dumps(body).encode()
            request = request_bytes(method, path, self._host, headers, content)
            answer = await asyncio.wait_for(connection.exchange(request), PATIENCE)
        except (OSError, TimeoutError) as error:
            if connection is not None:
                connection.close()
            self.answers[f"{method} {type(error).__name__}"] += 1
            return None
        free.append(connection)
        self._note(operation, method, answer, connection)
        return answer

    def _note(self, operation: str, method: str, answer: Answer, connection: Connection) -> None:
        """Count an answer; to be refused is for the outside."""
        is_busy = _is_busy(answer)
        self.answers[f"{method} {answer.status}{' busy' if is_busy else ''}"] += 1
        if not is_busy:
            if operation == CHARGE:
                self._spoke_inside.add(connection)
            return
        is_inside = connection in self._spoke_inside
        self.busy[f"{operation} {method}, {'inside' if is_inside else 'outside'}"] += 1
        if is_inside:
            self.book.violated(f"{operation} {method} of the inside was refused as busy")


def _is_busy(answer: Answer) -> bool:
    return answer.status == 503 and bool(answer.json()["code"] == "busy")
