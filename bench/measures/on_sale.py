"""S1 to S5: a whole sale with default settings, beside the same one without pacing, lanes and waiting for outcomes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import journeys
from bench.load import Load, drive
from bench.measures.reading import POLL, line
from bench.ratio import Result, alone
from bench.rig import Rig, authority
from bench.seeding import PRICE
from bench.stack import ROOT, Stack
from cli.sale.waiting import TOKEN_AT_LEAST_EVERY

FIFO = {"GUNICORN_CMD_ARGS": "--worker-class bench.floors.fifo_worker.FifoWorker"}
# A sale without pacing may stand still; what it would come to in the end is not waited for.
FLOOR_SECONDS = 90.0
INSIDE, FLOOD = 8, 256
# So many requests a fan who watches the public document sends with the token, at least: one in three minutes.
FOR_LIFE = 1 / TOKEN_AT_LEAST_EVERY


def on_sale(rig: Rig) -> list[Result]:
    """S: what fans live through in the default sale, and those inside under a flood of polls."""
    return [*selling(rig), *standing_line(rig), *flooded(rig)]


def selling(rig: Rig) -> list[Result]:
    """S1, S2, S3, S4: the sale itself."""
    ours = sale(rig, "sale", {}, at_most=155.0)
    floor = sale(rig, "sale-plain", FIFO, at_most=FLOOR_SECONDS, plain=True)
    seats = ours["seats"]
    hold, before = ours["inside"]["hold"], floor["inside"]["hold"]
    asked = ours["waiting_per_second"]
    name = "sent_to_outcome_p95_while_arriving"
    return [
        _figure(
            "S1/sold",
            "seats sold within 150 s ÷ seats",
            "",
            0.95,
            ours["sold_at_150"] / seats,
            floor["seats_sold"] / seats,
        ),
        _figure("S1/held", "sold or held within 150 s ÷ seats", "", 0.995, ours["sold_or_held_at_150"] / seats),
        _figure("S2/hold", "hold → outcome, p95 while fans arrive", "s", 2, hold[name], before[name], at_most=True),
        _figure(
            "S2/first",
            "first seat sold after",
            "s",
            10,
            ours["first_sold_after"],
            floor["first_sold_after"],
            at_most=True,
        ),
        _figure(
            "S3/origin",
            "requests of those who wait, while the sale goes on",
            "per s",
            700,
            _sum(asked),
            _sum(floor["waiting_per_second"]),
            at_most=True,
        ),
        _figure("S3/cache", "of these with a token, behind a cache", "per s", 100, asked["polls"], at_most=True),
        _figure("S4", "admitted → noticed, p95", "s", 3, ours["noticed"]["p95"], floor["noticed"]["p95"], at_most=True),
    ]


def _sum(asked: dict[str, float | None]) -> float:
    return (asked["polls"] or 0.0) + (asked["watches"] or 0.0)


def _figure(
    name: str,
    title: str,
    unit: str,
    goal: float,
    ours: float | None,
    floor: float | None = None,
    *,
    at_most: bool = False,
) -> Result:
    """Return a figure that is held against a goal as it is; the floor's stands beside it."""
    result = Result(name, title, unit, goal, at_most=at_most)
    if floor is not None:
        result.floor = [floor]
    # What never happened is worse than any goal.
    return alone(result, [ours if ours is not None else (float("inf") if at_most else 0.0)])


def sale(rig: Rig, name: str, settings: dict[str, str], *, at_most: float, plain: bool = False) -> dict[str, Any]:
    """Run the default sale, or with `--quick` a fifth of it, on a stack of its own; returns its summary."""
    stack = rig.stack(name, settings=settings)
    out = rig.folder / f"{name}.json"
    command = [
        sys.executable,
        "-m",
        "bench.crowd",
        "--url",
        stack.url,
        "--data-dir",
        str(stack.data_dir),
        "--json",
        str(out),
    ]
    size = ["--fans", "4000", "--seats", "400", "--arrive-over", "6"] if rig.quick else []
    limit = ["--at-most", str(min(at_most, 30.0) if rig.quick else at_most)]
    rig.say(f"running the {name}")
    subprocess.run([*command, *size, *limit, *(["--plain"] if plain else [])], cwd=ROOT, check=True, timeout=600)
    rig.end_stack(stack)
    summary: dict[str, Any] = json.loads(out.read_text())
    return summary


