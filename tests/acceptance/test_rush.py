"""Two hundred fans at once for fifty seats: each seat is sold once, and everybody else is told so."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.fixtures.stack import Stack

pytestmark = pytest.mark.acceptance

FANS, SEATS, PRICE = 200, 50, 1_000
PATIENCE = 120.0


class Fan:
    """One fan: joins, waits for his turn, goes for one seat after the other until he has one or all are gone."""

    def __init__(self, client: httpx.AsyncClient, identity: str, number: int) -> None:
        self.client, self.credential, self.number = client, identity, number
        self.until = time.monotonic() + PATIENCE

    async def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.credential}"}
        return await self.client.request(method, path, headers=headers, json=body)

    async def change(self, path: str, body: object) -> dict[str, Any]:
        accepted = await self.send("POST", path, body)
        assert accepted.status_code == 202, accepted.text
        while (task := (await self.send("GET", accepted.headers["Location"])).json())["status"] == "queued":
            assert time.monotonic() < self.until, task
            await asyncio.sleep(0.1)
        found: dict[str, Any] = task
        return found

    async def buy(self, concert_id: int, performance_id: int) -> str:
        """Return how it ended: `bought`, or the refusal of the last seat tried."""
        self.credential = (await self.change("/v1/queue-tokens", {"concert_id": concert_id}))["result"]["token"]
        while (await self.send("GET", "/v1/queue-tokens/current")).json()["status"] == "waiting":
            assert time.monotonic() < self.until
            await asyncio.sleep(0.2)
        assert (await self.change("/v1/points/charges", {"amount": PRICE}))["status"] == "done"
        seats = (await self.send("GET", f"/v1/performances/{performance_id}/seats")).json()["items"]
        wanted = seats[self.number % SEATS]["id"]
        held = await self.change("/v1/reservations", {"performance_id": performance_id, "seat_ids": [wanted]})
        if held["status"] != "done":
            return str(held["problem"]["code"])
        paid = await self.change("/v1/payments", {"reservation_id": held["result"]["id"]})
        return "bought" if paid["status"] == "done" else str(paid["problem"]["code"])


async def _rush(stack: Stack, concert_id: int, performance_id: int) -> Counter[str]:
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(base_url=stack.url, timeout=PATIENCE, limits=limits) as client:
        fans = [Fan(client, stack.token(f"rush-{number}"), number) for number in range(FANS)]
        return Counter(await asyncio.gather(*(fan.buy(concert_id, performance_id) for fan in fans)))


def _put_on_sale(stack: Stack) -> tuple[int, int]:
    now = datetime.now(UTC)
    performance = {
        "starts_at": (now + timedelta(days=9)).isoformat(),
        "reservable_from": (now - timedelta(days=1)).isoformat(),
        "reservable_until": (now + timedelta(days=8)).isoformat(),
        "sections": [{"name": "A", "rows": 5, "seats_per_row": SEATS // 5, "price": PRICE}],
    }
    body = {"title": "Rush", "venue": "Hall", "queue": {"capacity": FANS}, "performances": [performance]}
    headers = {"Authorization": f"Bearer {stack.token('seller', operator=True)}"}
    created = httpx.post(f"{stack.url}/v1/operator/concerts", json=body, headers=headers, timeout=30)
    assert created.status_code == 201, created.text
    return created.json()["id"], created.json()["performances"][0]["performance_id"]


def test_two_hundred_fans_for_fifty_seats(stack: Stack) -> None:
    concert_id, performance_id = _put_on_sale(stack)
    assert asyncio.run(_rush(stack, concert_id, performance_id)) == {"bought": SEATS, "seat_taken": FANS - SEATS}
    headers = {"Authorization": f"Bearer {stack.token('seller', operator=True)}"}
    stats = httpx.get(f"{stack.url}/v1/operator/concerts/{concert_id}/stats", headers=headers, timeout=30).json()
    assert (stats["seats_sold"], stats["seats_held"], stats["seats_available"]) == (SEATS, 0, 0)
    assert stats["revenue"] == SEATS * PRICE
    audit = subprocess.run(
        [sys.executable, "-m", "cli.main", "audit", "--data-dir", str(stack.data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert audit.returncode == 0, audit.stdout + audit.stderr
