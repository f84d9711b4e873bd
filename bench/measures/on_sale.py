"""S1 to S5: a whole on-sale with its crowd, and those inside under a flood of those who wait.

Beside each stands the same without pacing, waiting and lanes: fans who poll every five seconds, in front of
a web worker that answers in the order of coming. That is a switch of this benchmark, not of the product.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench import crowds, processes
from bench.measures import inside_under_flood
from bench.measures.reading import line
from bench.ratio import Result, beside
from bench.rig import Rig
from bench.stack import Stack
from cli.sale import lanes
from cli.sale.crowd import POLITE, Manners
from cli.sale.figures import percentile
from cli.sale.record import Record
from models.pacing import SLOWEST_TURN, STALE

FLOOR = {"GUNICORN_CMD_ARGS": "--worker-class bench.floors.fifo_worker.FifoWorker"}
WITHIN = 150.0
FLOOR_WITHIN = 90.0
QUICK = crowds.Terms(fans=4_000, seats=400, arrive_over=8.0, at_most=25.0)
QUICK_FLOOR = 15.0
PARTS = frozenset({"S1", "S2", "S3", "S4", "S5"})
IN_LINE = 20_000
# Of those who stand in line so many look, evenly spread; each stands for ten.
SAMPLE_PART = 10
STANDING_SECONDS, QUICK_STANDING_SECONDS = 20.0, 2.0
# A line in which a turn lasts so many seconds stands still.
STANDING_TURN = SLOWEST_TURN * 0.9
# The turn that told intervals go by, and since when (seconds).
TOLD_BY = """
    SELECT capacity / (pace->-1->>3)::float, extract(epoch FROM now()) - (pace->-1->>0)::float
      FROM queue WHERE concert_id = %s
