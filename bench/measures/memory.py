"""P10: the memory of a whole stack, idle and after many requests."""

import asyncio
import time
import uuid
from itertools import count

from bench import processes
from bench.journeys import OurPipeline
from bench.load import Client, drive
from bench.measures.reading import POLL
from bench.ratio import Result, alone
from bench.rig import Rig, authority, check
from bench.stack import Stack
from cli.sale.wire import request_bytes

IDLE_LIMIT_MB = 600.0
# A growth below this is the noise of allocators and of the kernel that shares pages now more, now less.
GROWTH_LIMIT = 1.03
CLIENTS = 32
STEPS = 10
QUICK_STEPS = 2


def memory(rig: Rig) -> list[Result]:
    """P10: a stack of its own, read when it is idle, warm, and then after every tenth of the requests.

    Celery and others import what they find installed, so tests' tools would be measured along; the quick form does
    measure them along, and holds the idle stack against no limit.
    """
    stack = rig.stack("memory", as_installed=not rig.quick)
    wanted = 4_000 if rig.quick else 100_000
    idle = _settled(stack)
    load = MixedLoad(rig, stack)
    load.send(wanted // 4)
    readings = [_settled(stack)]
    steps = QUICK_STEPS if rig.quick else STEPS
    for _ in range(steps):
        load.send(wanted // steps)
        readings.append(_settled(stack))
    rig.end_stack(stack)
    return [_resting(idle, None if rig.quick else IDLE_LIMIT_MB), _growth(readings, wanted)]


def _resting(idle: dict[str, float], limit: float | None) -> Result:
    resting = Result("P10/idle", "whole stack idle", "MB", limit, at_most=True)
    alone(resting, [sum(idle.values())]).detail["MB by role"] = idle
    return resting


def _growth(readings: list[dict[str, float]], wanted: int) -> Result:
    growth = Result("P10/growth", f"memory after {wanted:,} more requests ÷ warm", "MB", GROWTH_LIMIT, at_most=True)
    # The database's share is its page cache, which fills up to shared_buffers with the data it is given.
    growing = [sum(mb for role, mb in reading.items() if role != "database") for reading in readings]
    growth.ours, growth.floor = growing[-3:], growing[:1]
    growth.ratios = [mb / growing[0] for mb in growing[-3:]]
    growth.detail |= {"MB without database": growing, "MB by role, warm": readings[0], "MB by role, last": readings[-1]}
    return growth


def _settled(stack: Stack) -> dict[str, float]:
    """Read the memory when it has stopped moving, or after ten seconds."""
    last = processes.memory_by_role(stack.server.pid)
    for _ in range(10):
        time.sleep(1)
        now = processes.memory_by_role(stack.server.pid)
        if abs(sum(now.values()) - sum(last.values())) < 0.5:
            break
        last = now
    return {role: round(mb, 1) for role, mb in now.items()}


class MixedLoad:
    """New fans who join, and fans who poll: nine reads for each change, through the same clients."""

    def __init__(self, rig: Rig, stack: Stack) -> None:
        self.stack = stack
        self.seeder = rig.seeder(stack)
        self.concert = self.seeder.concert(capacity=100)
        self.seeder.waiting(self.concert.id, 5_000)
        self.tokens = [self.seeder.bearer(fan) for fan in self.seeder.claims(self.concert.id, "waiting")]
        self.pipeline = OurPipeline(authority(stack))
        self.names = count(1)

    def send(self, requests: int) -> None:
        """Send about so many requests."""
        remaining = requests
        while remaining > 0:
            load = drive(self.stack.url, self._journey, clients=CLIENTS, seconds=60, at_most=remaining // 12)
            check(load)
            remaining -= max(load.statuses.total(), 12)

    async def _journey(self, client: Client) -> None:
        number = next(self.names)
        headers = {"Authorization": f"Bearer {self.seeder.identity(f'mixed-{uuid.uuid4().hex[:12]}')}"}
        body = f'{{"concert_id": {self.concert.id}}}'.encode()
        await self.pipeline.change(client, "/v1/queue-tokens", headers, body)
        for step in range(9):
            fan = self.tokens[(number * 9 + step) % len(self.tokens)]
            await client.send(request_bytes("GET", POLL, client.authority, fan))
            await asyncio.sleep(0)
