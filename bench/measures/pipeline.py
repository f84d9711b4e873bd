"""P1, P2, P8, P9: requests that are accepted, carried out and read, beside the textbook pipeline."""

import asyncio
import uuid
from collections.abc import Iterator
from itertools import count, cycle

from api.token_signature import QueueTokenClaims
from bench import journeys
from bench.floors import plain_sql
from bench.load import Client, Journey, Load
from bench.ratio import Figure, Result, alternate
from bench.rig import Rig, authority
from bench.seeding import PRICE, Concert
from bench.stack import Stack
from cli.sale.wire import request_bytes

CONCURRENCIES = (32, 128)
PURCHASES_A_SECOND = 900
FIGHTERS = 500
STEP = 0.001
_names = count(1)


def issuing(rig: Rig) -> list[Result]:
    """P1: token issue, accepted to outcome read, per second."""
    return [*(_issuing(rig, clients) for clients in CONCURRENCIES), _beside_sql(rig)]


def _beside_sql(rig: Rig) -> Result:
    """Compare with the statements alone, one request at a time per connection: what no service would reach."""
    clients = CONCURRENCIES[0]
    result = Result("P1/sql", f"token issue ÷ its statements alone in {plain_sql.tool()}, {clients} clients", "per s")
    line = rig.seeder(rig.small).concert(capacity=100)
    url = rig.small.database_url

    def alone() -> float:
        return plain_sql.rate(url, line.id, clients=clients, seconds=rig.seconds)

    return alternate(result, rig.rounds, issue_rate(rig, rig.small, clients, result), alone)


def _issuing(rig: Rig, clients: int) -> Result:
    result = Result(f"P1/{clients}", f"token issue ÷ textbook, {clients} clients", "per s", 2.0, stretch=3.0)
    return alternate(
        result, rig.rounds, issue_rate(rig, rig.small, clients, result), textbook_rate(rig, clients, result)
    )


def purchasing(rig: Rig) -> list[Result]:
    """P2: hold and pay; a purchase is two requests, so it counts twice."""
    return [_purchasing(rig, clients) for clients in CONCURRENCIES]


def _purchasing(rig: Rig, clients: int) -> Result:
    title = f"hold + pay (purchases × 2) ÷ textbook, {clients} clients"
    result = Result(f"P2/{clients}", title, "requests per s", 1.2, stretch=2.0)
    ours = purchase_rate(rig, rig.small, clients, result)
    return alternate(result, rig.rounds, ours, textbook_rate(rig, clients, result))


def purchasing_with_wait(rig: Rig) -> list[Result]:
    """P2w: hold and pay with `Prefer: wait`, beside the same with polls, on one stack."""
    return [_purchasing_with_wait(rig, clients) for clients in CONCURRENCIES]


def _purchasing_with_wait(rig: Rig, clients: int) -> Result:
    goal = 1.6 if clients == CONCURRENCIES[0] else 1.4
    result = Result(
        f"P2w/{clients}", f"hold + pay with Prefer: wait ÷ with polls, {clients} clients", "requests per s", goal
    )
    waiting = purchase_rate(rig, rig.small, clients, result, journeys.WaitingPipeline(authority(rig.small)))
    polling = purchase_rate(rig, rig.small, clients, Result(f"{result.name} with polls", "", ""))
    return alternate(result, rig.rounds, waiting, polling)


def issue_rate(rig: Rig, stack: Stack, clients: int, result: Result, concert: Concert | None = None) -> Figure:
    """Return what measures one round of token issues on a stack."""
    line = concert or rig.seeder(stack).concert(capacity=100)
    pipeline = journeys.OurPipeline(authority(stack))
    journey = journeys.issue(pipeline, rig.seeder(stack), line, _names)
    return lambda: rig.drive(stack, journey, clients, result).per_second


def purchase_rate(
    rig: Rig, stack: Stack, clients: int, result: Result, pipeline: journeys.OurPipeline | None = None
) -> Figure:
    """Return what measures one round of purchases on a stack, in requests (two a purchase) per second."""
    wanted = int(rig.rounds * rig.seconds * PURCHASES_A_SECOND) // 100 * 100
    concert, fans = _fans_with_seats(rig, stack, wanted)
    pipeline = pipeline or journeys.OurPipeline(authority(stack))
    journey = journeys.purchase(pipeline, rig.seeder(stack), concert, fans)

    def figure() -> float:
        load = rig.drive(stack, journey, clients, result)
        _refuse_refusals(pipeline)
        return 2 * load.per_second

    return figure


def _fans_with_seats(rig: Rig, stack: Stack, fans: int) -> tuple[Concert, Iterator[tuple[QueueTokenClaims, int]]]:
    seeder = rig.seeder(stack)
    concert = seeder.concert(seats=fans)
    claims = seeder.active(concert.id, fans)
    seeder.points([claim.user_id for claim in claims], PRICE)
    return concert, iter(list(zip(claims, concert.seats, strict=True)))


def _refuse_refusals(pipeline: journeys.OurPipeline) -> None:
    if pipeline.refused:
        raise RuntimeError(f"{pipeline.refused} of {pipeline.done} were refused: not what is measured here")


