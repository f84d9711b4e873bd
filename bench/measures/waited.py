"""P2w, P9w: what it gives that the service waits for an outcome (`Prefer: wait`) instead of being polled for it."""

from itertools import count

from bench import journeys
from bench.load import Client, Journey
from bench.measures.pipeline import CONCURRENCIES, latencies, purchase_rate
from bench.ratio import Result, alternate
from bench.rig import Rig, authority

GOALS = dict(zip(CONCURRENCIES, (1.6, 1.4), strict=True))
_names = count(1)


def purchasing(rig: Rig) -> list[Result]:
    """P2w: hold and pay with outcomes waited for, beside outcomes polled for, on the same stack."""
    return [_purchasing(rig, clients) for clients in CONCURRENCIES]


def _purchasing(rig: Rig, clients: int) -> Result:
    title = f"hold + pay, Prefer: wait ÷ 202 and polls, {clients} clients"
    result = Result(f"P2w/{clients}", title, "requests per s", GOALS[clients])
    waiting = purchase_rate(rig, rig.small, clients, result, waits=True)
    return alternate(result, rig.rounds, waiting, purchase_rate(rig, rig.small, clients))


def latency(rig: Rig) -> list[Result]:
    """P9w: one client alone, from sending the POST to the outcome in its answer."""
    p50 = Result("P9w/p50", "one client, Prefer: wait, latency p50 ÷ textbook", "ms", 1.1, at_most=True)
    p99 = Result("P9w/p99", "one client, Prefer: wait, latency p99 ÷ textbook", "ms", at_most=True)
    return latencies(rig, p50, p99, _issue(rig))


def _issue(rig: Rig) -> Journey:
    seeder = rig.seeder(rig.small)
    body = f'{{"concert_id": {seeder.concert(capacity=100).id}}}'.encode()
    pipeline = journeys.OurPipeline(authority(rig.small), waits=True)

    async def journey(client: Client) -> None:
        headers = {"Authorization": f"Bearer {seeder.identity(f'waited-{next(_names)}')}"}
        await pipeline.change(client, "/v1/queue-tokens", headers, body)

    return journey
