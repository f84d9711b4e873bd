"""How a fan calls the service: submit with or without a key, try again when unclear, wait for the outcome."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from tests.faults.book import TERMINAL, Book, Promise

PATIENCE = httpx.Timeout(14.0, connect=3.0)
# Two of three fans would rather wait for an outcome (`Prefer: wait`), for so many seconds.
WAITS, WAIT_SECONDS = 2 / 3, (1, 2, 5)
# A request that waits is answered when its wait is over, and what any answer may take later.
LATEST_SECONDS = 6.0
# Within this time after the last fault everybody must have his outcome.
OUTCOME_SECONDS = 90.0


class GoneError(Exception):
    """The fan gives this journey up: an unclear answer to a send without a key, or the run is over."""


class RefusedError(Exception):
    """The service said no at once; `code` is the problem's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Began:
    """When a request was begun to be sent: not while it waited for a free connection of the crowd's own."""

    def __init__(self) -> None:
        self.at = time.monotonic()
        self._sending = False

    async def trace(self, event: str, _info: object) -> None:
        """Take what httpx tells of its steps."""
        if not self._sending and event.endswith(("connect_tcp.started", "send_request_headers.started")):
            self.at, self._sending = time.monotonic(), True


class Caller:
    """One fan's side of the wire; everything promised and told goes into the book."""

    def __init__(self, client: httpx.AsyncClient, book: Book, rng: random.Random, is_over: Callable[[], bool]) -> None:
        self.client, self.book, self.rng, self.is_over = client, book, rng, is_over

    async def change(  # They are what a request is made of.
        self, operation: str, user: str, token: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> str:
        """Submit a change and return its task id. Raises RefusedError or GoneError."""
        key = uuid.UUID(int=self.rng.getrandbits(128)).hex if self.rng.random() < 0.8 else None
        sends = 2 if key and self.rng.random() < 0.1 else 1
        ids = await asyncio.gather(
            *(self._submit(operation, user, token, method, path, body, key) for _ in range(sends))
        )
        return ids[0]

    async def _submit(
        self,
        operation: str,
        user: str,
        token: str,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        key: str | None,
    ) -> str:
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        while True:
            answer = await self._send(operation, method, path, headers | self._preference(), body)
            if answer is None or answer.status_code == 503:
                self.book.unsure[user, operation] += 1
                if key is None or self.is_over():
                    raise GoneError
            elif answer.status_code in {200, 202}:
                task = answer.json()
                self.book.promised(Promise(task["id"], user, operation, key, body))
                if answer.status_code == 200:
                    self._finished(task, answer)
                return str(task["id"])
            elif answer.status_code != 429:
                raise self._refusal(operation, answer)
            await asyncio.sleep(self.rng.uniform(0.2, 0.8))

    def _preference(self) -> dict[str, str]:
        return {"Prefer": f"wait={self.rng.choice(WAIT_SECONDS)}"} if self.rng.random() < WAITS else {}

    def _finished(self, task: dict[str, Any], answer: httpx.Response) -> None:
        """Note an outcome that came with the answer to its request; 200 must not say anything else."""
        if task["status"] not in TERMINAL or answer.headers.get("Preference-Applied") != "wait":
            self.book.violated(f"a change was answered 200 and is {task['status']}: {answer.headers}")
        self.book.was_told(task)

    async def outcome(self, task_id: str, token: str) -> dict[str, Any]:
        """Poll until the task has its outcome, and return the task. Raises GoneError when it takes too long."""
        begun = time.monotonic()
        while time.monotonic() - begun < OUTCOME_SECONDS:
            task = await self.look(task_id, token)
            if task is not None and task["status"] in TERMINAL:
                self.book.waits.append(time.monotonic() - begun)
                return task
            await asyncio.sleep(self.rng.uniform(0.15, 0.5))
        raise GoneError

    async def look(self, task_id: str, token: str) -> dict[str, Any] | None:
        """Read a task once; None when the service did not answer."""
        headers = {"Authorization": f"Bearer {token}"} | self._preference()
        answer = await self._send("task", "GET", f"/v1/tasks/{task_id}", headers, None)
        if answer is None or answer.status_code in {429, 503}:
            return None
        if answer.status_code != 200:
            self.book.violated(f"task {task_id} was promised and is answered {answer.status_code}: {answer.text[:200]}")
            raise GoneError
        task: dict[str, Any] = answer.json()
        self.book.was_told(task)
        return task

    async def read(self, path: str, token: str) -> dict[str, Any]:
        """Read something else, as often as it takes. Raises RefusedError, or GoneError at the end of the run."""
        while True:
            answer = await self._send("read", "GET", path, {"Authorization": f"Bearer {token}"}, None)
            if answer is not None and answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
            if answer is not None and answer.status_code not in {429, 503}:
                raise self._refusal("read", answer)
            if self.is_over():
                raise GoneError
            await asyncio.sleep(self.rng.uniform(0.2, 0.8))

    async def _send(
        self, operation: str, method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> httpx.Response | None:
        began = Began()
        kind = "no answer"
        answer = None
        try:
            extensions = {"trace": began.trace}
            answer = await self.client.request(method, path, headers=headers, json=body, extensions=extensions)
            kind = str(answer.status_code)
        except httpx.HTTPError as error:
            kind = f"no answer ({type(error).__name__})"
        ended = time.monotonic()
        self.book.answered(kind, ended - began.at)
        wait = float(headers.get("Prefer", "wait=0").removeprefix("wait="))
        if answer is not None and wait and ended - began.at > wait + LATEST_SECONDS:
            self.book.late.append((operation, time.strftime("%H:%M:%S"), began.at, ended - wait))
        if answer is not None and answer.status_code == 503:
            self.book.unavailable.append((operation, time.strftime("%H:%M:%S"), began.at, ended))
        if answer is not None and answer.status_code >= 500 and answer.status_code != 503:
            self.book.violated(f"{operation} was answered {answer.status_code}: {answer.text[:300]}")
        return answer

    def _refusal(self, operation: str, answer: httpx.Response) -> Exception:
        """Return the refusal; what no well-behaved fan can be told is a violation."""
        if answer.status_code >= 500:
            return GoneError()
        code = str(answer.json().get("code"))
        if code in {"token_invalid", "token_missing", "validation_failed", "not_found", "idempotency_key_reused"}:
            self.book.violated(f"{operation} of an honest fan was refused: {answer.text[:300]}")
        return RefusedError(code)