def textbook_rate(rig: Rig, clients: int, result: Result) -> Figure:
    """Return what measures one round of the textbook pipeline."""
    server = rig.textbook
    journey = journeys.textbook(authority(server))
    return lambda: rig.drive(server, journey, clients, result).per_second


def contention(rig: Rig) -> list[Result]:
    """P8: many fans on one seat, beside as many on seats of their own."""
    title = f"{FIGHTERS} fans on one seat refused ÷ granted on spread seats"
    result = Result("P8", title, "per s", 0.9)
    return [alternate(result, rig.rounds, *contention_rates(rig, rig.small, result))]


def contention_rates(rig: Rig, stack: Stack, result: Result) -> tuple[Figure, Figure]:
    """Return what measures refusals on one seat, and what measures grants on spread seats."""
    spread_over = int(rig.rounds * rig.seconds * 2 * PURCHASES_A_SECOND) // 100 * 100
    concert, fans = _fans_with_seats(rig, stack, spread_over)
    fight = rig.seeder(stack).concert(seats=100)
    fighters = rig.seeder(stack).active(fight.id, FIGHTERS)
    spread, fought = (journeys.OurPipeline(authority(stack)) for _ in range(2))
    granting = journeys.hold(spread, rig.seeder(stack), concert, fans)
    one_seat = cycle((fan, fight.seats[0]) for fan in fighters)
    refusing = journeys.hold(fought, rig.seeder(stack), fight, one_seat)

    def refused() -> float:
        before = fought.refused
        load = rig.drive(stack, refusing, FIGHTERS, result)
        return (fought.refused - before) / load.seconds

    def granted() -> float:
        before = spread.done
        load = rig.drive(stack, granting, FIGHTERS)
        _refuse_refusals(spread)
        return (spread.done - before) / load.seconds

    return refused, granted


def latency(rig: Rig) -> list[Result]:
    """P9: one client alone, from sending the POST to knowing the outcome."""
    p50 = Result("P9/p50", "one client, latency p50 ÷ textbook", "ms", 1.1, at_most=True)
    p99 = Result("P9/p99", "one client, latency p99 ÷ textbook", "ms", 1.1, at_most=True)
    return _latencies(rig, p50, p99, _impatient_issue(rig))


def latency_with_wait(rig: Rig) -> list[Result]:
    """P9w: the same with `Prefer: wait`."""
    p50 = Result("P9w/p50", "one client with Prefer: wait, latency p50 ÷ textbook", "ms", 1.1, at_most=True)
    p99 = Result("P9w/p99", "one client with Prefer: wait, latency p99 ÷ textbook", "ms", at_most=True)
    seeder = rig.seeder(rig.small)
    line = seeder.concert(capacity=100)
    return _latencies(
        rig, p50, p99, journeys.issue(journeys.WaitingPipeline(authority(rig.small)), seeder, line, _names)
    )


def _latencies(rig: Rig, p50: Result, p99: Result, ours: Journey) -> list[Result]:
    theirs = _impatient_textbook(rig)
    loads: dict[str, list[Load]] = {"ours": [], "floor": []}
    textbook = rig.textbook

    def own() -> float:
        loads["ours"].append(rig.drive(rig.small, ours, 1, p50))
        return 1000 * loads["ours"][-1].latency(0.5)

    def floor() -> float:
        loads["floor"].append(rig.drive(textbook, theirs, 1))
        return 1000 * loads["floor"][-1].latency(0.5)

    alternate(p50, rig.rounds, own, floor)
    p99.ours = [1000 * load.latency(0.99) for load in loads["ours"]]
    p99.floor = [1000 * load.latency(0.99) for load in loads["floor"]]
    p99.ratios = [mine / other for mine, other in zip(p99.ours, p99.floor, strict=True)]
    return [p50, p99]


def _impatient_issue(rig: Rig) -> Journey:
    seeder, concert = rig.seeder(rig.small), rig.seeder(rig.small).concert(capacity=100)
    body = f'{{"concert_id": {concert.id}}}'.encode()
    host = authority(rig.small)

    async def journey(client: Client) -> None:
        headers = {"Authorization": f"Bearer {seeder.identity(f'alone-{next(_names)}')}"}
        keyed = {**headers, "Idempotency-Key": uuid.uuid4().hex}
        accepted = await client.ask("POST", "/v1/queue-tokens", keyed, body)
        poll = request_bytes("GET", accepted.header("Location") or "", host, headers)
        while b'"queued"' in (await client.send(poll)).body:  # noqa: ASYNC110 - it polls over HTTP.
            await asyncio.sleep(STEP)

    return journey


def _impatient_textbook(rig: Rig) -> Journey:
    host = authority(rig.textbook)
    submit = request_bytes("POST", "/tasks", host, {}, b"{}")

    async def journey(client: Client) -> None:
        accepted = await client.send(submit)
        poll = request_bytes("GET", f"/tasks/{accepted.json()['id']}", host)
        while b'"SUCCESS"' not in (await client.send(poll)).body:  # noqa: ASYNC110
            await asyncio.sleep(STEP)

    return journey
