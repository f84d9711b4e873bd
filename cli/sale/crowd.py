"""Runs a whole sale: opens it, lets the fans in as they arrive, watches it, closes it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cli.sale.fan import Fan
from cli.sale.plan import FanPlan
from cli.sale.record import Record
from cli.sale.service import FaultError, Refused, Service
from cli.sale.ways import Ways


@dataclass(frozen=True, slots=True)
class Sale:
    """An opened concert. `operator` is a JWT with the operator's scope, `identity` makes a fan's from their user id."""

    concert_id: int
    operator: str
    identity: Callable[[str], str]
    at_most: float

    def user(self, number: int) -> str:
        """Return the user id of the fan with that number; no other sale has the same."""
        return f"sale-{self.concert_id}-{number}"


async def run(sale: Sale, plans: list[FanPlan], ways: Ways, record: Record) -> None:
    """Live through the sale until every fan is through, all is sold, or `at_most` seconds are over."""
    service = ways.near()
    cpu = time.process_time()
    over = asyncio.Event()
    watcher = asyncio.create_task(_watch(sale, service, record, over))
    async with asyncio.TaskGroup() as fans:
        for plan in plans:
            await asyncio.sleep(plan.arrives - record.now())
            if over.is_set():
                break
            identity = sale.identity(sale.user(plan.number))
            fan = Fan(plan, identity, sale.concert_id, ways, over)
            record.arrived += 1
            fans.create_task(fan.go())
        record.arrived_at = record.now()
    over.set()
    await watcher
    service.pool.close()
    record.over_at = record.over_at or record.now()
    record.own_cpu = time.process_time() - cpu


async def _watch(sale: Sale, service: Service, record: Record, over: asyncio.Event) -> None:
    """Sample the operator's stats once a second and end the sale when its time has come."""
    while not over.is_set():
        try:
            stats = await _stats(sale, service)
        except (FaultError, Refused) as error:
            record.faults[f"stats: {error}"] += 1
        else:
            record.sample(stats)
            if stats["seats_sold"] >= record.seats or record.now() > sale.at_most:
                record.over_at = record.now()
                over.set()
        await asyncio.sleep(1)
    record.sample(await _stats(sale, service))


async def _stats(sale: Sale, service: Service) -> dict[str, Any]:
    path = f"/v1/operator/concerts/{sale.concert_id}/stats"
    answer = await service.ask("stats", "GET", path, sale.operator)
    stats: dict[str, Any] = answer.json()
    return stats
