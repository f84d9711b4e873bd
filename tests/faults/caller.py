"""How a fan calls the service: submit with or without a key, try again when unclear, poll or wait for the outcome."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from tests.faults.book import TERMINAL, Book, Promise, Wish

PATIENCE_SECONDS = 8.0
PATIENCE = httpx.Timeout(PATIENCE_SECONDS, connect=3.0)
# Who prefers to wait waits up to so many seconds.
LONGEST_WISH = 10
# Of those who wait so many hang up before the answer comes, and ask again.
HANGS_UP = 0.05
HANGS_UP_AFTER = (0.005, 0.3)
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
    """One fan's side of the wire; everything promised and told goes into the book.

    Who `waits` asks for the outcome in the answer (`Prefer: wait`), with changes and when reading tasks.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        book: Book,
        rng: random.Random,
        is_over: Callable[[], bool],
        *,
        waits: bool,
        longest_wish: int = LONGEST_WISH,
    ) -> None:
        self.client, self.book, self.rng, self.is_over = client, book, rng, is_over
        self.waits, self.longest_wish = waits, longest_wish

    async def change(  # They are what a request is made of.
        self, operation: str, user: str, token: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Submit a change and return its task, which may be finished. Raises RefusedError or GoneError."""
        key = uuid.UUID(int=self.rng.getrandbits(128)).hex if self.rng.random() < 0.8 else None
        sends = 2 if key and self.rng.random() < 0.1 else 1
        tasks = await asyncio.gather(
            *(self._submit(operation, user, token, method, path, body, key) for _ in range(sends))
        )
        return tasks[0]

    async def _submit(
        self,
        operation: str,
        user: str,
        token: str,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        key: str | None,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        while True:
            began, wish = time.monotonic(), self._wish()
            answer = await self._send(operation, method, path, headers, body, wish)
            if answer is not None and answer.status_code in {200, 202}:
                task: dict[str, Any] = answer.json()
                if task["operation"] != operation:
                    self.book.violated(f"{operation} of {user} was answered with {task}")
                self.book.promised(Promise(task["id"], user, operation, key, body))
                if answer.status_code == 200:
                    self._was_told_at_once(operation, task, answer, wish)
                    self.book.waited_out.append(time.monotonic() - began)
                return task
            if answer is not None and is_busy(answer):
                await self._come_back(answer)
                continue
            if answer is None or answer.status_code == 503:
                self.book.unsure[user, operation] += 1
                if key is None or self.is_over():
                    raise GoneError
            elif answer.status_code != 429:
                raise self._refusal(operation, answer)
            await asyncio.sleep(self.rng.uniform(0.2, 0.8))

    def _wish(self) -> Wish | None:
        """Return for how long a fan who waits prefers to this time; sometimes that is more patience than there is."""
        if not self.waits:
            return None
        hangs_up = self.rng.uniform(*HANGS_UP_AFTER) if self.rng.random() < HANGS_UP else None
        return Wish(self.rng.randint(1, self.longest_wish), hangs_up)

    def _was_told_at_once(self, what: str, task: dict[str, Any], answer: httpx.Response, wish: Wish | None) -> None:
        """Note a promise and its outcome in one answer, which only those get who asked for it."""
        if wish is None:
            self.book.violated(f"{what} {task['id']} was answered with its outcome to a fan who did not ask to wait")
        if answer.headers.get("Preference-Applied") != "wait" or task["status"] not in TERMINAL:
            self.book.violated(f"{what} was answered 200 with {dict(answer.headers)} and {task}")
        self.book.was_told(task)

    async def _come_back(self, answer: httpx.Response) -> None:
        """Wait as a busy service said. Raises GoneError when the run is over."""
        until = time.monotonic() + float(answer.headers["Retry-After"])
        while time.monotonic() < until:
            if self.is_over():
                raise GoneError
            await asyncio.sleep(0.2)

    async def outcome(self, task: dict[str, Any], token: str) -> dict[str, Any]:
        """Read until the task has its outcome, and return it. Raises GoneError when it takes too long."""
        if task["status"] in TERMINAL:
            return task
        begun = time.monotonic()
        while time.monotonic() - begun < OUTCOME_SECONDS:
            found = await self.look(task["id"], token)
            if found is not None and found["status"] in TERMINAL:
                self.book.waits.append(time.monotonic() - begun)
                return found
            await asyncio.sleep(self.rng.uniform(0.15, 0.5))
        raise GoneError

    async def look(self, task_id: str, token: str) -> dict[str, Any] | None:
        """Read a task once; None when the service did not answer."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self._send("task", "GET", f"/v1/tasks/{task_id}", headers, None, self._wish())
        if answer is None or answer.status_code in {429, 503}:
            return None
        if answer.status_code != 200:
            self.book.violated(f"task {task_id} was promised and is answered {answer.status_code}: {answer.text[:200]}")
            raise GoneError
        task: dict[str, Any] = answer.json()
        if task["id"] != task_id:
            self.book.violated(f"task {task_id} was asked for and {task['id']} was shown")
        self.book.was_told(task)
        return task

    async def read(self, path: str, token: str | None) -> dict[str, Any]:
        """Read something else, as often as it takes. Raises RefusedError, or GoneError at the end of the run."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        while True:
            answer = await self._send("read", "GET", path, headers, None)
            if answer is not None and answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
            if answer is not None and answer.status_code not in {429, 503}:
                raise self._refusal("read", answer)
            if self.is_over():
                raise GoneError
            if answer is not None and is_busy(answer):
                await self._come_back(answer)
            await asyncio.sleep(self.rng.uniform(0.2, 0.8))

    async def _send(
        self,
        operation: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: dict[str, Any] | None,
        wish: Wish | None = None,
    ) -> httpx.Response | None:
        began = Began()
        kind = "no answer"
        answer = None
        sent = headers | ({"Prefer": f"wait={wish.seconds}"} if wish else {})
        timeout = httpx.Timeout(PATIENCE_SECONDS + wish.seconds, connect=3.0) if wish else PATIENCE
        try:
            async with asyncio.timeout(wish.hangs_up_after if wish else None):
                answer = await self.client.request(
                    method, path, headers=sent, json=body, timeout=timeout, extensions={"trace": began.trace}
                )
            kind = _kind(answer)
        except TimeoutError:
            kind = "hung up"
        except httpx.HTTPError as error:
            kind = f"no answer ({type(error).__name__})"
            if wish and isinstance(error, httpx.ReadTimeout):
                self._note_wait(operation, began, wish)
        ended = time.monotonic()
        # A 503 waits for nothing, whatever was preferred.
        waited = wish is not None and not kind.startswith("503")
        self.book.answered(f"{kind}, waiting" if waited else kind, ended - began.at)
        if answer is None:
            return None
        if wish:
            self._note_wait(operation, began, wish)
        if answer.status_code == 503 and not is_busy(answer):
            self.book.unavailable.append((operation, time.strftime("%H:%M:%S"), began.at, ended))
        if answer.status_code >= 500 and answer.status_code != 503:
            self.book.violated(f"{operation} was answered {answer.status_code}: {answer.text[:300]}")
        return answer

    def _note_wait(self, operation: str, began: Began, wish: Wish) -> None:
        """Note how long a request that preferred to wait was open; also one that was never answered."""
        at, ended = time.strftime("%H:%M:%S"), time.monotonic()
        self.book.waiting.append((f"{operation} with wait={wish.seconds}", at, began.at, ended, float(wish.seconds)))

    def _refusal(self, operation: str, answer: httpx.Response) -> Exception:
        """Return the refusal; what no well-behaved fan can be told is a violation."""
        if answer.status_code >= 500:
            return GoneError()
        code = str(answer.json().get("code"))
        if code in {"token_invalid", "token_missing", "validation_failed", "not_found", "idempotency_key_reused"}:
            self.book.violated(f"{operation} of an honest fan was refused: {answer.text[:300]}")
        return RefusedError(code)


def is_busy(answer: httpx.Response) -> bool:
    """Tell whether an answer is the 503 of a service that has more to do than it can: nothing was accepted."""
    return answer.status_code == 503 and bool(answer.json().get("code") == "busy")


def _kind(answer: httpx.Response) -> str:
    return "503 busy" if is_busy(answer) else str(answer.status_code)