"""
# A cache in front asks for the public document once a second.
BY_A_CACHE = 1.0


@dataclass(slots=True)
class Sold:
    """One sale, and the CPU seconds that it took, by role."""

    record: Record
    cpu: dict[str, float]


@dataclass(slots=True)
class Measured:
    """What one stack was measured at; None where that was not asked for."""

    sale: Sold | None
    standing: dict[str, float] | None
    flood: inside_under_flood.Flood | None


def sale_and_flood(rig: Rig) -> list[Result]:
    """S: a whole on-sale, those who wait in it, and those inside under a flood."""
    parts = rig.parts or PARTS
    terms = QUICK if rig.quick else crowds.Terms(at_most=WITHIN)
    cut = replace(terms, at_most=QUICK_FLOOR if rig.quick else FLOOR_WITHIN)
    ours = _measured(rig, "sale", {}, terms, POLITE, parts)
    floor = _measured(rig, "unpaced", FLOOR, cut, crowds.OLD, parts)
    results: list[Result] = []
    if ours.sale and floor.sale:
        results += _selling(terms, ours.sale, floor.sale)
        results += _inside(ours.sale.record, floor.sale.record)
        results += _moving(ours.sale.record, floor.sale.record)
    if ours.standing and floor.standing:
        results += _still(ours.standing, floor.standing)
    if ours.flood and floor.flood:
        results += inside_under_flood.results(ours.flood, floor.flood)
    return sorted((result for result in results if result.name[:2] in parts), key=lambda result: result.name[:2])


def _measured(
    rig: Rig, name: str, settings: dict[str, str], terms: crowds.Terms, manners: Manners, parts: frozenset[str]
) -> Measured:
    """Start a stack, measure what is asked for, and end it: the other one shall have the machine for itself."""
    stack = rig.stack(name, settings=settings)
    try:
        return Measured(
            _sale(rig, stack, terms, manners) if parts - {"S5"} else None,
            _standing(rig, stack, manners) if "S3" in parts else None,
            inside_under_flood.measured(rig, stack, waits=manners.waits) if "S5" in parts else None,
        )
    finally:
        rig.end_stack(stack)


def _sale(rig: Rig, stack: Stack, terms: crowds.Terms, manners: Manners) -> Sold:
    rig.say(f"{terms.fans:,} fans come for {terms.seats:,} seats, {terms.at_most:.0f} s at most")
    before = processes.cpu_by_role(stack.server.pid)
    record = crowds.sell(rig.seeder(stack), terms, manners)
    spent = processes.spent(before, processes.cpu_by_role(stack.server.pid))
    rig.say(f"sold {record.samples[-1].sold if record.samples else 0:,} in {record.over_at:.0f} s")
    return Sold(record, {role: round(used, 1) for role, used in {**spent, "crowd": record.own_cpu}.items()})


def _selling(terms: crowds.Terms, ours: Sold, floor: Sold) -> list[Result]:
    within = f"{terms.fans:,} fans, {terms.seats:,} seats: part of the seats"
    sold = Result("S1/sold", f"{within} sold within {terms.at_most:.0f} s", "of all", 0.95)
    held = Result("S1/held", f"{within} sold or held within {terms.at_most:.0f} s", "of all", 0.995)
    beside(sold, _part(ours.record), _part(floor.record))
    beside(held, _part(ours.record, held=True), _part(floor.record, held=True))
    sold.detail |= {"cpu_seconds": ours.cpu, "floor_cpu_seconds": floor.cpu, "floor_ended_after": floor.record.over_at}
    sold.detail |= {whose: _told(sale.record) for whose, sale in (("sale", ours), ("floor_sale", floor))}
    return [sold, held]


def _part(record: Record, *, held: bool = False) -> float:
    found = lanes.sample_at(record, WITHIN)
    return (found.sold + found.held * held) / record.seats if found else 0.0


def _told(record: Record) -> dict[str, object]:
    """Return what explains a sale."""
    return {
        "over_after": record.over_at,
        "answers": {f"{operation} {status}": count for (operation, status), count in sorted(record.answers.items())},
        "busy": dict(record.busy),
        "faults": dict(record.faults),
        "endings": {ending.value: count for ending, count in record.endings.items()},
    }


def _inside(ours: Record, floor: Record) -> list[Result]:
    title = "hold sent → outcome known, p95 while fans arrive"
    outcome = Result("S2/outcome", title, "s", 2.0, at_most=True)
    for whose, record in (("accepted", ours), ("floor_accepted", floor)):
        outcome.detail[f"{whose}_to_outcome_p95"] = _p95(record, _while_they_come(record, lanes.accepted))
    first = Result("S2/first", "first seat sold after the opening", "s", 10.0, at_most=True)
    noticed = Result("S4/noticed", "admission → the fan knows, p95", "s", 3.0, at_most=True)
    return [
        beside(outcome, *(_p95(record, _while_they_come(record, lanes.submitted)) for record in (ours, floor))),
        beside(first, *(_or_all(record, lanes.first_sold_after(record)) for record in (ours, floor))),
        beside(noticed, *(_p95(record, lanes.notices(record)) for record in (ours, floor))),
    ]


def _while_they_come(record: Record, since: Callable[[Record, str], list[tuple[float, float]]]) -> list[float]:
    arriving = record.arrival_over or record.now()
    return [seconds for at, seconds in since(record, "hold") if at - seconds <= arriving]


def _p95(record: Record, seconds: list[float]) -> float:
    return _or_all(record, percentile(seconds, 0.95))


def _or_all(record: Record, seconds: float | None) -> float:
    """Take the whole sale where nothing came: it took longer than that."""
    return (record.over_at or record.now()) if seconds is None else seconds


def _standing(rig: Rig, stack: Stack, manners: Manners) -> dict[str, float]:
    """Return the requests a second of a line that stands still, by kind."""
    concert, seeder = line(rig, stack, IN_LINE), rig.seeder(stack)

    def is_known_to_stand() -> bool:
        [(turn, age)] = seeder.rows(TOLD_BY, concert.id)
        return turn > STANDING_TURN and age > STALE.total_seconds()

    # In its first seconds a full room may still be a quick one, and many are told to look often.
    processes.wait_until(is_known_to_stand, "a line that is known to stand", 60)
    seconds = QUICK_STANDING_SECONDS if rig.quick else STANDING_SECONDS
    counted = crowds.stand(rig.seeder(stack), concert.id, IN_LINE // SAMPLE_PART, seconds, manners)
    return {lane: counted[lane] * SAMPLE_PART / seconds for lane in ("poll", "watch")}


def _moving(ours: Record, floor: Record) -> list[Result]:
    rates = [{lane: _asked(record, lane) for lane in ("poll", "watch")} for record in (ours, floor)]
    origin = Result("S3/origin", "asked by those who wait, after the last arrival", "per s", 700, at_most=True)
    cache = Result("S3/cache", "the same behind a cache of one second", "per s", 100, at_most=True)
    return [beside(origin, *map(_all, rates)), beside(cache, *map(_cached, rates))]


def _still(ours: dict[str, float], floor: dict[str, float]) -> list[Result]:
    title = f"asked by {IN_LINE:,} in a line that stands still"
    origin = Result("S3/still", title, "per s", 700, at_most=True)
    cache = Result("S3/still cache", "the same behind a cache of one second", "per s", 100, at_most=True)
    return [beside(origin, _all(ours), _all(floor)), beside(cache, _cached(ours), _cached(floor))]


def _all(rate: dict[str, float]) -> float:
    return rate["poll"] + rate["watch"]


def _asked(record: Record, lane: str) -> float:
    return lanes.per_second_after_arrival(record, [lane]) or 0.0


def _cached(rate: dict[str, float]) -> float:
    return rate["poll"] + min(rate["watch"], BY_A_CACHE)
