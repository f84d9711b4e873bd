"""Runs a whole sale: opens it, lets the fans in as they arrive, watches it, closes it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from cli.sale.closing import Closing
from cli.sale.connections import Way
from cli.sale.fan import Fan
from cli.sale.plan import FanPlan
from cli.sale.record import Record
from cli.sale.service import FaultError, Refused, Service


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


@dataclass(frozen=True, slots=True)
class Manners:
    """Whether fans wait as they are told, and have the service wait for outcomes: both, but in a benchmark's floor."""

    paced: bool = True
    waits: bool = True


POLITE = Manners()


async def run(sale: Sale, plans: list[FanPlan], way: Way, record: Record, manners: Manners = POLITE) -> None:
    """Live through the sale until every fan is through, all is sold, or `at_most` seconds are over."""
    over = Closing()
    service = Service(way, record, over, waits=manners.waits)
    cpu = time.process_time()
    watcher = asyncio.create_task(_watch(sale, service.own("operator"), record, over))
    async with asyncio.TaskGroup() as fans:
        for plan in plans:
            await over.sleep(plan.arrives - record.now())
            if over.is_set():
                break
            identity = sale.identity(sale.user(plan.number))
            fan = Fan(plan, identity, sale.concert_id, service, record, over, paced=manners.paced)
            record.arrived += 1
            fans.create_task(fan.go())
        record.arrival_over = record.now()
    over.set()
    await watcher
    record.over_at = record.over_at or record.now()
    record.own_cpu = time.process_time() - cpu


async def _watch(sale: Sale, service: Service, record: Record, over: Closing) -> None:
    """Sample the operator's stats once a second and end the sale when its time has come."""
    while not over.is_set():
        await _sample(sale, service, record)
        sold = record.samples[-1].sold if record.samples else 0
        if not over.is_set() and (sold >= record.seats or record.now() > sale.at_most):
            record.over_at = record.now()
            over.set()
        await over.sleep(1)
    await _sample(sale, service, record)
    service.close()


async def _sample(sale: Sale, service: Service, record: Record) -> None:
    path = f"/v1/operator/concerts/{sale.concert_id}/stats"
    try:
        answer = await service.ask("stats", "GET", path, sale.operator)
    except (FaultError, Refused) as error:
        # The operator who looks on is told busy like everybody else, which is no fault.
        if not isinstance(error, Refused) or error.code != "busy":
            record.faults[f"stats: {error}"] += 1
    else:
        record.sample(answer.json())
