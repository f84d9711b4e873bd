"""The crowd of `frontrow sale` in front of a stack of a benchmark: as the product has it, or as a floor has it."""

import asyncio
import gc
import random
from collections import Counter
from dataclasses import dataclass
from math import ceil

from bench.seeding import Seeder
from cli.sale import crowd, descriptors, plan
from cli.sale.closing import Closing
from cli.sale.connections import Outside
from cli.sale.crowd import POLITE, Manners
from cli.sale.looking import Looking
from cli.sale.record import Record
from cli.sale.service import Service
from cli.sale.waiting import ASK_AT_LEAST, Lookout

# As before pacing and waiting: a poll every five seconds, and a poll for each outcome.
OLD = Manners(paced=False, waits=False)
CAPACITY = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What sale it is. Seconds; `at_most` is when it is ended."""

    fans: int = 20_000
    seats: int = 2_000
    arrive_over: float = 30.0
    at_most: float = 150.0


def sell(seeder: Seeder, terms: Terms, manners: Manners = POLITE) -> Record:
    """Live through a sale with the default crowd (seed 1, thinking of a second), in this process."""
    concert = seeder.concert(seats=terms.seats, capacity=CAPACITY)
    sale = crowd.Sale(concert.id, seeder.identity("operator", operator=True), seeder.identity, terms.at_most)
    plans = plan.crowd(terms.fans, terms.arrive_over, 1)

    async def live() -> Record:
        way = Outside(seeder.stack.url, descriptors.raised())
        record = Record(terms.fans, terms.seats)
        try:
            await crowd.run(sale, plans, way, record, manners)
        finally:
            way.shut()
        return record

    gc.collect()
    gc.freeze()
    try:
        return asyncio.run(live())
    finally:
        gc.unfreeze()


def stand(seeder: Seeder, concert_id: int, fans: int, seconds: float, manners: Manners = POLITE) -> Counter[str]:
    """Let a sample of those who wait in a line that stands still look as told; returns polls and watches.

    They are told once before the count begins, and are then in the middle of their waits, so that a
    short look at them counts what a long one would.
    """
    claims = seeder.claims(concert_id, "waiting", fans)
    bearers = [seeder.signature.sign(claim) for claim in claims]

    async def live() -> Counter[str]:
        way = Outside(seeder.stack.url, descriptors.raised())
        record, over = Record(fans, 0), Closing()
        service = Service(way, record, over)
        try:
            waiting = [Standing(service, concert_id, bearer, manners) for bearer in bearers]
            await asyncio.gather(*(fan.learn() for fan in waiting))
            before = _asked(record)
            looking = [asyncio.create_task(fan.look()) for fan in waiting]
            await asyncio.sleep(seconds)
            counted = _asked(record) - before
            over.set()
            await asyncio.gather(*looking)
        finally:
            way.shut()
        return counted

    return asyncio.run(live())


def _asked(record: Record) -> Counter[str]:
    return Counter({lane: counts.total() for lane, counts in record.by_second.items()})


class Standing:
    """A fan in a line that stands still."""

    def __init__(self, service: Service, concert_id: int, bearer: str, manners: Manners) -> None:
        self.over = service.over
        self.bearer = bearer
        self.looking = Looking(service, concert_id, Lookout(paced=manners.paced))
        self.wait = 0.0

    async def learn(self) -> None:
        """Ask once, and find oneself somewhere between this answer and the next one."""
        await self.looking.poll(self.bearer)
        lookout = self.looking.lookout
        # The next one comes with the first look that is late enough.
        age = random.uniform(0, ceil(ASK_AT_LEAST / lookout.pause) * lookout.pause)
        lookout.asked_at -= age
        self.wait = lookout.pause - age % lookout.pause

    async def look(self) -> None:
        """Look as told until it is over."""
        while True:
            await self.over.sleep(self.wait)
            if self.over.is_set():
                return
            await self.looking.look(self.bearer)
            self.wait = self.looking.lookout.pause
