"""S5: eight who hold and pay, while ever so many poll without a pause as those do who wait."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from bench import journeys
from bench.flood import flooded
from bench.load import Client, Journey, Load, drive
from bench.measures.pipeline import fans_with_seats
from bench.measures.reading import POLL, line
from bench.ratio import Result
from bench.rig import Rig, authority
from bench.stack import Stack

INSIDE, OUTSIDE = 8, 256
WAITING = 10_000
CALM_SECONDS, FLOOD_SECONDS = 5.0, 10.0
QUICK_PART = 0.3
PURCHASES_A_SECOND = 600
# The flood is there before the measure begins.
UP_TO_SPEED = 1.0
COME_AGAIN = 1.0
# Stands for the status of a request whose connection was closed instead.
LOST = 599


@dataclass(slots=True)
class Flood:
    """The inside in calm and under the flood, and what the flood was answered, by status."""

    calm: Load
    flood: Load
    outside: Counter[str] = field(default_factory=Counter)

    @property
    def ratio(self) -> float:
        """The p95 of a purchase under the flood ÷ in calm."""
        return self.flood.latency(0.95) / self.calm.latency(0.95)

    @property
    def faults(self) -> int:
        """Answers of 500 and above, or none, that those inside had under the flood."""
        return sum(count for status, count in self.flood.statuses.items() if status >= 500)


def measured(rig: Rig, stack: Stack, *, waits: bool) -> Flood:
    """Measure a stack; with `waits` those inside have the service wait for their outcomes."""
    part = QUICK_PART if rig.quick else 1.0
    calm_seconds, flood_seconds = CALM_SECONDS * part, FLOOD_SECONDS * part
    journey = _purchase(rig, stack, int((calm_seconds + flood_seconds) * PURCHASES_A_SECOND), waits=waits)
    seeder = rig.seeder(stack)
    bearers = [seeder.bearer(claim) for claim in seeder.claims(line(rig, stack, WAITING).id, "waiting")]
    calm = drive(stack.url, journey, clients=INSIDE, seconds=calm_seconds)
    rig.say(f"{OUTSIDE} clients flood, {INSIDE} buy")
    most = flood_seconds + UP_TO_SPEED + 20
    with flooded(stack.url, POLL, bearers, clients=OUTSIDE, seconds=most) as outside:
        asyncio.run(asyncio.sleep(UP_TO_SPEED))
        flood = drive(stack.url, journey, clients=INSIDE, seconds=flood_seconds)
    return Flood(calm, flood, outside)


def _purchase(rig: Rig, stack: Stack, fans: int, *, waits: bool) -> Journey:
    concert, buyers = fans_with_seats(rig, stack, fans // 100 * 100)
    pipeline = journeys.OurPipeline(authority(stack), waits=waits)
    purchase = journeys.purchase(pipeline, rig.seeder(stack), concert, buyers)

    async def journey(client: Client) -> None:
        # A purchase that was turned away is no quick one: what it takes until one succeeds is what counts.
        while not await _succeeds(purchase, client):  # noqa: ASYNC110 - it asks over HTTP.
            await asyncio.sleep(COME_AGAIN)

    return journey


async def _succeeds(purchase: Journey, client: Client) -> bool:
    try:
        await purchase(client)
    except ConnectionError:
        client.load.statuses[LOST] += 1
        return False
    except RuntimeError:
        # Its status is counted already.
        return False
    return True


def results(ours: Flood, floor: Flood) -> list[Result]:
    """Return how much longer a purchase took under the flood, and how many faults those inside met."""
    title = f"hold + pay p95 of {INSIDE} under {OUTSIDE} that poll without a pause ÷ in calm"
    slower = Result("S5/flood", title, "times", 3.0, at_most=True, plain=True)
    slower.ours, slower.floor, slower.ratios = [ours.ratio], [floor.ratio], [ours.ratio]
    slower.detail = {"ours": _told(ours), "floor": _told(floor)}
    faults = Result(
        "S5/faults", "answers of 500 and above that those inside had", "answers", 0, at_most=True, plain=True
    )
    faults.ours, faults.floor, faults.ratios = [float(ours.faults)], [float(floor.faults)], [float(ours.faults)]
    return [slower, faults]


def _told(flood: Flood) -> dict[str, object]:
    seconds = max(flood.outside["seconds"], 1)
    answered = sum(count for status, count in flood.outside.items() if status.isdecimal())
    return {
        "calm_p95_ms": round(1000 * flood.calm.latency(0.95), 1),
        "flood_p95_ms": round(1000 * flood.flood.latency(0.95), 1),
        "calm_purchases_per_second": round(flood.calm.per_second, 1),
        "flood_purchases_per_second": round(flood.flood.per_second, 1),
        "inside_by_status": dict(flood.flood.statuses),
        "outside_by_status": dict(flood.outside),
        "outside_per_second": round(answered / seconds),
    }
