"""The operator of the load: pauses, closes or ends the line for a moment now and then, and opens it again."""

import asyncio
import contextlib
import random
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from tests.faults.book import Book


@dataclass
class Steering:
    """Steers one line until the run is over; `steered` counts what was done."""

    book: Book
    token: str
    concert_id: int
    seed: int
    is_over: Callable[[], bool]
    steered: Counter[str] = field(default_factory=Counter)

    async def run(self, client: httpx.AsyncClient) -> None:
        """Steer until the run is over."""
        rng = random.Random(self.seed + 1)
        while not self.is_over():
            await asyncio.sleep(rng.uniform(4, 8))
            await self._steer(client, rng.choice(["paused", "closed", "ended"]))
            await asyncio.sleep(rng.uniform(0.2, 1))
            await self._steer(client, "open")

    async def _steer(self, client: httpx.AsyncClient, state: str) -> None:
        path = f"/v1/operator/concerts/{self.concert_id}/queue"
        # Sent again with its key when no answer came, it is done once (verdict.py).
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid.uuid4().hex}
        while not self.is_over():
            with contextlib.suppress(httpx.HTTPError):
                answer = await client.patch(path, json={"state": state}, headers=headers)
                if answer.is_success:
                    self.steered[state] += 1
                    return
                if answer.status_code not in {429, 503}:
                    self.book.violated(f"the line could not be {state}: {answer.text[:200]}")
                    return
            await asyncio.sleep(0.5)
