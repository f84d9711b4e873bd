"""What a client of a benchmark does over and over: the same steps for us and for the floor."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

from api.token_signature import QueueTokenClaims
from bench.load import Client, Journey
from bench.seeding import Concert, Seeder
from cli.sale.wire import Answer, request_bytes

FIRST_PAUSE = 0.003
SHORTEST_PAUSE = 0.001
FIRST_SHARE, STEP_SHARE, STEP_GROWTH = 0.7, 0.15, 1.5


class Patience:
    """When to ask for an outcome: after most of the time the last one took, then in short steps.

    Polls are so few that they do not measure the polling, and the outcome is known soon after it is there.
    """

    def __init__(self) -> None:
        self.last: dict[int, float] = {}

    async def await_outcome(self, client: Client, request: bytes, pending: Callable[[Answer], bool]) -> Answer:
        """Poll with prepared bytes until the answer is no longer pending."""
        begun = time.perf_counter()
        usual = self.last.get(client.number, FIRST_PAUSE)
        pause, step = usual * FIRST_SHARE, max(SHORTEST_PAUSE, usual * STEP_SHARE)
        while True:
            await asyncio.sleep(pause)
            answer = await client.send(request)
            if not pending(answer):
                self.last[client.number] = time.perf_counter() - begun
                return answer
            pause, step = step, step * STEP_GROWTH


def _queued(answer: Answer) -> bool:
    return b'"queued"' in answer.body


def get(authority: str, requests: Sequence[tuple[str, dict[str, str]]]) -> Journey:
    """Return a journey that sends prepared GETs (path and headers), each client from another place in the list."""
    prepared = [request_bytes("GET", path, authority, headers) for path, headers in requests]
    turns: dict[int, int] = {}

    async def journey(client: Client) -> None:
        turn = turns.get(client.number, client.number * 37)
        turns[client.number] = turn + 1
        await client.send(prepared[turn % len(prepared)])

    return journey


def textbook(authority: str) -> Journey:
    """Return the floor's journey: submit a task, poll its AsyncResult."""
    patience = Patience()
    submit = request_bytes("POST", "/tasks", authority, {}, b"{}")

    async def journey(client: Client) -> None:
        accepted = await client.send(submit)
        poll = request_bytes("GET", f"/tasks/{accepted.json()['id']}", authority)
        await patience.await_outcome(client, poll, lambda answer: b'"SUCCESS"' not in answer.body)

    return journey


class OurPipeline:
    """Submits a change to our service and polls its task; `done` and `refused` count the outcomes."""

    def __init__(self, authority: str) -> None:
        self.authority = authority
        self.patience = Patience()
        self.done = 0
        self.refused = 0

    async def change(self, client: Client, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send one POST with an Idempotency-Key of its own and wait for its outcome."""
        keyed = {**headers, "Idempotency-Key": uuid.uuid4().hex}
        accepted = await client.ask("POST", path, keyed, body)
        location = accepted.header("Location")
        if accepted.status != 202 or location is None:
            raise RuntimeError(f"{path} answered {accepted.status}: {accepted.body[:300]!r}")
        poll = request_bytes("GET", location, self.authority, headers)
        answer = await self.patience.await_outcome(client, poll, _queued)
        self.done += b'"done"' in answer.body
        self.refused += b'"refused"' in answer.body
        return answer


class WaitingPipeline(OurPipeline):
    """Submits a change and is answered with its outcome (`Prefer: wait`); asks again only when that did not come."""

    async def change(self, client: Client, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send one POST with an Idempotency-Key of its own and wait for its outcome."""
        waiting = {**headers, "Prefer": "wait=10"}
        answer = await client.ask("POST", path, {**waiting, "Idempotency-Key": uuid.uuid4().hex}, body)
        location = answer.header("Location")
        while answer.status == 202 or _queued(answer):
            answer = await client.send(request_bytes("GET", location or "", self.authority, waiting))
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {answer.body[:300]!r}")
        self.done += b'"done"' in answer.body
        self.refused += b'"refused"' in answer.body
        return answer


def issue(pipeline: OurPipeline, seeder: Seeder, concert: Concert, names: Iterator[int]) -> Journey:
    """Return the journey of P1: a new user asks for a place in line and reads his token."""
    body = f'{{"concert_id": {concert.id}}}'.encode()

    async def journey(client: Client) -> None:
        headers = {"Authorization": f"Bearer {seeder.identity(f'issue-{next(names)}')}"}
        await pipeline.change(client, "/v1/queue-tokens", headers, body)

    return journey


def purchase(
    pipeline: OurPipeline, seeder: Seeder, concert: Concert, fans: Iterator[tuple[QueueTokenClaims, int]]
) -> Journey:
    """Return the journey of P2: a fan whose turn it is holds a seat of his own and pays for it."""

    async def journey(client: Client) -> None:
        fan, seat = _next(fans)
        headers = seeder.bearer(fan)
        held = await pipeline.change(client, "/v1/reservations", headers, hold_body(concert, seat))
        reservation = held.json()["result"]["id"]
        await pipeline.change(client, "/v1/payments", headers, f'{{"reservation_id": {reservation}}}'.encode())

    return journey


def hold(
    pipeline: OurPipeline, seeder: Seeder, concert: Concert, fans: Iterator[tuple[QueueTokenClaims, int]]
) -> Journey:
    """Return a journey of P8: a fan tries to hold one seat and reads what became of it."""

    async def journey(client: Client) -> None:
        fan, seat = _next(fans)
        await pipeline.change(client, "/v1/reservations", seeder.bearer(fan), hold_body(concert, seat))

    return journey


def hold_body(concert: Concert, seat: int) -> bytes:
    """Write the body of a hold of one seat."""
    return f'{{"performance_id": {concert.performance_id}, "seat_ids": [{seat}]}}'.encode()


def _next(fans: Iterator[tuple[QueueTokenClaims, int]]) -> tuple[QueueTokenClaims, int]:
    # A coroutine may not raise StopIteration itself.
    fan = next(fans, None)
    if fan is None:
        raise StopAsyncIteration
    return fan
