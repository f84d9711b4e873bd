"""What each step of a fan costs in CPU time, by process: `python -m bench.costs COSTS.json [--polls]`.

Outcomes are waited for (`Prefer: wait`); with `--polls` they are polled for, as a fan of `bench.simulate --poll` does.
Feeds the simulation and the plan for larger sales. CPU time does not depend on how busy the machine
is with other work, as throughput would.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table

from api.token_signature import QueueTokenClaims
from bench import journeys
from bench.load import Client, Journey
from bench.measures.reading import POLL, line
from bench.ratio import Result
from bench.rig import Rig, authority
from bench.seeding import Concert, Seeder

CLIENTS = 32
ACTIVE = 8_000
SECONDS = 3.0
Fans = Iterator[tuple[QueueTokenClaims, int]]


def costs(rig: Rig, *, waits: bool = True) -> dict[str, dict[str, float]]:
    """Measure every step on the small stack; returns CPU milliseconds per step and role."""
    seeder, pipeline = rig.seeder(rig.small), journeys.OurPipeline(authority(rig.small), waits=waits)
    concert = seeder.concert(seats=ACTIVE)
    fans = seeder.active(concert.id, ACTIVE)
    rig.say(f"{len(fans):,} fans have their turn")
    steps = _steps(rig, pipeline, concert, fans)
    return {name: _cost(rig, name, journey) for name, journey in steps.items()}


def _cost(rig: Rig, name: str, journey: Journey) -> dict[str, float]:
    result = Result(name, name, "per s")
    load = rig.drive(rig.small, journey, CLIENTS, result)
    rig.say(f"{name}: {load.per_second:,.0f} per s")
    measured: dict[str, float] = result.detail["cpu_ms_per_journey"]
    return measured


def _steps(
    rig: Rig, pipeline: journeys.OurPipeline, concert: Concert, fans: list[QueueTokenClaims]
) -> dict[str, Journey]:
    host, seeder = pipeline.authority, rig.seeder(rig.small)
    held: list[tuple[QueueTokenClaims, int]] = []
    to_hold = iter(list(zip(fans, concert.seats, strict=True)))
    full = line(rig, rig.small, 20_000).id
    waiting = [seeder.bearer(fan) for fan in seeder.claims(full, "waiting", 10_000)]
    bearers = [seeder.bearer(fan) for fan in fans]
    return {
        "join": journeys.issue(pipeline, seeder, seeder.concert(capacity=100), count(1)),
        "poll": journeys.get(host, [(POLL, bearer) for bearer in waiting]),
        "watch": journeys.get(host, [(f"/v1/queues/{full}", {})]),
        "active poll": journeys.get(host, [(POLL, bearer) for bearer in bearers]),
        "dates": journeys.get(host, [(f"/v1/concerts/{concert.id}/dates", bearer) for bearer in bearers]),
        "seats": journeys.get(host, [(_seats(concert), bearer) for bearer in bearers]),
        "points": journeys.get(host, [("/v1/points", bearer) for bearer in bearers]),
        "charge": _charge(pipeline, seeder, fans),
        "hold": _hold(pipeline, seeder, concert, to_hold, held),
        "pay": _pay(pipeline, seeder, held),
        "leave": _leave(pipeline, seeder, to_hold),
    }


def _seats(concert: Concert) -> str:
    return f"/v1/performances/{concert.performance_id}/seats?status=available&limit=500"


def _charge(pipeline: journeys.OurPipeline, seeder: Seeder, fans: list[QueueTokenClaims]) -> Journey:
    turns = count()

    async def journey(client: Client) -> None:
        bearer = seeder.bearer(fans[next(turns) % len(fans)])
        await pipeline.change(client, "/v1/points/charges", bearer, b'{"amount": 1000}')

    return journey


def _hold(
    pipeline: journeys.OurPipeline,
    seeder: Seeder,
    concert: Concert,
    fans: Fans,
    held: list[tuple[QueueTokenClaims, int]],
) -> Journey:
    async def journey(client: Client) -> None:
        fan, seat = next(fans)
        body = journeys.hold_body(concert, seat)
        answer = await pipeline.change(client, "/v1/reservations", seeder.bearer(fan), body)
        held.append((fan, answer.json()["result"]["id"]))

    return journey


def _pay(pipeline: journeys.OurPipeline, seeder: Seeder, held: list[tuple[QueueTokenClaims, int]]) -> Journey:
    async def journey(client: Client) -> None:
        if not held:
            raise StopAsyncIteration
        fan, reservation = held.pop()
        body = f'{{"reservation_id": {reservation}}}'.encode()
        await pipeline.change(client, "/v1/payments", seeder.bearer(fan), body)

    return journey


def _leave(pipeline: journeys.OurPipeline, seeder: Seeder, fans: Fans) -> Journey:
    async def journey(client: Client) -> None:
        fan, _ = next(fans)
        await pipeline.change(client, POLL, seeder.bearer(fan), None, "DELETE")

    return journey


def main(out: Path, *, waits: bool = True) -> None:
    """Measure and write the costs."""
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="frontrow-costs-"))
    folder.chmod(0o755)
    rig = Rig(folder, quick=True, say=console.print)
    rig.seconds = SECONDS
    try:
        measured = costs(rig, waits=waits)
    finally:
        rig.close()
    out.write_text(json.dumps(measured, indent=1) + "\n")
    roles = sorted({role for cost in measured.values() for role in cost})
    shown = Table("step", *roles, "all", title="CPU milliseconds")
    for name, cost in measured.items():
        shown.add_row(name, *(f"{cost.get(role, 0):.2f}" for role in roles), f"{sum(cost.values()):.2f}")
    console.print(shown)


if __name__ == "__main__":
    main(Path(sys.argv[1]), waits="--polls" not in sys.argv)