def standing_line(rig: Rig) -> list[Result]:
    """S3 once more: 20,000 who wait in a line that does not move, calculated from what each of them is told."""
    waiting = 4_000 if rig.quick else 20_000
    stack, seeder = rig.small, rig.seeder(rig.small)
    fans = seeder.claims(line(rig, stack, waiting).id, "waiting", 200)
    told = [_told(stack, seeder.bearer(fan)) for fan in fans]
    share = waiting / len(told)
    asked = share * sum(1 / seconds for seconds, _ in told)
    with_token = share * sum(1 / seconds if watch == "token" else FOR_LIFE for seconds, watch in told)
    return [
        _figure("S3/still origin", f"requests of {waiting:,} in a line that stands", "per s", 700, asked, at_most=True),
        _figure("S3/still cache", "of these with a token, behind a cache", "per s", 100, with_token, at_most=True),
    ]


def _told(stack: Stack, bearer: dict[str, str]) -> tuple[float, str]:
    import httpx

    answer = httpx.get(stack.url + POLL, headers=bearer).raise_for_status().json()
    return float(answer["poll_after_seconds"]), str(answer["watch"])


def flooded(rig: Rig) -> list[Result]:
    """S5: hold and pay beside 256 connections that poll as fast as they are answered."""
    results = []
    for name, settings in (("S5", {}), ("S5/plain", FIFO)):
        stack = rig.stack(f"flood-{name.replace('/', '-')}".lower(), settings=settings)
        calm, beside, flood = _inside_latency(rig, stack)
        title = "hold + pay under a flood of polls ÷ calm, p95" + (", without lanes" if settings else "")
        result = Result(name, title, "ms", None if settings else 3, at_most=True)
        result.ours, result.floor = [1000 * beside.latency(0.95)], [1000 * calm.latency(0.95)]
        result.ratios = [beside.latency(0.95) / calm.latency(0.95)]
        result.detail = {"inside": dict(beside.statuses), "flood": flood}
        results.append(result)
        rig.end_stack(stack)
    return results


def _inside_latency(rig: Rig, stack: Stack) -> tuple[Load, Load, dict[str, int]]:
    seconds = 4.0 if rig.quick else 15.0
    seeder, host = rig.seeder(stack), authority(stack)
    fans = int(2 * seconds * 300) // 100 * 100
    concert = seeder.concert(seats=fans)
    claims = seeder.active(concert.id, fans)
    seeder.points([claim.user_id for claim in claims], PRICE)
    journey = journeys.purchase(
        journeys.WaitingPipeline(host), seeder, concert, iter(zip(claims, concert.seats, strict=True))
    )
    waiting = seeder.claims(line(rig, stack, 10_000).id, "waiting", 2_000)
    bearers = rig.folder / "bearers.json"
    bearers.write_text(json.dumps([seeder.bearer(fan) for fan in waiting]))
    calm = drive(stack.url, journey, clients=INSIDE, seconds=seconds)
    command = [sys.executable, "-m", "bench.measures.on_sale", stack.url, str(bearers), str(seconds + 2)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as flood:
        beside = drive(stack.url, journey, clients=INSIDE, seconds=seconds)
        answered, _ = flood.communicate(timeout=60)
    return calm, beside, json.loads(answered)


def _flood(url: str, bearers: Path, seconds: float) -> None:
    host, asked = url.partition("://")[2], [(POLL, bearer) for bearer in json.loads(bearers.read_text())]
    load = drive(url, journeys.get(host, asked), clients=FLOOD, seconds=seconds)
    sys.stdout.write(json.dumps({str(status): count for status, count in load.statuses.items()}))


if __name__ == "__main__":
    _flood(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
